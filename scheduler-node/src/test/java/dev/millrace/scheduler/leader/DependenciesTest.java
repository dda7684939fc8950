package dev.millrace.scheduler.leader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.model.RunId;
import dev.millrace.scheduler.command.Command;
import dev.millrace.wire.Start;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Triggers that fire once for each set of runs of other jobs. */
class DependenciesTest extends JobsThatWait {
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
    assertThatThrownBy(at::passes).hasStackTraceContaining("a commit that fails for a test");
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
  void theOrchestrationOfTheRunThatMakesItTrueGoesOn() throws Exception {
    jobs("a", "b");
    at.apply(job("c", "triggers: [{after: [a, b]}]"));
    completes("a");
    assertThat(ask(Command.Kind.RUN_START, "b", "{\"orchestration\":\"launch-7\"}").status())
        .isEqualTo(201);
    ends("b", true);
    has("c", 1);
    assertThat(
            at.texts(
                """
                select j.name || ' ' || coalesce(r.orchestration, '-')
                from run r join job j on j.id = r.job order by r.id
                """))
        .containsExactly("a -", "b launch-7", "c launch-7");
  }
}
