package dev.millrace.scheduler.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lifecycle.RunState;
import dev.millrace.lifecycle.StageState;
import dev.millrace.model.StageDefinition;
import dev.millrace.wire.Outcome;

/** What a pause does to timers, and when a retry may come. One thread. */
final class TimerLaws {
  private final Plan plan;

  TimerLaws(Plan plan) {
    this.plan = plan;
  }

  /** Due instants and stopped timers only where they have a meaning. */
  void assertPossible(Draft draft) {
    boolean paused = draft.state() == RunState.PAUSED;
    for (int i = 0; i < plan.size(); i++) {
      Stage stage = draft.stage(i);
      switch (stage.state()) {
        case READY, LOCK_WAIT -> {
          Law.holds(stage.is(Stage.PARKED) == paused, "parked in a pause: %s", stage);
          Law.holds(!paused || stage.dueAt() == 0, "stands still: %s", stage);
        }
        case BACKING_OFF -> {
          Law.holds((stage.dueAt() != 0) == !paused, "comes back: %s", stage);
          Law.holds((stage.restMicros() >= 0) == paused, "stands still: %s", stage);
        }
        case RUNNING -> {
          boolean still = paused && plan.stage(i).ledByLeader();
          Law.holds(!still || stage.dueAt() == 0, "stands still: %s", stage);
        }
        case QUEUED -> {}
        default -> Law.holds(stage.dueAt() == 0, "nothing is due: %s", stage);
      }
      Law.holds(paused || stage.restMicros() < 0, "no timer is stopped: %s", stage);
      Law.holds(paused || !stage.is(Stage.PARKED), "not parked: %s", stage);
    }
    boolean pauses = draft.clock().pauses() != 0;
    Law.holds(draft.state().isFinal() || pauses == paused, "paused by somebody: %s", draft.clock());
  }

  void after(Run before, Stage[] stages, Draft draft, Fact fact, long now) {
    boolean was = before.state() == RunState.PAUSED;
    boolean is = draft.state() == RunState.PAUSED;
    for (int i = 0; i < plan.size(); i++) {
      Stage old = stages[i];
      Stage stage = draft.stage(i);
      if (old.state() != stage.state() || old.attempt() != stage.attempt()) {
        continue;
      }
      if (!was && is && old.dueAt() != 0 && stops(i, old)) {
        Law.same(stage.restMicros(), left(old, now), "kept of %s", old);
      } else if (was && !is && old.restMicros() >= 0) {
        Law.same(stage.dueAt(), now + old.restMicros(), "goes on: %s", old);
      } else if (was && is && stage.fan() == null) {
        Law.same(stage.restMicros(), old.restMicros(), "stands still: %s", old);
      }
    }
    if (fact instanceof Fact.Finished end) {
      retry(stages[end.stage()], draft, end, now);
    }
    if (fact instanceof Fact.Due due && stages[due.stage()].state() == StageState.BACKING_OFF) {
      assertThat(now).as("never early").isGreaterThanOrEqualTo(stages[due.stage()].dueAt());
    }
  }

  private static long left(Stage old, long now) {
    return Math.max(0, old.dueAt() - now);
  }

  private boolean stops(int index, Stage stage) {
    return switch (stage.state()) {
      case READY, LOCK_WAIT, BACKING_OFF -> true;
      case RUNNING -> plan.stage(index).ledByLeader();
      default -> false;
    };
  }

  /** As the policy says, and not before whoever was asked wants to be asked again. */
  private void retry(Stage old, Draft draft, Fact.Finished end, long now) {
    Stage stage = draft.stage(end.stage());
    boolean failed = end.outcome() == Outcome.FAILED || end.outcome() == Outcome.TIMED_OUT;
    if (stage.state() != StageState.BACKING_OFF || !failed) {
      return;
    }
    StageDefinition definition = plan.stage(end.stage());
    long delay = definition.retry().delayAfter(old.failures() + 1, 0.5).toMillis() * 1_000;
    long wanted = Math.max(delay, end.retryAfterMicros());
    long actual = draft.state() == RunState.PAUSED ? stage.restMicros() : stage.dueAt() - now;
    assertThat(actual).as("delay of %s", stage).isEqualTo(wanted);
    assertThat(end.retryable()).as("not retryable: %s", stage).isTrue();
  }
}
