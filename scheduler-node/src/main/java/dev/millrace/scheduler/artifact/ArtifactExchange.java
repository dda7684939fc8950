package dev.millrace.scheduler.artifact;

import dev.millrace.amqp.AmqpLink;
import dev.millrace.runtime.Loop;
import dev.millrace.runtime.Pulse;
import dev.millrace.runtime.Service;
import dev.millrace.runtime.Services;
import dev.millrace.scheduler.dispatch.Answers;
import dev.millrace.scheduler.dispatch.Outbox;
import dev.millrace.settings.RabbitSettings;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/**
 * One node's part in artifacts: takes requests, answers them, deletes what has expired. On
 * connections of its own, beside the way of starts and reports; needs no leader. Started and closed
 * by the node.
 */
public final class ArtifactExchange implements Service {
  private static final Duration POLL = Duration.ofSeconds(1);
  private static final Duration SWEEP_EVERY = Duration.ofMinutes(1);

  /** Artifacts deleted in one pass. */
  static final int SWEEP_MAX = 100;

  private final String node;
  private final RabbitSettings broker;
  private final ArtifactStore store;
  private final ArtifactMeters meters;
  private final Answers answers = new Answers();
  private final Pulse deliveries = new Pulse();
  private final Pulse gets = new Pulse();
  private final Pulse ends = new Pulse();
  private final ArtifactIntake intake;
  private final Services services = new Services();

  public ArtifactExchange(
      String node,
      RabbitSettings broker,
      ArtifactStore store,
      Outbox outbox,
      MeterRegistry metrics) {
    this.node = node;
    this.broker = broker;
    this.store = store;
    this.meters = new ArtifactMeters(metrics);
    this.intake =
        new ArtifactIntake(
            store,
            answers,
            outbox,
            meters,
            new ArtifactIntake.Nudges(deliveries::nudge, gets::nudge, ends::nudge));
  }

  @Override
  public void start() throws Exception {
    AmqpLink answering =
        new AmqpLink(
            node + "-artifact-answers",
            broker,
            List.of(new Outbox.Declarations(), answers.session()));
    answers.on(answering);
    AmqpLink taking =
        new AmqpLink(
            node + "-artifacts", broker, List.of(new Outbox.Declarations(), intake.consumer()));
    intake.consumer().on(taking);
    services.start(answering);
    services.start(new Loop("artifacts", intake::runOnce, deliveries, POLL));
    services.start(new Loop("artifact-gets", intake::readOnce, gets, POLL));
    services.start(new Loop("artifact-ends", intake::endOnce, ends, POLL));
    services.start(new Loop("artifact-sweep", this::sweepOnce, new Pulse(), SWEEP_EVERY));
    services.start(taking);
  }

  /** One pass of deleting; true when there is probably more. */
  boolean sweepOnce() throws IOException, InterruptedException {
    int deleted = store.deleteDue(SWEEP_MAX);
    if (deleted > 0) {
      meters.deleted(deleted);
    }
    return deleted == SWEEP_MAX;
  }

  @Override
  public void close() {
    services.close();
    store.close();
  }

  @Override
  public String toString() {
    return "artifacts of " + node;
  }
}
