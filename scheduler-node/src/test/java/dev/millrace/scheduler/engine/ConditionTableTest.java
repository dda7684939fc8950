package dev.millrace.scheduler.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lifecycle.StageAction;
import dev.millrace.lifecycle.StageState;
import dev.millrace.model.Need;
import dev.millrace.model.StageDefinition;
import dev.millrace.model.StageRules;
import dev.millrace.wire.Outcome;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * What a stage needs, against a truth table: it starts at the first moment when its needs hold, it
 * is skipped only when they cannot hold any more, and at the latest when all have ended. Each stage
 * that is needed ends in each way in each order. Trees of one and two leaves are tried with every
 * kind of leaf, those of three with some, those of four along some ways.
 */
class ConditionTableTest {
  private static final long SEED = 20_260_202;
  private static final long NOW = Plans.NOW;
  private static final List<StageState> ENDINGS =
      List.of(StageState.COMPLETED, StageState.FAILED, StageState.SKIPPED, StageState.CANCELLED);

  /** A stage that has not ended is 0, one that ended in the n-th of the endings is n + 1. */
  private static final int STATES = 5;

  private static final int[] POWERS = {1, 5, 25, 125, 625};

  @Test
  void treesOfOneAndTwoLeaves() {
    for (int leaves = 1; leaves <= 2; leaves++) {
      for (int stages = 1; stages <= leaves; stages++) {
        for (int kinds = 0; kinds < Math.pow(Need.Is.values().length, leaves); kinds++) {
          for (Need tree : trees(leaves(leaves, stages, kinds))) {
            new Table(tree, stages).everyWay();
          }
        }
      }
    }
  }

  @Test
  void treesOfThreeLeaves() {
    int shapes = trees(leaves(3, 3, 0)).size();
    IntStream.range(0, shapes)
        .parallel()
        .forEach(
            shape -> {
              SplittableRandom random = new SplittableRandom(SEED + shape);
              for (int stages = 1; stages <= 3; stages++) {
                List<Need> leaves = leaves(3, stages, random.nextInt(125));
                new Table(trees(leaves).get(shape), stages).everyWay();
              }
            });
  }

  @Test
  void treesOfFourLeaves() {
    IntStream.range(0, 3)
        .parallel()
        .forEach(
            round -> {
              SplittableRandom random = new SplittableRandom(SEED + round);
              int stages = 2 + round % 3;
              for (Need tree : trees(leaves(4, stages, random.nextInt(625)))) {
                new Table(tree, stages).someWay(random);
              }
            });
  }

  /** A failure that is acknowledged is complete from then on, and was failed before. */
  @Test
  void whoWaitsForAFailureStartsBeforeItIsAcknowledgedAndWhoWaitsForSuccessAfter() {
    Need failed = new Need.Stage("s0", Need.Is.FAILED);
    Need completed = new Need.Stage("s0", Need.Is.COMPLETED);
    Draft draft =
        Engine.create(
            Plans.run(
                1, Plans.of(Plans.stage("s0"), needing("f", failed), needing("c", completed)), NOW),
            "command",
            NOW);
    apply(draft, new Fact.Dispatched(0, 1));
    apply(draft, end(0, Outcome.FAILED));
    assertThat(draft.stage(1).state()).isEqualTo(StageState.READY);
    assertThat(draft.stage(2).state()).isEqualTo(StageState.SKIPPED);
    apply(draft, new Fact.OnStage(0, StageAction.ACKNOWLEDGE, "tester", null, null));
    assertThat(draft.stage(1).state()).isEqualTo(StageState.READY);
    assertThat(draft.stage(2).state()).isEqualTo(StageState.READY);
  }

