package dev.millrace.scheduler.engine;

import static dev.millrace.lifecycle.StageAction.ACKNOWLEDGE;
import static dev.millrace.lifecycle.StageAction.APPROVE;
import static dev.millrace.lifecycle.StageAction.COMPLETE;
import static dev.millrace.lifecycle.StageAction.HOLD;
import static dev.millrace.lifecycle.StageAction.KILL;
import static dev.millrace.lifecycle.StageAction.REJECT;
import static dev.millrace.lifecycle.StageAction.RELEASE;
import static dev.millrace.lifecycle.StageAction.RESET;
import static dev.millrace.lifecycle.StageAction.RUN;
import static dev.millrace.lifecycle.StageAction.SKIP;
import static dev.millrace.lifecycle.StageAction.UNSKIP;
import static dev.millrace.lifecycle.StageState.ACKNOWLEDGED;
import static dev.millrace.lifecycle.StageState.BACKING_OFF;
import static dev.millrace.lifecycle.StageState.CANCELLED;
import static dev.millrace.lifecycle.StageState.COMPLETED;
import static dev.millrace.lifecycle.StageState.FAILED;
import static dev.millrace.lifecycle.StageState.HELD;
import static dev.millrace.lifecycle.StageState.LOCK_WAIT;
import static dev.millrace.lifecycle.StageState.QUEUED;
import static dev.millrace.lifecycle.StageState.READY;
import static dev.millrace.lifecycle.StageState.RUNNING;
import static dev.millrace.lifecycle.StageState.SKIPPED;
import static dev.millrace.lifecycle.StageState.SKIPPED_COMPLETE;
import static dev.millrace.lifecycle.StageState.WAITING;
import static dev.millrace.scheduler.engine.Given.group;
import static dev.millrace.scheduler.engine.Given.in;
import static dev.millrace.scheduler.engine.Given.stage;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lifecycle.RunState;
import dev.millrace.lifecycle.StageAction;
import dev.millrace.lifecycle.StageState;
import dev.millrace.model.Need;
import dev.millrace.model.StageDefinition;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What people may do with a stage, in which of its states, and what comes of it. */
class OperatorsTest {
  private static final Map<StageAction, Set<StageState>> ALLOWED = new EnumMap<>(StageAction.class);

  static {
    ALLOWED.put(HOLD, EnumSet.of(WAITING, READY, BACKING_OFF, LOCK_WAIT));
    ALLOWED.put(RELEASE, EnumSet.of(HELD));
    ALLOWED.put(SKIP, EnumSet.of(WAITING, READY, HELD, LOCK_WAIT));
    ALLOWED.put(UNSKIP, EnumSet.of(SKIPPED, SKIPPED_COMPLETE));
    ALLOWED.put(
        RESET, EnumSet.of(COMPLETED, FAILED, CANCELLED, SKIPPED, SKIPPED_COMPLETE, ACKNOWLEDGED));
    ALLOWED.put(KILL, EnumSet.of(QUEUED, RUNNING));
    ALLOWED.put(RUN, EnumSet.of(WAITING, HELD, BACKING_OFF));
    ALLOWED.put(COMPLETE, EnumSet.of(RUNNING, FAILED));
    ALLOWED.put(ACKNOWLEDGE, EnumSet.of(FAILED));
    ALLOWED.put(APPROVE, EnumSet.noneOf(StageState.class));
    ALLOWED.put(REJECT, EnumSet.noneOf(StageState.class));
  }

  /** A run whose stage "it" is in this state, while "other" keeps the run open. */
  private static Scene with(StageState state) {
    Supplier<Scene> plain = () -> Scene.of(stage("it"), stage("other"), stage("after").needs("it"));
    return switch (state) {
      case WAITING -> Scene.of(stage("it").needs("other"), stage("other"));
      case READY -> plain.get();
      case QUEUED -> plain.get().dispatches("it");
      case RUNNING -> plain.get().starts("it");
      case BACKING_OFF -> Scene.of(stage("it").retry(3, 0), stage("other")).fails("it");
      case HELD -> plain.get().does("it", HOLD);
      case LOCK_WAIT -> Scene.of(stage("it").locks("l"), stage("other"));
      case COMPLETED -> plain.get().completes("it");
      case FAILED -> plain.get().fails("it");
      case CANCELLED -> plain.get().dispatches("it").does("it", KILL);
      case SKIPPED -> Scene.of(stage("no"), stage("it").needs("no"), stage("other")).fails("no");
      case SKIPPED_COMPLETE -> plain.get().does("it", SKIP);
      case ACKNOWLEDGED -> plain.get().fails("it").does("it", ACKNOWLEDGE);
    };
  }

