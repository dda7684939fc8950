package dev.millrace.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.model.RunId;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Plans on real processes, by the real clock: windows of seconds, a scheduler and a worker that die
 * by kill -9 in them. Every rule by itself, on a chosen clock, is in the leader's own tests.
 */
class PlansTest {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final ObjectMapper JSON = new ObjectMapper();
  private final Path files = Path.of("target", "system", "plans", "files").toAbsolutePath();

  @Test
  void aDayOfPlansOutlivesEveryKill() throws Exception {
    emptyFiles();
    try (Fleet fleet = Fleet.fresh("plans")) {
      fleet.start(1, 1);
      Instant start = now(fleet).plusSeconds(6);
      fleet.apply(plan("day", start, 600, "", untilFile("day")));
      fleet.apply(plan("short", start, 3, "", untilFile("never")));
      fleet.apply(plan("open", start, 2, ",\"end\":\"manual\"", untilFile("never")));
      Instant later = start.plusSeconds(20);
      fleet.apply(plan("ahead", later, 600, ",\"prepare\":true", "true"));
      String ahead = prepared(fleet, later);
      act(fleet, ahead, "work", "skip");
      act(fleet, ahead, "after", "hold");

      awaitStages(fleet, "day", "work RUNNING, after WAITING");
      assertThat(fleet.sql().text("select r.state || ' ' || r.params from run r " + of("day")))
          .isEqualTo("RUNNING {\"day\":\"" + start + "\"}");
      assertWindow(fleet, "day", start, 600);
      awaitRun(fleet, "short", "ENDED");
      assertThat(stages(fleet, "short")).isEqualTo("work CANCELLED, after CANCELLED");

      schedulerIsKilledBeforeAStart(fleet);
      assertThat(runs(fleet, "day")).as("recovered, not doubled").isEqualTo(1);
      assertThat(attempt(fleet, "day")).as("its worker went on").isEqualTo(1);

      Instant lit = inABlackoutNothingNewStarts(fleet);
      fleet.workers().getFirst().kill();
      fleet.addWorker();
      awaitRun(fleet, "dark", "COMPLETED");
      assertThat(queuedAt(fleet, "dark", "after")).isAfterOrEqualTo(lit);
      assertDurationsAreTold(fleet);
      await("the worker that came has the stage of the one that went")
          .atMost(LIMIT)
          .pollInterval(Fleet.POLL)
          .until(() -> attempt(fleet, "day") == 2 && stages(fleet, "day").startsWith("work RUN"));
      Files.createFile(files.resolve("day"));
      awaitRun(fleet, "day", "COMPLETED");

      awaitStages(fleet, "ahead", "work SKIPPED_COMPLETE, after HELD");
      assertThat(fleet.sql().number("select r.id from run r " + live("ahead")))
          .as("the run that people knew is the one that started")
          .isEqualTo(RunId.parse(ahead).value());
      act(fleet, ahead, "after", "release");
      awaitRun(fleet, "ahead", "COMPLETED");

      assertThat(state(fleet, "open")).as("its window is over for long").isEqualTo("RUNNING");
      stop(fleet, new RunId(fleet.sql().number("select r.id from run r " + of("open"))));
      awaitRun(fleet, "open", "CANCELLED");
      assertLogLeadsToTables(fleet);
    }
  }

  /** Returns when the blackout is over. */
  private Instant inABlackoutNothingNewStarts(Fleet fleet) throws Exception {
    Instant start = now(fleet).plusSeconds(4);
    Instant from = start.plusSeconds(4);
    fleet.apply(plan("dark", start, 600, blackout(from, 8), untilFile("dark")));
    awaitStages(fleet, "dark", "work RUNNING, after WAITING");
    awaitRun(fleet, "dark", "PAUSED");
    Files.createFile(files.resolve("dark"));
    awaitStages(fleet, "dark", "work COMPLETED, after READY");
    return from.plusSeconds(8);
  }

