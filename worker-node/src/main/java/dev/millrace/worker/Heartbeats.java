package dev.millrace.worker;

import com.rabbitmq.client.Connection;
import dev.millrace.amqp.AmqpLink;
import dev.millrace.amqp.ConfirmedPublisher;
import dev.millrace.runtime.Loop;
import dev.millrace.runtime.Pulse;
import dev.millrace.wire.Entities;
import dev.millrace.wire.Heartbeat;
import dev.millrace.wire.HeartbeatCodec;
import dev.millrace.wire.Wire;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says every two seconds that this worker lives and what it holds, and tells the life line what the
 * broker has confirmed. Runs on the heartbeat loop.
 */
final class Heartbeats implements Loop.Pass {
  private static final Logger log = LoggerFactory.getLogger(Heartbeats.class);

  private final Function<List<Heartbeat.Open>, Heartbeat> beat;
  private final Claims claims;
  private final Pulse pulse;
  private final ConfirmedPublisher<Long> publisher;

  /**
   * @param beat makes a heartbeat that names these claims
   */
  Heartbeats(
      Function<List<Heartbeat.Open>, Heartbeat> beat,
      Claims claims,
      LifeLine lifeLine,
      Pulse pulse) {
    this.beat = beat;
    this.claims = claims;
    this.pulse = pulse;
    this.publisher = new ConfirmedPublisher<>(new Fates(lifeLine));
  }

  void on(AmqpLink link) {
    publisher.on(link);
  }

  /** What must be opened on the publishing link; a new connection is announced at once. */
  List<AmqpLink.Session> sessions() {
    return List.of(
        publisher,
        new AmqpLink.Session() {
          @Override
          public void opened(Connection connection, long generation) {
            pulse.nudge();
          }

          @Override
          public void closed(long generation) {
            // the life line counts on
          }
        });
  }

  @Override
  public boolean runOnce() {
    if (publisher.ready()) {
      long sentNanos = System.nanoTime();
      publisher.publish("", Entities.HEARTBEATS, false, false, message(), sentNanos);
    }
    return false;
  }

  /** With all it can say; with less when that would not fit. */
  private byte[] message() {
    byte[] message = null;
    for (Fullness fullness : Fullness.values()) {
      message = encode(fullness);
      if (message.length <= Wire.MESSAGE_BYTES_MAX) {
        return message;
      }
    }
    log.error(
        "heartbeat has {} bytes for {} open claims and will be refused; give this worker fewer"
            + " slots",
        message.length,
        claims.size());
    return message;
  }

  /** What a heartbeat says, from the most to the least. */
  private enum Fullness {
    ALL,
    WITHOUT_COUNTERS,
    WITHOUT_MESSAGES,
    /** Those that ended have reports on the way that say more than this. */
    WITHOUT_ENDED
  }

  private byte[] encode(Fullness fullness) {
    List<Heartbeat.Open> open = new ArrayList<>(claims.size());
    for (Attempt attempt : claims.all()) {
      if (fullness != Fullness.WITHOUT_ENDED || !attempt.isOver()) {
        open.add(
            attempt.open(
                fullness.compareTo(Fullness.WITHOUT_MESSAGES) < 0, fullness == Fullness.ALL));
      }
    }
    return HeartbeatCodec.encode(beat.apply(open));
  }

  /** Told on the connection's threads. */
  private record Fates(LifeLine lifeLine) implements ConfirmedPublisher.Fate<Long> {
    @Override
    public void confirmed(Long sentNanos) {
      lifeLine.confirmed(sentNanos);
    }

    @Override
    public void unroutable(Long sentNanos) {
      // not mandatory
    }

    @Override
    public void lost(Long sentNanos) {
      // the next one says it again
    }
  }
}
