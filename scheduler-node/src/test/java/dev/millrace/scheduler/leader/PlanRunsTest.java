package dev.millrace.scheduler.leader;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.Claim;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.command.Outcome;
import dev.millrace.wire.Start;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What becomes of a plan's runs at each instant, and when the leader was not there: by a chosen
 * clock, through the leader's own tables and a real broker. 2 March 2026 is a Monday.
 */
class PlanRunsTest {
  private static final String MANUAL = "end: manual";

  private TurnFixture at;

  @BeforeEach
  void start() throws Exception {
    at = new TurnFixture();
  }

  @AfterEach
  void stop() throws Exception {
    at.close();
  }

  private static String plan(String window) {
    return """
    id: plan
    window:
      start: "0 7 * * *"
      length: 10h
      %s
    stages:
      - {id: a, run: noop}
      - {id: b, run: noop, needs: [a]}
    """
        .formatted(window);
  }

  /** The leader is alone with the tables, as after a start, and it is this instant. */
  private void restartedAt(String instant) throws Exception {
    at.newTurn();
    itIs(instant);
  }

  private void itIs(String instant) throws Exception {
    at.at(instant);
    at.passes();
  }

  private void appliedAt(String instant, String yaml) throws Exception {
    at.at(instant);
    at.apply(yaml);
  }

  private static List<Claim> claims(List<Start> starts) {
    return starts.stream().map(Start::claim).toList();
  }

  private void completes(List<Start> starts) throws Exception {
    at.complete(claims(starts), "{}");
    at.passes();
  }

  /** State, planned instant and planned end of every run, in their order. */
  private List<String> runs() {
    return at.texts(
        """
        select state || ' ' || to_char(scheduled_for at time zone 'UTC', 'DD HH24:MI') || ' until '
          || to_char(ends_at at time zone 'UTC', 'DD HH24:MI')
        from run where parent is null order by scheduled_for, id
        """);
  }

  private List<String> ticks() {
    return at.texts(
        """
        select disposition || ' ' || to_char(planned_at at time zone 'UTC', 'DD HH24:MI') || ' x' || ticks
        from tick order by planned_at
        """);
  }

  private String stages() {
    return at.text(
        """
        select string_agg(s.name || ' ' || s.state, ', ' order by s.idx) from stage s
        where s.run = (select max(id) from run where finished_at is null)
        """);
  }

  private String latest() {
    return new RunId(Long.parseLong(at.text("select max(id)::text from run"))).toString();
  }

  private Outcome ask(String kind, String body) throws Exception {
    long id = at.ask(new Command(kind, "default", null, body, "tester", "because"));
    at.passes();
    return at.outcome(id);
  }

  private Outcome act(String run, String stage, String action) throws Exception {
    return ask(
        Command.Kind.STAGE_ACT,
        "{\"run\":\"%s\",\"stage\":\"%s\",\"action\":\"%s\"}".formatted(run, stage, action));
  }

  @Test
  void aRunIsMadeAtTheStartWithItsPlannedEnd() throws Exception {
    appliedAt("2026-03-02T06:59:00Z", plan(""));
    itIs("2026-03-02T06:59:59.9Z");
    assertThat(runs()).isEmpty();
    itIs("2026-03-02T07:00:00Z");
    assertThat(runs()).containsExactly("STARTING 02 07:00 until 02 17:00");
    assertThat(ticks()).containsExactly("FIRED 02 07:00 x1");
    completes(at.starts(1));
    completes(at.starts(1));
    assertThat(runs()).containsExactly("COMPLETED 02 07:00 until 02 17:00");
  }

  @Test
  void beforeTheStartAndAfterTheEndOnlyTheScheduleGoesOn() throws Exception {
    appliedAt("2026-03-02T06:00:00Z", plan(""));
    restartedAt("2026-03-02T06:30:00Z");
    assertThat(runs()).isEmpty();
    restartedAt("2026-03-02T17:00:01Z");
    assertThat(runs()).isEmpty();
    assertThat(ticks()).containsExactly("MISSED 02 07:00 x1");
    itIs("2026-03-03T07:00:00Z");
    assertThat(runs()).containsExactly("STARTING 03 07:00 until 03 17:00");
  }