  /** One plan's window is open when the scheduler is back, the other one's is over. */
  private void schedulerIsKilledBeforeAStart(Fleet fleet) throws Exception {
    Instant missed = now(fleet).plusSeconds(4);
    fleet.apply(plan("late", missed, 60, "", untilFile("late")));
    fleet.apply(plan("over", missed, 1, "", "true"));
    fleet.schedulers().getFirst().kill();
    assertThat(now(fleet)).as("killed before the start").isBefore(missed);
    await("the shorter window is over")
        .atMost(LIMIT)
        .pollInterval(Fleet.POLL)
        .until(() -> now(fleet).isAfter(missed.plusSeconds(1)));
    assertThat(runs(fleet, "late")).isZero();
    fleet.addScheduler();
    awaitRun(fleet, "late", "RUNNING");
    assertWindow(fleet, "late", missed, 60);
    assertThat(
            fleet
                .sql()
                .text(
                    "select string_agg(j.name || ' ' || disposition, ', ' order by j.name) from tick"
                        + " join trigger t on t.id = tick.trigger join job j on j.id = t.job"
                        + " where j.name in ('late', 'over')"))
        .isEqualTo("late FIRED, over MISSED");
    assertThat(runs(fleet, "over")).isZero();
  }

  /** The first stage waited for its file for too long, the second one was done at once. */
  private static void assertDurationsAreTold(Fleet fleet) throws Exception {
    String run = new RunId(fleet.sql().number("select r.id from run r " + of("dark"))).toString();
    JsonNode stages =
        JSON.readTree(fleet.get(fleet.leader(), "/api/v1/runs/" + run).body()).path("stages");
    assertThat(stages.get(0).path("marks").toString()).isEqualTo("[\"tooLong\"]");
    assertThat(stages.get(1).path("marks").toString()).isEqualTo("[\"tooShort\"]");
    assertThat(stages.get(1).path("exitCode").asInt()).as("is a success code").isEqualTo(3);
    String history = fleet.get(fleet.leader(), "/api/v1/runs/" + run + "/history").body();
    assertThat(history)
        .contains("\"too-long\"", "max-duration is PT1S", "\"too-short\"", "min-duration is PT1M");
  }

  private void emptyFiles() throws Exception {
    Files.createDirectories(files);
    try (Stream<Path> old = Files.list(files)) {
      for (Path file : old.toList()) {
        Files.delete(file);
      }
    }
  }

  private String untilFile(String name) {
    return "while [ ! -e " + files.resolve(name) + " ]; do sleep 0.05; done";
  }

  private static String plan(String id, Instant start, int seconds, String more, String shell) {
    var at = start.atOffset(ZoneOffset.UTC);
    return """
    {"id": "%s", "params": {"day": {"type": "string"}},
     "window": {"start": "%d %d %d * * *", "length": "%ds", "params": {"day": "${{ run.scheduled_for }}"}%s},
     "stages": [
      {"id": "work", "run": "command", "pool": "slow", "max-duration": "1s", "with": {"shell": "%s"}},
      {"id": "after", "run": "command", "pool": "slow", "min-duration": "1m", "needs": ["work"],
       "with": {"shell": "exit 3", "success-codes": [0, 3]}}]}
    """
        .formatted(id, at.getSecond(), at.getMinute(), at.getHour(), seconds, more, shell);
  }

  private static String blackout(Instant from, int seconds) {
    return ",\"blackout\":[{\"from\":\"%s\",\"until\":\"%s\"}]"
        .formatted(from, from.plusSeconds(seconds));
  }

  private static Instant now(Fleet fleet) throws Exception {
    long millis =
        fleet.sql().number("select (extract(epoch from clock_timestamp()) * 1000)::bigint");
    return Instant.ofEpochSecond(millis / 1_000);
  }

  private static String of(String job) {
    return "join job j on j.id = r.job where j.name = '" + job + "'";
  }