  @Test
  void eachActionIsPossibleInItsStatesOnlyAndChangesNothingElsewhere() {
    for (StageAction action : StageAction.values()) {
      for (StageState state : StageState.values()) {
        Scene scene = with(state);
        assertThat(scene.state("it")).isEqualTo(state);
        String moves = scene.draft.movesJson();
        boolean may = ALLOWED.get(action).contains(state);
        assertThat(scene.asks("it", action))
            .as("%s in %s", action, state)
            .isEqualTo(may ? Verdict.ACCEPTED : Verdict.ILLEGAL);
        assertThat(scene.draft.movesJson().equals(moves)).isEqualTo(!may || slow(action, state));
      }
    }
  }

  /** The attempt is asked to end; the move follows when it has. */
  private static boolean slow(StageAction action, StageState state) {
    return action == KILL && state == RUNNING;
  }

  @Test
  void aRunThatHasEndedCanOnlyBePutRight() {
    for (StageAction action : StageAction.values()) {
      Scene scene = Scene.of(stage("it")).fails("it");
      assertThat(scene.run()).isEqualTo(RunState.FAILED);
      boolean putsRight = action == RESET || action == ACKNOWLEDGE || action == COMPLETE;
      assertThat(scene.asks("it", action))
          .as("%s", action)
          .isEqualTo(putsRight ? Verdict.ACCEPTED : Verdict.ILLEGAL);
    }
  }

  @Test
  void aRunThatStopsIsLeftAlone() {
    List<StageAction> possible =
        Arrays.stream(StageAction.values())
            .filter(
                action ->
                    Scene.of(stage("it"), stage("other")).starts("it").stops().asks("it", action)
                        == Verdict.ACCEPTED)
            .toList();
    assertThat(possible).containsExactly(KILL);
  }

  @Test
  void aHeldStageStartsWhenItIsReleased() {
    Scene scene = Scene.of(stage("a"), stage("b").needs("a")).does("b", HOLD).completes("a");
    assertThat(scene.states()).containsExactly(COMPLETED, HELD);
    assertThat(scene.run()).isEqualTo(RunState.RUNNING);
    assertThat(scene.does("b", RELEASE).state("b")).isEqualTo(READY);
  }

  @Test
  void aHeldStageThatCanNoLongerStartIsSkippedWhenItIsReleased() {
    Scene scene = Scene.of(stage("a"), stage("b").needs("a")).does("b", HOLD).fails("a");
    assertThat(scene.states()).containsExactly(FAILED, HELD);
    assertThat(scene.does("b", RELEASE).states()).containsExactly(FAILED, SKIPPED);
    assertThat(scene.run()).isEqualTo(RunState.FAILED);
  }

  @Test
  void aSkipCountsAsCompleteWhenItsTurnComesAndNotBefore() {
    Scene scene =
        Scene.of(stage("a"), stage("b").needs("a"), stage("c").needs("b")).does("b", SKIP);
    assertThat(scene.states()).containsExactly(READY, SKIPPED, WAITING);
    assertThat(scene.completes("a").states()).containsExactly(COMPLETED, SKIPPED_COMPLETE, READY);
  }

  @Test
  void aSkipWhoseTurnNeverComesHelpsNobody() {
    Scene scene =
        Scene.of(stage("a"), stage("b").needs("a"), stage("c").needs("b")).does("b", SKIP);
    assertThat(scene.fails("a").states()).containsExactly(FAILED, SKIPPED, SKIPPED);
    scene.does("a", ACKNOWLEDGE);
    assertThat(scene.states()).containsExactly(ACKNOWLEDGED, SKIPPED_COMPLETE, READY);
  }

  @Test
  void aSkipThatIsTakenBackWaitsForItsTurn() {
    Scene scene = Scene.of(stage("a"), stage("b").needs("a")).does("b", SKIP).does("b", UNSKIP);
    assertThat(scene.states()).containsExactly(READY, WAITING);
  }