  @Test
  void insideTheWindowARunThatIsThereIsRecoveredAndNotDoubled() throws Exception {
    appliedAt("2026-03-02T06:59:00Z", plan(""));
    itIs("2026-03-02T07:00:00Z");
    List<Start> starts = at.starts(1);
    restartedAt("2026-03-02T09:30:00Z");
    assertThat(runs()).containsExactly("STARTING 02 07:00 until 02 17:00");
    completes(starts);
    assertThat(stages()).isEqualTo("a COMPLETED, b QUEUED");
    restartedAt("2026-03-02T16:59:59Z");
    completes(at.starts(1));
    assertThat(runs()).containsExactly("COMPLETED 02 07:00 until 02 17:00");
    assertThat(ticks()).containsExactly("FIRED 02 07:00 x1");
  }

  @Test
  void insideTheWindowAMissingRunIsMadeWithThePlannedEnd() throws Exception {
    appliedAt("2026-03-02T06:59:00Z", plan(""));
    restartedAt("2026-03-02T09:30:00Z");
    assertThat(runs()).containsExactly("STARTING 02 07:00 until 02 17:00");
    assertThat(ticks()).containsExactly("FIRED 02 07:00 x1");
    at.starts(1);
  }

  @Test
  void ofSeveralMissedWindowsTheOneThatIsOpenGetsItsRun() throws Exception {
    appliedAt("2026-03-02T06:59:00Z", plan(""));
    restartedAt("2026-03-05T16:59:00Z");
    assertThat(runs()).containsExactly("STARTING 05 07:00 until 05 17:00");
    assertThat(ticks()).containsExactly("MISSED 02 07:00 x3", "FIRED 05 07:00 x1");
  }

  @Test
  void windowsThatOverlapEachHaveTheirRun() throws Exception {
    appliedAt("2026-03-02T06:59:00Z", plan("").replace("10h", "30h"));
    restartedAt("2026-03-03T08:00:00Z");
    assertThat(runs())
        .containsExactly("STARTING 02 07:00 until 03 13:00", "STARTING 03 07:00 until 04 13:00");
  }

  @Test
  void atTheEndWhatIsUnderWayEnds() throws Exception {
    appliedAt("2026-03-02T06:59:00Z", plan("end: close"));
    itIs("2026-03-02T07:00:00Z");
    completes(at.starts(1));
    assertThat(stages()).isEqualTo("a COMPLETED, b QUEUED");
    restartedAt("2026-03-02T17:00:00Z");
    assertThat(runs()).containsExactly("ENDED 02 07:00 until 02 17:00");
    assertThat(at.text("select state from stage where name = 'b'")).isEqualTo("CANCELLED");
    assertThat(at.text("select moves from history where moves like '%ENDED%'"))
        .contains("window", "its window is over");
  }

  @Test
  void atTheEndWhatIsUnderWayMayComplete() throws Exception {
    appliedAt("2026-03-02T06:59:00Z", plan("end: complete"));
    itIs("2026-03-02T07:00:00Z");
    List<Start> starts = at.starts(1);
    at.started(claims(starts));
    at.passes();
    assertThat(stages()).isEqualTo("a RUNNING, b WAITING");
    itIs("2026-03-02T17:00:00Z");
    assertThat(stages()).isEqualTo("a RUNNING, b CANCELLED");
    completes(starts);
    assertThat(runs()).containsExactly("ENDED 02 07:00 until 02 17:00");
    assertThat(at.text("select state from stage where name = 'a'")).isEqualTo("COMPLETED");
  }

  @Test
  void aPersonEndsWhatOnlyAPersonEnds() throws Exception {
    appliedAt("2026-03-02T06:59:00Z", plan(MANUAL));
    itIs("2026-03-02T07:00:00Z");
    at.starts(1);
    restartedAt("2026-03-03T03:00:00Z");
    assertThat(runs()).containsExactly("STARTING 02 07:00 until 02 17:00");
    ask(Command.Kind.RUN_STOP, "{\"run\":\"" + latest() + "\"}");
    assertThat(runs()).containsExactly("CANCELLED 02 07:00 until 02 17:00");
  }

