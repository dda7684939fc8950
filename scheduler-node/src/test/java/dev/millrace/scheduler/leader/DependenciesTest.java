package dev.millrace.scheduler.leader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.definition.DefinitionJson;
import dev.millrace.definition.DefinitionReader;
import dev.millrace.model.Claim;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.command.Outcome;
import dev.millrace.wire.Start;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Jobs that wait for jobs, through the leader's own tables and a real broker: triggers that fire
 * once for each set of runs, runs that wait for others, and graphs that are refused.
 */
class DependenciesTest {
  private TurnFixture at;
  private final Map<String, Start> open = new HashMap<>();

  @BeforeEach
  void start() throws Exception {
    at = new TurnFixture();
  }

  @AfterEach
  void stop() throws Exception {
    at.close();
  }

  private static String job(String id, String rules) {
    return "id: %s\n%s\nstages: [{id: work, run: noop, retry: {max-attempts: 1}}]\n"
        .formatted(id, rules);
  }

  private void jobs(String... ids) throws Exception {
    for (String id : ids) {
      at.apply(job(id, ""));
    }
  }

  private Outcome ask(String kind, String job, String body) throws Exception {
    long id = at.ask(new Command(kind, "default", job, body, "tester", null));
    at.passes();
    return at.outcome(id);
  }

  private void starts(String job) throws Exception {
    assertThat(ask(Command.Kind.RUN_START, job, "{}").status()).isEqualTo(201);
  }

  /** A run of each of these is made and completes, one after the other. */
  private void completes(String... jobs) throws Exception {
    for (String job : jobs) {
      starts(job);
      ends(job, true);
    }
  }

  private void fails(String job) throws Exception {
    starts(job);
    ends(job, false);
  }

  /** The oldest start of this job that has not ended ends. */
  private void ends(String job, boolean well) throws Exception {
    List<Claim> claims = List.of(next(job).claim());
    if (well) {
      at.complete(claims, "{\"rows\":7}");
    } else {
      at.fail(claims, "crash");
    }
    at.passes();
  }

  private Start next(String job) {
    if (!open.containsKey(job)) {
      for (Start start : at.starts(1)) {
        open.put(start.job(), start);
      }
    }
    Start found = open.remove(job);
    assertThat(found).as("a start of %s", job).isNotNull();
    return found;
  }

  private List<String> runs(String job) {
    return at.texts(
        "select r.state from run r join job j on j.id = r.job where j.name = '"
            + job
            + "' order by r.id");
  }

  /** So many runs of a job there are; each that has started completes. */
  private void has(String job, int count) throws Exception {
    assertThat(runs(job)).as("runs of %s", job).hasSize(count);
    while (runs(job).contains("STARTING")) {
      ends(job, true);
    }
  }

  @Test
  void allOfThemStartOneRunWhenTheLastHasCompleted() throws Exception {
    jobs("a", "b");
    at.apply(job("c", "triggers: [{after: [a, b]}]"));
    completes("a", "a");
    has("c", 0);
    completes("b");
    has("c", 1);
    assertThat(at.text("select trigger_kind from run order by id desc limit 1")).isEqualTo("after");
    completes("b");
    has("c", 1);
    fails("a");
    has("c", 1);
    completes("a");
    has("c", 2);
  }

  @Test
  void anyOfThemStartsARunEachTime() throws Exception {
    jobs("a", "b");
    at.apply(job("c", "triggers: [{after: {any: [a, b]}}]"));
    completes("a");
    has("c", 1);
    completes("b");
    has("c", 2);
    fails("b");
    has("c", 2);
  }

  @Test
  void endsOfOnePassAreLookedAtOneAfterTheOther() throws Exception {
    jobs("a");
    at.apply(job("c", "triggers: [{after: [a]}]"));
    starts("a");
    starts("a");
    at.complete(at.starts(2).stream().map(Start::claim).toList(), "{}");
    at.passes();
    assertThat(runs("c")).hasSize(2);
    assertThat(at.texts("select disposition from after_fire")).containsExactly("FIRED", "FIRED");
  }

  @Test
  void noneOfThemIsJudgedByTheLastRunOfEach() throws Exception {
    jobs("a", "d");
    at.apply(job("c", "triggers: [{after: {all: [a], not: [{job: d, is: failed}]}}]"));
    fails("d");
    completes("a");
    has("c", 0);
    completes("d");
    has("c", 1);
    completes("a");
    has("c", 2);
  }

  @Test
  void howARunEndedIsAsked() throws Exception {
    jobs("a");
    at.apply(job("repair", "triggers: [{after: [{job: a, is: failed}]}]"));
    at.apply(job("always", "triggers: [{after: [{job: a, is: ended}]}]"));
    completes("a");
    has("repair", 0);
    has("always", 1);
    fails("a");
    assertThat(runs("repair")).hasSize(1);
    assertThat(runs("always")).hasSize(2);
  }

