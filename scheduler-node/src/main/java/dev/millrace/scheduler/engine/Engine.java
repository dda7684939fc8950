package dev.millrace.scheduler.engine;

import dev.millrace.lifecycle.RollUp;
import dev.millrace.lifecycle.RunState;
import dev.millrace.lifecycle.StageState;
import dev.millrace.model.RetryPolicy;
import dev.millrace.wire.Outcome;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;

/**
 * Decides what becomes of a run: (run, fact, now) to moves and wishes. Pure: no clock, no I/O;
 * {@code random} is given. Stateless; any thread, a draft belongs to one.
 */
public final class Engine {
  /**
   * What the leader adds to an attempt's timeout before it ends the attempt itself: the worker goes
   * first.
   */
  private static final long TIMEOUT_GRACE_MICROS = TimeUnit.SECONDS.toMicros(5);

  /** How long a stage waits after a worker said that it has no such handler. */
  private static final long UNSUPPORTED_DELAY_MICROS = TimeUnit.SECONDS.toMicros(5);

  private static final String REPORT = "report";
  private static final String SWEEP = "sweep";

  private Engine() {}

  /**
   * Makes a run: accepted and admitted, its root stages READY.
   *
   * @param run a run in PENDING with as many fresh stages as its plan has; see {@link #fresh}
   * @param cause tick or command
   */
  public static Draft create(Run run, String cause, long now) {
    Draft draft = new Draft(null, run);
    draft.runBorn(cause, run.actor(), run.reason());
    Plan plan = run.plan();
    for (int i = 0; i < plan.size(); i++) {
      draft.born(i, cause, null);
    }
    draft.moveRun(RunState.SCHEDULED, "admitted", null, null, now);
    for (int i = 0; i < plan.size(); i++) {
      if (plan.needs(i).length == 0) {
        becomeReady(draft, i, now, "admitted", null);
      }
    }
    return draft;
  }

  /** The stages of a run that is about to be created. */
  public static Stage[] fresh(Plan plan) {
    Stage[] stages = new Stage[plan.size()];
    Arrays.fill(stages, Stage.NEW);
    return stages;
  }

  /**
   * Applies one fact. Call {@link #settle} after the last fact of a batch.
   *
   * @param now microseconds since 1970 by the database's clock
   * @param random uniform in [0, 1), for jitter
   */
  public static Verdict apply(Draft draft, Fact fact, long now, double random) {
    return switch (fact) {
      case Fact.Dispatched f -> dispatched(draft, f, now);
      case Fact.TooLarge f -> tooLarge(draft, f, now);
      case Fact.Unroutable f -> unroutable(draft, f, now);
      case Fact.Started f -> started(draft, f, now);
      case Fact.Checkpointed f -> checkpointed(draft, f);
      case Fact.Finished f -> finished(draft, f, now, random);
      case Fact.WorkerLost f -> workerLost(draft, f, now, random);
      case Fact.Due f -> due(draft, f.stage(), now, random);
      case Fact.Stop f -> stop(draft, f, now);
    };
  }

  /** Rolls the run's state up from its stages and records the moves that lead there. */
  public static void settle(Draft draft, long now) {
    if (draft.state().isFinal()) {
      return;
    }
    RunState target = RollUp.of(draft.state(), draft.stageStates());
    for (RunState next : RollUp.path(draft.state(), target)) {
      draft.moveRun(next, "stages", null, null, now);
    }
  }

  private static Verdict dispatched(Draft draft, Fact.Dispatched fact, long now) {
    Stage stage = draft.stage(fact.stage());
    if (stage.state() != StageState.READY) {
      return Verdict.STALE;
    }
    draft.move(
        fact.stage(),
        stage.queued(now, fact.dispatch(), stage.attempt() + 1),
        "dispatch",
        null,
        null);
    return Verdict.ACCEPTED;
  }

  private static Verdict tooLarge(Draft draft, Fact.TooLarge fact, long now) {
    Stage stage = draft.stage(fact.stage());
    if (stage.state() != StageState.READY) {
      return Verdict.STALE;
    }
    draft.move(
        fact.stage(),
        stage.ended(StageState.FAILED, now, null, "config", fact.why()),
        "dispatch",
        null,
        fact.why());
    Successors.skip(draft, fact.stage(), now);
    return Verdict.ACCEPTED;
  }