  @Test
  void whatRunsNowDoesNotWaitForItsNeeds() {
    Scene scene = Scene.of(stage("a"), stage("b").needs("a")).does("b", RUN).completes("b");
    assertThat(scene.states()).containsExactly(READY, COMPLETED);
  }

  @Test
  void nothingRunsNowInAPause() {
    Scene scene = Scene.of(stage("a"), stage("b").needs("a")).pauses(RunClock.BY_RUN);
    assertThat(scene.asks("b", RUN)).isEqualTo(Verdict.ILLEGAL);
  }

  @Test
  void aKilledAttemptIsNotTriedAgain() {
    Scene scene = Scene.of(stage("a").retry(5, 5)).starts("a").does("a", KILL);
    assertThat(scene.draft.wishes()).containsExactly(new Wish.Cancel("a", 1, true));
    assertThat(scene.fails("a").state("a")).isEqualTo(CANCELLED);
  }

  @Test
  void whatIsCompleteByHandLetsItsSuccessorsGo() {
    Scene scene = Scene.of(stage("a"), stage("b").needs("a")).fails("a");
    assertThat(scene.run()).isEqualTo(RunState.FAILED);
    assertThat(scene.does("a", COMPLETE).states()).containsExactly(COMPLETED, READY);
    assertThat(scene.run()).isEqualTo(RunState.SCHEDULED);
  }

  @Test
  void anAcceptedFailureStaysVisibleAndLetsItsSuccessorsGo() {
    Scene scene = Scene.of(stage("a"), stage("b").needs("a"), stage("c").needs("b")).fails("a");
    scene.does("a", ACKNOWLEDGE);
    assertThat(scene.states()).containsExactly(ACKNOWLEDGED, READY, WAITING);
    assertThat(scene.stage("a").errorClass()).isEqualTo("exit:7");
    assertThat(scene.completes("b").completes("c").run()).isEqualTo(RunState.COMPLETED);
  }

  @Test
  void aResetKeepsTheRecordOfTheAttempt() {
    Scene scene = Scene.of(stage("a"), stage("b").needs("a")).completes("a").does("a", RESET);
    assertThat(scene.states()).containsExactly(READY, READY);
    assertThat(scene.draft.superseded())
        .singleElement()
        .satisfies(old -> assertThat(old.outcome()).isEqualTo("completed"));
    assertThat(scene.starts("a").stage("a").attempt()).isEqualTo(2);
  }

  @Test
  void thePersonWhoComesSecondIsTold() {
    Scene scene = Scene.of(stage("a")).does("a", HOLD);
    assertThat(scene.asks("a", HOLD)).isEqualTo(Verdict.ILLEGAL);
    scene.does("a", SKIP);
    assertThat(scene.asks("a", RELEASE)).isEqualTo(Verdict.ILLEGAL);
  }

  @Test
  void onlyWhatWaitsForApprovalIsApproved() {
    Given wait = stage("ok").handler(StageDefinition.WAIT_APPROVAL);
    Scene yes = Scene.of(wait, stage("b").needs("ok")).does("ok", APPROVE);
    assertThat(yes.states()).containsExactly(COMPLETED, READY);
    assertThat(yes.stage("ok").output()).contains("\"approved\":true", "\"by\":\"tester\"");
    Scene no = Scene.of(wait, stage("b").needs("ok", Need.Is.FAILED)).does("ok", REJECT);
    assertThat(no.states()).containsExactly(FAILED, READY);
    assertThat(no.stage("ok").errorClass()).isEqualTo("rejected");
  }

  @Test
  void puttingAStageOfAGroupRightLetsTheGroupAndItsSuccessorsGoOn() {
    Scene scene =
        Scene.of(group("g"), in("g", "a"), in("g", "b").needs("g.a"), stage("after").needs("g"));
    scene.fails("g.a");
    assertThat(scene.states()).containsExactly(FAILED, FAILED, SKIPPED, SKIPPED);
    scene.does("g.a", ACKNOWLEDGE);
    assertThat(scene.states()).containsExactly(RUNNING, ACKNOWLEDGED, READY, WAITING);
    scene.completes("g.b").completes("after");
    assertThat(scene.run()).isEqualTo(RunState.COMPLETED);
  }

