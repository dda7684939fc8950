package dev.millrace.scheduler.engine;

import dev.millrace.lifecycle.RollUp;
import dev.millrace.lifecycle.RunState;
import dev.millrace.lifecycle.StageState;
import dev.millrace.model.Phase;
import dev.millrace.model.Requirement;
import dev.millrace.model.Window;
import java.time.Duration;

/**
 * How a run is paused, goes on, and is brought to its end from outside: by a person, a timeout or
 * the end of its window. Pure and stateless.
 */
final class Endings {
  private static final String BLACKOUT = "blackout";

  private Endings() {}

  static Verdict stop(Draft draft, String actor, String reason, long now) {
    return end(draft, Operators.COMMAND, actor, reason, 0, true, now);
  }

  /** At once, also what already stops politely; what always comes at the end does not come. */
  static Verdict kill(Draft draft, Fact.Kill fact, long now) {
    return end(draft, Operators.COMMAND, fact.actor(), fact.reason(), RunClock.KILLED, true, now);
  }

  /**
   * @param marks what its clock remembers of it
   * @param cancels true when attempts that are under way are ended
   */
  private static Verdict end(
      Draft draft,
      String cause,
      String actor,
      String reason,
      int marks,
      boolean cancels,
      long now) {
    // An earlier fact of this batch may have ended the run: what is over is not cancelled.
    Engine.settle(draft, now);
    boolean atOnce = (marks & RunClock.KILLED) != 0;
    boolean again = draft.state() == RunState.STOPPING && atOnce;
    if (draft.state().isFinal() || (draft.state() == RunState.STOPPING && !again)) {
      return Verdict.ILLEGAL;
    }
    boolean paused = draft.state() == RunState.PAUSED;
    long pausedAt = draft.clock().pausedAt();
    draft.put(draft.clock().mark(marks));
    boolean keepsLast = !atOnce && hasStarted(draft);
    boolean open = false;
    for (int i = 0; i < draft.plan().size(); i++) {
      boolean last = keepsLast && draft.plan().phase(i) == Phase.FINALLY;
      open |=
          last
              ? !draft.stage(i).isSettled()
              : endStage(draft, i, cause, actor, reason, cancels, atOnce, now);
    }
    if (!again) {
      // Of a run that completes by a limit, the roll-up of its stages says how.
      RunState to = open || endsByLimit(draft) ? RunState.STOPPING : closed(draft);
      draft.moveRun(to, cause, actor, reason, now);
    }
    if (open) {
      if (paused) {
        goOn(draft, actor, reason, pausedAt, now); // what always comes last is not paused
      }
      stepOn(draft, now);
      Flow.lookAtAll(draft, now);
    }
    return Verdict.ACCEPTED;
  }

  /** True for a stage that a stop ends: all but those that always come last. */
  static boolean endsInStop(Draft draft, int index) {
    return draft.state() == RunState.STOPPING
        && (draft.plan().phase(index) != Phase.FINALLY || draft.clock().is(RunClock.KILLED));
  }

  /** True for a stage whose attempt was told to end with its run, not left to end by itself. */
  static boolean toldToEnd(Draft draft, int index) {
    Window window = draft.plan().definition().rules().window();
    boolean left =
        draft.clock().is(RunClock.ENDING)
            && !draft.clock().is(RunClock.KILLED)
            && window != null
            && window.end() == Window.End.COMPLETE;
    return endsInStop(draft, index) && !left;
  }

  private static boolean hasStarted(Draft draft) {
    return draft.run().startedAt() != 0;
  }

  private static RunState closed(Draft draft) {
    return draft.clock().is(RunClock.ENDING) ? RunState.ENDED : RunState.CANCELLED;
  }

  /** Returns true when the stage has still to end. */
  private static boolean endStage(
      Draft draft,
      int index,
      String cause,
      String actor,
      String reason,
      boolean cancels,
      boolean atOnce,
      long now) {
    Stage stage = draft.stage(index);
    String id = draft.plan().stage(index).id();
    switch (stage.state()) {
      case RUNNING -> {
        if (!draft.plan().stage(index).ledByLeader()) {
          if (cancels) {
            draft.wish(new Wish.Cancel(id, stage.attempt(), atOnce));
          }
          return true;
        }
        if (Led.hasChildren(draft.plan(), index)) {
          if (cancels) {
            Fact fact = atOnce ? new Fact.Kill(actor, reason) : new Fact.Stop(actor, reason);
            draft.wish(new Wish.TellChildren(index, fact));
          }
          return true;
        }
        if (Led.isGroup(draft.plan(), index)) {
          return true; // it ends with its members
        }
        cancel(draft, index, cause, actor, reason, now);
      }
      case QUEUED -> {
        // Its start may be on the way: whoever takes it is told to drop it.
        draft.wish(new Wish.Cancel(id, stage.attempt(), atOnce));
        cancel(draft, index, cause, actor, reason, now);
      }
      case WAITING, READY, BACKING_OFF, HELD, LOCK_WAIT ->
          cancel(draft, index, cause, actor, reason, now);
      case SKIPPED -> {
        if (stage.awaitsItsTurn()) {
          draft.put(index, stage.edit().mark(Stage.HOPELESS).build());
        }
      }
      case COMPLETED, FAILED, CANCELLED, SKIPPED_COMPLETE, ACKNOWLEDGED -> {}
    }
    return false;
  }

