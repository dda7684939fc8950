package dev.millrace.scheduler.engine;

import dev.millrace.expression.ExpressionException;
import dev.millrace.lifecycle.RollUp;
import dev.millrace.lifecycle.RunState;
import dev.millrace.lifecycle.StageState;
import dev.millrace.model.RetryPolicy;
import dev.millrace.model.StageDefinition;
import dev.millrace.model.StageRules;
import dev.millrace.wire.Outcome;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * The life of an attempt: handed out, started, ended, tried again or given up. Pure and stateless.
 */
final class Attempts {
  /** How long a stage waits after a worker said that it has no such handler. */
  private static final long UNSUPPORTED_DELAY_MICROS = TimeUnit.SECONDS.toMicros(5);

  static final String REPORT = "report";
  static final String SWEEP = "sweep";

  private Attempts() {}

  static Verdict dispatched(Draft draft, Fact.Dispatched fact, long now) {
    Stage stage = draft.stage(fact.stage());
    if (stage.state() != StageState.READY || stage.is(Stage.PARKED)) {
      return Verdict.STALE;
    }
    draft.move(
        fact.stage(),
        stage.queued(
            now,
            fact.dispatch(),
            stage.attempt() + 1,
            Timers.queuedDue(draft, fact.stage(), stage, now)),
        "dispatch",
        null,
        null);
    return Verdict.ACCEPTED;
  }

  static Verdict unstartable(Draft draft, Fact.Unstartable fact, long now) {
    StageState state = draft.stage(fact.stage()).state();
    if (state != StageState.READY && state != StageState.LOCK_WAIT) {
      return Verdict.STALE;
    }
    giveUp(draft, fact.stage(), "dispatch", null, null, fact.errorClass(), fact.why(), now);
    Flow.after(draft, fact.stage(), now);
    return Verdict.ACCEPTED;
  }

  static Verdict unroutable(Draft draft, Fact.Unroutable fact, long now) {
    Stage stage = draft.stage(fact.stage());
    if (stage.attempt() != fact.attempt() || stage.state() != StageState.QUEUED) {
      return Verdict.STALE;
    }
    supersede(draft, fact.stage(), "unroutable", now, null, null, null);
    // The queue-wait clock goes on: the stage has not left the waiting line.
    backInLine(draft, fact.stage(), stage.readyAt(), "unroutable", null, "no queue took it", now);
    return Verdict.ACCEPTED;
  }

  private static void backInLine(
      Draft draft, int index, long readyAt, String cause, String actor, String reason, long now) {
    Stage stage = draft.stage(index).ready(readyAt);
    draft.move(
        index,
        Timers.waitingInLine(draft, index, stage, now, StageState.READY),
        cause,
        actor,
        reason);
  }

