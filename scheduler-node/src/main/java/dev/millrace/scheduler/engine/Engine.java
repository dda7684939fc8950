package dev.millrace.scheduler.engine;

import dev.millrace.lifecycle.RollUp;
import dev.millrace.lifecycle.RunState;
import dev.millrace.lifecycle.StageState;
import java.util.Arrays;

/**
 * Decides what becomes of a run: (run, fact, now) to moves and wishes. Pure: no clock, no I/O;
 * {@code random} is given. Stateless; any thread, a draft belongs to one.
 */
public final class Engine {
  private Engine() {}

  /**
   * Makes a run: accepted and admitted, its root stages READY.
   *
   * @param run a run in PENDING with as many fresh stages as its plan has; see {@link #fresh}
   * @param cause tick, command, or leader for what a stage of another run asked for
   */
  public static Draft create(Run run, String cause, long now) {
    return create(run, null, cause, now);
  }

  /**
   * Makes the run of an item.
   *
   * @param outer the run that the item belongs to, or null where its expressions read nothing of it
   */
  public static Draft create(Run run, Run outer, String cause, long now) {
    Draft draft = accept(run, outer, cause, false);
    admit(draft, "admitted", now);
    return draft;
  }

  /**
   * Makes a run that stays in PENDING until {@link Fact.Admitted} comes.
   *
   * @param paused by whom it is paused from the beginning: bits of {@link RunClock#pauses}
   */
  public static Draft createPending(Run run, String cause, int paused, long now) {
    Draft draft = accept(run, null, cause, true);
    for (int by = 1; by <= paused; by <<= 1) {
      if ((paused & by) != 0) {
        Endings.pause(draft, new Fact.Pause(by, null, "it was made in a pause"), now);
      }
    }
    return draft;
  }

  private static Draft accept(Run run, Run outer, String cause, boolean waits) {
    Draft draft = new Draft(null, run);
    draft.outer(outer);
    draft.runBorn(cause, run.actor(), run.reason());
    for (int i = 0; i < run.plan().size(); i++) {
      draft.born(i, cause, null);
    }
    if (waits) {
      draft.put(draft.clock().mark(RunClock.UNADMITTED));
    }
    return draft;
  }

  private static void admit(Draft draft, String why, long now) {
    draft.moveRun(RunState.SCHEDULED, "admitted", null, "admitted".equals(why) ? null : why, now);
    Plan plan = draft.plan();
    boolean untouched = draft.stage(0).state() == StageState.WAITING;
    if (plan.size() == 1
        && untouched
        && plan.code(0) == null
        && plan.group(0) < 0
        && !plan.phased()) {
      Flow.start(draft, 0, now, "admitted", null, null); // most runs
      return;
    }
    Flow.lookAtAll(draft, now);
  }

