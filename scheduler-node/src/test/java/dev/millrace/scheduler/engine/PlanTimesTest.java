package dev.millrace.scheduler.engine;

import static dev.millrace.scheduler.engine.Given.stage;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lifecycle.RunState;
import dev.millrace.lifecycle.StageState;
import dev.millrace.model.Window;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the clock means for the runs of a plan: blackouts, and attempts too quick or too slow. */
class PlanTimesTest {
  private static final Instant NOW = Values.instant(Plans.NOW);
  private static final long HOUR = 3_600 * Scene.SECOND;

  private static Window.Blackout once(long fromSeconds, long untilSeconds) {
    return new Window.Blackout(
        null, null, NOW.plusSeconds(fromSeconds), NOW.plusSeconds(untilSeconds));
  }

  private static Scene live(Window.Blackout... blackouts) {
    Plan plan =
        Given.plan(
            Given.rules(null, null, Window.End.CLOSE, List.of(blackouts)),
            stage("a"),
            stage("b").needs("a"));
    Scene scene = Scene.pending(plan, Plans.NOW + HOUR, false);
    assertThat(scene.apply(new Fact.Admitted("its window begins"))).isEqualTo(Verdict.ACCEPTED);
    return scene;
  }

  @Test
  void inABlackoutWhatRunsGoesOnAndNothingNewStarts() {
    Scene scene = live(once(60, 120)).starts("a");
    assertThat(scene.draft.clock().dueAt()).isEqualTo(Plans.NOW + 60 * Scene.SECOND);
    scene.runDue();
    assertThat(scene.run()).isEqualTo(RunState.PAUSED);
    assertThat(scene.state("a")).isEqualTo(StageState.RUNNING);
    scene.waits(5).completes("a");
    assertThat(scene.stage("b").is(Stage.PARKED)).as("in line, and not dispatched").isTrue();
    assertThat(scene.draft.clock().dueAt()).isEqualTo(Plans.NOW + 120 * Scene.SECOND);
    scene.runDue();
    assertThat(scene.run()).isEqualTo(RunState.RUNNING);
    assertThat(scene.stage("b").marks()).isZero();
    scene.completes("b");
    assertThat(scene.run()).isEqualTo(RunState.COMPLETED);
    assertThat(scene.draft.movesJson())
        .contains(
            "[\"\",\"RUNNING\",\"PAUSED\",\"blackout\",null,"
                + "\"a blackout of its window, until "
                + NOW.plusSeconds(120)
                + "\"]",
            "[\"\",\"PAUSED\",\"RUNNING\",\"blackout\",null,"
                + "\"the blackout of its window is over\"]");
  }

  @Test
  void aPersonsPauseOutlivesTheBlackoutAndTheOtherWayRound() {
    Scene scene = live(once(60, 120), once(180, 240)).starts("a");
    scene.waits(50).pauses(RunClock.BY_RUN).runDue();
    assertThat(scene.draft.clock().pauses()).isEqualTo(RunClock.BY_RUN | RunClock.BY_BLACKOUT);
    scene.runDue();
    assertThat(scene.run()).isEqualTo(RunState.PAUSED);
    scene.resumes(RunClock.BY_RUN);
    assertThat(scene.run()).isEqualTo(RunState.RUNNING);
    scene.runDue().pauses(RunClock.BY_RUN).resumes(RunClock.BY_RUN);
    assertThat(scene.run()).as("the second blackout still holds it").isEqualTo(RunState.PAUSED);
  }

  @Test
  void theWindowEndsARunInItsBlackout() {
    Scene scene = live(once(60, 7_200));
    scene.runDue();
    assertThat(scene.run()).isEqualTo(RunState.PAUSED);
    scene.runDue();
    assertThat(scene.now).isEqualTo(Plans.NOW + HOUR);
    assertThat(scene.run()).isEqualTo(RunState.ENDED);
  }

  @Test
  void aRunWithoutAWindowsEndMindsNoBlackout() {
    Plan plan =
        Given.plan(Given.rules(null, null, Window.End.CLOSE, List.of(once(-60, 60))), stage("a"));
    Run byHand = Plans.run(1, plan, Plans.NOW);
    assertThat(Engine.pausesOf(byHand, Plans.NOW)).isZero();
    assertThat(Engine.pausesOf(byHand.endingAt(Plans.NOW + HOUR, false), Plans.NOW))
        .isEqualTo(RunClock.BY_BLACKOUT);
    assertThat(Engine.pausesOf(byHand.endingAt(Plans.NOW + HOUR, true), Plans.NOW)).isZero();
  }

