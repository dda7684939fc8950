package dev.millrace.amqp;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.DefaultConsumer;
import com.rabbitmq.client.Envelope;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Consumes one queue with bounded prefetch and hands each delivery to a sink, which must return at
 * once (put it on a queue bounded by the prefetch): a slow callback would stop the connection's
 * reader and its heartbeats. Acks may come from any thread; an ack of an older generation is
 * ignored, the broker delivers again.
 */
public final class QueueConsumer implements AmqpLink.Session {
  /**
   * One message from the broker.
   *
   * @param generation the connection it came on; shown again in the ack
   * @param letter where an answer goes, {@link Letter#NONE} when none is asked for
   */
  public record Delivery(
      long generation, long tag, boolean redelivered, byte[] body, Letter letter) {
    public Delivery(long generation, long tag, boolean redelivered, byte[] body) {
      this(generation, tag, redelivered, body, Letter.NONE);
    }
  }

  /** Takes deliveries on the connection's thread. */
  @FunctionalInterface
  public interface Sink {
    void on(Delivery delivery);
  }

  /**
   * Declares what is consumed and names it; a worker's control queue has a name only the broker
   * knows.
   */
  @FunctionalInterface
  public interface Queue {
    String declare(Channel channel) throws IOException;
  }

  private record Open(long generation, Channel channel, String consumerTag) {}

  private static final Logger log = LoggerFactory.getLogger(QueueConsumer.class);

  private final Queue queue;
  private final int prefetch;
  private final Sink sink;
  private volatile AmqpLink link;
  private volatile Open current;
  private volatile boolean paused;

  public QueueConsumer(Queue queue, int prefetch, Sink sink) {
    this.queue = queue;
    this.prefetch = prefetch;
    this.sink = sink;
  }

  /** Must be called once before the link starts. */
  public QueueConsumer on(AmqpLink owner) {
    link = owner;
    return this;
  }

  /** The generation whose deliveries can still be acked; 0 when there is none. */
  public long generation() {
    Open open = current;
    return open == null ? 0 : open.generation;
  }

  /** Acks one delivery, or all up to it. */
  public void ack(long generation, long tag, boolean multiple) {
    settle(generation, channel -> channel.basicAck(tag, multiple));
  }

  /** Gives a delivery back to the queue: somebody else may take it at once. */
  public void putBack(long generation, long tag) {
    settle(generation, channel -> channel.basicReject(tag, true));
  }

  /** Stops deliveries for good, also after a reconnect; what was delivered can still be acked. */
  public void pause() {
    paused = true;
    Open open = current;
    if (open != null && open.consumerTag != null) {
      settle(open.generation, channel -> channel.basicCancel(open.consumerTag));
    }
  }

  private void settle(long generation, Step step) {
    Open open = current;
    if (open == null || open.generation != generation) {
      return;
    }
    try {
      step.on(open.channel);
    } catch (IOException | AlreadyClosedException e) {
      // The link notices by itself; the broker delivers again what was not acked.
      log.debug("could not settle a delivery; it will be delivered again", e);
    }
  }

  @FunctionalInterface
  private interface Step {
    void on(Channel channel) throws IOException;
  }

  @Override
  public void opened(Connection connection, long generation) throws IOException {
    Channel channel = link.channel(connection);
    String name = queue.declare(channel);
    channel.basicQos(prefetch);
    // Before consuming: the first delivery may come, and be acked, before basicConsume returns.
    current = new Open(generation, channel, null);
    if (paused) {
      return;
    }
    String tag =
        channel.basicConsume(
            name,
            false,
            new DefaultConsumer(channel) {
              @Override
              public void handleDelivery(
                  String consumerTag,
                  Envelope envelope,
                  AMQP.BasicProperties properties,
                  byte[] body) {
                sink.on(
                    new Delivery(
                        generation,
                        envelope.getDeliveryTag(),
                        envelope.isRedeliver(),
                        body,
                        Letter.of(properties)));
              }

              @Override
              public void handleCancel(String consumerTag) {
                // The queue was deleted, or its leader moved: start over, which declares it again.
                Thread.ofVirtual()
                    .start(() -> link.reset("the broker cancelled the consumer of " + name));
              }
            });
    current = new Open(generation, channel, tag);
    if (paused) {
      channel.basicCancel(tag); // the pause came before it could know the tag
    }
  }

  @Override
  public void closed(long generation) {
    current = null;
  }
}
