package dev.millrace.scheduler.engine;

import static dev.millrace.lifecycle.StageState.BACKING_OFF;
import static dev.millrace.lifecycle.StageState.CANCELLED;
import static dev.millrace.lifecycle.StageState.COMPLETED;
import static dev.millrace.lifecycle.StageState.FAILED;
import static dev.millrace.lifecycle.StageState.QUEUED;
import static dev.millrace.lifecycle.StageState.READY;
import static dev.millrace.lifecycle.StageState.RUNNING;
import static dev.millrace.lifecycle.StageState.SKIPPED;
import static dev.millrace.lifecycle.StageState.WAITING;
import static dev.millrace.scheduler.engine.Plans.NOW;
import static dev.millrace.scheduler.engine.Plans.retry;
import static dev.millrace.scheduler.engine.Plans.stage;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lifecycle.RunState;
import dev.millrace.lifecycle.StageState;
import dev.millrace.model.RetryPolicy;
import dev.millrace.wire.Outcome;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The rules of the engine, one by one. */
class EngineTest {
  private static final long SECOND = 1_000_000L;

  private long now = NOW;
  private long dispatch;
  private Draft draft;

  @Test
  void aNewRunIsScheduledAndItsRootsAreReady() {
    given(stage("a"), stage("b"), stage("c", "a", "b"));
    assertThat(states()).containsExactly(READY, READY, WAITING);
    assertThat(draft.state()).isEqualTo(RunState.SCHEDULED);
    assertThat(draft.isNew()).isTrue();
    assertThat(draft.movesJson())
        .startsWith("[[\"\",null,\"PENDING\",\"command\",\"tester\"],[\"a\",null,\"WAITING\"");
  }

  @Test
  void aStageStartsWhenTheLastOfItsNeedsIsComplete() {
    given(stage("a"), stage("b"), stage("c", "a", "b"));
    completes(0);
    assertThat(states()).containsExactly(COMPLETED, READY, WAITING);
    completes(1);
    assertThat(states()).containsExactly(COMPLETED, COMPLETED, READY);
    completes(2);
    settle();
    assertThat(draft.state()).isEqualTo(RunState.COMPLETED);
    assertThat(draft.run().finishedAt()).isEqualTo(now);
  }

  @Test
  void aRunPassesStartingAndRunning() {
    given(stage("a"));
    dispatches(0);
    settle();
    assertThat(draft.state()).isEqualTo(RunState.STARTING);
    now += SECOND;
    assertThat(starts(0)).isEqualTo(Verdict.ACCEPTED);
    assertThat(draft.state()).isEqualTo(RunState.RUNNING);
    assertThat(draft.run().startedAt()).isEqualTo(now);
    assertThat(draft.stage(0).worker()).isEqualTo("w1");
  }

  @Test
  void aFinishMayOvertakeItsStart() {
    given(stage("a"));
    dispatches(0);
    now += 5 * SECOND;
    assertThat(ends(0, 1, "w1", Outcome.COMPLETED, 2 * SECOND)).isEqualTo(Verdict.ACCEPTED);
    settle();
    assertThat(draft.stage(0).startedAt()).isEqualTo(now - 2 * SECOND);
    assertThat(draft.state()).isEqualTo(RunState.COMPLETED);
    assertThat(draft.movesJson()).contains("\"QUEUED\",\"RUNNING\"", "\"STARTING\",\"RUNNING\"");
    assertThat(starts(0)).as("the overtaken start").isEqualTo(Verdict.NOT_YOURS);
    assertThat(draft.stage(0).state()).isEqualTo(COMPLETED);
  }

  @Test
  void aFinishNeverStartsBeforeItWasQueued() {
    given(stage("a"));
    dispatches(0);
    long queued = now;
    now += SECOND;
    ends(0, 1, "w1", Outcome.COMPLETED, 60 * SECOND);
    assertThat(draft.stage(0).startedAt()).isEqualTo(queued);
  }

