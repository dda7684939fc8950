package dev.millrace.scheduler.artifact;

import dev.millrace.amqp.QueueConsumer;
import dev.millrace.scheduler.dispatch.Answers;
import dev.millrace.scheduler.dispatch.Outbox;
import dev.millrace.scheduler.ingest.Quarantine;
import dev.millrace.wire.ArtifactAnswer;
import dev.millrace.wire.ArtifactAnswer.Refusal;
import dev.millrace.wire.ArtifactAnswer.Refused;
import dev.millrace.wire.ArtifactCodec;
import dev.millrace.wire.ArtifactRequest;
import dev.millrace.wire.Decoded;
import dev.millrace.wire.Entities;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedDeque;
import org.jdbi.v3.core.JdbiException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes requests for artifacts on any scheduler node and answers each once; the broker delivers
 * again what was not answered. Deliveries come on the connection's thread. Three loops work: {@link
 * #runOnce} reads requests, begins uploads and keeps chunks; reading chunks and ending uploads have
 * one each, so that a slow store does not hold up what comes in. The prefetch bounds them all: a
 * node holds so many messages and no more.
 */
final class ArtifactIntake {
  /** With messages of 256 KiB at the most, 4 MiB, and their bytes once more. */
  static final int PREFETCH = 16;

  private static final Logger log = LoggerFactory.getLogger(ArtifactIntake.class);

  private record Asked<R extends ArtifactRequest>(QueueConsumer.Delivery delivery, R request) {}

  /** One request's work; a failing store is thrown. */
  @FunctionalInterface
  private interface Work<R> {
    ArtifactAnswer on(R request) throws IOException, InterruptedException;
  }

  private final ConcurrentLinkedDeque<QueueConsumer.Delivery> deliveries =
      new ConcurrentLinkedDeque<>();
  private final ConcurrentLinkedDeque<Asked<ArtifactRequest.Get>> gets =
      new ConcurrentLinkedDeque<>();
  private final ConcurrentLinkedDeque<Asked<ArtifactRequest.End>> ends =
      new ConcurrentLinkedDeque<>();
  private final QueueConsumer consumer;
  private final ArtifactStore store;
  private final Answers answers;
  private final Outbox outbox;
  private final ArtifactMeters meters;
  private final Nudges nudges;

  /** What wakes each of the three loops. */
  record Nudges(Runnable deliveries, Runnable gets, Runnable ends) {}

  ArtifactIntake(
      ArtifactStore store, Answers answers, Outbox outbox, ArtifactMeters meters, Nudges nudges) {
    this.store = store;
    this.answers = answers;
    this.outbox = outbox;
    this.meters = meters;
    this.nudges = nudges;
    this.consumer =
        new QueueConsumer(
            channel -> Entities.ARTIFACTS,
            PREFETCH,
            delivery -> {
              deliveries.add(delivery);
              nudges.deliveries().run();
            });
  }

  QueueConsumer consumer() {
    return consumer;
  }

  /** Reads what was delivered; begins and chunks are done here, the chunks of a pass at once. */
  boolean runOnce() throws InterruptedException {
    if (!answers.ready()) {
      return false;
    }
    List<Asked<ArtifactRequest.Chunk>> chunks = new ArrayList<>();
    QueueConsumer.Delivery delivery = deliveries.poll();
    while (delivery != null) {
      if (delivery.generation() == consumer.generation()) {
        sort(delivery, chunks);
      }
      delivery = chunks.size() < PREFETCH ? deliveries.poll() : null;
    }
    if (!chunks.isEmpty()) {
      take(chunks);
    }
    return !deliveries.isEmpty();
  }

  private void sort(QueueConsumer.Delivery delivery, List<Asked<ArtifactRequest.Chunk>> chunks)
      throws InterruptedException {
    switch (ArtifactCodec.decodeRequest(delivery.body())) {
      case Decoded.Bad<ArtifactRequest> bad -> quarantine(delivery, bad.cause());
      case Decoded.Ok<ArtifactRequest> ok -> {
        switch (ok.value()) {
          case ArtifactRequest.Chunk chunk -> chunks.add(new Asked<>(delivery, chunk));
          case ArtifactRequest.Begin begin -> work(new Asked<>(delivery, begin), store::begin);
          case ArtifactRequest.Get get -> {
            gets.add(new Asked<>(delivery, get));
            nudges.gets().run();
          }
          case ArtifactRequest.End end -> {
            ends.add(new Asked<>(delivery, end));
            nudges.ends().run();
          }
        }
      }
    }
  }

  private void quarantine(QueueConsumer.Delivery delivery, String cause)
      throws InterruptedException {
    try {
      Quarantine.put(outbox, Entities.ARTIFACTS, cause, delivery.body());
    } catch (RuntimeException | InterruptedException e) {
      // Forgotten here, it would count against the prefetch for ever.
      deliveries.addFirst(delivery);
      throw e;
    }
    meters.quarantined();
    answers.send(delivery.letter(), ArtifactCodec.encode(new Refused(Refusal.MALFORMED, cause)));
    consumer.ack(delivery.generation(), delivery.tag(), false);
  }

  private void take(List<Asked<ArtifactRequest.Chunk>> chunks) {
    List<ArtifactAnswer> given;
    try {
      given = store.take(chunks.stream().map(Asked::request).toList());
    } catch (JdbiException e) {
      ArtifactAnswer failed = failed("keep chunks", e);
      given = chunks.stream().map(any -> failed).toList();
    }
    for (int i = 0; i < chunks.size(); i++) {
      answer(chunks.get(i), given.get(i));
    }
  }

  /** Reads one chunk; true when there is more to do. */
  boolean readOnce() throws InterruptedException {
    return one(gets, get -> store.get(get.artifact(), get.number()));
  }

  /** Ends one upload; true when there is more to do. */
  boolean endOnce() throws InterruptedException {
    return one(ends, end -> store.end(end.artifact()));
  }

  private <R extends ArtifactRequest> boolean one(
      ConcurrentLinkedDeque<Asked<R>> queue, Work<R> work) throws InterruptedException {
    Asked<R> asked = answers.ready() ? queue.poll() : null;
    if (asked == null) {
      return false;
    }
    if (asked.delivery().generation() == consumer.generation()) {
      work(asked, work);
    }
    return !queue.isEmpty();
  }

  private <R extends ArtifactRequest> void work(Asked<R> asked, Work<R> work)
      throws InterruptedException {
    ArtifactAnswer answer;
    try {
      answer = work.on(asked.request());
    } catch (IOException | JdbiException e) {
      answer = failed(asked.request().getClass().getSimpleName(), e);
    }
    answer(asked, answer);
  }

  private <R extends ArtifactRequest> void answer(Asked<R> asked, ArtifactAnswer answer) {
    meters.answered(asked.request(), answer);
    answers.send(asked.delivery().letter(), ArtifactCodec.encode(answer));
    consumer.ack(asked.delivery().generation(), asked.delivery().tag(), false);
  }

  /** Whoever asked asks again: nothing is kept here for a store that is away. */
  private static Refused failed(String what, Exception e) {
    log.warn("the artifact store failed request={} cause={}; the worker asks again", what, text(e));
    log.debug("the artifact store failed", e);
    return new Refused(Refusal.UNAVAILABLE, "the artifact store does not answer");
  }

  private static String text(Throwable e) {
    Throwable root = e;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return root.getClass().getSimpleName() + ": " + root.getMessage();
  }
}