  /** By whom such a run is paused from its beginning, as far as its own window says. */
  public static int pausesOf(Run run, long now) {
    return Timers.minds(run) && run.plan().blackouts().covers(now) ? RunClock.BY_BLACKOUT : 0;
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
      case Fact.Dispatched f -> Attempts.dispatched(draft, f, now);
      case Fact.Unstartable f -> Attempts.unstartable(draft, f, now);
      case Fact.Unroutable f -> Attempts.unroutable(draft, f, now);
      case Fact.Started f -> Attempts.started(draft, f, now);
      case Fact.Checkpointed f -> Attempts.checkpointed(draft, f);
      case Fact.Finished f -> Attempts.finished(draft, f, now, random);
      case Fact.WorkerLost f -> Attempts.workerLost(draft, f, now, random);
      case Fact.Due f -> due(draft, f, now, random);
      case Fact.RunDue f -> Endings.runDue(draft, now);
      case Fact.Admitted f -> admitted(draft, f, now);
      case Fact.Gated f -> gated(draft);
      case Fact.GateOpened f -> gateOpened(draft, f);
      case Fact.LocksGranted f -> locksGranted(draft, f.stage(), now);
      case Fact.ChildEnded f -> Led.childEnded(draft, f, now);
      case Fact.ChildReopened f -> Led.childReopened(draft, f);
      case Fact.LedFailed f -> Led.failedToStart(draft, f, now);
      case Fact.Event f -> Led.event(draft, f, now);
      case Fact.FilesFound f -> Led.filesFound(draft, f, now);
      case Fact.Stop f -> Endings.stop(draft, f.actor(), f.reason(), now);
      case Fact.Kill f -> Endings.kill(draft, f, now);
      case Fact.Pause f -> Endings.pause(draft, f, now);
      case Fact.Resume f -> Endings.resume(draft, f, now);
      case Fact.Retry f -> Again.retry(draft, f, now);
      case Fact.Rerun f -> Again.rerun(draft, f, now);
      case Fact.Limited f -> Endings.limited(draft, f.why(), now);
      case Fact.Extend f -> Endings.extend(draft, f, now);
      case Fact.Promote f -> promote(draft, f, now);
      case Fact.OnStage f -> Operators.onStage(draft, f, now);
    };
  }

  /** How an attempt that is under way was told to end with its run. */
  public enum ToldToEnd {
    NOT,
    POLITELY,
    AT_ONCE
  }

  /** What a worker that still executes this attempt must have been told; it may not have heard. */
  public static ToldToEnd toldToEnd(Draft draft, int index, int attempt) {
    Stage stage = draft.stage(index);
    if (stage.state() != StageState.RUNNING
        || stage.attempt() != attempt
        || !Endings.toldToEnd(draft, index)) {
      return ToldToEnd.NOT;
    }
    return draft.clock().is(RunClock.KILLED) ? ToldToEnd.AT_ONCE : ToldToEnd.POLITELY;
  }

  /** The group that a stage stands in, or -1. */
  public static int groupOf(Run run, int index) {
    return run.plan().group(index);
  }

  /** Rolls the run's state up from its stages and records the moves that lead there. */
  public static void settle(Draft draft, long now) {
    // Before its turn a run can hold stages that a person skipped, and nothing else that has ended.
    if (!draft.state().isFinal() && !draft.clock().is(RunClock.UNADMITTED)) {
      rollUp(draft, now);
    }
    Timers.runDue(draft, now);
  }

  private static void rollUp(Draft draft, long now) {
    RunState target = RollUp.of(draft.state(), draft.stageStates());
    if (target == RunState.CANCELLED && draft.clock().is(RunClock.ENDING)) {
      target = RunState.ENDED;
    } else if (target == RunState.CANCELLED && Endings.endsByLimit(draft)) {
      target = Endings.limitedEnd(draft);
    }
    for (RunState next : RollUp.path(draft.state(), target)) {
      draft.moveRun(next, "stages", null, null, now);
    }
  }

  private static Verdict admitted(Draft draft, Fact.Admitted fact, long now) {
    RunClock clock = draft.clock();
    boolean waits = clock.is(RunClock.PREPARED) || clock.is(RunClock.GATED);
    if (!clock.is(RunClock.UNADMITTED) || waits) {
      return Verdict.STALE;
    }
    if (draft.state() != RunState.PENDING) {
      return Verdict.ILLEGAL; // paused, or stopping: it is asked again when it goes on
    }
    draft.put(draft.clock().unmark(RunClock.UNADMITTED));
    admit(draft, fact.why(), now);
    return Verdict.ACCEPTED;
  }

  private static Verdict gated(Draft draft) {
    if (draft.state().isFinal() || !draft.clock().is(RunClock.UNADMITTED)) {
      return Verdict.ILLEGAL; // what was admitted is not held back any more
    }
    draft.put(draft.clock().mark(RunClock.GATED));
    return Verdict.ACCEPTED;
  }

  private static Verdict gateOpened(Draft draft, Fact.GateOpened fact) {
    if (draft.state().isFinal() || !draft.clock().is(RunClock.GATED)) {
      return Verdict.STALE;
    }
    draft.put(draft.clock().unmark(RunClock.GATED));
    draft.note("", "gate", null, fact.why());
    return Verdict.ACCEPTED;
  }

  private static Verdict promote(Draft draft, Fact.Promote fact, long now) {
    if (!draft.clock().is(RunClock.PREPARED)) {
      return Verdict.STALE;
    }
    if (draft.state().isFinal()) {
      return Verdict.ILLEGAL;
    }
    draft.put(draft.clock().unmark(RunClock.PREPARED).endsAt(fact.endsAt()));
    Endings.blackout(draft, now);
    return Verdict.ACCEPTED;
  }

  private static Verdict locksGranted(Draft draft, int index, long now) {
    Stage stage = draft.stage(index);
    if (stage.state() != StageState.LOCK_WAIT) {
      return Verdict.STALE;
    }
    if (draft.state() == RunState.PAUSED || Endings.endsInStop(draft, index)) {
      return Verdict.ILLEGAL;
    }
    draft.move(index, stage.edit().state(StageState.READY).build(), "locks", null, null);
    if (draft.plan().stage(index).ledByLeader()) {
      Led.begin(draft, index, now);
      Flow.after(draft, index, now);
    }
    return Verdict.ACCEPTED;
  }

  private static Verdict due(Draft draft, Fact.Due fact, long now, double random) {
    int index = fact.stage();
    Stage stage = draft.stage(index);
    if (stage.dueAt() == 0 || stage.dueAt() > now) {
      return Verdict.STALE;
    }
    switch (stage.state()) {
      case BACKING_OFF -> Flow.start(draft, index, now, "retry", null, null);
      case READY, QUEUED, LOCK_WAIT -> Attempts.waitedTooLong(draft, fact, now, random);
      case RUNNING -> {
        if (draft.plan().stage(index).ledByLeader()) {
          Led.due(draft, index, now);
        } else {
          Attempts.overdue(draft, index, now, random);
        }
      }
      case WAITING, HELD, COMPLETED, FAILED, CANCELLED, SKIPPED, SKIPPED_COMPLETE, ACKNOWLEDGED ->
          throw new IllegalStateException(
              "stage in " + stage.state() + " has a due instant; refusing");
    }
    return Verdict.ACCEPTED;
  }
}
