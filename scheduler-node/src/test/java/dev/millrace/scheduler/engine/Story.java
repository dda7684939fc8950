package dev.millrace.scheduler.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lifecycle.RunState;
import dev.millrace.lifecycle.StageAction;
import dev.millrace.lifecycle.StageState;
import dev.millrace.model.StageDefinition;
import dev.millrace.wire.Outcome;
import java.util.SplittableRandom;

/**
 * One run from its birth to its end, with everything that may happen to it in any order, stale and
 * doubled facts included. One thread.
 */
final class Story {
  private static final Outcome[] OUTCOMES = Outcome.values();
  private static final StageAction[] ACTIONS = StageAction.values();
  private static final int[] SCOPES = {
    RunClock.BY_RUN,
    RunClock.BY_JOB,
    RunClock.BY_NAMESPACE,
    RunClock.BY_ALL,
    RunClock.BY_PARENT,
    RunClock.BY_BLACKOUT
  };
  private static final int ROUNDS_MAX = 300;

  private final SplittableRandom random;
  private final Plan plan;
  private final Laws laws;

  /** How many of a hundred facts are what people ask, and what is asked of the run as a whole. */
  private final int askedPercent;

  private final int wholePercent;
  private Run run;
  private long now = Plans.NOW;
  private long number;

  Story(SplittableRandom random, Plan plan, Laws laws) {
    this.random = random;
    this.plan = plan;
    this.laws = laws;
    this.askedPercent = random.nextInt(3) == 0 ? 0 : random.nextInt(25);
    this.wholePercent = random.nextInt(3) == 0 ? 0 : random.nextInt(12);
  }

  void play() {
    begin();
    int batches = random.nextInt(1, 40);
    for (int batch = 0; batch < batches; batch++) {
      now += random.nextLong(random.nextInt(8) == 0 ? 60_000_000 : 3_000_000);
      Draft draft = Draft.of(run);
      for (int facts = random.nextInt(1, 5); facts > 0; facts--) {
        apply(draft, anyFact(draft));
      }
      commit(draft);
    }
    finish();
    laws.assertEnded(run);
    nothingChangesAnyMore();
  }

  private void begin() {
    Run fresh = Plans.run(1, plan, now);
    if (plan.definition().rules().window() != null || random.nextInt(8) == 0) {
      long endsAt = random.nextInt(4) == 0 ? 0 : now + random.nextLong(1, 60_000_000);
      fresh = fresh.endingAt(endsAt, endsAt != 0 && random.nextInt(4) == 0);
    }
    boolean prepared = fresh.clock().is(RunClock.PREPARED);
    int paused = random.nextInt(4) == 0 ? random.nextInt(64) : 0;
    Draft born =
        prepared || random.nextInt(4) == 0
            ? Engine.createPending(fresh, "command", paused, now)
            : Engine.create(fresh, "command", now);
    laws.born(born, now);
    commit(born);
  }

  private Verdict apply(Draft draft, Fact fact) {
    return laws.apply(draft, fact, now, random.nextDouble());
  }

  private void commit(Draft draft) {
    Engine.settle(draft, now);
    laws.committed(draft, now);
    run = draft.run();
  }

  /** Everything that holds the run up is taken away; then it must end. */
  private void finish() {
    for (int round = 0; !run.state().isFinal(); round++) {
      assertThat(round).as("rounds until the run ends: %s", run).isLessThan(ROUNDS_MAX);
      Draft draft = Draft.of(run);
      for (int by : SCOPES) {
        if (draft.state() == RunState.PAUSED) {
          apply(draft, new Fact.Resume(by, "tester", null));
        }
      }
      if (draft.clock().is(RunClock.PREPARED)) {
        apply(draft, new Fact.Promote(draft.clock().endsAt()));
      }
      apply(draft, new Fact.Admitted("its turn"));
      for (int i = 0; i < plan.size(); i++) {
        finish(draft, i);
      }
      commit(draft);
    }
  }

  private void finish(Draft draft, int index) {
    Stage stage = draft.stage(index);
    switch (stage.state()) {
      case READY -> apply(draft, new Fact.Dispatched(index, ++number));
      case LOCK_WAIT -> apply(draft, new Fact.LocksGranted(index));
      case HELD -> apply(draft, asked(index, StageAction.RELEASE));
      case QUEUED -> apply(draft, end(index, stage, Outcome.COMPLETED));
      case RUNNING -> {
        if (plan.stage(index).ledByLeader()) {
          finishLed(draft, index);
        } else {
          apply(draft, end(index, stage, Outcome.COMPLETED));
        }
      }
      case BACKING_OFF -> {
        now = Math.max(now, stage.dueAt());
        apply(draft, new Fact.Due(index));
      }
      default -> {}
    }
  }