  @Test
  void aRunMayBeExtendedOrLeftToAPerson() throws Exception {
    appliedAt("2026-03-02T06:59:00Z", plan(""));
    itIs("2026-03-02T07:00:00Z");
    at.starts(1);
    String extended = "{\"run\":\"%s\",\"until\":\"2026-03-02T19:00:00Z\"}".formatted(latest());
    assertThat(ask(Command.Kind.RUN_EXTEND, extended).status()).isEqualTo(200);
    restartedAt("2026-03-02T18:00:00Z");
    assertThat(runs()).containsExactly("STARTING 02 07:00 until 02 19:00");
    String byHand = "{\"run\":\"%s\"}".formatted(latest());
    assertThat(ask(Command.Kind.RUN_EXTEND, byHand).status()).isEqualTo(200);
    restartedAt("2026-03-02T20:00:00Z");
    assertThat(runs()).containsExactly("STARTING 02 07:00 until 02 19:00");
  }

  @Test
  void aStartInABlackoutMakesNoRunWheneverItIsLookedAt() throws Exception {
    appliedAt(
        "2026-03-02T06:59:00Z",
        plan("blackout: [{from: 2026-03-02T06:30:00Z, until: 2026-03-02T08:00:00Z}]"));
    restartedAt("2026-03-02T09:00:00Z");
    assertThat(runs()).isEmpty();
    assertThat(ticks()).containsExactly("SKIPPED_WINDOW 02 07:00 x1");
  }

  @Test
  void aMissingRunThatIsMadeInABlackoutBeginsAfterIt() throws Exception {
    appliedAt("2026-03-02T06:59:00Z", plan("blackout: [{cron: \"0 12 * * *\", length: 1h}]"));
    restartedAt("2026-03-02T12:30:00Z");
    assertThat(runs()).containsExactly("PAUSED 02 07:00 until 02 17:00");
    at.assertNoStarts();
    restartedAt("2026-03-02T12:59:00Z");
    assertThat(runs()).containsExactly("PAUSED 02 07:00 until 02 17:00");
    itIs("2026-03-02T13:00:00Z");
    assertThat(runs()).containsExactly("STARTING 02 07:00 until 02 17:00");
    at.starts(1);
  }

  @Test
  void aBlackoutHoldsBackWhatIsNewAndOutlivesARestart() throws Exception {
    appliedAt("2026-03-02T06:59:00Z", plan("blackout: [{cron: \"0 12 * * *\", length: 1h}]"));
    itIs("2026-03-02T07:00:00Z");
    List<Start> starts = at.starts(1);
    itIs("2026-03-02T12:00:00Z");
    assertThat(runs()).containsExactly("PAUSED 02 07:00 until 02 17:00");
    completes(starts);
    assertThat(stages()).isEqualTo("a COMPLETED, b READY");
    restartedAt("2026-03-02T12:59:59Z");
    assertThat(stages()).isEqualTo("a COMPLETED, b READY");
    at.assertNoStarts();
    restartedAt("2026-03-02T13:00:00Z");
    assertThat(stages()).isEqualTo("a COMPLETED, b QUEUED");
    completes(at.starts(1));
    assertThat(runs()).containsExactly("COMPLETED 02 07:00 until 02 17:00");
  }

  @Test
  void aPlanThatIsNotConcurrentSkipsItsStartAndSaysSo() throws Exception {
    appliedAt("2026-03-02T06:59:00Z", plan(MANUAL) + "overlap: skip\n");
    itIs("2026-03-02T07:00:00Z");
    at.starts(1);
    itIs("2026-03-03T07:00:00Z");
    assertThat(runs()).containsExactly("STARTING 02 07:00 until 02 17:00");
    assertThat(ticks()).containsExactly("FIRED 02 07:00 x1", "SKIPPED_OVERLAP 03 07:00 x1");
  }

  @Test
  void daysAndTimesAreThoseOfTheZone() throws Exception {
    String tokyo = plan("timezone: Asia/Tokyo").replace("0 7 * * *", "0 1 * * MON");
    appliedAt("2026-03-01T15:00:00Z", tokyo); // already Monday there
    itIs("2026-03-01T16:00:00Z");
    assertThat(runs()).containsExactly("STARTING 01 16:00 until 02 02:00");
  }