  private static Verdict unroutable(Draft draft, Fact.Unroutable fact, long now) {
    Stage stage = draft.stage(fact.stage());
    if (stage.attempt() != fact.attempt() || stage.state() != StageState.QUEUED) {
      return Verdict.STALE;
    }
    supersede(draft, fact.stage(), "unroutable", now, null, null, null);
    // The queue-wait clock goes on: the stage has not left the waiting line.
    draft.move(
        fact.stage(),
        stage.ready(stage.readyAt(), stage.dueAt()),
        "unroutable",
        null,
        "no queue took it");
    return Verdict.ACCEPTED;
  }

  private static Verdict started(Draft draft, Fact.Started fact, long now) {
    Verdict verdict = judgeClaim(draft, fact.stage(), fact.attempt(), fact.worker());
    if (verdict != Verdict.ACCEPTED) {
      return Verdict.NOT_YOURS; // also when the attempt is over: whoever starts it now must drop it
    }
    if (draft.stage(fact.stage()).state() == StageState.RUNNING) {
      return Verdict.STALE;
    }
    becomeRunning(draft, fact.stage(), fact.worker(), now);
    return Verdict.ACCEPTED;
  }

  private static Verdict checkpointed(Draft draft, Fact.Checkpointed fact) {
    Verdict verdict = judgeClaim(draft, fact.stage(), fact.attempt(), fact.worker());
    if (verdict == Verdict.ACCEPTED) {
      draft.put(fact.stage(), draft.stage(fact.stage()).withCheckpoint(fact.checkpoint()));
    }
    return verdict;
  }

  private static Verdict finished(Draft draft, Fact.Finished fact, long now, double random) {
    Verdict verdict = judgeClaim(draft, fact.stage(), fact.attempt(), fact.worker());
    if (verdict != Verdict.ACCEPTED) {
      return verdict;
    }
    if (draft.stage(fact.stage()).state() == StageState.QUEUED) {
      // A finish may come without its start: both happened within one flush of the worker's
      // reporter.
      becomeRunning(
          draft,
          fact.stage(),
          fact.worker(),
          Math.max(draft.stage(fact.stage()).queuedAt(), now - fact.ranMicros()));
    }
    int index = fact.stage();
    Stage stage = draft.stage(index);
    boolean stopping = draft.state() == RunState.STOPPING;
    switch (fact.outcome()) {
      case COMPLETED -> {
        draft.move(
            index,
            stage.completed(now, fact.exitCode(), fact.output()),
            REPORT,
            fact.worker(),
            null);
        Successors.wake(draft, index, now);
      }
      case FAILED, TIMED_OUT, CANCELLED -> {
        if (stopping) {
          cancelled(draft, index, fact, now);
        } else {
          failed(draft, index, fact, now, random);
        }
      }
      case LOST -> {
        if (stopping) {
          cancelled(draft, index, fact, now);
        } else {
          lost(
              draft,
              index,
              REPORT,
              fact.worker(),
              fact.error() == null ? "worker was cut off" : fact.error(),
              now,
              random);
        }
      }
      case RETURNED -> {
        if (stopping) {
          cancelled(draft, index, fact, now);
        } else {
          supersede(draft, index, "returned", now, null, null, null);
          draft.move(
              index,
              stage.ready(now, queueDue(draft, index, now)),
              REPORT,
              fact.worker(),
              "handed back by a draining worker");
        }
      }
      case UNSUPPORTED -> {
        if (stopping) {
          cancelled(draft, index, fact, now);
        } else {
          supersede(draft, index, "unsupported", now, null, "unsupported", fact.error());
          draft.move(
              index,
              stage.backingOff(
                  now + UNSUPPORTED_DELAY_MICROS,
                  stage.failures(),
                  stage.lost(),
                  null,
                  "unsupported",
                  fact.error()),
              REPORT,
              fact.worker(),
              fact.error());
        }
      }
    }
    return Verdict.ACCEPTED;
  }

