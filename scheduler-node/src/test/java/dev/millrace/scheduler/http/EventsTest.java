package dev.millrace.scheduler.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.model.RunId;
import dev.millrace.testing.TestDatabase;
import dev.millrace.testing.TestServers;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The stream of events: nothing lost, nothing doubled, in the order of the log. */
class EventsTest {
  private static final String MOVE = "[[\"\",\"SCHEDULED\",\"STARTING\",\"report\"]]";
  private TestDatabase database;
  private ApiFixture api;
  private long job;
  private RunId run;

  @BeforeEach
  void start() throws Exception {
    database = TestServers.postgres().freshDatabase();
    api = new ApiFixture(database.jdbcUrl(), database.user(), database.password(), null, 0);
    String text = Rows.CHAIN.formatted("followed");
    job = api.rows.job(text);
    run = api.rows.run(job, Rows.definition(text), "{}");
  }

  @AfterEach
  void stop() throws Exception {
    api.close();
    database.close();
  }

  /** A client that reads until it is closed. */
  private final class Client implements AutoCloseable {
    final List<JsonNode> events = new CopyOnWriteArrayList<>();
    final List<String> lines = new CopyOnWriteArrayList<>();
    private final InputStream in;

    Client(String path, String lastEventId) throws Exception {
      HttpRequest.Builder request = api.request(path);
      if (lastEventId != null) {
        request.header("Last-Event-ID", lastEventId);
      }
      HttpResponse<InputStream> response =
          api.client().send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
      assertThat(response.statusCode()).isEqualTo(200);
      assertThat(response.headers().firstValue("Content-Type").orElse(""))
          .startsWith("text/event-stream");
      in = response.body();
      Thread.ofVirtual().start(this::read);
    }

    private void read() {
      try (var reader = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
        for (String line = reader.readLine(); line != null; line = reader.readLine()) {
          lines.add(line);
          if (line.startsWith("data: ")) {
            events.add(Json.stored(line.substring(6)));
          }
        }
      } catch (IOException e) {
        lines.add("closed");
      }
    }

    List<String> ids() {
      return events.stream().map(event -> event.path("id").asText()).toList();
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }

  /** Until the hub has taken this client in, what happens is before its time. */
  private void untilFollowed(Client client) {
    await()
        .atMost(Duration.ofSeconds(10))
        .pollInterval(Duration.ofMillis(50))
        .until(
            () -> {
              api.rows.transition(run, job, MOVE);
              return !client.events.isEmpty();
            });
  }

  @Test
  void movesBecomeCloudEvents() throws Exception {
    try (Client client = new Client("/api/v1/events", null)) {
      untilFollowed(client);
      client.events.clear();
      long seq =
          api.rows.transition(
              run,
              job,
              "[[\"\",\"RUNNING\",\"COMPLETED\",\"r\"],[\"fetch\",\"RUNNING\",\"COMPLETED\",\"r\"],"
                  + "[\"@job\",\"PAUSED\",\"SCHEDULED\",\"command\"]]");
      await().until(() -> client.ids().contains(seq + ".4"));
      List<JsonNode> ours =
          client.events.stream().filter(e -> e.path("id").asText().startsWith(seq + ".")).toList();
      assertThat(ours.stream().map(e -> e.path("type").asText()))
          .containsExactly(
              "scheduler.run_completed",
              "scheduler.stage_completed",
              "scheduler.job_resumed",
              "scheduler.job_completed");
      JsonNode ofJob = ours.get(3);
      assertThat(ofJob.path("subject").asText()).isEqualTo("followed");
      assertThat(ofJob.at("/data/status").asText()).isEqualTo("COMPLETED");
      assertThat(ofJob.at("/data/run").asText()).isEqualTo(run.toString());
      JsonNode stage = ours.get(1);
      assertThat(stage.path("specversion").asText()).isEqualTo("1.0");
      assertThat(stage.path("subject").asText()).isEqualTo(run + "/fetch");
      assertThat(stage.path("data").path("job").asText()).isEqualTo("followed");
      assertThat(stage.path("data").path("stage").asText()).isEqualTo("fetch");
    }
  }

  @Test
  void aClientThatComesBackMissesNothingAndSeesNothingTwice() throws Exception {
    long first = api.rows.transition(run, job, MOVE);
    List<String> expected = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      long seq =
          api.rows.transition(
              run, job, "[[\"\",\"A\",\"STARTING\",\"r\"],[\"fetch\",\"READY\",\"QUEUED\",\"r\"]]");
      expected.add(seq + ".1");
      expected.add(seq + ".2");
    }
    try (Client client = new Client("/api/v1/events", first + ".1")) {
      await().until(() -> client.ids().size() >= 100);
      long live = api.rows.transition(run, job, MOVE);
      expected.add(live + ".1");
      await().until(() -> client.ids().contains(live + ".1"));
      assertThat(client.ids()).isEqualTo(expected);
    }
    String middle = expected.get(40);
    try (Client client = new Client("/api/v1/events?lastEventId=" + middle, null)) {
      await().until(() -> client.ids().contains(expected.getLast()));
      assertThat(client.ids()).isEqualTo(expected.subList(41, expected.size()));
    }
  }

  @Test
  void aSlowWriterIsWaitedForAndARolledBackOneIsNot() throws Exception {
    try (Client client = new Client("/api/v1/events", null);
        Handle slow = api.jdbi.open();
        Handle broken = api.jdbi.open()) {
      untilFollowed(client);
      slow.begin();
      long slowSeq = Rows.transition(slow, run, job, MOVE);
      broken.begin();
      Rows.transition(broken, run, job, MOVE);
      broken.rollback();
      long after = api.rows.transition(run, job, MOVE);
      try (Client late = new Client("/api/v1/events", (slowSeq - 1) + ".1")) {
        await()
            .during(Duration.ofSeconds(1))
            .atMost(Duration.ofSeconds(3))
            .until(() -> !client.ids().contains(after + ".1") && late.events.isEmpty());
        slow.commit();
        await().until(() -> client.ids().contains(after + ".1"));
        await().until(() -> late.ids().contains(after + ".1"));
        assertThat(late.ids()).containsExactly(slowSeq + ".1", after + ".1");
        assertThat(client.ids()).containsSubsequence(slowSeq + ".1", after + ".1");
        assertThat(client.ids()).doesNotHaveDuplicates();
      }
    }
  }

  @Test
  void aClientSeesOnlyWhatItAskedFor() throws Exception {
    String other = "namespace: shop\n" + Rows.CHAIN.formatted("other");
    long otherJob = api.rows.job(other);
    RunId otherRun = api.rows.run(otherJob, Rows.definition(other), "{}");
    try (Client own = new Client("/api/v1/events", null);
        Client all = new Client("/api/v1/events?namespace=*", null);
        Client one = new Client("/api/v1/events?namespace=*&run=" + otherRun, null);
        Client digest = new Client("/api/v1/events?digest=true", null)) {
      for (Client client : List.of(own, all, digest)) {
        untilFollowed(client);
      }
      long foreign = api.rows.transition(otherRun, otherJob, MOVE);
      await().until(() -> all.ids().contains(foreign + ".1"));
      await().until(() -> one.ids().contains(foreign + ".1"));
      long last = api.rows.transition(run, job, MOVE);
      await().until(() -> own.ids().contains(last + ".1"));
      assertThat(own.ids()).doesNotContain(foreign + ".1");
      assertThat(one.ids()).containsExactly(foreign + ".1");
      assertThat(digest.lines).contains("event: scheduler.changed");
    }
  }
}
