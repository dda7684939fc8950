package dev.millrace.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiPredicate;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/** Laws that hold for every state of the three machines, and for every roll-up of small runs. */
class LifecycleLawTest {
  @Test
  void everyStateCanReachAFinalOne() {
    assertEachEnds(JobState.values(), JobState::canBecome, JobState::isFinal);
    assertEachEnds(RunState.values(), RunState::canBecome, RunState::isFinal);
    assertEachEnds(StageState.values(), StageState::canBecome, StageState::isFinal);
  }

  @Test
  void everyStateCanBeReachedFromTheFirst() {
    assertThat(reachable(JobState.CREATED, JobState::canBecome))
        .containsExactlyInAnyOrder(JobState.values());
    assertThat(reachable(RunState.PENDING, RunState::canBecome))
        .containsExactlyInAnyOrder(RunState.values());
    assertThat(reachable(StageState.WAITING, StageState::canBecome))
        .containsExactlyInAnyOrder(StageState.values());
  }

  @Test
  void nothingBecomesItself() {
    assertThat(JobState.values()).noneMatch(state -> state.canBecome(state));
    assertThat(RunState.values()).noneMatch(state -> state.canBecome(state));
    assertThat(StageState.values()).noneMatch(state -> state.canBecome(state));
  }

  @Test
  void finalStatesHaveNoExitButARetryAndWhatPeopleAskFor() {
    assertThat(exits(JobState.values(), JobState::canBecome, JobState::isFinal)).isEmpty();
    assertThat(exits(RunState.values(), RunState::canBecome, RunState::isFinal))
        .containsExactlyInAnyOrder(
            "FAILED -> SCHEDULED", "COMPLETED -> SCHEDULED", "CANCELLED -> SCHEDULED");
    assertThat(exits(StageState.values(), StageState::canBecome, StageState::isFinal))
        .containsExactlyInAnyOrder(
            "COMPLETED -> WAITING",
            "FAILED -> WAITING",
            "FAILED -> ACKNOWLEDGED",
            "FAILED -> COMPLETED",
            "CANCELLED -> WAITING",
            "SKIPPED -> WAITING",
            "SKIPPED -> SKIPPED_COMPLETE",
            "SKIPPED_COMPLETE -> WAITING",
            "ACKNOWLEDGED -> WAITING");
  }

  @Test
  void onlyAnEndedStageCountsAsComplete() {
    assertThat(StageState.values())
        .filteredOn(StageState::countsAsComplete)
        .allMatch(StageState::isFinal);
    assertThat(StageState.values())
        .filteredOn(StageState::isInFlight)
        .noneMatch(StageState::isFinal);
  }

  /**
   * For each open run state and all multisets of one to three stage states. One move has no way, on
   * purpose: the stages of a run that is not admitted yet are all WAITING, so they cannot all have
   * completed; asking for it is a bug and is refused.
   */
  @Test
  void everyRollUpOfAnOpenRunHasALegalPath() {
    Set<String> withoutWay = new TreeSet<>();
    for (RunState current : RunState.values()) {
      if (current.isFinal()) {
        continue;
      }
      for (List<StageState> stages : multisets(3)) {
        RunState next = RollUp.of(current, stages);
        try {
          assertIsLegal(current, RollUp.path(current, next), next);
        } catch (IllegalStateException noWay) {
          withoutWay.add(current + " -> " + next);
        }
      }
    }
    assertThat(withoutWay).containsExactly("PENDING -> COMPLETED");
  }

  @Test
  void aRollUpIsFinalExactlyWhenAllStagesAre() {
    for (RunState current : RunState.values()) {
      for (List<StageState> stages : multisets(3)) {
        if (!current.isFinal()) {
          assertThat(RollUp.of(current, stages).isFinal())
              .as("%s with %s", current, stages)
              .isEqualTo(stages.stream().allMatch(StageState::isFinal));
        }
      }
    }
  }

  @Test
  void aRollUpIsStable() {
    for (RunState current : RunState.values()) {
      for (List<StageState> stages : multisets(3)) {
        RunState once = RollUp.of(current, stages);
        if (!current.isFinal() && !once.isFinal()) {
          assertThat(RollUp.of(once, stages)).as("%s with %s", current, stages).isEqualTo(once);
        }
      }
    }
  }

  @Test
  void anEndedRunIsNotReopenedByARollUp() {
    assertThatThrownBy(() -> RollUp.path(RunState.COMPLETED, RunState.RUNNING))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContainingAll("COMPLETED", "RUNNING");
  }

  private static void assertIsLegal(RunState from, List<RunState> path, RunState to) {
    RunState at = from;
    for (RunState next : path) {
      assertThat(at.canBecome(next)).as("%s -> %s on the way %s", at, next, path).isTrue();
      at = next;
    }
    assertThat(at).isEqualTo(to);
  }

  private static <S extends Enum<S>> void assertEachEnds(
      S[] states, BiPredicate<S, S> canBecome, Predicate<S> isFinal) {
    for (S state : states) {
      assertThat(reachable(state, canBecome)).as("from %s", state).anyMatch(isFinal);
    }
  }

  private static <S extends Enum<S>> Set<S> reachable(S first, BiPredicate<S, S> canBecome) {
    Set<S> seen = EnumSet.of(first);
    Deque<S> open = new ArrayDeque<>(seen);
    while (!open.isEmpty()) {
      S from = open.pop();
      for (S to : first.getDeclaringClass().getEnumConstants()) {
        if (canBecome.test(from, to) && seen.add(to)) {
          open.push(to);
        }
      }
    }
    return seen;
  }

  private static <S extends Enum<S>> List<String> exits(
      S[] states, BiPredicate<S, S> canBecome, Predicate<S> isFinal) {
    List<String> exits = new ArrayList<>();
    for (S from : states) {
      for (S to : states) {
        if (isFinal.test(from) && canBecome.test(from, to)) {
          exits.add(from + " -> " + to);
        }
      }
    }
    return exits;
  }

  /** All multisets of stage states with one to {@code sizeMax} elements. */
  private static List<List<StageState>> multisets(int sizeMax) {
    List<List<StageState>> all = new ArrayList<>();
    grow(List.of(), 0, sizeMax, all);
    return all;
  }

  private static void grow(
      List<StageState> head, int from, int sizeLeft, List<List<StageState>> all) {
    if (!head.isEmpty()) {
      all.add(head);
    }
    if (sizeLeft == 0) {
      return;
    }
    StageState[] states = StageState.values();
    for (int i = from; i < states.length; i++) {
      List<StageState> longer = new ArrayList<>(head);
      longer.add(states[i]);
      grow(longer, i, sizeLeft - 1, all);
    }
  }
}