  @Test
  void whatEndedTooLongAgoDoesNotCount() throws Exception {
    jobs("a", "b");
    at.apply(job("c", "triggers: [{after: [a, b], within: 1h}]"));
    at.at("2026-03-02T07:00:00Z");
    completes("a");
    at.at("2026-03-02T08:05:00Z");
    completes("b");
    has("c", 0);
    completes("a");
    has("c", 1);
  }

  @Test
  void runsOfTheSameInstantBelongTogether() throws Exception {
    at.at("2026-03-02T06:59:00Z");
    at.apply(job("a", "triggers: [{cron: '0 * * * *'}]"));
    at.apply(job("b", "triggers: [{cron: '0 * * * *'}]"));
    at.apply(job("c", "triggers: [{after: [a, b], match: planned}]"));
    at.at("2026-03-02T07:00:00Z");
    at.passes();
    List<Start> seven = new ArrayList<>(at.starts(2));
    at.at("2026-03-02T08:00:00Z");
    at.passes();
    List<Start> eight = at.starts(2);
    done(of(seven, "a"));
    done(of(eight, "b"));
    assertThat(runs("c")).as("of different instants").isEmpty();
    at.newTurn();
    done(of(seven, "b"));
    assertThat(at.texts(planned("c"))).containsExactly("07:00");
    done(of(eight, "a"));
    assertThat(at.texts(planned("c"))).containsExactly("07:00", "08:00");
  }

  private static Start of(List<Start> starts, String job) {
    return starts.stream().filter(start -> start.job().equals(job)).findFirst().orElseThrow();
  }

  private void done(Start start) throws Exception {
    at.complete(List.of(start.claim()), "{}");
    at.passes();
  }

  private static String planned(String job) {
    return "select to_char(scheduled_for at time zone 'UTC', 'HH24:MI') from run r join job j on"
        + " j.id = r.job where j.name = '"
        + job
        + "' order by scheduled_for";
  }

  @Test
  void runsOfTheSameDayOfAZoneBelongTogether() throws Exception {
    jobs("a", "b");
    at.apply(job("c", "triggers: [{after: [a, b], match: day, timezone: Asia/Tokyo}]"));
    at.at("2026-03-02T14:59:00Z");
    completes("a");
    at.at("2026-03-02T15:00:00Z");
    completes("b");
    has("c", 0);
    at.at("2026-03-03T14:00:00Z");
    completes("a");
    has("c", 1);
  }

  @Test
  void aNewLeaderGoesOnWhereTheOldOneEnded() throws Exception {
    jobs("a", "b");
    at.apply(job("c", "triggers: [{after: [a, b]}]"));
    completes("a");
    at.newTurn();
    completes("b");
    has("c", 1);
    at.newTurn();
    at.passes();
    has("c", 1);
    completes("b");
    has("c", 1);
    at.newTurn();
    completes("a");
    has("c", 2);
  }

  @Test
  void aRunThatEndsAgainInTheSameWayIsNotNew() throws Exception {
    jobs("a");
    at.apply(job("c", "triggers: [{after: [a]}]"));
    completes("a");
    has("c", 1);
    String run =
        new RunId(
                Long.parseLong(
                    at.text(
                        "select r.id from run r join job j on j.id = r.job where j.name = 'a'")))
            .toString();
    String body = "{\"run\":\"%s\",\"stage\":\"work\"}".formatted(run);
    assertThat(ask(Command.Kind.RUN_RERUN, null, body).status()).isEqualTo(200);
    ends("a", true);
    has("c", 1);
    fails("a");
    has("c", 1);
  }

  @Test
  void aCommitThatFailsDoublesNothing() throws Exception {
    jobs("a");
    at.apply(job("c", "triggers: [{after: [a]}]"));
    starts("a");
    Start a = next("a");
    at.database
        .api()
        .useHandle(
            handle -> {
              handle.execute(
                  """
                  create function fail_once() returns trigger language plpgsql as $$
                  begin
                    if nextval('millrace.tries') = 1 then
                      raise exception 'a commit that fails for a test';
                    end if;
                    return null;
                  end $$
                  """);
              handle.execute("create sequence tries");
              handle.execute(
                  """
                  create constraint trigger fail_once after insert on after_fire
                  deferrable initially deferred for each row execute function fail_once()
                  """);
            });
    at.complete(List.of(a.claim()), "{}");
    assertThatThrownBy(at::passes).hasMessageContaining("a commit that fails for a test");
    assertThat(runs("c")).isEmpty();
    at.passes();
    has("c", 1);
    assertThat(at.count("select count(*) from after_fire")).isEqualTo(1);
  }

