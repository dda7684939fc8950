package dev.millrace.scheduler.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lifecycle.RunState;
import dev.millrace.lifecycle.StageState;
import dev.millrace.model.Phase;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.IntStream;

/**
 * Watches one run and says when a law is broken. It knows the moves, the stages as they are and
 * what was asked; it calls nothing of the engine that decides. One thread.
 */
@SuppressWarnings("ReferenceEquality") // the same object is the same stage: nothing was written
final class Laws {
  /** True when one story is played alone: it is told. */
  private static final boolean TELLS = Long.getLong("millrace.seed") != null;

  private final Plan plan;
  private final Replay replay;
  private final World world;
  private final StartLaws starts;
  private final TimerLaws timers;
  private final List<TreeSet<Integer>> superseded = new ArrayList<>();

  /** Stages that a person has touched, so that less can be said of them. */
  private final boolean[] touched;

  private boolean killed;
  private boolean reopened;

  /** How much of the present draft was looked at. */
  private int movesRead = 1;

  private int supersededRead;
  private int wishesRead;

  Laws(Plan plan, Arrows<RunState> runArrows, Arrows<StageState> stageArrows) {
    this.plan = plan;
    this.replay = new Replay(plan, runArrows, stageArrows);
    this.world = new World(plan);
    this.starts = new StartLaws(plan, replay);
    this.timers = new TimerLaws(plan);
    this.touched = new boolean[plan.size()];
    for (int i = 0; i < plan.size(); i++) {
      superseded.add(new TreeSet<>());
    }
  }

  World world() {
    return world;
  }

  void born(Draft draft, long now) {
    if (TELLS) {
      for (int i = 0; i < plan.size(); i++) {
        System.out.println(plan.stage(i));
      }
    }
    starts.begin(draft, null);
    follow(draft, null, now);
    world.fulfil(draft.wishes());
    wishesRead = draft.wishes().size();
  }

  /** The run of a child goes on: its stage is told. */
  Fact reopened(World.Child child) {
    return new Fact.ChildReopened(child.stage, child.attempt, child.item, child.ended);
  }

  Verdict apply(Draft draft, Fact fact, long now, double random) {
    if (looksFirst(fact)) {
      Engine.settle(draft, now);
      follow(draft, null, now);
    }
    Run before = draft.run();
    Stage[] stages = before.stages().clone();
    String moves = draft.movesJson();
    starts.begin(draft, fact);
    Verdict verdict = Engine.apply(draft, fact, now, random);
    if (TELLS) {
      tell(draft, fact, verdict, now);
    }
    if (verdict != Verdict.ACCEPTED) {
      assertNothingChanged(draft, fact, before, stages, moves);
      return verdict;
    }
    if (fact instanceof Fact.LocksGranted granted) {
      world.granted(granted.stage());
    }
    boolean over = before.state().isFinal() && !draft.state().isFinal();
    assertThat(over && !isAsked(fact)).as("%s reopens a run", fact).isFalse();
    reopened |= over;
    note(draft, fact);
    follow(draft, fact, now);
    timers.after(before, stages, draft, fact, now);
    List<Wish> wishes = draft.wishes();
    starts.wished(draft, wishes.subList(wishesRead, wishes.size()));
    world.fulfil(wishes.subList(wishesRead, wishes.size()));
    wishesRead = wishes.size();
    children(draft, fact);
    assertState(draft);
    return verdict;
  }

  private void tell(Draft draft, Fact fact, Verdict verdict, long now) {
    StringBuilder text = new StringBuilder();
    text.append(now - Plans.NOW).append(' ').append(fact).append(' ').append(verdict);
    text.append("\n    ").append(draft.state()).append(' ').append(draft.clock());
    for (int i = 0; i < plan.size(); i++) {
      Stage stage = draft.stage(i);
      text.append(' ').append(plan.stage(i).id()).append('=').append(stage.state());
      text.append(stage.marks() == 0 ? "" : "/" + stage.marks());
      text.append(stage.fan() == null ? "" : "(" + stage.fan().text() + ")");
    }
    System.out.println(text);
  }

  /** These look first whether the run is over. */
  private static boolean looksFirst(Fact fact) {
    return fact instanceof Fact.Stop
        || fact instanceof Fact.Kill
        || fact instanceof Fact.Pause
        || fact instanceof Fact.Resume
        || fact instanceof Fact.Extend
        || fact instanceof Fact.RunDue;
  }

  static boolean isAsked(Fact fact) {
    return fact instanceof Fact.OnStage || fact instanceof Fact.Retry || fact instanceof Fact.Rerun;
  }

  private void note(Draft draft, Fact fact) {
    killed = draft.clock().is(RunClock.KILLED);
    if (fact instanceof Fact.OnStage asked) {
      for (int at = asked.stage(); at >= 0; at = plan.group(at)) {
        touched[at] = true;
      }
    } else if (isAsked(fact)) {
      Arrays.fill(touched, true);
    }
  }

  private void assertNothingChanged(
      Draft draft, Fact fact, Run before, Stage[] stages, String moves) {
    for (int i = 0; i < stages.length; i++) {
      Law.holds(draft.stage(i) == stages[i], "%s changes no stage", fact);
    }
    Law.same(draft.movesJson(), moves, "%s moves nothing", fact);
    Law.same(draft.clock(), before.clock(), "%s changes no timer", fact);
    Law.same(draft.superseded().size(), supersededRead, "%s ends nothing", fact);
    Law.same(draft.wishes().size(), wishesRead, "%s wishes nothing", fact);
  }