  @Test
  void acceptingAGroupAcceptsTheFailuresInIt() {
    Scene scene = Scene.of(group("g"), in("g", "a"), in("g", "b"), stage("after").needs("g"));
    scene.fails("g.a").completes("g.b").does("g", ACKNOWLEDGE);
    assertThat(scene.states()).containsExactly(ACKNOWLEDGED, ACKNOWLEDGED, COMPLETED, READY);
    assertThat(scene.completes("after").run()).isEqualTo(RunState.COMPLETED);
  }

  @Test
  void aGroupThatIsResetIsExecutedAsAWhole() {
    Scene scene = Scene.of(group("g"), in("g", "a"), stage("other"));
    scene.completes("g.a").does("g", RESET);
    assertThat(scene.states()).containsExactly(RUNNING, READY, READY);
  }

  @Test
  void killingAGroupEndsAllThatIsInIt() {
    Scene scene =
        Scene.of(
            group("g"),
            in("g", "a"),
            Given.in("g", "inner").handler(StageDefinition.GROUP).needs("g.a"),
            in("g.inner", "b"));
    scene.starts("g.a").does("g", KILL);
    assertThat(scene.state("g")).as("until its attempt has ended").isEqualTo(RUNNING);
    scene.ends("g.a", dev.millrace.wire.Outcome.CANCELLED, null);
    assertThat(scene.states()).containsExactly(CANCELLED, CANCELLED, CANCELLED, SKIPPED);
    assertThat(scene.run()).isEqualTo(RunState.CANCELLED);
  }

  @Test
  void whatStandsInASkippedGroupGoesWithIt() {
    Scene scene = Scene.of(group("g").needs("x"), in("g", "a"), stage("x")).does("g", SKIP);
    scene.completes("x");
    assertThat(scene.state("g.a")).isEqualTo(SKIPPED);
    assertThat(scene.asks("g.a", UNSKIP)).isEqualTo(Verdict.ILLEGAL);
  }

  @Test
  void whatIsExecutedForEachItemIsNotTouchedInTheOuterRun() {
    Scene scene = Scene.of(group("g").forEach("[1, 2]"), in("g", "a"));
    Set<StageAction> possible =
        Arrays.stream(StageAction.values())
            .filter(action -> scene.asks("g.a", action) == Verdict.ACCEPTED)
            .collect(Collectors.toSet());
    assertThat(possible).isEmpty();
    assertThat(scene.states()).containsExactly(RUNNING, WAITING);
  }

  @Test
  void aRetryExecutesWhatFailedAndWhatWasSkippedBecauseOfIt() {
    Scene scene = Scene.of(stage("a"), stage("b"), stage("c").needs("a", "b"));
    scene.completes("a").fails("b").retries();
    assertThat(scene.states()).containsExactly(COMPLETED, READY, WAITING);
    assertThat(scene.stage("b").failures()).isZero();
  }

  @Test
  void thereIsNothingToRetryWhereNothingFailed() {
    Scene scene = Scene.of(stage("a"), stage("b")).completes("a");
    assertThat(scene.apply(new Fact.Retry("tester", null))).isEqualTo(Verdict.ILLEGAL);
  }

  @Test
  void aRerunTakesAllThatDependsOnTheStageAlong() {
    Scene scene = Scene.of(group("g"), in("g", "a"), stage("after").needs("g"), stage("beside"));
    scene.completes("g.a").completes("after").completes("beside");
    assertThat(scene.run()).isEqualTo(RunState.COMPLETED);
    assertThat(scene.apply(new Fact.Rerun(1, "tester", null))).isEqualTo(Verdict.ACCEPTED);
    assertThat(scene.states()).containsExactly(RUNNING, READY, WAITING, COMPLETED);
  }

  @Test
  void nothingIsRerunWhileItsSuccessorRuns() {
    Scene scene = Scene.of(stage("a"), stage("b").needs("a")).completes("a").starts("b");
    assertThat(scene.apply(new Fact.Rerun(0, "tester", null))).isEqualTo(Verdict.ILLEGAL);
    assertThat(scene.states()).containsExactly(COMPLETED, RUNNING);
  }

  @Test
  void waitingForARetryIsCutShortByAPerson() {
    Scene scene = Scene.of(stage("a").retry(3, 0)).fails("a");
    assertThat(scene.state("a")).isEqualTo(BACKING_OFF);
    assertThat(scene.does("a", RUN).state("a")).isEqualTo(READY);
    assertThat(scene.stage("a").failures()).as("still counted").isEqualTo(1);
  }
}
