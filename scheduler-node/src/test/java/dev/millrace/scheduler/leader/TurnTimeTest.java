package dev.millrace.scheduler.leader;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.definition.Tick;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.store.Ticks;
import dev.millrace.wire.Start;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the leader's tables remember of triggers, from one pass and one leader to the next. */
class TurnTimeTest {
  private TurnFixture at;

  @BeforeEach
  void start() throws Exception {
    at = new TurnFixture();
  }

  @AfterEach
  void stop() throws Exception {
    at.close();
  }

  private void late(int seconds) throws Exception {
    at.database
        .api()
        .useHandle(
            handle ->
                handle.execute(
                    "update trigger set next_at = next_at - make_interval(secs => ?)", seconds));
    at.newTurn();
    at.passes();
  }

  private void apply(String trigger) throws Exception {
    at.apply("id: job\ntriggers: [" + trigger + "]\nstages: [{id: only, run: noop}]\n");
  }

  private int fired() {
    return at.count("select count(*) from tick where disposition = 'FIRED'");
  }

  @Test
  void whatACalendarKeepsFromFiringIsInTheLedger() throws Exception {
    apply("{every: 1s, except: [{from: 2000-01-01, until: 2100-01-01}]}");
    late(300);
    assertThat(at.count("select sum(ticks)::int from tick where disposition = 'SKIPPED_CALENDAR'"))
        .isGreaterThanOrEqualTo(299);
    assertThat(at.count("select count(*) from tick where disposition <> 'SKIPPED_CALENDAR'"))
        .isZero();
    assertThat(at.count("select count(*) from run")).isZero();
  }

  @Test
  void theLedgerTakesEveryFateThatADefinitionKnows() throws Exception {
    apply("{every: 1d}");
    List<Ticks.Entry> entries = new ArrayList<>();
    for (Tick.Fate fate : Tick.Fate.values()) {
      if (fate != Tick.Fate.FIRES) {
        long planned = 1_000_000L * (entries.size() + 1);
        entries.add(new Ticks.Entry(1, planned, planned, 2, fate.name(), 0));
      }
    }
    at.database.leader().useTransaction(tx -> Ticks.insert(tx, entries, 1, 1));
    assertThat(at.count("select count(*) from tick")).isEqualTo(entries.size());
  }

  @Test
  void whatIsChosenToFireIsRememberedByTheNextLeader() throws Exception {
    apply("{every: 1s, misfire: {at-most: 3, rate: 1/h}}");
    late(300);
    assertThat(fired()).isEqualTo(1);
    assertThat(at.count("select sum(ticks)::int from tick where disposition = 'MISSED'"))
        .isGreaterThanOrEqualTo(297);
    assertThat(at.count("select count(*) from trigger where catch_up_until is not null"))
        .isEqualTo(1);
    at.newTurn();
    at.passes();
    assertThat(fired()).as("one an hour, or one a leader").isEqualTo(2);
    at.newTurn();
    at.passes();
    assertThat(fired()).isGreaterThanOrEqualTo(3);
    assertThat(at.count("select count(*) from trigger where catch_up_until is not null"))
        .as("all of them have fired")
        .isZero();
  }

  @Test
  void aFixedDelayCountsFromTheEndOfItsRun() throws Exception {
    apply("{every: 1s, mode: fixed-delay}");
    late(100);
    assertThat(fired()).as("it has one tick, however late").isEqualTo(1);
    assertThat(at.count("select count(*) from tick")).isEqualTo(1);
    List<Start> starts = at.starts(1);
    assertThat(at.text("select (t.rests_on = r.id)::text from trigger t, run r")).isEqualTo("true");

    at.newTurn();
    at.passes();
    assertThat(fired()).as("its run is open").isEqualTo(1);

    at.complete(starts.stream().map(Start::claim).toList(), "{}");
    at.passes();
    assertThat(
            at.count("select count(*) from trigger where rests_on is null and next_at is not null"))
        .isEqualTo(1);
    assertThat(at.text("select (t.next_at - r.finished_at)::text from trigger t, run r limit 1"))
        .isEqualTo("00:00:01");
  }

  /** As after a crash between the two halves of a pass. */
  @Test
  void aFixedDelayWhoseRunIsGoneGoesOn() throws Exception {
    apply("{every: 1s, mode: fixed-delay}");
    at.database
        .api()
        .useHandle(handle -> handle.execute("update trigger set rests_on = 77, next_at = null"));
    at.newTurn();
    at.passes();
    assertThat(at.count("select count(*) from trigger where rests_on is null and next_at > now()"))
        .isEqualTo(1);
  }