  @Test
  void aFailureBacksOffAndTheRunPassesFailedOnItsWayBack() {
    given(stage("a", retry(3, 0), null, null));
    fails(0);
    settle();
    assertThat(draft.stage(0).state()).isEqualTo(BACKING_OFF);
    assertThat(draft.stage(0).dueAt()).isEqualTo(now + 10 * SECOND);
    assertThat(draft.stage(0).failures()).isEqualTo(1);
    assertThat(draft.state()).isEqualTo(RunState.SCHEDULED);
    assertThat(draft.run().finishedAt()).isZero();
    assertThat(draft.movesJson())
        .contains("[\"\",\"RUNNING\",\"FAILED\",\"stages\"],[\"\",\"FAILED\",\"SCHEDULED\"");
    assertThat(draft.superseded()).singleElement().satisfies(this::firstFailure);

    assertThat(due(0)).as("too early").isEqualTo(Verdict.STALE);
    now += 10 * SECOND;
    assertThat(due(0)).isEqualTo(Verdict.ACCEPTED);
    fails(0);
    assertThat(draft.stage(0).dueAt()).isEqualTo(now + 20 * SECOND);
    now += 20 * SECOND;
    due(0);
    fails(0);
    settle();
    assertThat(draft.stage(0).state()).isEqualTo(FAILED);
    assertThat(draft.stage(0).attempt()).isEqualTo(3);
    assertThat(draft.stage(0).error()).isEqualTo("broke");
    assertThat(draft.state()).isEqualTo(RunState.FAILED);
  }

  private void firstFailure(Superseded old) {
    assertThat(old.stage().attempt()).isEqualTo(1);
    assertThat(old.outcome()).isEqualTo("failed");
    assertThat(old.worker()).isEqualTo("w1");
    assertThat(old.exitCode()).isEqualTo(7);
  }

  @Test
  void whatNeedsAFailedStageIsSkippedAndTheOtherBranchGoesOn() {
    given(stage("a"), stage("b", "a"), stage("c", "b"), stage("other"), stage("last", "other"));
    fails(0);
    assertThat(states()).containsExactly(FAILED, SKIPPED, SKIPPED, READY, WAITING);
    completes(3);
    completes(4);
    settle();
    assertThat(draft.state()).isEqualTo(RunState.FAILED);
    assertThat(draft.stage(4).state()).isEqualTo(COMPLETED);
  }

  @Test
  void aStageThatWaitsTooLongFails() {
    given(stage("a", retry(3, 0), null, Duration.ofSeconds(30)), stage("b", "a"));
    long dueAt = draft.stage(0).dueAt();
    assertThat(dueAt).isEqualTo(now + 30 * SECOND);
    dispatches(0);
    assertThat(draft.stage(0).dueAt()).as("QUEUED is waiting too").isEqualTo(dueAt);
    now = dueAt;
    assertThat(due(0)).isEqualTo(Verdict.ACCEPTED);
    settle();
    assertThat(states()).containsExactly(FAILED, SKIPPED);
    assertThat(draft.stage(0).errorClass()).isEqualTo("queue-timeout");
    assertThat(draft.state()).isEqualTo(RunState.FAILED);
  }

  @Test
  void theLeaderEndsAnAttemptSomeSecondsAfterItsTimeout() {
    given(stage("a", retry(2, 0), Duration.ofSeconds(60), Duration.ofSeconds(30)));
    dispatches(0);
    starts(0);
    assertThat(draft.stage(0).dueAt()).isEqualTo(now + 65 * SECOND);
    now += 65 * SECOND;
    assertThat(due(0)).isEqualTo(Verdict.ACCEPTED);
    assertThat(draft.stage(0).state()).isEqualTo(BACKING_OFF);
    assertThat(draft.wishes()).containsExactly(new Wish.Cancel("a", 1, false));
    assertThat(draft.superseded().getFirst().outcome()).isEqualTo("timed-out");
    assertThat(ends(0, 1, "w1", Outcome.COMPLETED, 0)).as("too late").isEqualTo(Verdict.STALE);
  }

