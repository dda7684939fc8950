package dev.millrace.scheduler.ingest;

import dev.millrace.amqp.QueueConsumer;
import dev.millrace.scheduler.dispatch.Outbox;
import dev.millrace.scheduler.store.DatabaseClock;
import dev.millrace.scheduler.store.StageLogs;
import dev.millrace.wire.Decoded;
import dev.millrace.wire.Entities;
import dev.millrace.wire.LogCodec;
import dev.millrace.wire.LogLines;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jdbi.v3.core.Jdbi;

/**
 * Stores what stages write, on any scheduler node: logs need no leader. Deliveries come on the
 * connection's thread; {@link #runOnce} is its own loop's. Acked after the commit; a line delivered
 * twice is stored once.
 */
public final class LogIntake {
  private static final int PREFETCH = 100;
  private static final int LINES_PER_PASS_MAX = 5_000;

  private final ConcurrentLinkedQueue<QueueConsumer.Delivery> deliveries =
      new ConcurrentLinkedQueue<>();
  private final QueueConsumer consumer;
  private final Jdbi jdbi;
  private final DatabaseClock clock;
  private final Outbox outbox;
  private final Counter lineCount;
  private final Counter quarantined;

  public LogIntake(
      Jdbi jdbi, DatabaseClock clock, Outbox outbox, Runnable nudge, MeterRegistry metrics) {
    this.jdbi = jdbi;
    this.clock = clock;
    this.outbox = outbox;
    this.lineCount = metrics.counter("millrace.log.lines");
    this.quarantined = metrics.counter("millrace.messages.quarantined");
    this.consumer =
        new QueueConsumer(
            channel -> Entities.LOGS,
            PREFETCH,
            delivery -> {
              deliveries.add(delivery);
              nudge.run();
            });
  }

  public QueueConsumer consumer() {
    return consumer;
  }

  /** One pass: true when there is probably more. */
  public boolean runOnce() throws InterruptedException {
    if (deliveries.isEmpty() || !clock.known()) {
      return false;
    }
    long now = clock.micros();
    List<StageLogs.Line> lines = new ArrayList<>();
    List<QueueConsumer.Delivery> taken = new ArrayList<>();
    while (lines.size() < LINES_PER_PASS_MAX && !deliveries.isEmpty()) {
      QueueConsumer.Delivery delivery = deliveries.poll();
      if (delivery.generation() != consumer.generation()) {
        continue;
      }
      switch (LogCodec.decode(delivery.body())) {
        case Decoded.Ok<LogLines> ok -> {
          for (LogLines.Line line : ok.value().lines()) {
            lines.add(
                new StageLogs.Line(
                    line.claim().run().value(),
                    line.claim().stage(),
                    line.claim().attempt(),
                    line.number(),
                    now - line.agoMillis() * 1_000,
                    line.stream(),
                    line.text()));
          }
        }
        case Decoded.Bad<LogLines> bad -> {
          Quarantine.put(outbox, Entities.LOGS, bad.cause(), delivery.body());
          quarantined.increment();
        }
      }
      taken.add(delivery);
    }
    if (!lines.isEmpty()) {
      jdbi.useTransaction(tx -> StageLogs.insert(tx, lines));
      lineCount.increment(lines.size());
    }
    if (!taken.isEmpty()) {
      consumer.ack(taken.getLast().generation(), taken.getLast().tag(), true);
    }
    return !deliveries.isEmpty();
  }
}
