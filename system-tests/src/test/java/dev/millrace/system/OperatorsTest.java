package dev.millrace.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.testing.Witness;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * What people do with runs, with real processes that die in between: nothing of it is forgotten,
 * and the log replayed leads to what the tables say.
 */
class OperatorsTest {
  private static final Duration LIMIT = Duration.ofSeconds(90);
  private static final ObjectMapper JSON = new ObjectMapper();

  @Test
  void theWalkThroughOutlivesEveryRestart() throws Exception {
    try (Fleet fleet = Fleet.fresh("operators")) {
      fleet.start(1, 1);
      Path mended = Path.of("target", "system", "operators", "mended").toAbsolutePath();
      Files.deleteIfExists(mended);
      fleet.apply(walk(mended));
      String run = start(fleet, "walk");
      act(fleet, run, "b", "hold", 200);
      act(fleet, run, "d", "skip", 200);
      awaitStages(fleet, "a COMPLETED, b HELD, c WAITING, d SKIPPED");
      fleet.restartAll();
      awaitStages(fleet, "a COMPLETED, b HELD, c WAITING, d SKIPPED");
      act(fleet, run, "b", "release", 200);
      awaitStages(fleet, "a COMPLETED, b FAILED, c SKIPPED, d SKIPPED");
      act(fleet, run, "b", "hold", 409);
      fleet.restartAll();
      act(fleet, run, "b", "acknowledge", 200);
      awaitStages(fleet, "a COMPLETED, b ACKNOWLEDGED, c COMPLETED, d SKIPPED_COMPLETE");
      Files.writeString(mended, "yes");
      act(fleet, run, "b", "reset", 200);
      awaitStages(fleet, "a COMPLETED, b COMPLETED, c COMPLETED, d SKIPPED_COMPLETE");
      awaitRun(fleet, run, "COMPLETED");
      fleet.restartAll();
      audit(fleet, run);
      assertThat(fleet.sql().number("select count(*) from dead_letter where state = 'OPEN'"))
          .isZero();
    }
  }

  private static String walk(Path mended) {
    String b = "test -e " + mended + " || exit 3";
    return """
    {"id": "walk", "stages": [
      {"id": "a", "run": "command", "pool": "slow", "with": {"shell": "true"}},
      {"id": "b", "run": "command", "pool": "slow", "with": {"shell": "%s"}, "needs": ["a"]},
      {"id": "c", "run": "command", "pool": "slow", "with": {"shell": "true"}, "needs": ["b"]},
      {"id": "d", "run": "command", "pool": "slow", "with": {"shell": "true"}, "needs": ["c"]}]}
    """
        .formatted(b);
  }

  @Test
  void everythingPausedAndKilledGoesOnExactly() throws Exception {
    int runs = 150;
    try (Fleet fleet = Fleet.fresh("paused")) {
      fleet.start(2, 2);
      fleet.apply(Jobs.witnessed("programs", fleet.witness(), 0.2));
      fleet.enqueue("programs", runs);
      fleet.awaitCompleted(runs / 8, LIMIT);
      assertThat(fleet.post("/api/v1/pauses", "{\"scope\":\"all\"}").statusCode()).isEqualTo(200);
      // Attempts in flight finish, nothing new starts.
      String inFlight = "select count(*) from stage where state in ('QUEUED', 'RUNNING')";
      await("in flight has finished")
          .atMost(LIMIT)
          .pollInterval(Fleet.POLL)
          .until(() -> fleet.sql().number(inFlight) == 0);
      long done = fleet.completed();
      assertThat(done).as("paused in mid-run").isLessThan(runs);
      Figures.print("paused", "completed before the pause", done + " of " + runs);
      fleet.restartAll();
      assertThat(fleet.sql().number(inFlight)).isZero();
      assertThat(fleet.completed()).isEqualTo(done);
      assertThat(fleet.post("/api/v1/pauses/resume", "{\"scope\":\"all\"}").statusCode())
          .isEqualTo(200);
      fleet.awaitAllFinal(LIMIT);
      Witness.Account account = Witness.Account.of(fleet.witness().sightings());
      assertThat(account.claimsStartedTwice()).isEmpty();
      assertThat(account.stagesEndedTwice()).isEmpty();
      assertThat(fleet.sql().number("select count(*) from attempt")).as("nothing again").isZero();
      Figures.judge("paused", fleet, "programs");
    }
  }