  @Test
  void aLostAttemptIsNoFailureUntilMaxLost() {
    given(stage("a", retry(2, 2), null, null));
    for (int attempt = 1; attempt <= 2; attempt++) {
      dispatches(0);
      starts(0);
      assertThat(lose(0, attempt, "w1")).isEqualTo(Verdict.ACCEPTED);
      assertThat(draft.stage(0).state()).isEqualTo(READY);
      assertThat(draft.stage(0).lost()).isEqualTo(attempt);
      assertThat(draft.stage(0).failures()).isZero();
    }
    dispatches(0);
    starts(0);
    lose(0, 3, "w1");
    assertThat(draft.stage(0).state()).as("over max-lost it is a failure").isEqualTo(BACKING_OFF);
    now = draft.stage(0).dueAt();
    due(0);
    dispatches(0);
    starts(0);
    lose(0, 4, "w1");
    settle();
    assertThat(draft.stage(0).state()).isEqualTo(FAILED);
    assertThat(draft.stage(0).error()).contains("max-lost 2");
    assertThat(draft.state()).isEqualTo(RunState.FAILED);
  }

  @Test
  void onlyTheWorkerThatHoldsItCanBeLost() {
    given(stage("a"));
    dispatches(0);
    assertThat(lose(0, 1, "w1")).as("nobody has started it").isEqualTo(Verdict.STALE);
    starts(0);
    assertThat(lose(0, 1, "w2")).isEqualTo(Verdict.STALE);
    assertThat(lose(0, 2, "w1")).isEqualTo(Verdict.STALE);
    assertThat(draft.stage(0).state()).isEqualTo(RUNNING);
  }

  @Test
  void aReturnedAttemptIsNoFailure() {
    given(stage("a", retry(1, 0), null, null));
    dispatches(0);
    starts(0);
    ends(0, 1, "w1", Outcome.RETURNED, 0);
    assertThat(draft.stage(0).state()).isEqualTo(READY);
    assertThat(draft.stage(0).failures()).isZero();
    assertThat(draft.stage(0).lost()).isZero();
    dispatches(0);
    assertThat(draft.stage(0).attempt()).isEqualTo(2);
  }

  @Test
  void anUnsupportedAttemptWaitsForAnotherWorker() {
    given(stage("a", retry(1, 0), null, null));
    dispatches(0);
    ends(0, 1, "w1", Outcome.UNSUPPORTED, 0);
    assertThat(draft.stage(0).state()).isEqualTo(BACKING_OFF);
    assertThat(draft.stage(0).failures()).isZero();
    now = draft.stage(0).dueAt();
    due(0);
    assertThat(draft.stage(0).state()).isEqualTo(READY);
  }

  @Test
  void anUnroutableStartGoesBackAndKeepsItsPlaceInTheQueueClock() {
    given(stage("a", retry(1, 0), null, Duration.ofSeconds(30)));
    long readyAt = draft.stage(0).readyAt();
    long dueAt = draft.stage(0).dueAt();
    now += SECOND;
    dispatches(0);
    settle();
    now += SECOND;
    assertThat(apply(new Fact.Unroutable(0, 1))).isEqualTo(Verdict.ACCEPTED);
    settle();
    assertThat(draft.stage(0).state()).isEqualTo(READY);
    assertThat(draft.stage(0).readyAt()).isEqualTo(readyAt);
    assertThat(draft.stage(0).dueAt()).isEqualTo(dueAt);
    assertThat(draft.state()).isEqualTo(RunState.SCHEDULED);
    assertThat(apply(new Fact.Unroutable(0, 1))).isEqualTo(Verdict.STALE);
  }