  static Verdict started(Draft draft, Fact.Started fact, long now) {
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

  static Verdict checkpointed(Draft draft, Fact.Checkpointed fact) {
    Verdict verdict = judgeClaim(draft, fact.stage(), fact.attempt(), fact.worker());
    if (verdict == Verdict.ACCEPTED) {
      Stage stage = draft.stage(fact.stage());
      draft.put(fact.stage(), stage.edit().checkpoint(fact.checkpoint()).build());
    }
    return verdict;
  }

  static Verdict finished(Draft draft, Fact.Finished fact, long now, double random) {
    Verdict verdict = judgeClaim(draft, fact.stage(), fact.attempt(), fact.worker());
    if (verdict != Verdict.ACCEPTED) {
      return verdict;
    }
    int index = fact.stage();
    if (draft.stage(index).state() == StageState.QUEUED) {
      // A finish may come without its start: both happened within one flush of the worker's
      // reporter.
      becomeRunning(
          draft,
          index,
          fact.worker(),
          Math.max(draft.stage(index).queuedAt(), now - fact.ranMicros()));
    }
    Stage stage = draft.stage(index);
    if (fact.outcome() == Outcome.COMPLETED) {
      stage = noteDuration(draft, index, true, now);
      draft.move(
          index, stage.completed(now, fact.exitCode(), fact.output()), REPORT, fact.worker(), null);
    } else if (!mayGoOn(draft, index)) {
      cancelled(draft, fact, REPORT, now);
    } else {
      notCompleted(draft, fact, now, random);
    }
    Flow.after(draft, index, now);
    return Verdict.ACCEPTED;
  }

  /** False when the attempt ends because somebody wants the stage ended. */
  static boolean mayGoOn(Draft draft, int index) {
    return !Endings.endsInStop(draft, index) && !draft.stage(index).is(Stage.KILLED);
  }

  private static void notCompleted(Draft draft, Fact.Finished fact, long now, double random) {
    int index = fact.stage();
    Stage stage = draft.stage(index);
    switch (fact.outcome()) {
      case COMPLETED -> throw new IllegalStateException("a completed attempt did complete");
      case FAILED, TIMED_OUT, CANCELLED -> failed(draft, fact, REPORT, now, random);
      case LOST ->
          lost(
              draft,
              index,
              REPORT,
              fact.worker(),
              fact.error() == null ? "worker was cut off" : fact.error(),
              now,
              random);
      case RETURNED -> {
        supersede(draft, index, "returned", now, null, null, null);
        if (fact.retryAfterMicros() > 0) { // it had no room, and would say the same at once again
          Stage.Edit edit =
              stage
                  .backingOff(stage.failures(), stage.lost(), null, "returned", fact.error())
                  .edit();
          Timers.after(edit, draft, now, fact.retryAfterMicros());
          draft.move(index, edit.build(), REPORT, fact.worker(), fact.error());
          return;
        }
        backInLine(
            draft, index, now, REPORT, fact.worker(), "handed back by a draining worker", now);
      }
      case UNSUPPORTED -> {
        supersede(draft, index, "unsupported", now, null, "unsupported", fact.error());
        Stage.Edit edit =
            stage
                .backingOff(stage.failures(), stage.lost(), null, "unsupported", fact.error())
                .edit();
        Timers.after(edit, draft, now, UNSUPPORTED_DELAY_MICROS);
        draft.move(index, edit.build(), REPORT, fact.worker(), fact.error());
      }
    }
  }

  static Verdict workerLost(Draft draft, Fact.WorkerLost fact, long now, double random) {
    Stage stage = draft.stage(fact.stage());
    if (stage.attempt() != fact.attempt()
        || stage.state() != StageState.RUNNING
        || !fact.worker().equals(stage.worker())) {
      return Verdict.STALE;
    }
    if (!mayGoOn(draft, fact.stage())) {
      draft.move(
          fact.stage(),
          stage.ended(StageState.CANCELLED, now, null, "lost", fact.why()),
          SWEEP,
          fact.worker(),
          fact.why());
    } else {
      lost(draft, fact.stage(), SWEEP, fact.worker(), fact.why(), now, random);
    }
    Flow.after(draft, fact.stage(), now);
    return Verdict.ACCEPTED;
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

  private static void becomeRunning(Draft draft, int index, String worker, long startedAt) {
    Stage stage = draft.stage(index);
    draft.move(
        index,
        stage.running(startedAt, worker, Timers.attemptDue(draft, index, startedAt)),
        REPORT,
        worker,
        null);
    runIsRunning(draft, worker, startedAt);
  }

  static void runIsRunning(Draft draft, String worker, long startedAt) {
    if (draft.state() == RunState.SCHEDULED || draft.state() == RunState.STARTING) {
      for (RunState next : RollUp.path(draft.state(), RunState.RUNNING)) {
        draft.moveRun(next, REPORT, worker, null, startedAt);
      }
    }
    draft.started(startedAt);
  }

  static void cancelled(Draft draft, Fact.Finished fact, String cause, long now) {
    Stage stage = draft.stage(fact.stage());
    draft.move(
        fact.stage(),
        stage.ended(StageState.CANCELLED, now, fact.exitCode(), fact.errorClass(), fact.error()),
        cause,
        fact.worker(),
        fact.error());
  }

  /** An attempt failed: another one if the policy has one left for such a failure. */
  static void failed(Draft draft, Fact.Finished fact, String cause, long now, double random) {
    int index = fact.stage();
    Stage stage = noteDuration(draft, index, false, now);
    RetryPolicy retry = draft.plan().stage(index).retry();
    int failures = stage.failures() + 1;
    if (failures < retry.maxAttempts() && mayTryAgain(draft, fact, retry)) {
      String outcome = fact.outcome() == Outcome.TIMED_OUT ? "timed-out" : "failed";
      supersede(draft, index, outcome, now, fact.exitCode(), fact.errorClass(), fact.error());
      long delay = Timers.micros(retry.delayAfter(failures, random));
      Stage.Edit edit =
          stage
              .backingOff(failures, stage.lost(), fact.exitCode(), fact.errorClass(), fact.error())
              .edit();
      Timers.after(edit, draft, now, Math.max(delay, fact.retryAfterMicros()));
      draft.move(index, edit.build(), cause, fact.worker(), fact.error());
      return;
    }
    draft.put(index, stage.edit().counts(failures, stage.lost()).build());
    giveUp(
        draft, index, cause, fact.worker(), fact.exitCode(), fact.errorClass(), fact.error(), now);
  }

  private static boolean mayTryAgain(Draft draft, Fact.Finished fact, RetryPolicy retry) {
    if (!fact.retryable() || !retry.match().allows(fact.errorClass())) {
      return false;
    }
    Code code = draft.plan().code(fact.stage());
    if (code == null || code.retryIf() == null) {
      return true;
    }
    try {
      return code.retryIf().test(Values.of(draft, fact));
    } catch (ExpressionException wrong) {
      draft.note(
          draft.plan().stage(fact.stage()).id(),
          "expression",
          null,
          "retry if: " + wrong.getMessage() + "; it is not tried again");
      return false;
    }
  }

  private static void giveUp(
      Draft draft,
      int index,
      String cause,
      String actor,
      Integer exitCode,
      String errorClass,
      String error,
      long now) {
    draft.move(
        index,
        draft.stage(index).ended(StageState.FAILED, now, exitCode, errorClass, error),
        cause,
        actor,
        error);
    if (!draft.plan().stage(index).ledByLeader()) {
      draft.wish(new Wish.Dead(index));
    }
  }

  /** Nothing was tried: what decides whether it may start is wrong, or it waited for too long. */
  static void failWithoutAttempt(Draft draft, int index, String errorClass, String why, long now) {
    giveUp(draft, index, errorClass, null, null, errorClass, why, now);
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
      Stage.Edit edit = stage.backingOff(stage.failures(), lost, null, "lost", why).edit();
      draft.move(index, edit.due(now).build(), cause, worker, why);
      Flow.start(draft, index, now, "retry", null, null);
      return;
    }
    String last =
        why + "; " + lost + " attempts were lost, which is over max-lost " + retry.maxLost();
    failed(
        draft,
        new Fact.Finished(
            index, stage.attempt(), worker, Outcome.FAILED, 0, null, "lost", last, null),
        cause,
        now,
        random);
  }

  /** An attempt of a worker is under way for longer than one of its times allows. */
  static void overdue(Draft draft, int index, long now, double random) {
    long end = Timers.attemptEnd(draft, index, draft.stage(index).startedAt());
    if (end != 0 && end <= now) {
      timedOut(draft, index, now, random);
      return;
    }
    Stage.Edit edit = noteDuration(draft, index, false, now).edit();
    draft.put(index, edit.due(end).build());
  }

  /** The worker should have ended the attempt itself; it did not, so the leader does. */
  private static void timedOut(Draft draft, int index, long now, double random) {
    Stage stage = draft.stage(index);
    draft.wish(new Wish.Cancel(draft.plan().stage(index).id(), stage.attempt(), false));
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
    if (mayGoOn(draft, index)) {
      failed(draft, end, REPORT, now, random);
    } else {
      cancelled(draft, end, REPORT, now);
    }
    Flow.after(draft, index, now);
  }

  /** It stands in line or with the broker, and one of the two times for that is over. */
  static void waitedTooLong(Draft draft, Fact.Due fact, long now, double random) {
    int index = fact.stage();
    Stage stage = draft.stage(index);
    StageDefinition definition = draft.plan().stage(index);
    Duration start = definition.rules().startTimeout();
    boolean notTaken =
        stage.state() == StageState.QUEUED
            && start != null
            && now >= stage.queuedAt() + Timers.micros(start);
    if (notTaken) {
      draft.wish(new Wish.Cancel(definition.id(), stage.attempt(), false));
      String why =
          "no worker of pool '" + definition.pool() + "' took it within start-timeout " + start;
      failed(
          draft,
          new Fact.Finished(
              index, stage.attempt(), null, Outcome.TIMED_OUT, 0, null, "start-timeout", why, null),
          SWEEP,
          now,
          random);
    } else if (Timers.queueEnd(definition, stage, fact.restedMicros()) > now) {
      draft.put(index, stage.edit().due(Timers.queueDue(definition, stage, fact)).build());
      return;
    } else {
      if (stage.state() == StageState.QUEUED) {
        draft.wish(new Wish.Cancel(definition.id(), stage.attempt(), false));
      }
      String why =
          "waited longer than queue-timeout "
              + definition.queueTimeout()
              + (stage.state() == StageState.LOCK_WAIT
                  ? " for its locks"
                  : " for a worker of pool '" + definition.pool() + "'");
      giveUp(draft, index, SWEEP, null, null, "queue-timeout", why, now);
    }
    Flow.after(draft, index, now);
  }

  /**
   * Records and marks an attempt that is quicker or slower than its stage should be, each once.
   *
   * @return the stage as it is then
   */
  static Stage noteDuration(Draft draft, int index, boolean completed, long now) {
    Stage stage = draft.stage(index);
    StageRules rules = draft.plan().stage(index).rules();
    boolean ranAtAll =
        stage.state() == StageState.RUNNING && rules.forEach() == null; // its items do
    if (!ranAtAll || (rules.minDuration() == null && rules.maxDuration() == null)) {
      return stage;
    }
    long ran = now - stage.startedAt();
    if (completed && rules.minDuration() != null && ran < Timers.micros(rules.minDuration())) {
      note(draft, index, Stage.TOO_SHORT, "too-short", ran, "min-duration", rules.minDuration());
    }
    if (rules.maxDuration() != null
        && ran > Timers.micros(rules.maxDuration())
        && !stage.is(Stage.TOO_LONG)) {
      note(draft, index, Stage.TOO_LONG, "too-long", ran, "max-duration", rules.maxDuration());
    }
    return draft.stage(index);
  }

  private static void note(
      Draft draft, int index, int mark, String cause, long ran, String rule, Duration limit) {
    String id = draft.plan().stage(index).id();
    draft.put(index, draft.stage(index).edit().mark(mark).build());
    draft.note(id, cause, null, "ran " + ran / 1_000 + " ms, " + rule + " is " + limit);
  }

  static void supersede(
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