  @Test
  void paramsReadTheRunsThatItComesAfter() throws Exception {
    jobs("a", "b");
    at.apply(
        job(
            "c",
            """
            params: {rows: integer, from: string, other: boolean}
            triggers:
              - after: {any: [a, b]}
                params:
                  rows: "${{ after.a.output.rows }}"
                  from: "${{ after.a.state }}"
                  other: "${{ after.b.run == null }}"
            """));
    completes("a");
    assertThat(at.text("select params from run where trigger_kind = 'after'"))
        .isEqualTo("{\"rows\":7,\"from\":\"COMPLETED\",\"other\":true}");
  }

  @Test
  void whatAPausedJobDoesNotStartIsRecorded() throws Exception {
    jobs("a");
    at.apply(job("c", "triggers: [{after: [a]}]"));
    assertThat(ask(Command.Kind.JOB_PAUSE, "c", "{}").status()).isEqualTo(200);
    completes("a");
    has("c", 0);
    assertThat(at.texts("select disposition from after_fire")).containsExactly("SKIPPED_PAUSED");
    assertThat(ask(Command.Kind.JOB_RESUME, "c", "{}").status()).isEqualTo(200);
    has("c", 0);
    completes("a");
    has("c", 1);
  }

  @Test
  void aTriggerMindsWhatEndsAfterItWasDefined() throws Exception {
    jobs("a", "b");
    completes("a");
    at.apply(job("c", "triggers: [{after: [a, b]}]"));
    completes("b");
    has("c", 0);
    completes("a");
    has("c", 1);
    at.applyAgain(job("c", "labels: {x: y}\ntriggers: [{after: [a, b]}]"));
    completes("a");
    at.applyAgain(job("c", "labels: {x: z}\ntriggers: [{after: [a, b]}]"));
    completes("b");
    has("c", 2);
  }

  @Test
  void aRunWaitsUntilWhatItRequiresHasCompletedSinceThePreviousOne() throws Exception {
    jobs("a", "b");
    at.apply(job("c", "requires: [a, b]"));
    starts("c");
    assertThat(runs("c")).containsExactly("PENDING");
    completes("a");
    assertThat(runs("c")).containsExactly("PENDING");
    at.newTurn();
    completes("b");
    has("c", 1);
    starts("c");
    assertThat(runs("c")).as("they ended before").containsExactly("COMPLETED", "PENDING");
    fails("a");
    completes("b");
    assertThat(runs("c")).containsExactly("COMPLETED", "PENDING");
    completes("a");
    has("c", 2);
    completes("a", "b");
    starts("c");
    assertThat(runs("c"))
        .as("they ended since")
        .containsExactly("COMPLETED", "COMPLETED", "STARTING");
  }

  @Test
  void ofSeveralRunsThatWaitTheOldestGoesFirst() throws Exception {
    jobs("a");
    at.apply(job("c", "requires: [a]"));
    starts("c");
    starts("c");
    completes("a");
    assertThat(runs("c")).containsExactly("STARTING", "PENDING");
    ends("c", true);
    completes("a");
    assertThat(runs("c")).containsExactly("COMPLETED", "STARTING");
  }

  @Test
  void whatEndedBeforeAnybodyRequiredItCountsToo() throws Exception {
    jobs("a");
    completes("a");
    at.apply(job("c", "requires: [a]"));
    starts("c");
    assertThat(runs("c")).containsExactly("STARTING");
  }

  @Test
  void aRunThatWaitsForTooLongIsCancelledWithTheReason() throws Exception {
    at.at("2026-03-02T07:00:00Z");
    jobs("a");
    at.apply(job("c", "requires: {all: [a], timeout: 2h}"));
    starts("c");
    at.newTurn();
    at.at("2026-03-02T08:59:00Z");
    at.passes();
    assertThat(runs("c")).containsExactly("PENDING");
    at.at("2026-03-02T09:01:00Z");
    at.passes();
    assertThat(runs("c")).containsExactly("CANCELLED");
    assertThat(at.text("select stop_reason from run where state = 'CANCELLED'"))
        .isEqualTo("waited for PT2H for what it requires of a");
    completes("a");
    assertThat(runs("c")).containsExactly("CANCELLED");
  }

  @Test
  void aTickRequiresWhatWasPlannedForTheSameInstant() throws Exception {
    at.at("2026-03-02T06:59:00Z");
    at.apply(job("a", "triggers: [{cron: '0 7 * * *'}]"));
    at.apply(job("c", "triggers: [{cron: '0 7 * * *'}]\nrequires: {all: [a], match: planned}"));
    completes("a");
    at.at("2026-03-02T07:00:00Z");
    at.passes();
    assertThat(runs("c")).as("what no schedule planned is not it").containsExactly("PENDING");
    ends("a", true);
    has("c", 1);
  }

