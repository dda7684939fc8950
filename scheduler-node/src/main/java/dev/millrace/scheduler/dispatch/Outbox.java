package dev.millrace.scheduler.dispatch;

import com.rabbitmq.client.Connection;
import dev.millrace.amqp.AmqpLink;
import dev.millrace.amqp.ConfirmedPublisher;
import dev.millrace.amqp.Letter;
import dev.millrace.amqp.Topology;
import dev.millrace.runtime.Service;
import dev.millrace.settings.RabbitSettings;
import dev.millrace.wire.Control;
import dev.millrace.wire.ControlCodec;
import dev.millrace.wire.Entities;
import java.io.IOException;
import java.util.List;

/**
 * This node's publishing connection: starts, control messages, canaries and quarantined messages go
 * through here. Lives as long as the node, not the term. Any thread.
 */
public final class Outbox implements Service {
  /**
   * A message that wants to know its fate. Called on the connection's thread, which must not be
   * kept.
   */
  public interface Fated {
    void confirmed();

    void unroutable();

    void lost();
  }

  /** For messages that something else repeats: heartbeats, control. */
  private static final Fated CARELESS =
      new Fated() {
        @Override
        public void confirmed() {}

        @Override
        public void unroutable() {}

        @Override
        public void lost() {}
      };

  private final AmqpLink link;
  private final ConfirmedPublisher<Fated> publisher;

  public Outbox(String node, RabbitSettings broker) {
    this.publisher =
        new ConfirmedPublisher<>(
            new ConfirmedPublisher.Fate<>() {
              @Override
              public void confirmed(Fated token) {
                token.confirmed();
              }

              @Override
              public void unroutable(Fated token) {
                token.unroutable();
              }

              @Override
              public void lost(Fated token) {
                token.lost();
              }
            });
    this.link = new AmqpLink(node + "-publish", broker, List.of(new Declarations(), publisher));
    publisher.on(link);
  }

  /** Declares the topology first, so that nothing is published into the void. */
  public static final class Declarations implements AmqpLink.Session {
    @Override
    public void opened(Connection connection, long generation) throws IOException {
      try (var channel = connection.createChannel()) {
        Topology.declareShared(channel);
      } catch (java.util.concurrent.TimeoutException e) {
        throw new IOException("the broker did not close a channel in time", e);
      }
    }

    @Override
    public void closed(long generation) {}
  }

  @Override
  public void start() {
    link.start();
  }

  @Override
  public void close() {
    link.close();
  }

  public AmqpLink link() {
    return link;
  }

  public int unconfirmed() {
    return publisher.unconfirmed();
  }

  public boolean ready() {
    return publisher.ready();
  }

  /**
   * Publishes a start message to a pool's queue.
   *
   * @return false when the broker is away: no fate is told
   */
  boolean publishStarts(String pool, byte[] message, Fated fated) {
    return publisher.publish(Entities.STAGES, pool, true, true, message, fated);
  }

  /** Tells workers something; nobody waits for it, the sweep says it again. */
  public boolean control(Control control) {
    return publisher.publish(
        Entities.CONTROL, "", false, false, ControlCodec.encode(control), CARELESS);
  }

  public boolean heartbeatQueue(byte[] message) {
    return publisher.publish("", Entities.HEARTBEATS, false, false, message, CARELESS);
  }

  /** Puts a bad message where people look for it. */
  public boolean quarantine(byte[] message, Fated fated) {
    return publisher.publish(Entities.DEAD, "", false, true, message, fated);
  }

  /** Answers a message; a queue for answers that is gone is not told of. */
  boolean answer(Letter to, byte[] message, Fated fated) {
    return publisher.publishAnswer(
        to.replyTo(), new Letter(null, to.correlationId()), message, fated);
  }

  /** Tells of a stage that failed for good; without a queue nobody wants to know. */
  public boolean dead(byte[] message, Fated fated) {
    return publisher.publish(Entities.DEAD, "", false, true, message, fated);
  }
}
