package dev.millrace.scheduler.leader;

import dev.millrace.amqp.AmqpLink;
import dev.millrace.runtime.Loop;
import dev.millrace.runtime.Pulse;
import dev.millrace.runtime.Services;
import dev.millrace.scheduler.dispatch.Outbox;
import dev.millrace.scheduler.dispatch.ReplySender;
import dev.millrace.scheduler.ingest.QueueConsumers;
import dev.millrace.scheduler.ingest.Refusals;
import dev.millrace.scheduler.ingest.StartIntake;
import dev.millrace.scheduler.store.EventTriggers;
import dev.millrace.settings.RabbitSettings;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.List;
import org.jdbi.v3.core.Jdbi;

/**
 * One term's way of messages that start runs: a connection of its own, so that what others do to
 * their queues is in no report's way, and the loops that open queues, read messages and send
 * answers. Wired and started on the elector's thread.
 */
final class Starters {
  /**
   * As large as RabbitMQ takes them by itself; what is larger than a job may get is quarantined.
   */
  private static final int INBOUND_BYTES_MAX = 128 * 1024 * 1024;

  private static final Duration READ_POLL = Duration.ofSeconds(1);

  private final AmqpLink link;
  private final QueueConsumers consumers;
  private final StartIntake intake;
  private final ReplySender replies;
  private final Pulse consumersPulse = new Pulse();
  private final Pulse readerPulse = new Pulse();
  private final Pulse repliesPulse = new Pulse();

  /**
   * @param nudgeTurn that the turn has something to take
   */
  Starters(
      String node,
      RabbitSettings broker,
      Jdbi jdbi,
      Outbox outbox,
      MeterRegistry metrics,
      Runnable nudgeTurn) {
    replies = new ReplySender(jdbi, outbox, repliesPulse::nudge, metrics);
    intake =
        new StartIntake(
            new Refusals(outbox, replies, metrics), readerPulse::nudge, nudgeTurn, metrics);
    consumers =
        new QueueConsumers(
            intake.sink(),
            (trigger, problem) ->
                jdbi.useHandle(handle -> EventTriggers.problem(handle, trigger, problem)),
            consumersPulse::nudge);
    link =
        new AmqpLink(
            node + "-triggers",
            broker,
            List.of(new Outbox.Declarations(), consumers),
            INBOUND_BYTES_MAX);
  }

  Turn.Starting forTurn() {
    return new Turn.Starting(intake, consumers, replies);
  }

  /** What it starts is closed with the others, in reverse. */
  void start(Services services) throws Exception {
    services.start(new Loop("replies", replies::runOnce, repliesPulse, replies::waitNanos));
    services.start(link);
    services.start(new Loop("queues", consumers::runOnce, consumersPulse, consumers::waitNanos));
    services.start(new Loop("start-messages", intake::readOnce, readerPulse, READ_POLL));
  }

  int consuming() {
    return consumers.consuming();
  }

  int blocked() {
    return consumers.blocked();
  }

  int waiting() {
    return intake.waiting();
  }
}