  @Test
  void aRunThatWasMadeAheadGoesOnAfterTheBlackoutOfItsStart() {
    Plan plan =
        Given.plan(Given.rules(null, null, Window.End.CLOSE, List.of(once(-60, 60))), stage("a"));
    Scene scene = Scene.pending(plan, Plans.NOW + HOUR, true);
    assertThat(scene.apply(new Fact.Promote(Plans.NOW + HOUR))).isEqualTo(Verdict.ACCEPTED);
    assertThat(scene.run()).isEqualTo(RunState.PAUSED);
    assertThat(scene.apply(new Fact.Admitted("early"))).isEqualTo(Verdict.ILLEGAL);
    scene.runDue();
    assertThat(scene.run()).isEqualTo(RunState.PENDING);
    assertThat(scene.apply(new Fact.Admitted("the pause is over"))).isEqualTo(Verdict.ACCEPTED);
    assertThat(scene.state("a")).isEqualTo(StageState.READY);
  }

  @Test
  void blackoutsAreOnTheLocalTimeLine() {
    ZoneId london = ZoneId.of("Europe/London");
    Blackouts noon =
        Blackouts.of(
            new Window(
                "@daily",
                london,
                Duration.ofHours(20),
                List.of(
                    new Window.Blackout("0 12 * * MON-FRI", Duration.ofHours(1), null, null),
                    new Window.Blackout("30 12 * * FRI", Duration.ofHours(1), null, null)),
                Window.End.CLOSE,
                false));
    // 29 March 2026 is the Sunday when summer time begins.
    assertThat(noon.covers(micros("2026-03-27T12:00:00Z"))).isTrue();
    assertThat(noon.changes(micros("2026-03-27T12:10:00Z")))
        .as("the second one begins before the first one ends")
        .isEqualTo(micros("2026-03-27T13:30:00Z"));
    assertThat(noon.covers(micros("2026-03-27T13:30:00Z"))).isFalse();
    assertThat(noon.changes(micros("2026-03-27T13:30:00Z")))
        .isEqualTo(micros("2026-03-30T11:00:00Z"));
    assertThat(noon.covers(micros("2026-03-30T10:59:59.999999Z"))).isFalse();
    assertThat(noon.covers(micros("2026-03-30T11:59:59.999999Z"))).isTrue();
    assertThat(noon.covers(micros("2026-03-30T12:00:00Z"))).isFalse();
    Blackouts over =
        Blackouts.of(
            new Window(
                "@daily",
                london,
                Duration.ofHours(1),
                List.of(once(0, 1)),
                Window.End.CLOSE,
                false));
    assertThat(over.changes(Plans.NOW + Scene.SECOND)).isEqualTo(Blackouts.NEVER);
    assertThat(Blackouts.of(null).covers(Plans.NOW)).isFalse();
    assertThat(Blackouts.of(null).changes(Plans.NOW)).isEqualTo(Blackouts.NEVER);
  }

  private static long micros(String instant) {
    return Values.micros(Instant.parse(instant));
  }

  @Test
  void anAttemptThatIsTooQuickIsAFact() {
    Scene scene = Scene.of(stage("a").ran(5, 10), stage("b").ran(5, 10));
    scene.starts("a").waits(4).completes("a");
    assertThat(scene.stage("a").is(Stage.TOO_SHORT)).isTrue();
    assertThat(scene.draft.movesJson())
        .contains("[\"a\",null,null,\"too-short\",null,\"ran 4000 ms, min-duration is PT5S\"]");
    scene.starts("b").waits(5).completes("b");
    assertThat(scene.stage("b").marks()).isZero();
    assertThat(scene.run()).isEqualTo(RunState.COMPLETED);
  }

  @Test
  void anAttemptThatIsTooSlowIsAFactWhileItRuns() {
    Scene scene = Scene.of(stage("a").ran(0, 10).timeout(20).retry(2, 3));
    scene.starts("a");
    assertThat(scene.dueIn("a")).isEqualTo(10);
    scene.due("a");
    assertThat(scene.state("a")).isEqualTo(StageState.RUNNING);
    assertThat(scene.stage("a").is(Stage.TOO_LONG)).isTrue();
    assertThat(scene.dueIn("a")).as("its timeout and the leader's grace").isEqualTo(14);
    scene.waits(2).fails("a");
    assertThat(scene.draft.movesJson().split("too-long")).as("told once").hasSize(2);
    scene.due("a");
    assertThat(scene.state("a")).isEqualTo(StageState.READY);
    assertThat(scene.stage("a").marks()).as("the next attempt has a clean record").isZero();
    scene.starts("a").waits(11).completes("a");
    assertThat(scene.stage("a").is(Stage.TOO_LONG)).as("nobody looked meanwhile").isTrue();
  }

  @Test
  void aStageOfTheLeaderIsJudgedWhenItEnds() {
    Scene scene = Scene.of(stage("w").handler("wait.time").with("{\"for\":\"PT2S\"}").ran(5, 10));
    scene.due("w");
    assertThat(scene.state("w")).isEqualTo(StageState.COMPLETED);
    assertThat(scene.stage("w").is(Stage.TOO_SHORT)).isTrue();
  }
}