  private void finishLed(Draft draft, int index) {
    Stage stage = draft.stage(index);
    World.Child child = laws.world().openOf(index, stage.attempt());
    if (child != null) {
      apply(draft, ended(child, RunState.COMPLETED));
      return;
    }
    switch (plan.stage(index).handler()) {
      case StageDefinition.WAIT_EVENT ->
          apply(draft, new Fact.Event(index, stage.attempt(), "{}", "tester"));
      case StageDefinition.WAIT_APPROVAL -> apply(draft, asked(index, StageAction.APPROVE));
      default -> {
        now = Math.max(now, stage.dueAt());
        apply(draft, new Fact.Due(index));
      }
    }
  }

  private void nothingChangesAnyMore() {
    Draft draft = Draft.of(run);
    for (int i = 0; i < 10; i++) {
      now += random.nextLong(1_000_000_000);
      assertThat(apply(draft, random.nextBoolean() ? likely(draft) : nonsense(draft)))
          .isNotEqualTo(Verdict.ACCEPTED);
    }
    Engine.settle(draft, now);
    assertThat(draft.changed()).as("what has ended stays as it is").isFalse();
  }

  private Fact anyFact(Draft draft) {
    int dice = random.nextInt(100);
    if (dice < askedPercent) {
      return asked(anyStage(), ACTIONS[random.nextInt(ACTIONS.length)]);
    }
    if (dice < askedPercent + wholePercent) {
      return whole(draft);
    }
    return dice > 92 ? nonsense(draft) : likely(draft);
  }

  private int anyStage() {
    return random.nextInt(plan.size());
  }

  private static Fact asked(int index, StageAction action) {
    return new Fact.OnStage(index, action, "tester", "because", null);
  }

  private Fact whole(Draft draft) {
    int by = SCOPES[random.nextInt(SCOPES.length)];
    return switch (random.nextInt(20)) {
      case 0 -> new Fact.Stop("tester", "enough");
      case 1 -> random.nextBoolean() ? new Fact.Kill("tester", "now") : new Fact.RunDue();
      case 2, 3, 4, 5 -> new Fact.Pause(by, "tester", "wait");
      case 6, 7, 8, 9, 10 -> new Fact.Resume(anyPause(draft, by), "tester", "go on");
      case 11, 12 -> new Fact.Retry("tester", "again");
      case 13 -> new Fact.Rerun(anyStage(), "tester", "again");
      case 14 ->
          new Fact.Extend(
              random.nextBoolean() ? 0 : now + random.nextLong(90_000_000), "tester", null);
      case 15 -> new Fact.Promote(now + random.nextLong(90_000_000));
      case 16, 17 -> new Fact.Admitted(random.nextBoolean() ? "admitted" : "its turn");
      default -> new Fact.RunDue();
    };
  }

  private int anyPause(Draft draft, int otherwise) {
    int bit = Integer.lowestOneBit(draft.clock().pauses());
    return bit == 0 || random.nextInt(3) == 0 ? otherwise : bit;
  }

  /** What the state of some stage makes probable. */
  private Fact likely(Draft draft) {
    int index = anyStage();
    for (int tries = 0; tries < 4 && !isBusy(draft.stage(index)); tries++) {
      index = anyStage();
    }
    Stage stage = draft.stage(index);
    return switch (stage.state()) {
      case READY ->
          random.nextInt(20) == 0
              ? new Fact.Unstartable(index, "config", "too large")
              : new Fact.Dispatched(index, ++number);
      case LOCK_WAIT -> random.nextInt(4) == 0 ? due(index, stage) : new Fact.LocksGranted(index);
      case QUEUED -> queued(index, stage);
      case RUNNING -> plan.stage(index).ledByLeader() ? led(index, stage) : running(index, stage);
      case BACKING_OFF -> {
        if (random.nextBoolean()) {
          now = Math.max(now, stage.dueAt());
        }
        yield new Fact.Due(index);
      }
      default ->
          draft.clock().is(RunClock.UNADMITTED) && random.nextInt(4) == 0
              ? new Fact.Admitted("turn")
              : new Fact.RunDue();
    };
  }

