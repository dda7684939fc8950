package dev.millrace.scheduler.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lifecycle.StageState;
import dev.millrace.model.Backoff;
import dev.millrace.model.Need;
import dev.millrace.model.Phase;
import dev.millrace.model.RetryMatch;
import dev.millrace.model.RetryPolicy;
import dev.millrace.model.StageDefinition;
import dev.millrace.model.StageRules;
import dev.millrace.model.Tolerance;
import dev.millrace.wire.Outcome;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which failures are tried again and when, and what the times of a stage do. */
class RetryRulesTest {
  private static final long SECOND = 1_000_000L;

  private long now = Plans.NOW;
  private long dispatch;
  private Draft draft;

  @Test
  void onlyTheClassesThatAreNamed() {
    assertThat(triedAgain(List.of("http:5*"), List.of(), null, "http:503", 1)).isTrue();
    assertThat(triedAgain(List.of("http:5*"), List.of(), null, "http:404", 1)).isFalse();
    assertThat(triedAgain(List.of("exit:75"), List.of(), null, "exit:7", 7)).isFalse();
    assertThat(triedAgain(List.of("exit:75"), List.of(), null, "exit:75", 75)).isTrue();
    assertThat(triedAgain(List.of("timeout"), List.of(), null, null, null)).isFalse();
  }

  @Test
  void unlessGoesBeforeOn() {
    assertThat(triedAgain(List.of("http:*"), List.of("http:501"), null, "http:501", 1)).isFalse();
    assertThat(triedAgain(List.of("http:*"), List.of("http:501"), null, "http:502", 1)).isTrue();
    assertThat(triedAgain(List.of(), List.of("*"), null, "http:502", 1)).isFalse();
  }

  @Test
  void anExpressionJudgesTheError() {
    assertThat(ifTriedAgain("error.exit_code == 75", "exit:75", 75)).isTrue();
    assertThat(ifTriedAgain("error.exit_code == 75", "exit:1", 1)).isFalse();
    assertThat(ifTriedAgain("error.class.startsWith('http:')", "http:500", null)).isTrue();
    assertThat(ifTriedAgain("error.class == 'a'", "b", null)).isFalse();
  }

  @Test
  void anExpressionWithoutAValueIsNotedAndNotTriedAgain() {
    assertThat(ifTriedAgain("1 / (error.attempt - 1) == 0", "x", 1)).isFalse();
    assertThat(draft.movesJson()).contains("\"expression\"", "it is not tried again");
  }

  @Test
  void aWorkerMaySayThatTryingAgainIsOfNoUse() {
    given(policy(3, RetryMatch.ALL), StageRules.NONE, null, null);
    start();
    fails("x", 1, false, 0);
    assertThat(stage().state()).isEqualTo(StageState.FAILED);
  }

  @Test
  void whoeverWasAskedMayWishForALaterTime() {
    given(policy(3, RetryMatch.ALL), StageRules.NONE, null, null);
    start();
    fails("http:429", null, true, 60 * SECOND);
    assertThat(stage().dueAt()).isEqualTo(now + 60 * SECOND);
    now = stage().dueAt();
    apply(new Fact.Due(0));
    start();
    fails("http:429", null, true, SECOND);
    assertThat(stage().dueAt()).as("not sooner than the policy").isEqualTo(now + 20 * SECOND);
  }

  @Test
  void decorrelatedDelaysStayBetweenTheFirstAndTheLast() {
    RetryPolicy policy =
        new RetryPolicy(
            9, Backoff.DECORRELATED, Duration.ofSeconds(2), 2, Duration.ofSeconds(30), 1, 0);
    for (int failures = 1; failures <= 100; failures++) {
      long widest = Math.min(30_000, (long) (2_000 * Math.pow(3, Math.min(failures, 38))));
      assertThat(policy.delayAfter(failures, 0).toMillis()).isEqualTo(2_000);
      assertThat(policy.delayAfter(failures, 0.5).toMillis()).isEqualTo((2_000 + widest) / 2);
      assertThat(policy.delayAfter(failures, Math.nextDown(1.0)).toMillis())
          .isBetween(widest - 1, widest);
    }
  }

  @Test
  void aStartThatNobodyTakesIsAFailureThatIsTriedAgain() {
    given(policy(2, RetryMatch.ALL), rules(Duration.ofSeconds(5), null, null), null, null);
    apply(new Fact.Dispatched(0, ++dispatch));
    assertThat(stage().dueAt()).isEqualTo(now + 5 * SECOND);
    now += 5 * SECOND;
    apply(new Fact.Due(0));
    assertThat(stage().state()).isEqualTo(StageState.BACKING_OFF);
    assertThat(stage().errorClass()).isEqualTo("start-timeout");
    assertThat(draft.wishes()).contains(new Wish.Cancel("a", 1, false));
    now = stage().dueAt();
    apply(new Fact.Due(0));
    apply(new Fact.Dispatched(0, ++dispatch));
    now += 5 * SECOND;
    apply(new Fact.Due(0));
    assertThat(stage().state()).isEqualTo(StageState.FAILED);
    assertThat(stage().failures()).isEqualTo(2);
  }

