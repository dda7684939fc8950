package dev.millrace.scheduler.engine;

import dev.millrace.lifecycle.RunState;
import dev.millrace.lifecycle.StageState;
import dev.millrace.model.Requirement;
import dev.millrace.model.RunLimits;
import dev.millrace.model.StageDefinition;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * When the leader has to look at a stage or a run again. While a run is paused its timers stand
 * still: what is left of each is kept, and counts from the moment when it goes on. Attempts that
 * are under way are not paused, nor are their timeouts. Pure and stateless.
 */
final class Timers {
  /**
   * What the leader adds to an attempt's timeout before it ends the attempt itself: the worker goes
   * first.
   */
  private static final long TIMEOUT_GRACE_MICROS = TimeUnit.SECONDS.toMicros(5);

  private Timers() {}

  static long micros(Duration duration) {
    return TimeUnit.MILLISECONDS.toMicros(duration.toMillis());
  }

  /** A stage that waits in READY or LOCK_WAIT, with its queue-wait timeout, parked in a pause. */
  static Stage waitingInLine(Draft draft, int index, Stage stage, long now, StageState to) {
    Stage.Edit edit = stage.edit().state(to);
    Duration limit = draft.plan().stage(index).queueTimeout();
    if (draft.state() == RunState.PAUSED) {
      edit.mark(Stage.PARKED);
    }
    if (limit != null) {
      after(edit, draft, now, Math.max(0, stage.readyAt() + micros(limit) - now));
    }
    return edit.build();
  }

  /** Sets a timer that stands still while the run is paused. */
  static void after(Stage.Edit edit, Draft draft, long now, long delayMicros) {
    if (draft.state() == RunState.PAUSED) {
      edit.rest(delayMicros);
    } else {
      edit.due(now + delayMicros);
    }
  }

  /** When a stage in QUEUED has to be looked at: taken too late, or waited for too long in all. */
  static long queuedDue(Draft draft, int index, Stage stage, long now) {
    StageDefinition definition = draft.plan().stage(index);
    Duration start = definition.rules().startTimeout();
    long byStart = start == null ? Long.MAX_VALUE : now + micros(start);
    long byQueue =
        definition.queueTimeout() == null ? Long.MAX_VALUE : queueEnd(stage, now, definition);
    long due = Math.min(byStart, byQueue);
    return due == Long.MAX_VALUE ? 0 : due;
  }

  private static long queueEnd(Stage stage, long now, StageDefinition definition) {
    return stage.dueAt() != 0 ? stage.dueAt() : now + micros(definition.queueTimeout());
  }

  /**
   * When a stage has stood in line for too long; only what its pool rested can move that.
   *
   * @return 0 when nothing moves it
   */
  static long queueEnd(StageDefinition definition, Stage stage, long restedMicros) {
    return restedMicros == 0 || definition.queueTimeout() == null
        ? 0
        : stage.readyAt() + micros(definition.queueTimeout()) + restedMicros;
  }

  /** When to look at it again, whose pool was or is paused. */
  static long queueDue(StageDefinition definition, Stage stage, Fact.Due fact) {
    Duration start = definition.rules().startTimeout();
    long byQueue = queueEnd(definition, stage, fact.restedMicros());
    return start == null || stage.state() != StageState.QUEUED
        ? byQueue
        : Math.min(byQueue, stage.queuedAt() + micros(start));
  }

  /** When an attempt that began then has to end; 0 for never. */
  static long attemptEnd(Draft draft, int index, long startedAt) {
    Duration limit = draft.plan().stage(index).timeout();
    return limit == null ? 0 : startedAt + micros(limit) + TIMEOUT_GRACE_MICROS;
  }

  /** When an attempt that began then has to be looked at: it is too slow, or has to end. */
  static long attemptDue(Draft draft, int index, long startedAt) {
    long end = attemptEnd(draft, index, startedAt);
    Duration most = draft.plan().stage(index).rules().maxDuration();
    if (most == null) {
      return end;
    }
    // Longer than that is too long: that long is not.
    long slow = startedAt + micros(most) + 1;
    return end == 0 ? slow : Math.min(slow, end);
  }

  /** True for a stage whose timer a pause stops. */
  private static boolean stops(Draft draft, int index, Stage stage) {
    return switch (stage.state()) {
      case READY, LOCK_WAIT, BACKING_OFF, HELD -> true;
      case RUNNING -> draft.plan().stage(index).ledByLeader();
      default -> false;
    };
  }

  static void stopAll(Draft draft, long now) {
    for (int i = 0; i < draft.plan().size(); i++) {
      Stage stage = draft.stage(i);
      boolean inLine = stage.state() == StageState.READY || stage.state() == StageState.LOCK_WAIT;
      boolean timer = stage.dueAt() != 0 && stops(draft, i, stage);
      if (inLine || timer) {
        Stage.Edit edit = stage.edit();
        if (timer) {
          edit.rest(Math.max(0, stage.dueAt() - now));
        }
        draft.put(i, inLine ? edit.mark(Stage.PARKED).build() : edit.build());
      }
    }
  }