  @Test
  void aClaimBelongsToTheFirstWhoStartedIt() {
    given(stage("a", retry(2, 0), null, null));
    dispatches(0);
    assertThat(apply(new Fact.Started(0, 1, "w1"))).isEqualTo(Verdict.ACCEPTED);
    assertThat(apply(new Fact.Started(0, 1, "w1"))).as("again").isEqualTo(Verdict.STALE);
    assertThat(apply(new Fact.Started(0, 1, "w2"))).isEqualTo(Verdict.NOT_YOURS);
    assertThat(ends(0, 1, "w2", Outcome.COMPLETED, 0)).isEqualTo(Verdict.NOT_YOURS);
    assertThat(ends(0, 2, "w1", Outcome.COMPLETED, 0)).isEqualTo(Verdict.STALE);
    assertThat(apply(new Fact.Checkpointed(0, 1, "w2", "1"))).isEqualTo(Verdict.NOT_YOURS);
    assertThat(draft.stage(0).state()).isEqualTo(RUNNING);
    ends(0, 1, "w1", Outcome.FAILED, 0);
    assertThat(ends(0, 1, "w1", Outcome.COMPLETED, 0)).as("late").isEqualTo(Verdict.STALE);
    assertThat(apply(new Fact.Started(0, 1, "w1"))).as("over: drop").isEqualTo(Verdict.NOT_YOURS);
    assertThat(draft.stage(0).state()).isEqualTo(BACKING_OFF);
  }

  @Test
  void aCheckpointSurvivesTheAttempt() {
    given(stage("a", retry(2, 0), null, null));
    dispatches(0);
    starts(0);
    assertThat(apply(new Fact.Checkpointed(0, 1, "w1", "{\"page\":4}")))
        .isEqualTo(Verdict.ACCEPTED);
    ends(0, 1, "w1", Outcome.FAILED, 0);
    now = draft.stage(0).dueAt();
    due(0);
    dispatches(0);
    assertThat(draft.stage(0).checkpoint()).isEqualTo("{\"page\":4}");
    assertThat(draft.stage(0).error()).as("a new attempt starts clean").isNull();
  }

  @Test
  void aStopEndsWhatWaitsAtOnce() {
    given(stage("a"), stage("b", retry(2, 0), null, null), stage("c", "a"));
    fails(1);
    dispatches(0);
    settle();
    assertThat(states()).containsExactly(QUEUED, BACKING_OFF, WAITING);
    assertThat(stop("no more")).isEqualTo(Verdict.ACCEPTED);
    settle();
    assertThat(states()).containsExactly(CANCELLED, CANCELLED, CANCELLED);
    assertThat(draft.state()).isEqualTo(RunState.CANCELLED);
    assertThat(draft.run().stopReason()).isEqualTo("no more");
    assertThat(draft.wishes())
        .as("its start may be on the way")
        .contains(new Wish.Cancel("a", 1, false));
    assertThat(stop("again")).isEqualTo(Verdict.ILLEGAL);
  }

  @Test
  void aStopWaitsForWhatRuns() {
    given(stage("a"), stage("b", "a"));
    dispatches(0);
    starts(0);
    stop("enough");
    assertThat(states()).containsExactly(RUNNING, CANCELLED);
    assertThat(draft.state()).isEqualTo(RunState.STOPPING);
    assertThat(draft.run().stopReason()).isEqualTo("enough");
    assertThat(draft.wishes()).containsExactly(new Wish.Cancel("a", 1, false));
    assertThat(stop("again")).isEqualTo(Verdict.ILLEGAL);
    ends(0, 1, "w1", Outcome.CANCELLED, 0);
    settle();
    assertThat(draft.state()).isEqualTo(RunState.CANCELLED);
  }

