package dev.millrace.scheduler.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lifecycle.RunState;
import dev.millrace.lifecycle.StageAction;
import dev.millrace.lifecycle.StageState;
import dev.millrace.model.Need;
import dev.millrace.model.Phase;
import dev.millrace.model.StageDefinition;
import java.util.List;

/** When a stage may start, judged move by move from what the log has said so far. One thread. */
final class StartLaws {
  private final Plan plan;
  private final Replay replay;
  private Fact fact;
  private RunState runBefore;
  private RunClock clockBefore;

  StartLaws(Plan plan, Replay replay) {
    this.plan = plan;
    this.replay = replay;
  }

  void begin(Draft draft, Fact asked) {
    fact = asked;
    runBefore = draft.state();
    clockBefore = draft.clock();
  }

  /** Called before the move is replayed. */
  void moving(Replay.Move move, Draft draft, long now) {
    boolean inLine = move.to().equals("READY") || move.to().equals("LOCK_WAIT");
    boolean comesIn = inLine && !move.from().equals("LOCK_WAIT");
    if (comesIn && move.from().equals("WAITING") && !byHand(move.stage())) {
      assertItsTurn(move, draft);
    }
    if (move.from().equals("SKIPPED") && move.to().equals("SKIPPED_COMPLETE")) {
      assertItsTurn(move, draft);
    }
    if (inLine || move.to().equals("RUNNING") || move.to().equals("QUEUED")) {
      assertRunAllows(move);
    }
    if (move.to().equals("COMPLETED") && draft.stage(move.stage()).fan() != null) {
      assertJoined(move, draft.stage(move.stage()).fan());
    }
  }

  private boolean byHand(int stage) {
    return fact instanceof Fact.OnStage asked
        && asked.stage() == stage
        && asked.action() == StageAction.RUN;
  }

  private void assertItsTurn(Replay.Move move, Draft draft) {
    int index = move.stage();
    StageDefinition stage = plan.stage(index);
    assertThat(holds(stage.needs(), true) || holds(stage.needs(), false))
        .as("%s: needs %s hold", move, stage.needs())
        .isTrue();
    int group = plan.group(index);
    if (group >= 0) {
      assertThat(replay.state(group)).as("the group of %s", move).isEqualTo(StageState.RUNNING);
      assertThat(plan.stage(group).rules().forEach())
          .as("%s is executed in the runs of items", move)
          .isNull();
    }
    for (int i = 0; i < plan.size(); i++) {
      if (plan.phase(i).compareTo(plan.phase(index)) < 0) {
        assertThat(replay.state(i).isFinal())
            .as("%s: %s has ended", move, plan.stage(i).id())
            .isTrue();
      }
    }
    if (plan.phase(index) == Phase.COMPENSATE) {
      assertOrder(move, draft);
    }
    if (plan.phase(index) == Phase.COMPENSATE || plan.phase(index) == Phase.ON_FAILURE) {
      assertThat(anyFailed()).as("%s: something failed", move).isTrue();
    }
  }

  private boolean anyFailed() {
    for (int i = 0; i < plan.size(); i++) {
      if (plan.phase(i) == Phase.MAIN && replay.state(i) == StageState.FAILED) {
        return true;
      }
    }
    return false;
  }

  /** What was done last is undone first. */
  private void assertOrder(Replay.Move move, Draft draft) {
    int undone = plan.undoes(move.stage());
    assertThat(replay.state(undone)).as("what %s undoes", move).isEqualTo(StageState.COMPLETED);
    for (int i = 0; i < plan.size(); i++) {
      boolean later =
          plan.phase(i) == Phase.COMPENSATE
              && replay.state(plan.undoes(i)) == StageState.COMPLETED
              && draft.stage(plan.undoes(i)).finishedAt() > draft.stage(undone).finishedAt();
      assertThat(later && !replay.state(i).isFinal())
          .as("%s before %s", move, plan.stage(i).id())
          .isFalse();
    }
  }

  /** What a person skipped may count as open or not: that is not in the log. */
  private boolean holds(Need need, boolean skippedIsOpen) {
    return switch (need) {
      case Need.All all -> all.of().stream().allMatch(each -> holds(each, skippedIsOpen));
      case Need.Any any -> any.of().stream().anyMatch(each -> holds(each, skippedIsOpen));
      case Need.Not not -> not.of().stream().noneMatch(each -> holds(each, skippedIsOpen));
      case Need.Stage leaf -> {
        int index = plan.indexOf(leaf.id());
        boolean open = skippedIsOpen && replay.inDoubt(index);
        yield !open && Truth.is(leaf.is(), replay.state(index));
      }
    };
  }

  private void assertRunAllows(Replay.Move move) {
    boolean report = fact instanceof Fact.Started || fact instanceof Fact.Finished;
    String run = replay.run();
    if (run.equals("PAUSED")) {
      boolean waits = move.to().equals("READY") || move.to().equals("LOCK_WAIT");
      assertThat(waits || report).as("%s in a pause", move).isTrue();
      assertThat(clockBefore.is(RunClock.UNADMITTED)).as("%s before its time", move).isFalse();
    }
    assertThat(run.equals("PENDING")).as("%s before its time", move).isFalse();
    boolean was = move.from().equals("QUEUED") && report;
    if (run.equals("STOPPING") && !was) {
      assertThat(plan.phase(move.stage())).as("%s after a stop", move).isEqualTo(Phase.FINALLY);
      assertThat(clockBefore.is(RunClock.KILLED)).as("%s after a kill", move).isFalse();
    }
    assertThat(runBefore.isFinal() && !Laws.isAsked(fact)).as("%s after the end", move).isFalse();
  }

  private void assertJoined(Replay.Move move, Fan fan) {
    boolean byPerson = fact instanceof Fact.OnStage;
    if (!byPerson) {
      assertThat(fan.completed() + fan.failed()).as("%s", move).isEqualTo(fan.items());
      assertThat(plan.stage(move.stage()).rules().tolerate().count())
          .as("failures tolerated by %s", move)
          .isGreaterThanOrEqualTo(fan.failed());
    }
  }

  /** Runs are made only when something may start, and never more than may be under way. */
  void wished(Draft draft, List<Wish> wishes) {
    for (Wish wish : wishes) {
      if (wish instanceof Wish.StartItems items) {
        Fan fan = draft.stage(items.stage()).fan();
        assertThat(fan.open())
            .as("items under way")
            .isLessThanOrEqualTo(plan.stage(items.stage()).rules().maxParallel());
      }
      if (wish instanceof Wish.StartItems
          || wish instanceof Wish.StartJob
          || wish instanceof Wish.Listen) {
        assertThat(draft.state()).as("%s", wish).isNotEqualTo(RunState.PAUSED);
      }
    }
  }
}