  @Test
  void theDayOnWhichSummerTimeBeginsHasItsWindowToo() throws Exception {
    appliedAt("2026-03-28T12:00:00Z", plan("timezone: Europe/London"));
    itIs("2026-03-29T06:00:00Z");
    assertThat(runs()).containsExactly("STARTING 29 06:00 until 29 16:00");
  }

  @Test
  void whatAPausedJobDoesNotStartIsRecorded() throws Exception {
    appliedAt("2026-03-02T06:59:00Z", plan("prepare: true"));
    at.ask(new Command(Command.Kind.JOB_PAUSE, "default", "plan", "{}", "tester", null));
    at.passes();
    itIs("2026-03-02T07:00:00Z");
    assertThat(ticks()).containsExactly("SKIPPED_PAUSED 02 07:00 x1");
    assertThat(runs())
        .as("what was made for that start is of no use any more; the next one is there")
        .containsExactly("CANCELLED 02 07:00 until 02 17:00", "PENDING 03 07:00 until 03 17:00");
  }

  @Test
  void theNextRunIsThereAheadToHoldAndSkipIn() throws Exception {
    appliedAt("2026-03-01T12:00:00Z", plan("prepare: true"));
    assertThat(runs()).containsExactly("PENDING 02 07:00 until 02 17:00");
    String run = latest();
    assertThat(act(run, "a", "skip").status()).isEqualTo(200);
    assertThat(act(run, "b", "hold").status()).isEqualTo(200);
    restartedAt("2026-03-02T06:59:59Z");
    assertThat(runs()).as("it does not start").containsExactly("PENDING 02 07:00 until 02 17:00");
    itIs("2026-03-02T07:00:00Z");
    assertThat(runs())
        .containsExactly("SCHEDULED 02 07:00 until 02 17:00", "PENDING 03 07:00 until 03 17:00");
    String of = "select state from stage where name = '%s' and run = " + RunId.parse(run).value();
    assertThat(at.text(of.formatted("a"))).isEqualTo("SKIPPED_COMPLETE");
    assertThat(at.text(of.formatted("b"))).isEqualTo("HELD");
    assertThat(act(run, "b", "release").status()).isEqualTo(200);
    completes(at.starts(1));
    assertThat(runs())
        .containsExactly("COMPLETED 02 07:00 until 02 17:00", "PENDING 03 07:00 until 03 17:00");
    assertThat(ticks()).containsExactly("FIRED 02 07:00 x1");
  }

  @Test
  void aRunThatWasMadeAheadForAMissedWindowGoes() throws Exception {
    appliedAt("2026-03-01T12:00:00Z", plan("prepare: true"));
    restartedAt("2026-03-02T18:00:00Z");
    assertThat(runs())
        .containsExactly("CANCELLED 02 07:00 until 02 17:00", "PENDING 03 07:00 until 03 17:00");
    restartedAt("2026-03-03T08:00:00Z");
    assertThat(runs())
        .containsExactly(
            "CANCELLED 02 07:00 until 02 17:00",
            "STARTING 03 07:00 until 03 17:00",
            "PENDING 04 07:00 until 04 17:00");
  }

  @Test
  void overlappingWindowsThatWereMissedTogetherAreNotPreparedTwice() throws Exception {
    appliedAt("2026-03-01T12:00:00Z", plan("prepare: true").replace("10h", "30h"));
    restartedAt("2026-03-03T08:00:00Z");
    assertThat(runs())
        .containsExactly(
            "STARTING 02 07:00 until 03 13:00",
            "STARTING 03 07:00 until 04 13:00",
            "PENDING 04 07:00 until 05 13:00");
  }