  /** An upgrade of a library may take a calendar away. */
  @Test
  void aTriggerThatIsNotUnderstoodAnyMoreStopsNoOther() throws Exception {
    apply("{every: 1s, except: [{holidays: GB}]}, {every: 1s}");
    at.database
        .leader()
        .useHandle(
            handle ->
                handle.execute(
                    "update job_version set definition = replace(definition, '\"GB\"', '\"XX\"')"));
    late(20);
    assertThat(at.count("select count(distinct trigger) from tick")).isEqualTo(1);
    assertThat(fired()).isGreaterThanOrEqualTo(19);
    assertThat(at.count("select count(*) from trigger where next_at is not null"))
        .as("what it plans waits in its row")
        .isEqualTo(2);
  }

  @Test
  void whatIsPastIsRefusedWhereThatIsWritten() throws Exception {
    String past =
        "id: job\ntriggers: [{at: 2020-01-01T00:00:00Z, past: %s}]\nstages: [{id: a, run: noop}]\n";
    at.apply(past.formatted("refuse"), 422);
    assertThat(at.count("select count(*) from job")).isZero();
    at.apply(past.formatted("misfire"));
    at.passes();
    assertThat(fired()).as("the latest missed tick fires").isEqualTo(1);
    at.apply(past.formatted("refuse"), 422);
    assertThat(at.count("select version from job")).isEqualTo(1);
    at.applyAgain(past.formatted("run"));
    at.passes();
    assertThat(fired()).isEqualTo(2);
  }

  /** A job whose instant has passed meanwhile may be changed and applied again. */
  @Test
  void whatWasAcceptedOnceIsNotRefusedLater() throws Exception {
    String job =
        """
        id: job
        description: %s
        triggers: [{at: 2999-01-01T00:00:00Z, past: refuse}]
        stages: [{id: a, run: noop}]
        """;
    at.apply(job.formatted("one"));
    at.database
        .api()
        .useHandle(
            handle -> {
              handle.execute(
                  "update trigger set spec = replace(spec, '2999', '2020'), next_at = null");
            });
    at.newTurn();
    at.applyAgain(job.replace("2999", "2020").formatted("two"));
    assertThat(at.count("select version from job")).isEqualTo(2);
  }

  private void move(String kind) throws Exception {
    long id = at.ask(new Command(kind, "default", "job", "{}", "tester", "because"));
    at.passes();
    assertThat(at.outcome(id).status()).isEqualTo(200);
  }

  /** What a stop has put aside comes back with the resume, and is not new either. */
  @Test
  void aStopMakesNothingPast() throws Exception {
    String job =
        """
        id: job
        description: %s
        triggers: [{at: 2999-01-01T00:00:00Z, past: refuse}]
        stages: [{id: a, run: noop}]
        """;
    at.apply(job.formatted("one"));
    move(Command.Kind.JOB_STOP);
    at.database
        .api()
        .useHandle(
            handle -> handle.execute("update trigger set spec = replace(spec, '2999', '2020')"));
    at.newTurn();
    at.applyAgain(job.replace("2999", "2020").formatted("two"));
    move(Command.Kind.JOB_RESUME);
    assertThat(at.count("select count(*) from trigger where active and next_at is null"))
        .as("an instant that has passed does not come again")
        .isEqualTo(1);
    assertThat(at.count("select count(*) from tick")).isZero();
  }

  @Test
  void aResumedTriggerGoesOnWithTheTickThatComesWhetherItFiresOrNot() throws Exception {
    apply("{every: 1h, except: [{from: 2000-01-01, until: 2100-01-01}]}");
    move(Command.Kind.JOB_STOP);
    assertThat(at.count("select count(*) from trigger where next_at is not null")).isZero();
    move(Command.Kind.JOB_RESUME);
    assertThat(
            at.count(
                """
                select count(*) from trigger
                where active and next_at between now() and now() + interval '1 hour'
                """))
        .isEqualTo(1);
  }

  /** Who changes only the params changes no schedule, also while the trigger waits for a run. */
  @Test
  void aFixedDelayGivesParamsToEachOfItsRuns() throws Exception {
    String job =
        """
        id: job
        params: {n: integer}
        triggers: [{every: 1s, mode: fixed-delay, params: {n: %s}}]
        stages: [{id: a, run: noop}]
        """;
    at.apply(job.formatted("1"));
    late(100);
    List<Start> first = at.starts(1);
    at.applyAgain(job.formatted("2"));
    assertThat(at.count("select count(*) from trigger")).as("the same trigger").isEqualTo(1);
    assertThat(at.count("select count(*) from trigger where rests_on is not null")).isEqualTo(1);
    at.complete(first.stream().map(Start::claim).toList(), "{}");
    at.passes();
    late(100);
    assertThat(at.texts("select params from run order by id"))
        .containsExactly("{\"n\":1}", "{\"n\":2}");
  }
}