  /** Reads on in the log of this draft. */
  private void follow(Draft draft, Fact fact, long now) {
    String all = draft.movesJson();
    int end = all.length() - 1;
    int from = movesRead > 1 && movesRead < end ? movesRead + 1 : movesRead; // a comma between
    if (from < end) {
      for (Replay.Move move : replay.read("[" + all.substring(from, end) + "]")) {
        if (move.stage() >= 0 && move.from() != null) {
          assertOutOfFinal(move, fact);
          starts.moving(move, draft, now);
        }
        replay.apply(move);
        if (move.stage() >= 0) {
          world.moved(move);
        }
      }
    }
    movesRead = end;
    List<Superseded> old = draft.superseded();
    old.subList(supersededRead, old.size()).forEach(this::remember);
    supersededRead = old.size();
    replay.assertIs(draft.state(), draft.stages());
  }

  private void assertOutOfFinal(Replay.Move move, Fact fact) {
    boolean wasFinal = StageState.valueOf(move.from()).isFinal();
    boolean itsTurn = move.from().equals("SKIPPED") && move.to().equals("SKIPPED_COMPLETE");
    if (wasFinal && !itsTurn) {
      assertThat(fact != null && isAsked(fact)).as("%s by %s", move, fact).isTrue();
    }
  }

  private void remember(Superseded old) {
    assertThat(superseded.get(old.index()).add(old.stage().attempt()))
        .as("attempt %s of stage %s ended once", old.stage().attempt(), old.index())
        .isTrue();
  }

  private void children(Draft draft, Fact fact) {
    if (fact instanceof Fact.ChildEnded f) {
      World.Child child = world.openOf(f.stage(), f.attempt());
      assertThat(child).as("nobody else ended for %s", f).isNotNull();
      world.ended(f.stage(), f.attempt(), f.item(), f.state());
    } else if (fact instanceof Fact.ChildReopened f) {
      world.ended(f.stage(), f.attempt(), f.item(), null);
    }
    for (int i = 0; i < plan.size(); i++) {
      Stage stage = draft.stage(i);
      if (stage.state() == StageState.RUNNING && stage.fan() != null) {
        assertFan(i, stage);
      }
    }
  }

  private void assertFan(int index, Stage stage) {
    Fan fan = stage.fan();
    assertThat(fan.completed())
        .isEqualTo((int) world.count(index, stage.attempt(), RunState.COMPLETED));
    assertThat(fan.failed()).isEqualTo((int) world.count(index, stage.attempt(), RunState.FAILED));
    assertThat(fan.cancelled())
        .isEqualTo((int) world.count(index, stage.attempt(), RunState.CANCELLED));
    assertThat(fan.open()).isEqualTo((int) world.count(index, stage.attempt(), null));
    assertThat(fan.started()).isLessThanOrEqualTo(fan.items());
  }

  /** What the tables demand of each row, at each moment. */
  private void assertState(Draft draft) {
    for (int i = 0; i < plan.size(); i++) {
      Stage stage = draft.stage(i);
      StageState state = stage.state();
      Law.holds((stage.finishedAt() != 0) == state.isFinal(), "final has finish: %s", stage);
      Law.holds(state != StageState.RUNNING || stage.worker() != null, "has worker: %s", stage);
      boolean queued = state == StageState.QUEUED;
      Law.holds(!queued || stage.dispatch() != 0, "has dispatch: %s", stage);
      Law.holds(!queued || stage.attempt() > 0, "has attempt: %s", stage);
      world.assertSeated(i, stage);
    }
    timers.assertPossible(draft);
  }

  void committed(Draft draft, long now) {
    assertSettled(draft);
    follow(draft, null, now);
    assertState(draft);
    boolean over = draft.state().isFinal();
    assertThat(draft.run().finishedAt() != 0).isEqualTo(over);
    if (over) {
      assertThat(draft.clock().dueAt()).as("nothing is due any more").isZero();
      for (Stage stage : draft.stages()) {
        assertThat(stage.isSettled()).as("%s in a run that is over", stage).isTrue();
      }
    }
    movesRead = 1;
    supersededRead = 0;
    wishesRead = 0;
  }

  private static void assertSettled(Draft draft) {
    boolean allFinal = Arrays.stream(draft.stages()).allMatch(Stage::isSettled);
    boolean waits = draft.clock().is(RunClock.UNADMITTED);
    assertThat(draft.state().isFinal()).isEqualTo(allFinal && !(waits && !draft.state().isFinal()));
  }

  /** At the end of all. */
  void assertEnded(Run run) {
    for (int i = 0; i < plan.size(); i++) {
      Stage stage = run.stages()[i];
      int old = superseded.get(i).size();
      assertThat(old).isBetween(Math.max(0, stage.attempt() - 1), stage.attempt());
      assertThat(superseded.get(i).stream().toList())
          .as("attempts of %s without gaps", plan.stage(i).id())
          .isEqualTo(IntStream.rangeClosed(1, old).boxed().toList());
      boolean last = plan.phase(i) == Phase.FINALLY && plan.group(i) < 0 && !touched[i];
      if (last && !killed && !reopened && run.startedAt() != 0) {
        assertThat(stage.state()).as("what always comes last").isNotEqualTo(StageState.CANCELLED);
      }
    }
    boolean failed =
        Arrays.stream(run.stages()).anyMatch(stage -> stage.state() == StageState.FAILED);
    assertThat(run.state() == RunState.COMPLETED && failed).as("a failure is seen").isFalse();
    assertThat(run.state() == RunState.FAILED && !failed).as("a failure is there").isFalse();
  }
}