  @Test
  void aKillEndsWhatIgnoresEverything() throws Exception {
    try (Fleet fleet = Fleet.fresh("stubborn")) {
      fleet.start(1, 1);
      String mark = "millrace-stubborn-" + ProcessHandle.current().pid();
      String shell =
          "trap '' TERM INT HUP; (setsid bash -c 'trap \\\"\\\" TERM INT HUP; exec -a "
              + mark
              + " sleep 300' >/dev/null 2>&1 </dev/null &) ; exec -a "
              + mark
              + " sleep 300";
      fleet.apply(
          "{\"id\":\"stubborn\",\"stages\":[{\"id\":\"s\",\"run\":\"command\",\"pool\":\"slow\","
              + "\"with\":{\"argv\":[\"bash\",\"-c\",\""
              + shell
              + "\"]}}]}");
      String run = start(fleet, "stubborn");
      await("both run").atMost(LIMIT).pollInterval(Fleet.POLL).until(() -> processes(mark) == 2);
      Stopwatch asked = Stopwatch.started();
      assertThat(fleet.post("/api/v1/runs/" + run + "/kill", "{}").statusCode()).isEqualTo(200);
      await("both are gone")
          .atMost(LIMIT)
          .pollInterval(Fleet.POLL)
          .until(() -> processes(mark) == 0);
      Figures.print("stubborn", "gone after the kill", asked.read(), "2 s");
      awaitRun(fleet, run, "CANCELLED");
      audit(fleet, run);
    }
  }

  private static long processes(String mark) {
    return ProcessHandle.allProcesses()
        .filter(ProcessHandle::isAlive)
        .map(OperatorsTest::commandLine)
        .filter(line -> line.startsWith(mark))
        .count();
  }

  private static String commandLine(ProcessHandle process) {
    try {
      return Files.readString(Path.of("/proc", Long.toString(process.pid()), "cmdline"));
    } catch (java.io.IOException gone) {
      return "";
    }
  }

  /** {@code -Dmillrace.system.items=100000} makes it bigger. */
  @Test
  void manyItemsFanOutAndJoin() throws Exception {
    int items = Integer.getInteger("millrace.system.items", 5_000);
    try (Fleet fleet = Fleet.fresh("fan")) {
      fleet.start(1, 1);
      // Every fiftieth divides by zero: 2 % fail.
      fleet.apply(
          """
          {"id": "fan", "stages": [
            {"id": "each", "run": "noop", "pool": "fast", "for-each": "${{ range(%d) }}",
             "tolerate": "5%%", "with": {"v": "${{ 1 / (item %% 50) }}"}},
            {"id": "after", "run": "noop", "pool": "fast", "needs": ["each"]}]}
          """
              .formatted(items));
      Stopwatch started = Stopwatch.started();
      String run = start(fleet, "fan");
      awaitRun(fleet, run, "COMPLETED");
      Figures.print("fan", items + " items, 2 % failed, joined after", started.read());
      Figures.print("fan", "leader heap", heap(fleet));
      String fan =
          fleet.sql().text("select fan from stage where name = 'each' and fan is not null");
      int failed = (items + 49) / 50;
      assertThat(fan).isEqualTo(items + " " + items + " " + (items - failed) + " " + failed + " 0");
      assertThat(fleet.sql().number("select count(*) from run where item is not null"))
          .isEqualTo(items);
      audit(fleet, run);
    }
  }

  private static String heap(Fleet fleet) throws Exception {
    return fleet
                .get(fleet.leader(), "/metrics")
                .body()
                .lines()
                .filter(line -> line.startsWith("jvm_memory_used_bytes{area=\"heap\""))
                .mapToLong(
                    line -> (long) Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum()
            / (1024 * 1024)
        + " MB";
  }

  private static String start(Fleet fleet, String job) throws Exception {
    HttpResponse<String> answer = fleet.post("/api/v1/jobs/" + job + "/runs", "{}");
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(201);
    return JSON.readTree(answer.body()).path("id").asText();
  }

  private static void act(Fleet fleet, String run, String stage, String action, int status)
      throws Exception {
    HttpResponse<String> answer =
        fleet.post(
            "/api/v1/runs/" + run + "/stages/" + stage + "/" + action,
            "{\"reason\":\"a test of " + action + "\"}");
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
  }

  private static void awaitStages(Fleet fleet, String wanted) {
    await(wanted)
        .atMost(LIMIT)
        .pollInterval(Fleet.POLL)
        .ignoreExceptions()
        .untilAsserted(
            () ->
                assertThat(
                        fleet
                            .sql()
                            .text(
                                "select string_agg(name || ' ' || state, ', ' order by idx) from"
                                    + " stage"))
                    .isEqualTo(wanted));
  }

  private static void awaitRun(Fleet fleet, String run, String state) {
    await(run + " is " + state)
        .atMost(LIMIT)
        .pollInterval(Duration.ofMillis(100))
        .ignoreExceptions()
        .until(
            () ->
                JSON.readTree(fleet.get(fleet.leader(), "/api/v1/runs/" + run).body())
                    .path("state")
                    .asText()
                    .equals(state));
  }

  private static void audit(Fleet fleet, String run) throws Exception {
    JsonNode audit =
        JSON.readTree(fleet.get(fleet.leader(), "/api/v1/runs/" + run + "/audit").body());
    assertThat(List.of(audit.path("differences").toString())).containsExactly("[]");
    assertThat(audit.path("equal").asBoolean()).isTrue();
  }
}