  @Test
  void aWaitThatIsTooLongIsNotTriedAgain() {
    given(policy(5, RetryMatch.ALL), StageRules.NONE, null, Duration.ofSeconds(9));
    now += 4 * SECOND;
    apply(new Fact.Dispatched(0, ++dispatch));
    apply(new Fact.Unroutable(0, 1));
    now += 5 * SECOND;
    apply(new Fact.Due(0));
    assertThat(stage().state()).isEqualTo(StageState.FAILED);
    assertThat(stage().errorClass()).isEqualTo("queue-timeout");
  }

  @Test
  void anAttemptThatItsWorkerDoesNotEndIsEndedAndTriedAgain() {
    given(policy(2, RetryMatch.ALL), StageRules.NONE, Duration.ofSeconds(3), null);
    start();
    now = stage().dueAt();
    assertThat(now).as("the worker goes first").isGreaterThan(Plans.NOW + 3 * SECOND);
    apply(new Fact.Due(0));
    assertThat(stage().state()).isEqualTo(StageState.BACKING_OFF);
    assertThat(draft.superseded().getFirst().outcome()).isEqualTo("timed-out");
  }

  @Test
  void durationsOutOfTheirBoundsAreNoted() {
    StageRules bounds = rules(null, Duration.ofSeconds(10), Duration.ofSeconds(20));
    given(policy(1, RetryMatch.ALL), bounds, null, null);
    start();
    now += 2 * SECOND;
    completes();
    assertThat(draft.movesJson()).contains("too-short", "ran 2000 ms").doesNotContain("too-long");
    given(policy(1, RetryMatch.ALL), bounds, null, null);
    start();
    now += 15 * SECOND;
    completes();
    assertThat(draft.movesJson()).doesNotContain("too-");
    given(policy(1, RetryMatch.ALL), bounds, null, null);
    start();
    now += 21 * SECOND;
    fails("x", 1, true, 0);
    assertThat(draft.movesJson()).contains("too-long", "ran 21000 ms");
  }

  @Test
  void whatDidNotCompleteIsNotTooShortAndWhatDidNotStartNeitherTooLong() {
    StageRules bounds = rules(Duration.ofSeconds(5), Duration.ofSeconds(10), Duration.ofHours(1));
    given(policy(1, RetryMatch.ALL), bounds, null, null);
    start();
    fails("x", 1, true, 0);
    assertThat(draft.movesJson()).doesNotContain("too-");
    given(policy(1, RetryMatch.ALL), bounds, null, null);
    apply(new Fact.Dispatched(0, ++dispatch));
    now += 5 * SECOND;
    apply(new Fact.Due(0));
    assertThat(stage().state()).isEqualTo(StageState.FAILED);
    assertThat(draft.movesJson()).doesNotContain("too-");
  }

  private boolean triedAgain(
      List<String> on, List<String> unless, String condition, String errorClass, Integer code) {
    given(policy(3, new RetryMatch(on, unless, condition)), StageRules.NONE, null, null);
    start();
    fails(errorClass, code, true, 0);
    return stage().state() == StageState.BACKING_OFF;
  }

  private boolean ifTriedAgain(String condition, String errorClass, Integer code) {
    return triedAgain(List.of(), List.of(), condition, errorClass, code);
  }

  private static RetryPolicy policy(int attempts, RetryMatch match) {
    return new RetryPolicy(
        attempts,
        Backoff.EXPONENTIAL,
        Duration.ofSeconds(10),
        2,
        Duration.ofMinutes(5),
        0,
        0,
        match);
  }

  private static StageRules rules(Duration start, Duration min, Duration max) {
    return new StageRules(
        Phase.MAIN,
        null,
        null,
        null,
        null,
        1,
        Tolerance.NONE,
        start,
        null,
        List.of(),
        null,
        min,
        max);
  }

  private void given(RetryPolicy retry, StageRules rules, Duration timeout, Duration queue) {
    Plan plan =
        Plans.of(
            new StageDefinition(
                "a", "noop", "default", "{}", Need.none(), retry, timeout, queue, rules));
    draft = Engine.create(Plans.run(1, plan, now), "command", now);
  }

  private Stage stage() {
    return draft.stage(0);
  }

  private void start() {
    apply(new Fact.Dispatched(0, ++dispatch));
    apply(new Fact.Started(0, stage().attempt(), "w1"));
  }

  private void completes() {
    apply(new Fact.Finished(0, stage().attempt(), "w1", Outcome.COMPLETED, 0, 0, null, null, null));
  }

  private void fails(String errorClass, Integer code, boolean retryable, long retryAfter) {
    apply(
        new Fact.Finished(
            0,
            stage().attempt(),
            "w1",
            Outcome.FAILED,
            0,
            code,
            errorClass,
            "broke",
            null,
            retryable,
            retryAfter));
  }

  private void apply(Fact fact) {
    assertThat(Engine.apply(draft, fact, now, 0.5)).as("%s", fact).isEqualTo(Verdict.ACCEPTED);
    Engine.settle(draft, now);
  }
}