  private static String live(String job) {
    return of(job) + " and (r.marks is null or r.marks & 16 = 0)";
  }

  private static long runs(Fleet fleet, String job) throws Exception {
    return fleet.sql().number("select count(*) from run r " + of(job));
  }

  private static String state(Fleet fleet, String job) throws Exception {
    return fleet.sql().text("select r.state from run r " + live(job));
  }

  private static long attempt(Fleet fleet, String job) throws Exception {
    return fleet
        .sql()
        .number(
            "select s.attempt from stage s join run r on r.id = s.run "
                + of(job)
                + " and s.name = 'work'");
  }

  private static String stages(Fleet fleet, String job) throws Exception {
    return fleet
        .sql()
        .text(
            "select string_agg(s.name || ' ' || s.state, ', ' order by s.idx) from stage s"
                + " join run r on r.id = s.run "
                + live(job));
  }

  private static Instant queuedAt(Fleet fleet, String job, String stage) throws Exception {
    long micros =
        fleet
            .sql()
            .number(
                "select micros(s.queued_at) from stage s join run r on r.id = s.run "
                    + of(job)
                    + " and s.name = ?",
                stage);
    return Instant.ofEpochSecond(0, micros * 1_000);
  }

  private static void assertWindow(Fleet fleet, String job, Instant start, int seconds)
      throws Exception {
    assertThat(
            fleet
                .sql()
                .number(
                    "select count(*) from run r "
                        + of(job)
                        + " and scheduled_for = ?::timestamptz and ends_at = ?::timestamptz",
                    start.toString(),
                    start.plusSeconds(seconds).toString()))
        .as("its planned start and its planned end")
        .isEqualTo(1);
  }

  /** The run that was made ahead for this start, as the API names it. */
  private static String prepared(Fleet fleet, Instant start) throws Exception {
    JsonNode page =
        JSON.readTree(fleet.get(fleet.leader(), "/api/v1/runs?job=ahead").body()).path("items");
    assertThat(page).hasSize(1);
    assertThat(page.get(0).path("marks").toString()).contains("prepared");
    assertThat(page.get(0).path("scheduledFor").asText()).isEqualTo(start.toString());
    return page.get(0).path("id").asText();
  }

  private static void act(Fleet fleet, String run, String stage, String action) throws Exception {
    HttpResponse<String> answer =
        fleet.post(
            "/api/v1/runs/" + run + "/stages/" + stage + "/" + action, "{\"reason\":\"a test\"}");
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
  }

  private static void stop(Fleet fleet, RunId run) throws Exception {
    HttpResponse<String> answer = fleet.post("/api/v1/runs/" + run + "/stop", "{}");
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
  }

  private static void awaitRun(Fleet fleet, String job, String state) {
    await(job + " is " + state)
        .atMost(LIMIT)
        .pollInterval(Fleet.POLL)
        .ignoreExceptions()
        .until(() -> state(fleet, job).equals(state));
  }

  private static void awaitStages(Fleet fleet, String job, String wanted) {
    await(job + " has " + wanted)
        .atMost(LIMIT)
        .pollInterval(Fleet.POLL)
        .ignoreExceptions()
        .untilAsserted(() -> assertThat(stages(fleet, job)).isEqualTo(wanted));
  }

  /** Of every run that has ended. */
  private static void assertLogLeadsToTables(Fleet fleet) throws Exception {
    List<String> ended =
        fleet
            .sql()
            .rows(
                "select id from run where finished_at is not null",
                row -> new RunId(row.getLong(1)).toString());
    assertThat(ended).hasSizeGreaterThanOrEqualTo(4);
    for (String run : ended) {
      JsonNode audit =
          JSON.readTree(fleet.get(fleet.leader(), "/api/v1/runs/" + run + "/audit").body());
      assertThat(audit.path("differences").toString()).as(run).isEqualTo("[]");
      assertThat(audit.path("equal").asBoolean()).isTrue();
    }
  }
}