  private static Verdict workerLost(Draft draft, Fact.WorkerLost fact, long now, double random) {
    Stage stage = draft.stage(fact.stage());
    if (stage.attempt() != fact.attempt()
        || stage.state() != StageState.RUNNING
        || !fact.worker().equals(stage.worker())) {
      return Verdict.STALE;
    }
    if (draft.state() == RunState.STOPPING) {
      draft.move(
          fact.stage(),
          stage.ended(StageState.CANCELLED, now, null, "lost", fact.why()),
          SWEEP,
          fact.worker(),
          fact.why());
    } else {
      lost(draft, fact.stage(), SWEEP, fact.worker(), fact.why(), now, random);
    }
    return Verdict.ACCEPTED;
  }

  private static Verdict due(Draft draft, int index, long now, double random) {
    Stage stage = draft.stage(index);
    if (stage.dueAt() == 0 || stage.dueAt() > now) {
      return Verdict.STALE;
    }
    switch (stage.state()) {
      case BACKING_OFF -> becomeReady(draft, index, now, "retry", null);
      case READY, QUEUED -> {
        Duration limit = draft.plan().stage(index).queueTimeout();
        String why =
            "waited longer than queue-timeout "
                + limit
                + " for a worker of pool '"
                + draft.plan().stage(index).pool()
                + "'";
        draft.move(
            index,
            stage.ended(StageState.FAILED, now, null, "queue-timeout", why),
            SWEEP,
            null,
            why);
        Successors.skip(draft, index, now);
      }
      case RUNNING -> timedOut(draft, index, now, random);
      case WAITING,
          HELD,
          LOCK_WAIT,
          COMPLETED,
          FAILED,
          CANCELLED,
          SKIPPED,
          SKIPPED_COMPLETE,
          ACKNOWLEDGED ->
          throw new IllegalStateException(
              "stage in " + stage.state() + " has a due instant; refusing");
    }
    return Verdict.ACCEPTED;
  }

  /** The worker should have ended the attempt itself; it did not, so the leader does. */
  private static void timedOut(Draft draft, int index, long now, double random) {
    Stage stage = draft.stage(index);
    draft.wish(new Wish.Cancel(draft.plan().stage(index).id(), stage.attempt()));
    Fact.Finished end =
        new Fact.Finished(
            index,
            stage.attempt(),
            stage.worker(),
            Outcome.TIMED_OUT,
            0,
            null,
            "timeout",
            "ran longer than its timeout and its worker did not end it",
            null);
    if (draft.state() == RunState.STOPPING) {
      cancelled(draft, index, end, now);
    } else {
      failed(draft, index, end, now, random);
    }
  }

  private static Verdict stop(Draft draft, Fact.Stop fact, long now) {
    // An earlier fact of this batch may have ended the run: what is over is not cancelled.
    settle(draft, now);
    if (draft.state().isFinal() || draft.state() == RunState.STOPPING) {
      return Verdict.ILLEGAL;
    }
    boolean running = false;
    for (int i = 0; i < draft.plan().size(); i++) {
      Stage stage = draft.stage(i);
      switch (stage.state()) {
        case RUNNING -> {
          running = true;
          draft.wish(new Wish.Cancel(draft.plan().stage(i).id(), stage.attempt()));
        }
        case QUEUED -> {
          // Its start may be on the way: whoever takes it is told to drop it.
          draft.wish(new Wish.Cancel(draft.plan().stage(i).id(), stage.attempt()));
          cancel(draft, i, fact, now);
        }
        case WAITING, READY, BACKING_OFF, HELD, LOCK_WAIT -> cancel(draft, i, fact, now);
        case COMPLETED, FAILED, CANCELLED, SKIPPED, SKIPPED_COMPLETE, ACKNOWLEDGED -> {}
      }
    }
    draft.moveRun(
        running ? RunState.STOPPING : RunState.CANCELLED,
        "command",
        fact.actor(),
        fact.reason(),
        now);
    return Verdict.ACCEPTED;
  }

  private static void cancel(Draft draft, int index, Fact.Stop fact, long now) {
    draft.move(
        index,
        draft.stage(index).ended(StageState.CANCELLED, now, null, null, null),
        "command",
        fact.actor(),
        fact.reason());
  }

  /** A report is believed when it speaks of the current attempt and comes from whoever holds it. */
  private static Verdict judgeClaim(Draft draft, int index, int attempt, String worker) {
    Stage stage = draft.stage(index);
    if (stage.attempt() != attempt || !stage.state().isInFlight()) {
      return Verdict.STALE;
    }
    if (stage.state() == StageState.RUNNING && !worker.equals(stage.worker())) {
      return Verdict.NOT_YOURS;
    }
    return Verdict.ACCEPTED;
  }