  /** The leaves of a tree; {@code kinds} is a number with one digit for each. */
  private static List<Need> leaves(int count, int stages, int kinds) {
    List<Need> leaves = new ArrayList<>();
    int rest = kinds;
    for (int i = 0; i < count; i++) {
      Need.Is[] is = Need.Is.values();
      leaves.add(new Need.Stage("s" + i % stages, is[rest % is.length]));
      rest /= is.length;
    }
    return leaves;
  }

  /** Every tree that has these leaves in this order. */
  private static List<Need> trees(List<Need> leaves) {
    List<Need> trees = new ArrayList<>();
    if (leaves.size() == 1) {
      trees.add(leaves.getFirst());
      trees.add(new Need.Not(leaves));
      return trees;
    }
    for (List<Need> parts : splits(leaves)) {
      trees.add(new Need.All(parts));
      trees.add(new Need.Any(parts));
      trees.add(new Need.Not(parts));
    }
    return trees;
  }

  /** Every way to cut the leaves into two or more trees. */
  private static List<List<Need>> splits(List<Need> leaves) {
    List<List<Need>> splits = new ArrayList<>();
    for (int head = 1; head < leaves.size(); head++) {
      List<Need> tail = leaves.subList(head, leaves.size());
      List<List<Need>> tails = new ArrayList<>(splits(tail));
      trees(tail).forEach(tree -> tails.add(List.of(tree)));
      for (Need first : trees(leaves.subList(0, head))) {
        for (List<Need> more : tails) {
          List<Need> whole = new ArrayList<>(List.of(first));
          whole.addAll(more);
          splits.add(whole);
        }
      }
    }
    return splits;
  }

  private static StageDefinition needing(String id, Need need) {
    return new StageDefinition(
        id, "noop", "default", "{}", need, Plans.retry(1, 0), null, null, StageRules.NONE);
  }

  private static void apply(Draft draft, Fact fact) {
    Verdict verdict = Engine.apply(draft, fact, NOW, 0.5);
    check(verdict == Verdict.ACCEPTED, () -> fact + " is " + verdict);
    Engine.settle(draft, NOW);
  }

  /** Millions of them: nothing is made for one that holds. */
  private static void check(boolean holds, Supplier<String> what) {
    if (!holds) {
      throw new AssertionError(what.get());
    }
  }

  private static Fact end(int index, Outcome outcome) {
    return new Fact.Finished(index, 1, "w1", outcome, 0, null, null, null, null);
  }

  /**
   * One tree with all that can happen to it. The stages that it names have the numbers 0 and up;
   * each needs a stage of its own, by whose failure it is skipped; the last stage has the tree. One
   * thread.
   */
  private static final class Table {
    private final Need tree;
    private final int stages;
    private final int target;
    private final int size;
    private final BitSet holds;
    private final BitSet possible = new BitSet();
    private final Run start;

    Table(Need tree, int stages) {
      this.tree = tree;
      this.stages = stages;
      this.target = 2 * stages;
      this.size = power(stages);
      this.holds = truth(tree);
      for (int moment = size - 1; moment >= 0; moment--) {
        possible.set(moment, holds.get(moment) || canFollow(moment));
      }
      StageDefinition[] all = new StageDefinition[2 * stages + 1];
      for (int i = 0; i < stages; i++) {
        all[i] = Plans.stage("s" + i, "h" + i);
        all[stages + i] = Plans.stage("h" + i);
      }
      all[target] = needing("t", tree);
      Draft draft = Engine.create(Plans.run(1, Plans.of(all), NOW), "command", NOW);
      Engine.settle(draft, NOW);
      this.start = draft.run();
    }

    private static int power(int exponent) {
      return POWERS[exponent];
    }

    private static int digit(int moment, int stage) {
      return moment / power(stage) % STATES;
    }