  /** What stood in line has not waited meanwhile. */
  static void goOn(Draft draft, long pausedAt, long now) {
    for (int i = 0; i < draft.plan().size(); i++) {
      Stage stage = draft.stage(i);
      Stage.Edit edit = stage.edit();
      if (stage.is(Stage.PARKED)) {
        long stood = now - Math.max(pausedAt, stage.readyAt());
        edit.unmark(Stage.PARKED).readyAt(stage.readyAt() + stood);
      }
      if (stage.restMicros() >= 0) {
        edit.due(now + stage.restMicros());
      }
      if (stage.restMicros() >= 0 || stage.is(Stage.PARKED)) {
        draft.put(i, edit.build());
      }
    }
  }

  /**
   * Sets when the run itself has to be looked at: too long, too late, a blackout begins or ends,
   * its window over.
   */
  static void runDue(Draft draft, long now) {
    RunClock clock = draft.clock();
    if (!draft.plan().timed() && clock.equals(RunClock.NONE)) {
      return; // most runs
    }
    long due = Long.MAX_VALUE;
    if (!draft.state().isFinal() && draft.plan().part() == Plan.WHOLE) {
      due = Math.min(due, timeoutAt(draft));
      due = Math.min(due, limitAt(draft));
      due = Math.min(due, deadlineAt(draft));
      due = Math.min(due, windowEnd(draft));
      due = Math.min(due, gateEnd(draft));
      due = Math.min(due, blackoutChange(draft, now));
    }
    long at = due == Long.MAX_VALUE ? 0 : due;
    if (at != clock.dueAt()) {
      draft.put(clock.due(at));
    }
  }

  static long timeoutAt(Draft draft) {
    return afterStart(draft, draft.plan().definition().rules().timeout());
  }

  static long limitAt(Draft draft) {
    RunLimits limits = draft.plan().definition().rules().limits();
    return limits == null || draft.clock().is(RunClock.UNLIMITED)
        ? Long.MAX_VALUE
        : afterStart(draft, limits.runTime());
  }

  /** So long after its first start, pauses left out; never while it is paused or stops. */
  private static long afterStart(Draft draft, Duration limit) {
    Run run = draft.run();
    if (limit == null
        || run.startedAt() == 0
        || run.state() == RunState.PAUSED
        || run.state() == RunState.STOPPING) {
      return Long.MAX_VALUE;
    }
    return run.startedAt() + micros(limit) + run.clock().pausedMicros();
  }

  /** When it has waited for other jobs for long enough; a pause does not end it. */
  static long gateEnd(Draft draft) {
    Run run = draft.run();
    Requirement requires = run.plan().definition().rules().requires();
    boolean ends = run.clock().is(RunClock.GATED) && requires != null && requires.timeout() != null;
    return ends && run.state() == RunState.PENDING
        ? Math.max(run.createdAt(), run.scheduledFor()) + micros(requires.timeout())
        : Long.MAX_VALUE;
  }

  static long deadlineAt(Draft draft) {
    Run run = draft.run();
    Duration deadline = run.plan().definition().rules().deadline();
    if (deadline == null || run.clock().is(RunClock.LATE)) {
      return Long.MAX_VALUE;
    }
    return (run.scheduledFor() == 0 ? run.createdAt() : run.scheduledFor()) + micros(deadline);
  }

  /** True for a run whose starts a blackout of its window holds back. */
  static boolean minds(Run run) {
    RunClock clock = run.clock();
    return run.plan().blackouts().any() && clock.endsAt() != 0 && !clock.is(RunClock.PREPARED);
  }

  private static long blackoutChange(Draft draft, long now) {
    boolean mayPause = draft.state() != RunState.STOPPING && !draft.state().isFinal();
    if (!mayPause || !draft.plan().blackouts().any() || !minds(draft.run())) {
      return Long.MAX_VALUE;
    }
    Blackouts blackouts = draft.plan().blackouts();
    boolean asItShouldBe = blackouts.covers(now) == draft.clock().isPausedBy(RunClock.BY_BLACKOUT);
    return asItShouldBe ? blackouts.changes(now) : now;
  }

  static long windowEnd(Draft draft) {
    RunClock clock = draft.clock();
    boolean ends =
        clock.endsAt() != 0
            && !clock.is(RunClock.MANUAL_END)
            && !clock.is(RunClock.PREPARED)
            && draft.state() != RunState.STOPPING;
    return ends ? clock.endsAt() : Long.MAX_VALUE;
  }
}