  static void cancel(Draft draft, int index, String actor, String reason, long now) {
    cancel(draft, index, Operators.COMMAND, actor, reason, now);
  }

  private static void cancel(
      Draft draft, int index, String cause, String actor, String reason, long now) {
    draft.move(
        index,
        draft.stage(index).ended(StageState.CANCELLED, now, null, null, null),
        cause,
        actor,
        reason);
  }

  /** Nothing new starts, what is under way is told to end, and what it has is its result. */
  static Verdict limited(Draft draft, String why, long now) {
    return draft.clock().is(RunClock.UNLIMITED)
        ? Verdict.STALE
        : end(draft, "limit", null, why, RunClock.LIMITED, true, now);
  }

  /** A person may have ended it at once in the meantime. */
  static boolean endsByLimit(Draft draft) {
    return draft.clock().is(RunClock.LIMITED) && !draft.clock().is(RunClock.KILLED);
  }

  /** What was cancelled for the limit's sake is no failure; what had failed before is one. */
  static RunState limitedEnd(Draft draft) {
    for (StageState state : draft.stageStates()) {
      if (state == StageState.FAILED) {
        return RunState.FAILED;
      }
    }
    return RunState.COMPLETED;
  }

  static Verdict pause(Draft draft, Fact.Pause fact, long now) {
    return pause(draft, fact, Operators.COMMAND, now);
  }

  private static Verdict pause(Draft draft, Fact.Pause fact, String cause, long now) {
    Engine.settle(draft, now);
    RunClock clock = draft.clock();
    if (draft.state().isFinal()
        || draft.state() == RunState.STOPPING
        || clock.isPausedBy(fact.by())) {
      return Verdict.ILLEGAL;
    }
    draft.put(clock.paused(fact.by(), now));
    if (draft.state() == RunState.PAUSED) {
      // No move, and yet whoever resumes it later must see that there were two.
      draft.note("", "also-paused", fact.actor(), fact.reason());
    } else {
      Timers.stopAll(draft, now);
      draft.moveRun(RunState.PAUSED, cause, fact.actor(), fact.reason(), now);
      tellChildren(draft, new Fact.Pause(RunClock.BY_PARENT, fact.actor(), fact.reason()));
    }
    return Verdict.ACCEPTED;
  }

  static Verdict resume(Draft draft, Fact.Resume fact, long now) {
    return resume(draft, fact, Operators.COMMAND, now);
  }

  private static Verdict resume(Draft draft, Fact.Resume fact, String cause, long now) {
    Engine.settle(draft, now);
    RunClock clock = draft.clock();
    if (draft.state() != RunState.PAUSED || !clock.isPausedBy(fact.by())) {
      return Verdict.ILLEGAL;
    }
    draft.put(clock.resumed(fact.by()));
    if (draft.clock().pauses() != 0) {
      draft.note("", "still-paused", fact.actor(), fact.reason());
      return Verdict.ACCEPTED;
    }
    RunState to = clock.is(RunClock.UNADMITTED) ? RunState.PENDING : whereItWas(draft);
    for (RunState next : RollUp.path(RunState.PAUSED, to)) {
      draft.moveRun(next, cause, fact.actor(), fact.reason(), now);
    }
    goOn(draft, fact.actor(), fact.reason(), clock.pausedAt(), now);
    stepOn(draft, now);
    return Verdict.ACCEPTED;
  }

  /** A blackout of its window begins or ends for a run: what runs goes on, nothing new starts. */
  static void blackout(Draft draft, long now) {
    boolean paused = draft.clock().isPausedBy(RunClock.BY_BLACKOUT);
    boolean covered = Timers.minds(draft.run()) && draft.plan().blackouts().covers(now);
    if (covered && !paused) {
      long until = draft.plan().blackouts().changes(now);
      String why = "a blackout of its window, until " + Values.instant(until);
      pause(draft, new Fact.Pause(RunClock.BY_BLACKOUT, null, why), BLACKOUT, now);
    } else if (!covered && paused) {
      String why = "the blackout of its window is over";
      resume(draft, new Fact.Resume(RunClock.BY_BLACKOUT, null, why), BLACKOUT, now);
    }
  }