    /** The moments at which it holds. */
    private BitSet truth(Need need) {
      BitSet truth = new BitSet();
      switch (need) {
        case Need.Stage leaf -> {
          int stage = Integer.parseInt(leaf.id().substring(1));
          for (int moment = 0; moment < size; moment++) {
            truth.set(moment, is(leaf.is(), digit(moment, stage)));
          }
        }
        case Need.All all -> {
          truth.set(0, size);
          all.of().forEach(each -> truth.and(truth(each)));
        }
        case Need.Any any -> any.of().forEach(each -> truth.or(truth(each)));
        case Need.Not not -> {
          truth.set(0, size);
          not.of().forEach(each -> truth.andNot(truth(each)));
        }
      }
      return truth;
    }

    private static boolean is(Need.Is is, int digit) {
      return is == Need.Is.ENDED
          ? digit > 0
          : digit > 0 && ENDINGS.get(digit - 1).name().equals(is.name());
    }

    private boolean canFollow(int moment) {
      for (int stage = 0; stage < stages; stage++) {
        for (int ending = 1; ending < STATES && digit(moment, stage) == 0; ending++) {
          if (possible.get(moment + ending * power(stage))) {
            return true;
          }
        }
      }
      return false;
    }

    void everyWay() {
      walk(start, 0, expected(start, 0, StageState.WAITING));
    }

    private void walk(Run run, int moment, StageState before) {
      for (int stage = 0; stage < stages; stage++) {
        for (int ending = 1; ending < STATES && digit(moment, stage) == 0; ending++) {
          int next = moment + ending * power(stage);
          Run after = ends(run, stage, ENDINGS.get(ending - 1));
          walk(after, next, expected(after, next, before));
        }
      }
    }

    void someWay(SplittableRandom random) {
      Run run = start;
      int moment = 0;
      StageState before = expected(start, 0, StageState.WAITING);
      for (int left = stages; left > 0; left--) {
        int stage = random.nextInt(stages);
        while (digit(moment, stage) != 0) {
          stage = (stage + 1) % stages;
        }
        int ending = random.nextInt(1, STATES);
        moment += ending * power(stage);
        run = ends(run, stage, ENDINGS.get(ending - 1));
        before = expected(run, moment, before);
      }
    }

    /** Judges what became of the last stage, and returns it. */
    private StageState expected(Run run, int moment, StageState before) {
      StageState now = run.stages()[target].state();
      boolean over = IntStream.range(0, stages).allMatch(stage -> digit(moment, stage) != 0);
      boolean right =
          switch (before) {
            case WAITING ->
                switch (now) {
                  case READY -> holds.get(moment);
                  case SKIPPED -> !possible.get(moment);
                  default -> now == StageState.WAITING && !holds.get(moment) && !over;
                };
            default -> now == before;
          };
      check(
          right,
          () -> tree + " at " + Integer.toString(moment, STATES) + ": " + before + " -> " + now);
      if (over) {
        theRunEnds(run);
      }
      return now;
    }

    private void theRunEnds(Run run) {
      Draft draft = Draft.of(run);
      if (draft.stage(target).state() == StageState.READY) {
        apply(draft, new Fact.Dispatched(target, 1));
        apply(draft, end(target, Outcome.COMPLETED));
      }
      check(draft.state().isFinal(), () -> tree + ": the run does not end");
    }

    private Run ends(Run run, int stage, StageState how) {
      Draft draft = Draft.of(run);
      int own = stages + stage;
      apply(draft, new Fact.Dispatched(own, 1));
      apply(draft, end(own, how == StageState.SKIPPED ? Outcome.FAILED : Outcome.COMPLETED));
      if (how != StageState.SKIPPED) {
        apply(draft, new Fact.Dispatched(stage, 1));
        switch (how) {
          case CANCELLED ->
              apply(draft, new Fact.OnStage(stage, StageAction.KILL, "tester", null, null));
          case FAILED -> apply(draft, end(stage, Outcome.FAILED));
          default -> apply(draft, end(stage, Outcome.COMPLETED));
        }
      }
      check(draft.stage(stage).state() == how, () -> "it is not " + how);
      return draft.run();
    }
  }
}