  static void becomeReady(Draft draft, int index, long now, String cause, String reason) {
    draft.move(
        index, draft.stage(index).ready(now, queueDue(draft, index, now)), cause, null, reason);
  }

  private static long queueDue(Draft draft, int index, long now) {
    Duration limit = draft.plan().stage(index).queueTimeout();
    return limit == null ? 0 : now + TimeUnit.MILLISECONDS.toMicros(limit.toMillis());
  }

  private static void becomeRunning(Draft draft, int index, String worker, long startedAt) {
    Duration limit = draft.plan().stage(index).timeout();
    long dueAt =
        limit == null
            ? 0
            : startedAt + TimeUnit.MILLISECONDS.toMicros(limit.toMillis()) + TIMEOUT_GRACE_MICROS;
    draft.move(index, draft.stage(index).running(startedAt, worker, dueAt), REPORT, worker, null);
    if (draft.state() == RunState.SCHEDULED || draft.state() == RunState.STARTING) {
      for (RunState next : RollUp.path(draft.state(), RunState.RUNNING)) {
        draft.moveRun(next, REPORT, worker, null, startedAt);
      }
    }
  }

  private static void cancelled(Draft draft, int index, Fact.Finished fact, long now) {
    Stage stage = draft.stage(index);
    draft.move(
        index,
        stage.ended(StageState.CANCELLED, now, fact.exitCode(), fact.errorClass(), fact.error()),
        REPORT,
        fact.worker(),
        fact.error());
  }

  private static void failed(Draft draft, int index, Fact.Finished fact, long now, double random) {
    Stage stage = draft.stage(index);
    RetryPolicy retry = draft.plan().stage(index).retry();
    int failures = stage.failures() + 1;
    String outcome = fact.outcome() == Outcome.TIMED_OUT ? "timed-out" : "failed";
    if (failures < retry.maxAttempts()) {
      supersede(draft, index, outcome, now, fact.exitCode(), fact.errorClass(), fact.error());
      long dueAt =
          now + TimeUnit.MILLISECONDS.toMicros(retry.delayAfter(failures, random).toMillis());
      draft.move(
          index,
          stage.backingOff(
              dueAt, failures, stage.lost(), fact.exitCode(), fact.errorClass(), fact.error()),
          REPORT,
          fact.worker(),
          fact.error());
      return;
    }
    Stage counted = stage.backingOff(0, failures, stage.lost(), null, null, null);
    draft.move(
        index,
        new Stage(
            StageState.FAILED,
            stage.attempt(),
            counted.failures(),
            stage.lost(),
            stage.dispatch(),
            stage.worker(),
            0,
            stage.readyAt(),
            stage.queuedAt(),
            stage.startedAt(),
            now,
            fact.exitCode(),
            fact.errorClass(),
            fact.error(),
            stage.output(),
            stage.checkpoint()),
        REPORT,
        fact.worker(),
        fact.error());
    Successors.skip(draft, index, now);
  }

  /**
   * A lost attempt is not the job's failure, but a stage that kills its worker each time must end
   * too.
   */
  private static void lost(
      Draft draft, int index, String cause, String worker, String why, long now, double random) {
    Stage stage = draft.stage(index);
    RetryPolicy retry = draft.plan().stage(index).retry();
    int lost = stage.lost() + 1;
    if (lost <= retry.maxLost()) {
      supersede(draft, index, "lost", now, null, "lost", why);
      draft.move(
          index,
          stage.backingOff(now, stage.failures(), lost, null, "lost", why),
          cause,
          worker,
          why);
      becomeReady(draft, index, now, "retry", null);
      return;
    }
    String last =
        why + "; " + lost + " attempts were lost, which is over max-lost " + retry.maxLost();
    failed(
        draft,
        index,
        new Fact.Finished(
            index, stage.attempt(), worker, Outcome.FAILED, 0, null, "lost", last, null),
        now,
        random);
  }

  private static void supersede(
      Draft draft,
      int index,
      String outcome,
      long now,
      Integer exitCode,
      String errorClass,
      String error) {
    Stage stage = draft.stage(index);
    draft.supersede(
        new Superseded(index, stage, stage.worker(), outcome, now, exitCode, errorClass, error));
  }
}