  /** A run that was paused before anything ran has not started yet. */
  private static RunState whereItWas(Draft draft) {
    RunState before = hasStarted(draft) ? RunState.RUNNING : RunState.SCHEDULED;
    return RollUp.of(before, draft.stageStates());
  }

  private static void goOn(Draft draft, String actor, String reason, long pausedAt, long now) {
    Timers.goOn(draft, pausedAt, now);
    tellChildren(draft, new Fact.Resume(RunClock.BY_PARENT, actor, reason));
  }

  /** What the leader executes itself starts, and makes the runs that it has not made meanwhile. */
  private static void stepOn(Draft draft, long now) {
    for (int i = 0; i < draft.plan().size(); i++) {
      Stage stage = draft.stage(i);
      if (stage.state() == StageState.READY && draft.plan().stage(i).ledByLeader()) {
        Led.begin(draft, i, now);
        Flow.after(draft, i, now);
      } else if (stage.state() == StageState.RUNNING && stage.fan() != null) {
        Led.startItems(draft, i, now);
        Flow.after(draft, i, now);
      }
    }
  }

  private static void tellChildren(Draft draft, Fact fact) {
    for (int i = 0; i < draft.plan().size(); i++) {
      if (draft.stage(i).state() == StageState.RUNNING && Led.hasChildren(draft.plan(), i)) {
        draft.wish(new Wish.TellChildren(i, fact));
      }
    }
  }

  static Verdict extend(Draft draft, Fact.Extend fact, long now) {
    Engine.settle(draft, now);
    RunClock clock = draft.clock();
    boolean past = fact.endsAt() != 0 && fact.endsAt() <= now;
    if (draft.state().isFinal()
        || draft.state() == RunState.STOPPING
        || past
        || draft.plan().definition().rules().window() == null
        || draft.plan().part() != Plan.WHOLE) {
      return Verdict.ILLEGAL;
    }
    String how =
        fact.endsAt() == 0 ? "until a person ends it" : "until " + Values.instant(fact.endsAt());
    draft.put(
        fact.endsAt() == 0
            ? clock.mark(RunClock.MANUAL_END)
            : clock.endsAt(fact.endsAt()).unmark(RunClock.MANUAL_END));
    draft.note(
        "", "extended", fact.actor(), how + (fact.reason() == null ? "" : ": " + fact.reason()));
    return Verdict.ACCEPTED;
  }

  /** One of the run's own times has come. */
  static Verdict runDue(Draft draft, long now) {
    Engine.settle(draft, now);
    if (draft.state().isFinal() || draft.clock().dueAt() == 0 || draft.clock().dueAt() > now) {
      return Verdict.STALE;
    }
    if (Timers.deadlineAt(draft) <= now) {
      draft.put(draft.clock().mark(RunClock.LATE));
      draft.note(
          "", "late", null, "deadline " + draft.plan().definition().rules().deadline() + " passed");
    }
    if (Timers.windowEnd(draft) <= now) {
      windowOver(draft, now);
    } else if (Timers.timeoutAt(draft) <= now) {
      String limit = "ran longer than its timeout " + draft.plan().definition().rules().timeout();
      end(draft, "timeout", null, limit, 0, true, now);
    } else if (Timers.limitAt(draft) <= now) {
      Duration runTime = draft.plan().definition().rules().limits().runTime();
      limited(draft, "limit run-time " + runTime + " reached", now);
    } else if (Timers.gateEnd(draft) <= now) {
      Requirement requires = draft.plan().definition().rules().requires();
      String waited =
          "waited for "
              + requires.timeout()
              + " for what it requires of "
              + String.join(", ", requires.jobs().stages());
      end(draft, "timeout", null, waited, 0, true, now);
    }
    blackout(draft, now);
    return Verdict.ACCEPTED;
  }

  private static void windowOver(Draft draft, long now) {
    Window window = draft.plan().definition().rules().window();
    Window.End how = window == null ? Window.End.CLOSE : window.end();
    switch (how) {
      case CLOSE -> end(draft, "window", null, "its window is over", RunClock.ENDING, true, now);
      case COMPLETE ->
          end(draft, "window", null, "its window is over", RunClock.ENDING, false, now);
      case MANUAL -> draft.put(draft.clock().mark(RunClock.MANUAL_END));
    }
  }
}