  @Test
  void aNewVersionsNextRunKeepsWhatPeopleHeldAndSkipped() throws Exception {
    appliedAt("2026-03-01T12:00:00Z", plan("prepare: true"));
    String old = latest();
    act(old, "a", "skip");
    act(old, "b", "hold");
    at.applyAgain(
        plan("prepare: true").replace("needs: [a]", "needs: [a, c]") + "  - {id: c, run: noop}\n");
    assertThat(runs())
        .containsExactly("CANCELLED 02 07:00 until 02 17:00", "PENDING 02 07:00 until 02 17:00");
    assertThat(stages()).isEqualTo("a SKIPPED, b HELD, c WAITING");
    at.applyAgain(plan("prepare: true").replace("0 7", "0 8"));
    assertThat(runs().getLast()).isEqualTo("PENDING 02 08:00 until 02 18:00");
    assertThat(stages()).isEqualTo("a SKIPPED, b HELD");
    at.applyAgain(plan(""));
    assertThat(at.count("select count(*) from run where finished_at is null")).isZero();
  }

  @Test
  void whatAWindowGivesReadsTheTickThatTheRunIsFor() throws Exception {
    appliedAt(
        "2026-03-01T12:00:00Z",
        """
        id: plan
        params:
          day: string
          label: {default: "of ${{ params.day }}"}
          by: {default: "${{ run.trigger }}"}
          pages: {type: integer, default: 100}
        window:
          start: "0 7 * * *"
          length: 10h
          prepare: true
          params: {day: "${{ run.scheduled_for }}", pages: 7}
        stages: [{id: a, run: noop}]
        """);
    itIs("2026-03-02T07:00:00Z");
    assertThat(at.texts("select params from run order by scheduled_for"))
        .containsExactly(
            "{\"day\":\"2026-03-02T07:00:00Z\",\"label\":\"of 2026-03-02T07:00:00Z\",\"by\":\"plan\",\"pages\":7}",
            "{\"day\":\"2026-03-03T07:00:00Z\",\"label\":\"of 2026-03-03T07:00:00Z\",\"by\":\"plan\",\"pages\":7}");
    long asked =
        at.ask(
            new Command(
                Command.Kind.RUN_START,
                "default",
                "plan",
                "{\"params\":{\"day\":\"today\",\"by\":\"me\"}}",
                "tester",
                null));
    at.passes();
    assertThat(at.outcome(asked).status()).isEqualTo(201);
    assertThat(at.text("select params from run where trigger_kind = 'manual'"))
        .as("who asks wins over the window, which gives nothing to other runs")
        .isEqualTo("{\"day\":\"today\",\"label\":\"of today\",\"by\":\"me\",\"pages\":100}");
    long withoutDay =
        at.ask(new Command(Command.Kind.RUN_START, "default", "plan", "{}", "tester", null));
    at.passes();
    assertThat(at.outcome(withoutDay).status()).isEqualTo(422);
    assertThat(at.outcome(withoutDay).body())
        .contains("the default of label", "params.day was not given");
  }

  @Test
  void aTickThatCannotGiveWhatIsRequiredHasARunThatSaysSo() throws Exception {
    appliedAt(
        "2026-03-02T06:59:00Z",
        """
        id: x
        params: {site: {type: string, required: true}}
        triggers:
          - {cron: "0 7 * * *"}
          - {cron: "0 8 * * *", params: {site: s}}
        stages: [{id: a, run: noop}]
        """);
    itIs("2026-03-02T08:00:00Z");
    assertThat(at.texts("select state || ' ' || params from run order by scheduled_for"))
        .containsExactly("CANCELLED {}", "STARTING {\"site\":\"s\"}");
    assertThat(at.text("select stop_reason from run where state = 'CANCELLED'"))
        .isEqualTo("params: site: is required and was not given");
    at.starts(1);
  }

  @Test
  void whoChangesWhatATriggerGivesChangesNoTick() throws Exception {
    String job =
        """
        id: x
        params: {site: string}
        triggers: [{cron: "0 7 * * *", params: {site: %s}}]
        stages: [{id: a, run: noop}]
        """;
    appliedAt("2026-03-02T06:59:00Z", job.formatted("one"));
    String trigger = "select string_agg(id || ' ' || next_at, ',') from trigger where active";
    String before = at.text(trigger);
    at.applyAgain(job.formatted("two"));
    assertThat(at.text(trigger)).isEqualTo(before);
    itIs("2026-03-02T07:00:00Z");
    assertThat(at.text("select params from run")).isEqualTo("{\"site\":\"two\"}");
  }
}