  @Test
  void whateverEndsAStoppingAttemptNothingIsTriedAgain() {
    for (Outcome outcome : Outcome.values()) {
      givenStopping();
      ends(0, 1, "w1", outcome, 0);
      settle();
      StageState expected = outcome == Outcome.COMPLETED ? COMPLETED : CANCELLED;
      assertThat(draft.stage(0).state()).as(outcome.name()).isEqualTo(expected);
      assertThat(draft.state().isFinal()).as(outcome.name()).isTrue();
    }
    givenStopping();
    lose(0, 1, "w1");
    assertThat(draft.stage(0).state()).isEqualTo(CANCELLED);
    givenStopping();
    now = draft.stage(0).dueAt();
    assertThat(due(0)).as("its worker does not answer the stop").isEqualTo(Verdict.ACCEPTED);
    settle();
    assertThat(draft.stage(0).state()).isEqualTo(CANCELLED);
    assertThat(draft.state()).isEqualTo(RunState.CANCELLED);
  }

  private void givenStopping() {
    given(stage("a", retry(5, 5), Duration.ofSeconds(1), null));
    dispatches(0);
    starts(0);
    stop("x");
  }

  @Test
  void aRunWhoseLastStageEndedInTheSameBatchIsNotCancelledAnyMore() {
    given(stage("a"));
    dispatches(0);
    starts(0);
    settle();
    ends(0, 1, "w1", Outcome.COMPLETED, 0);
    assertThat(stop("too late")).isEqualTo(Verdict.ILLEGAL);
    settle();
    assertThat(draft.state()).isEqualTo(RunState.COMPLETED);
  }

  @Test
  void movesAreJsonWhateverPeopleWrite() {
    given(stage("a"));
    stop("a \"quote\", a \\ and a\nline\u0000");
    assertThat(draft.movesJson()).contains("a \\\"quote\\\", a \\\\ and a\\u000aline\\u0000");
  }

  @Test
  void delaysGrowUpToTheirBound() {
    RetryPolicy policy = retry(100, 0);
    assertThat(IntStream.of(1, 2, 3, 6, 90).mapToObj(n -> policy.delayAfter(n, 0.9).toSeconds()))
        .isEqualTo(List.of(10L, 20L, 40L, 300L, 300L));
  }

  private void given(dev.millrace.model.StageDefinition... stages) {
    draft = Engine.create(Plans.run(1, Plans.of(stages), now), "command", now);
  }

  private List<StageState> states() {
    return IntStream.range(0, draft.plan().size())
        .mapToObj(index -> draft.stage(index).state())
        .toList();
  }

  private Verdict apply(Fact fact) {
    return Engine.apply(draft, fact, now, 0.5);
  }

  private void settle() {
    Engine.settle(draft, now);
  }

  private void dispatches(int index) {
    assertThat(apply(new Fact.Dispatched(index, ++dispatch))).isEqualTo(Verdict.ACCEPTED);
  }

  private Verdict starts(int index) {
    return apply(new Fact.Started(index, draft.stage(index).attempt(), "w1"));
  }

  private Verdict ends(int index, int attempt, String worker, Outcome outcome, long ranMicros) {
    boolean good = outcome == Outcome.COMPLETED;
    return apply(
        new Fact.Finished(
            index,
            attempt,
            worker,
            outcome,
            ranMicros,
            good ? 0 : 7,
            good ? null : "exit:7",
            good ? null : "broke",
            null));
  }

  private void completes(int index) {
    dispatches(index);
    starts(index);
    assertThat(ends(index, draft.stage(index).attempt(), "w1", Outcome.COMPLETED, 0))
        .isEqualTo(Verdict.ACCEPTED);
  }

  private void fails(int index) {
    dispatches(index);
    starts(index);
    assertThat(ends(index, draft.stage(index).attempt(), "w1", Outcome.FAILED, 0))
        .isEqualTo(Verdict.ACCEPTED);
  }

  private Verdict lose(int index, int attempt, String worker) {
    return apply(new Fact.WorkerLost(index, attempt, worker, "silent"));
  }

  private Verdict due(int index) {
    return apply(new Fact.Due(index));
  }

  private Verdict stop(String reason) {
    return apply(new Fact.Stop("tester", reason));
  }
}