  @Test
  void itsTurnIsAskedForWhenTheGateIsOpen() throws Exception {
    jobs("a");
    at.apply(job("c", "requires: [a]\noverlap: skip"));
    starts("c");
    assertThat(ask(Command.Kind.RUN_START, "c", "{}").body())
        .contains("its overlap policy is skip");
    assertThat(runs("c")).containsExactly("PENDING");
    assertThat(at.count("select count(*) from seat")).isZero();
    completes("a");
    assertThat(runs("c")).containsExactly("STARTING");
    assertThat(at.count("select count(*) from seat where held")).isEqualTo(1);
    has("c", 1);
    assertThat(at.count("select count(*) from seat")).isZero();
  }

  @Test
  void aRunThatWaitsCanBePausedAndStopped() throws Exception {
    jobs("a");
    at.apply(job("c", "requires: [a]"));
    starts("c");
    assertThat(ask(Command.Kind.JOB_PAUSE, "c", "{}").status()).isEqualTo(200);
    completes("a");
    assertThat(runs("c")).containsExactly("PAUSED");
    assertThat(ask(Command.Kind.JOB_RESUME, "c", "{}").status()).isEqualTo(200);
    has("c", 1);
    assertThat(runs("c")).containsExactly("COMPLETED");
    starts("c");
    String id = at.text("select id::text from run where state = 'PENDING'");
    String body = "{\"run\":\"%s\"}".formatted(new RunId(Long.parseLong(id)));
    assertThat(ask(Command.Kind.RUN_STOP, null, body).status()).isEqualTo(200);
    completes("a");
    assertThat(runs("c")).containsExactly("COMPLETED", "CANCELLED");
  }

  private Outcome applied(String yaml) throws Exception {
    String definition =
        switch (new DefinitionReader().read(yaml, "test")) {
          case DefinitionReader.Result.Ok ok -> DefinitionJson.toJson(ok.job());
          case DefinitionReader.Result.Bad bad -> throw new AssertionError(bad.problems());
        };
    return ask(
        Command.Kind.JOB_APPLY, "x", "{\"definition\":" + definition + ",\"source\":\"api\"}");
  }

  @Test
  void jobsThatWouldWaitForEachOtherAreRefusedWithThePath() throws Exception {
    at.apply(job("a", ""));
    at.apply(job("b", "triggers: [{after: [a]}]"));
    at.apply(job("c", "requires: [b]"));
    Outcome refused = applied(job("a", "triggers: [{after: {any: [c, d]}}]"));
    assertThat(refused.status()).isEqualTo(422);
    assertThat(refused.body())
        .contains("a → c → b → a", "remove 'c' from the trigger after c, d of 'a'");
    at.newTurn();
    assertThat(applied(job("a", "requires: [c]")).body())
        .as("a new leader knows it too")
        .contains("a → c → b → a", "remove 'c' from requires of 'a'");
    at.applyAgain(job("c", ""));
    at.applyAgain(job("a", "requires: [c]"));
  }

  @Test
  void aCycleThatAJobYetToComeWouldCloseIsRefusedWhenItComes() throws Exception {
    at.apply(job("a", "requires: [later]"));
    assertThat(applied(job("later", "triggers: [{after: [a]}]")).body())
        .contains("later → a → later");
    jobs("later");
    completes("later");
    starts("a");
    assertThat(runs("a")).containsExactly("STARTING");
  }

  @Test
  void aJobThatIsNotThereYetIsTold() throws Exception {
    assertThat(applied(job("c", "requires: [a, other/b]")).body())
        .contains("there is no job 'a', 'other/b' yet");
    jobs("a");
    assertThat(applied(job("c", "requires: [a]")).body()).doesNotContain("there is no job");
  }

  @Test
  void aJobThatOthersNeedIsArchivedByForceOnly() throws Exception {
    jobs("a");
    at.apply(job("b", "triggers: [{after: [a]}]"));
    at.apply("id: c\nstages: [{id: s, run: job, with: {job: a}}]\n");
    Outcome refused = ask(Command.Kind.JOB_DELETE, "a", "{}");
    assertThat(refused.status()).isEqualTo(409);
    assertThat(refused.body()).contains("is needed by 'b', 'c'");
    assertThat(ask(Command.Kind.JOB_DELETE, "a", "{\"force\":true}").status()).isEqualTo(200);
    assertThat(ask(Command.Kind.JOB_DELETE, "b", "{}").status()).isEqualTo(200);
    assertThat(at.texts("select kind from dependency")).containsExactly("run");
  }

  @Test
  void whatNobodyWaitsForIsNotKept() throws Exception {
    jobs("a", "b");
    at.apply(job("c", "triggers: [{after: [a]}]"));
    completes("b", "a");
    has("c", 1);
    assertThat(at.texts("select j.name from job_end e join job j on j.id = e.job"))
        .containsExactly("a");
  }
}
