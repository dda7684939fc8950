package dev.millrace.amqp;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.ConfirmListener;
import com.rabbitmq.client.Connection;
import java.io.IOException;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Publishes with confirms and keeps account of each message by (generation, sequence number): every
 * accepted publish gets exactly one fate. Any thread may publish; fates are told on the
 * connection's thread or the link's thread, which must not be kept.
 *
 * @param <T> what the owner wants back with the fate
 */
public final class ConfirmedPublisher<T> implements AmqpLink.Session {
  /** What became of a message. Each accepted publish gets exactly one call. */
  public interface Fate<T> {
    /** The broker has it. */
    void confirmed(T token);

    /** No queue is bound there; nobody has it. Only for mandatory messages. */
    void unroutable(T token);

    /**
     * The broker refused it, or the connection ended before an answer: it may or may not have it.
     */
    void lost(T token);
  }

  private record Pending<T>(T token) {}

  /** One generation's channel and what it has not been told yet. */
  private static final class Outstanding<T> {
    final Channel channel;
    final ConcurrentSkipListMap<Long, Pending<T>> bySequence = new ConcurrentSkipListMap<>();
    final Set<Long> returned = ConcurrentHashMap.newKeySet();

    Outstanding(Channel channel) {
      this.channel = channel;
    }
  }

  private static final AMQP.BasicProperties PERSISTENT =
      new AMQP.BasicProperties.Builder().contentType("application/json").deliveryMode(2).build();
  private static final AMQP.BasicProperties TRANSIENT =
      new AMQP.BasicProperties.Builder().contentType("application/json").deliveryMode(1).build();

  private final Fate<T> fate;
  private final ReentrantLock publishing = new ReentrantLock();
  private final AtomicInteger unconfirmed = new AtomicInteger();
  private volatile AmqpLink link;
  private volatile Outstanding<T> current;

  public ConfirmedPublisher(Fate<T> fate) {
    this.fate = fate;
  }

  /** Must be called once before the link starts. */
  public ConfirmedPublisher<T> on(AmqpLink owner) {
    link = owner;
    return this;
  }

  /** Messages whose fate is not known yet. */
  public int unconfirmed() {
    return unconfirmed.get();
  }

  /** True when a publish would be tried now. */
  public boolean ready() {
    return current != null && link != null && !link.blocked();
  }

  /**
   * Publishes one message.
   *
   * @param mandatory ask the broker to say so when no queue is bound
   * @return false when there is no connection or the broker blocks publishing: then the message is
   *     still the caller's and no fate is told
   */
  public boolean publish(
      String exchange, String key, boolean mandatory, boolean persistent, byte[] body, T token) {
    return publish(exchange, key, mandatory, persistent ? PERSISTENT : TRANSIENT, body, token);
  }

  /** Publishes a transient question or answer to a queue; the rest is as above. */
  public boolean publish(String queue, Letter letter, boolean mandatory, byte[] body, T token) {
    return publish("", queue, mandatory, letter.on(TRANSIENT), body, token);
  }

  /**
   * Publishes an answer that outlives a restart of the broker, as far as its queue does; a queue
   * that is gone is not told of.
   */
  public boolean publishAnswer(String queue, Letter letter, byte[] body, T token) {
    return publish("", queue, false, letter.on(PERSISTENT), body, token);
  }

  private boolean publish(
      String exchange,
      String key,
      boolean mandatory,
      AMQP.BasicProperties kind,
      byte[] body,
      T token) {
    publishing.lock();
    try {
      Outstanding<T> outstanding = current;
      if (outstanding == null || link.blocked()) {
        return false;
      }
      long sequence = outstanding.channel.getNextPublishSeqNo();
      AMQP.BasicProperties properties = kind;
      if (mandatory) {
        properties = properties.builder().messageId(Long.toString(sequence)).build();
      }
      unconfirmed.incrementAndGet();
      outstanding.bySequence.put(sequence, new Pending<>(token));
      try {
        outstanding.channel.basicPublish(exchange, key, mandatory, properties, body);
        return true;
      } catch (IOException | AlreadyClosedException e) {
        if (outstanding.bySequence.remove(sequence) == null) {
          return true; // the link has told its fate meanwhile: lost
        }
        unconfirmed.decrementAndGet();
        return false;
      }
    } finally {
      publishing.unlock();
    }
  }

  @Override
  public void opened(Connection connection, long generation) throws IOException {
    Channel channel = link.channel(connection);
    Outstanding<T> outstanding = new Outstanding<>(channel);
    channel.addReturnListener(
        (code, text, exchange, key, properties, body) ->
            outstanding.returned.add(Long.parseLong(properties.getMessageId())));
    channel.addConfirmListener(
        new ConfirmListener() {
          @Override
          public void handleAck(long tag, boolean multiple) {
            settle(outstanding, tag, multiple, true);
          }

          @Override
          public void handleNack(long tag, boolean multiple) {
            settle(outstanding, tag, multiple, false);
          }
        });
    channel.confirmSelect();
    current = outstanding;
  }

  @Override
  public void closed(long generation) {
    Outstanding<T> old = current;
    current = null;
    if (old == null) {
      return;
    }
    for (var entry = old.bySequence.pollFirstEntry();
        entry != null;
        entry = old.bySequence.pollFirstEntry()) {
      unconfirmed.decrementAndGet();
      fate.lost(entry.getValue().token());
    }
  }

  private void settle(Outstanding<T> outstanding, long tag, boolean multiple, boolean acked) {
    if (!multiple) {
      tell(outstanding, tag, outstanding.bySequence.remove(tag), acked);
      return;
    }
    Map.Entry<Long, Pending<T>> entry = outstanding.bySequence.firstEntry();
    while (entry != null && entry.getKey() <= tag) {
      tell(outstanding, entry.getKey(), outstanding.bySequence.remove(entry.getKey()), acked);
      entry = outstanding.bySequence.firstEntry();
    }
  }

  private void tell(Outstanding<T> outstanding, long sequence, Pending<T> pending, boolean acked) {
    if (pending == null) {
      return; // already told as lost
    }
    unconfirmed.decrementAndGet();
    if (outstanding.returned.remove(sequence)) {
      // An unroutable message is returned first and then confirmed positively.
      fate.unroutable(pending.token());
    } else if (acked) {
      fate.confirmed(pending.token());
    } else {
      fate.lost(pending.token());
    }
  }
}