  private static boolean isBusy(Stage stage) {
    return switch (stage.state()) {
      case READY, LOCK_WAIT, QUEUED, RUNNING, BACKING_OFF -> true;
      default -> false;
    };
  }

  private Fact queued(int index, Stage stage) {
    return switch (random.nextInt(8)) {
      case 0 -> new Fact.Unroutable(index, stage.attempt());
      case 1 -> due(index, stage);
      case 2 -> end(index, stage, anyOutcome());
      default -> new Fact.Started(index, stage.attempt(), worker());
    };
  }

  private Fact running(int index, Stage stage) {
    return switch (random.nextInt(10)) {
      case 0 -> new Fact.WorkerLost(index, stage.attempt(), stage.worker(), "silent");
      case 1 -> due(index, stage);
      case 2 -> new Fact.Checkpointed(index, stage.attempt(), stage.worker(), "1");
      default -> end(index, stage, anyOutcome());
    };
  }

  /** Sometimes time goes on until a timer ends. */
  private Fact due(int index, Stage stage) {
    if (random.nextInt(3) == 0) {
      now = Math.max(now, stage.dueAt());
    }
    return new Fact.Due(index);
  }

  private Fact led(int index, Stage stage) {
    World.Child child = laws.world().openOf(index, stage.attempt());
    if (child != null && random.nextInt(8) > 0) {
      RunState[] ends = {
        RunState.COMPLETED, RunState.COMPLETED, RunState.FAILED, RunState.CANCELLED
      };
      return ended(child, ends[random.nextInt(ends.length)]);
    }
    World.Child before = laws.world().anyEnded(random);
    if (before != null && random.nextInt(4) == 0) {
      return laws.reopened(before);
    }
    boolean job = plan.stage(index).handler().equals(StageDefinition.SUB_JOB);
    if (job && random.nextInt(4) == 0 && stage.fan() == null) {
      return new Fact.LedFailed(index, stage.attempt(), "config", "there is no such job");
    }
    return switch (random.nextInt(4)) {
      case 0 -> asked(index, StageAction.APPROVE);
      case 1 -> asked(index, StageAction.REJECT);
      case 2 -> new Fact.Event(index, stage.attempt(), "{}", "tester");
      default -> due(index, stage);
    };
  }

  private static Fact ended(World.Child child, RunState state) {
    return new Fact.ChildEnded(child.stage, child.attempt, child.item, state, null, "broke");
  }

  private Fact nonsense(Draft draft) {
    int index = anyStage();
    Stage stage = draft.stage(index);
    int attempt = random.nextInt(0, stage.attempt() + 2);
    int other = attempt == stage.attempt() ? attempt + 1 : attempt;
    return switch (random.nextInt(10)) {
      case 0 -> new Fact.Dispatched(index, ++number);
      case 1 -> new Fact.Started(index, attempt, worker());
      case 2 -> new Fact.Finished(index, attempt, "w3", anyOutcome(), 5, null, null, null, null);
      case 3 -> new Fact.WorkerLost(index, attempt, "w1", "silent");
      case 4 -> new Fact.Unroutable(index, attempt);
      case 5 -> new Fact.LocksGranted(index);
      case 6 -> new Fact.Event(index, other, "{}", "tester");
      case 7 -> new Fact.ChildEnded(index, other, 0, RunState.COMPLETED, null, null);
      case 8 -> new Fact.LedFailed(index, other, "config", "no");
      default -> new Fact.Due(index);
    };
  }

  private String worker() {
    return random.nextInt(4) == 0 ? "w2" : "w1";
  }

  private Outcome anyOutcome() {
    return random.nextBoolean() ? Outcome.COMPLETED : OUTCOMES[random.nextInt(OUTCOMES.length)];
  }

  private Fact end(int index, Stage stage, Outcome outcome) {
    boolean good = outcome == Outcome.COMPLETED;
    long after = random.nextInt(6) == 0 ? random.nextLong(100_000_000) : 0;
    return new Fact.Finished(
        index,
        stage.attempt(),
        stage.worker() == null || stage.state() == StageState.QUEUED ? "w1" : stage.worker(),
        outcome,
        random.nextLong(5_000_000),
        good ? 0 : 7,
        good ? null : "exit:7",
        good ? null : "broke",
        null,
        random.nextInt(8) > 0,
        after);
  }
}
