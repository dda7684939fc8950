package dev.millrace.amqp;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.ConfirmListener;
import com.rabbitmq.client.Connection;
import java.io.IOException;
import java.time.Duration;
import java.util.BitSet;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Publishes messages in their order, some at a time, and waits until the broker has all of them: in
 * a queue they are in the order in which they were given. One thread publishes; the broker's
 * answers come on the connection's.
 */
public final class OrderedPublisher implements AmqpLink.Session {
  /**
   * One message.
   *
   * @param id unique among those that are published together
   * @param at milliseconds since 1970
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  public record Message(
      String key, String id, String type, String contentType, long at, byte[] body) {}

  /** What the broker has not answered yet on one channel. */
  private static final class Open {
    final Channel channel;
    final BitSet returned = new BitSet();
    final Map<String, Integer> places = new HashMap<>();
    long first;
    int size;
    final BitSet confirmed = new BitSet();
    final BitSet refused = new BitSet();
    boolean failed;

    Open(Channel channel) {
      this.channel = channel;
    }
  }

  private static final int PERSISTENT = 2;
  private static final long RETURN_NANOS = TimeUnit.SECONDS.toNanos(2);

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition answered = lock.newCondition();
  private volatile AmqpLink link;
  private volatile Open current;

  /** Must be called once before the link starts. */
  public OrderedPublisher on(AmqpLink owner) {
    link = owner;
    return this;
  }

  /** True when a publish would be tried now. */
  public boolean ready() {
    return current != null && link != null && !link.blocked();
  }

  /**
   * Publishes all of them, in their order.
   *
   * @return which of them no queue took; empty when the broker has not confirmed all of them: it
   *     may have any of them, and the caller publishes all of them again
   */
  public Optional<BitSet> publish(String exchange, List<Message> messages, Duration wait)
      throws InterruptedException {
    Open open = current;
    if (open == null || link.blocked() || !begin(open, messages)) {
      return Optional.empty();
    }
    try {
      for (Message message : messages) {
        open.channel.basicPublish(exchange, message.key, true, properties(message), message.body);
      }
    } catch (IOException | AlreadyClosedException e) {
      fail(open, "a publish failed");
      return Optional.empty();
    }
    return await(open, wait);
  }

  /** False when its channel is on its way out. */
  private boolean begin(Open open, List<Message> messages) {
    lock.lock();
    try {
      if (open.failed) {
        return false;
      }
      open.first = open.channel.getNextPublishSeqNo();
      open.size = messages.size();
      open.returned.clear();
      open.confirmed.clear();
      open.refused.clear();
      open.places.clear();
      for (int i = 0; i < messages.size(); i++) {
        open.places.put(messages.get(i).id, i);
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  private Optional<BitSet> await(Open open, Duration wait) throws InterruptedException {
    lock.lock();
    try {
      long left = wait.toNanos();
      while (!open.failed && open.confirmed.cardinality() < open.size && left > 0) {
        left = answered.awaitNanos(left);
      }
      // RabbitMQ returns what no queue took, and confirms it; the embedded broker refuses it, and
      // returns it then.
      left = RETURN_NANOS;
      while (!open.failed && !allReturned(open) && left > 0) {
        left = answered.awaitNanos(left);
      }
      if (!open.failed && open.confirmed.cardinality() == open.size && allReturned(open)) {
        return Optional.of((BitSet) open.returned.clone());
      }
      fail(
          open,
          allReturned(open)
              ? "no confirm in " + wait.toSeconds() + " s"
              : "the broker refused a message");
      return Optional.empty();
    } finally {
      lock.unlock();
    }
  }

  /** What was refused had nobody to go to. */
  private static boolean allReturned(Open open) {
    BitSet others = (BitSet) open.refused.clone();
    others.andNot(open.returned);
    return others.isEmpty();
  }

  /** From now on nothing goes through this channel: a late answer would be taken for another's. */
  private void fail(Open open, String why) {
    lock.lock();
    try {
      if (!open.failed) {
        open.failed = true;
        // Not on the connection's thread: resetting waits for it.
        Thread.ofVirtual().start(() -> link.reset(why));
      }
      answered.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @SuppressWarnings("JavaUtilDate") // the client's own
  private static AMQP.BasicProperties properties(Message message) {
    return new AMQP.BasicProperties.Builder()
        .contentType(message.contentType)
        .deliveryMode(PERSISTENT)
        .messageId(message.id)
        .type(message.type)
        .timestamp(new Date(message.at))
        .build();
  }

  @Override
  public void opened(Connection connection, long generation) throws IOException {
    Channel channel = link.channel(connection);
    Open open = new Open(channel);
    channel.addReturnListener(
        (code, text, exchange, key, properties, body) -> returned(open, properties.getMessageId()));
    channel.addConfirmListener(
        new ConfirmListener() {
          @Override
          public void handleAck(long tag, boolean multiple) {
            settle(open, tag, multiple, true);
          }

          @Override
          public void handleNack(long tag, boolean multiple) {
            settle(open, tag, multiple, false);
          }
        });
    channel.confirmSelect();
    current = open;
  }

  private void returned(Open open, String id) {
    lock.lock();
    try {
      Integer place = open.places.get(id);
      if (place != null) {
        open.returned.set(place);
        answered.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  private void settle(Open open, long tag, boolean multiple, boolean acked) {
    lock.lock();
    try {
      int place = (int) (tag - open.first);
      int from = multiple ? open.confirmed.nextClearBit(0) : place;
      if (place >= 0 && from <= place) {
        open.confirmed.set(from, place + 1);
        open.refused.set(from, place + 1, !acked);
      }
      answered.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void closed(long generation) {
    Open old = current;
    current = null;
    if (old == null) {
      return;
    }
    lock.lock();
    try {
      old.failed = true;
      answered.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
