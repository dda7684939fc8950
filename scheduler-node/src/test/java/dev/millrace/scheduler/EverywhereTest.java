package dev.millrace.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Two nodes, one of which leads: what is changed through one is so on both, without a restart. How
 * long it takes is told; that it is soon is all that is judged.
 */
class EverywhereTest {
  private static final Logger log = LoggerFactory.getLogger(EverywhereTest.class);
  private static final Duration SOON = Duration.ofSeconds(20);
  private static final String JOB =
      "id: %s\npriority: %d\ntriggers: [{every: %s}]\nstages: [{id: only, run: h}]\n";

  @TempDir static Path folder;
  private static Nodes nodes;
  private static SchedulerNode leader;
  private static SchedulerNode other;

  @BeforeAll
  static void start() throws Exception {
    nodes = new Nodes();
    leader = nodes.leader("node-1");
    other = nodes.start("node-2", Map.of("jobs.dir", folder.resolve("jobs.d").toString()));
    assertThat(other.leading()).isFalse();
  }

  @AfterAll
  static void stop() {
    nodes.close();
  }

  private static long since(long atNanos) {
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - atNanos);
  }

  private static JsonNode seen(SchedulerNode node, String job) {
    return nodes.get(node, "/api/v1/jobs/" + job).json();
  }

  @Test
  void aChangeThroughTheOtherNodeIsSoOnBothAtOnce() {
    nodes.yaml(other, "/api/v1/jobs", JOB.formatted("both", 1, "1h")).is(201);
    assertThat(seen(leader, "both").path("version").asInt()).isEqualTo(1);
    long atNanos = System.nanoTime();
    nodes.yaml(other, "/api/v1/jobs", JOB.formatted("both", 2, "1h")).is(200);
    JsonNode there = seen(leader, "both");
    long tookMillis = since(atNanos);
    assertThat(there.path("version").asInt()).isEqualTo(2);
    assertThat(there.at("/definition/priority").asInt()).isEqualTo(2);
    log.warn("a change through a follower is on the leader's API after {} ms", tookMillis);
    nodes.post(leader, "/api/v1/jobs/both/rollback", "{\"version\":1}").is(200);
    assertThat(seen(other, "both").at("/definition/priority").asInt()).isEqualTo(1);
    nodes.delete(leader, "/api/v1/jobs/both").is(200);
    assertThat(seen(other, "both").path("state").asText()).isEqualTo("ARCHIVED");
  }

  /** Of once in an hour once in a second becomes; the leader fires it. */
  @Test
  void aChangedTriggerFiresWithoutARestart() {
    nodes.yaml(other, "/api/v1/jobs", JOB.formatted("fires", 1, "1h")).is(201);
    long atNanos = System.nanoTime();
    nodes.yaml(other, "/api/v1/jobs", JOB.formatted("fires", 1, "1s")).is(200);
    long changedMillis = since(atNanos);
    await()
        .atMost(SOON)
        .pollInterval(Duration.ofMillis(20))
        .until(() -> !nodes.get(other, "/api/v1/jobs/fires/runs").json().path("items").isEmpty());
    log.warn(
        "a trigger changed through a follower in {} ms; its first run was there after {} ms, with a"
            + " tick each second",
        changedMillis,
        since(atNanos));
    nodes.delete(other, "/api/v1/jobs/fires").is(200);
  }

  @Test
  void aFileThatTheOtherNodeWatchesIsSoOnBoth() throws Exception {
    Path file = folder.resolve("jobs.d").resolve("new-job.json");
    await().atMost(SOON).until(() -> Files.isDirectory(file.getParent()));
    long atNanos = System.nanoTime();
    Files.writeString(
        file,
        """
        {"job_id": "new-job", "description": "d", "schedule": "*/5 * * * *",
         "task": {"type": "execute_command", "command": "echo hi"}}
        """);
    awaitVersion("new-job", 1);
    long madeMillis = since(atNanos);
    atNanos = System.nanoTime();
    Files.writeString(
        file,
        """
        {"job_id": "new-job", "description": "other", "schedule": "*/7 * * * *",
         "task": {"type": "execute_command", "command": "echo hi"}}
        """);
    awaitVersion("new-job", 2);
    long changedMillis = since(atNanos);
    atNanos = System.nanoTime();
    Files.delete(file);
    await()
        .atMost(SOON)
        .pollInterval(Duration.ofMillis(20))
        .until(() -> seen(leader, "new-job").path("state").asText().equals("ARCHIVED"));
    log.warn(
        "a job file of a follower is on the leader's API {} ms after it was written, {} ms after it was"
            + " changed, {} ms after it was deleted",
        madeMillis,
        changedMillis,
        since(atNanos));
  }

  private static void awaitVersion(String job, int version) {
    await()
        .atMost(SOON)
        .pollInterval(Duration.ofMillis(20))
        .until(() -> seen(leader, job).path("version").asInt() == version);
  }

  /** A job file that uses a pattern waits for it, and keeps the version it was loaded with. */
  @Test
  void aFileThatUsesAPatternFollowsIt() throws Exception {
    Path jobs = folder.resolve("jobs.d");
    await().atMost(SOON).until(() -> Files.isDirectory(jobs));
    Files.writeString(jobs.resolve("using.yaml"), "id: using\nuses: late\nwith: {n: 3}\n");
    Files.writeString(jobs.resolve("marker.yaml"), JOB.formatted("marker", 1, "1h"));
    awaitVersion("marker", 1);
    assertThat(nodes.get(leader, "/api/v1/jobs/using").status()).isEqualTo(404);
    String pattern =
        "pattern: late\nparams: {n: integer}\npriority: $[[ n ]]\nstages: [{id: a, run: %s}]\n";
    nodes.yaml(other, "/api/v1/patterns", pattern.formatted("h1")).is(201);
    awaitVersion("using", 1);
    assertThat(seen(leader, "using").at("/definition/priority").asInt()).isEqualTo(3);
    assertThat(seen(leader, "using").at("/pattern/version").asInt()).isEqualTo(1);
    nodes.yaml(other, "/api/v1/patterns", pattern.formatted("h2")).is(200);
    Files.writeString(jobs.resolve("marker.yaml"), JOB.formatted("marker", 2, "1h"));
    awaitVersion("marker", 2);
    assertThat(seen(leader, "using").path("version").asInt())
        .as("a file that says the same stays with its version")
        .isEqualTo(1);
    Files.writeString(jobs.resolve("using.yaml"), "id: using\nuses: late\nwith: {n: 4}\n");
    awaitVersion("using", 2);
    assertThat(seen(leader, "using").at("/pattern/version").asInt()).isEqualTo(2);
  }

  /** Job events come out of the stream of any node, with who, which version and which way. */
  @Test
  void theStreamTellsWhatBecomesOfJobs() throws Exception {
    var stream =
        nodes
            .client()
            .send(
                HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + other.port() + "/api/v1/events?job=told"))
                    .header("Last-Event-ID", "0")
                    .build(),
                HttpResponse.BodyHandlers.ofInputStream());
    nodes.yaml(leader, "/api/v1/jobs", JOB.formatted("told", 1, "1h")).is(201);
    nodes.yaml(leader, "/api/v1/jobs?reason=faster", JOB.formatted("told", 2, "1h")).is(200);
    nodes.delete(leader, "/api/v1/jobs/told").is(200);
    List<JsonNode> events = new ArrayList<>();
    try (var lines =
        new BufferedReader(new InputStreamReader(stream.body(), StandardCharsets.UTF_8))) {
      for (String line = lines.readLine();
          line != null && events.size() < 4;
          line = lines.readLine()) {
        if (line.startsWith("data: ")) {
          events.add(new ObjectMapper().readTree(line.substring("data: ".length())));
        }
      }
    }
    assertThat(events)
        .extracting(event -> event.path("type").asText())
        .containsExactly(
            "scheduler.job_created",
            "scheduler.job_scheduled",
            "scheduler.job_updated",
            "scheduler.job_deleted");
    JsonNode updated = events.get(2);
    assertThat(updated.path("subject").asText()).isEqualTo("told");
    assertThat(updated.at("/data/version").asInt()).isEqualTo(2);
    assertThat(updated.at("/data/source").asText()).isEqualTo("api");
    assertThat(updated.at("/data/actor").asText()).isEqualTo("api:127.0.0.1");
    assertThat(updated.at("/data/reason").asText()).isEqualTo("faster");
    assertThat(updated.at("/data/from").asText()).isEqualTo("SCHEDULED");
  }
}
