package dev.millrace.scheduler.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.status.NodeStatus;
import dev.millrace.testing.TestDatabase;
import dev.millrace.testing.TestServers;
import java.net.http.HttpRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Every route over real HTTP and a real database. */
class ApiTest {
  private static TestDatabase database;
  private static ApiFixture api;

  @BeforeAll
  static void start() throws Exception {
    database = TestServers.postgres().freshDatabase();
    api = new ApiFixture(database.jdbcUrl(), database.user(), database.password(), null, 0);
    api.leader.start();
  }

  @AfterAll
  static void stop() throws Exception {
    api.close();
    database.close();
  }

  @AfterEach
  void healthyAgain() {
    api.status.set(ApiFixture.HEALTHY);
  }

  private static String job(String id) {
    return Rows.CHAIN.formatted(id);
  }

  private static RunId runOf(String id) {
    String text = job(id);
    return api.rows.run(
        api.rows.job(text), Rows.definition(text), "{\"who\":\"me\",\"key\":\"s3\"}");
  }

  @Test
  void aJobIsMadeFromYamlAndChangedFromJson() throws Exception {
    var made = api.post("/api/v1/jobs", "application/yaml", job("made"));
    assertThat(made.status()).as(made.text()).isEqualTo(201);
    assertThat(made.json().path("id").asText()).isEqualTo("made");
    assertThat(made.json().path("definition").path("stages")).hasSize(3);
    String json = made.json().path("definition").toString();
    var again = api.post("/api/v1/jobs", json);
    assertThat(again.status()).isEqualTo(200);
    assertThat(again.json().path("version").asInt()).isEqualTo(2);
    var versions = api.get("/api/v1/jobs/made/versions?limit=1").json();
    assertThat(versions.path("items").path(0).path("version").asInt()).isEqualTo(2);
    assertThat(versions.path("next").asText()).isEqualTo("2");
    var older = api.get("/api/v1/jobs/made/versions?limit=5&after=2").json();
    assertThat(older.path("items").path(0).path("version").asInt()).isEqualTo(1);
    assertThat(older.path("next").isNull()).isTrue();
  }

  @Test
  void theSimpleJobFileIsTaken() throws Exception {
    String text =
        """
        {"job_id":"simple","description":"d","schedule":"0 9 * * TUE",
         "task":{"type":"execute_command","command":"echo hi"}}\
        """;
    assertThat(api.post("/api/v1/jobs", text).status()).isEqualTo(201);
  }

  @Test
  void aJobGoesIntoTheNamespaceAsked() throws Exception {
    var made = api.post("/api/v1/jobs?namespace=shop", "application/yaml", job("elsewhere"));
    assertThat(made.status()).as(made.text()).isEqualTo(201);
    assertThat(made.json().path("namespace").asText()).isEqualTo("shop");
    assertThat(api.get("/api/v1/jobs/elsewhere").status()).isEqualTo(404);
    assertThat(api.get("/api/v1/jobs/elsewhere?namespace=shop").status()).isEqualTo(200);
  }

  @Test
  void aBadDefinitionIsRefusedWithAllItsProblems() throws Exception {
    var bad =
        api.post(
            "/api/v1/jobs", "application/yaml", "id: bad\nstages:\n  - {id: a, rum: command}\n");
    assertThat(bad.status()).isEqualTo(422);
    assertThat(bad.header("Content-Type")).startsWith("application/problem+json");
    JsonNode problem = bad.json().path("problems").path(0);
    assertThat(problem.path("line").asInt()).isPositive();
    assertThat(problem.path("message").asText()).isNotEmpty();
    assertThat(bad.json().path("remedy").asText()).isNotEmpty();
  }

  @Test
  void jobsAreListedPageByPage() throws Exception {
    for (String name : List.of("page-a", "page-b", "page-c")) {
      api.rows.job("namespace: paged\n" + job(name));
    }
    List<String> names = new ArrayList<>();
    String after = "";
    do {
      JsonNode page = api.get("/api/v1/jobs?namespace=paged&limit=2&after=" + after).json();
      page.path("items").forEach(item -> names.add(item.path("id").asText()));
      after = page.path("next").isNull() ? null : page.path("next").asText();
    } while (after != null);
    assertThat(names).containsExactly("page-a", "page-b", "page-c");
    JsonNode first = api.get("/api/v1/jobs?namespace=paged").json().path("items").path(0);
    assertThat(first.path("nextTick").asText()).endsWith("Z");
    assertThat(first.path("lastRun").isNull()).isTrue();
    assertThat(first.path("triggers")).hasSize(1);
  }

  @Test
  void aJobIsPausedResumedAndArchived() throws Exception {
    api.rows.job(job("steered"));
    assertThat(api.post("/api/v1/jobs/steered/pause", "{\"reason\":\"quiet\"}").status())
        .isEqualTo(200);
    var again = api.post("/api/v1/jobs/steered/pause", "{}");
    assertThat(again.status()).isEqualTo(409);
    assertThat(again.json().path("remedy").asText()).isEqualTo("Nothing to do.");
    assertThat(api.get("/api/v1/jobs/steered").json().path("nextTick").isNull()).isTrue();
    assertThat(api.post("/api/v1/jobs/steered/resume", "").status()).isEqualTo(200);
    var gone = api.send(api.request("/api/v1/jobs/steered").DELETE().build());
    assertThat(gone.status()).isEqualTo(200);
    assertThat(api.get("/api/v1/jobs/steered").json().path("state").asText()).isEqualTo("ARCHIVED");
  }

  @Test
  void aJobIsStoppedAndArchivedByRoutesOfTheirOwn() throws Exception {
    api.rows.job(job("closed"));
    assertThat(api.post("/api/v1/jobs/closed/stop", "{\"reason\":\"moved\"}").status())
        .isEqualTo(200);
    assertThat(api.get("/api/v1/jobs/closed").json().path("state").asText()).isEqualTo("STOPPED");
    assertThat(api.post("/api/v1/jobs/closed/archive", "{\"force\":\"yes\"}").status())
        .isEqualTo(400);
    assertThat(api.post("/api/v1/jobs/closed/archive", "{\"force\":true}").status()).isEqualTo(200);
    JsonNode archived = api.get("/api/v1/jobs/closed").json();
    assertThat(archived.path("state").asText()).isEqualTo("ARCHIVED");
    assertThat(api.get("/api/v1/jobs/closed/versions").json().path("items"))
        .as("its history stays readable")
        .hasSize(1);
  }

  @Test
  void aRunIsStartedReadAndStopped() throws Exception {
    api.rows.job(job("started"));
    var made =
        api.post("/api/v1/jobs/started/runs", "{\"params\":{\"who\":\"you\",\"key\":\"s3cret\"}}");
    assertThat(made.status()).as(made.text()).isEqualTo(201);
    String id = made.json().path("id").asText();
    assertThat(made.header("Location")).isEqualTo("/api/v1/runs/" + id);
    assertThat(made.json().path("params").path("who").asText()).isEqualTo("you");
    assertThat(made.text()).doesNotContain("s3cret");
    assertThat(made.json().path("stages").path(1).path("needs").path(0).asText())
        .isEqualTo("fetch");
    var stopped = api.post("/api/v1/runs/" + id + "/stop", "{\"reason\":\"enough\"}");
    assertThat(stopped.status()).isEqualTo(200);
    assertThat(stopped.json().path("state").asText()).isEqualTo("STOPPING");
  }

  @Test
  void runsAreFilteredAndPaged() throws Exception {
    String text = job("filtered");
    long job = api.rows.job(text);
    List<String> ids = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      ids.addFirst(api.rows.run(job, Rows.definition(text), "{}").toString());
    }
    api.rows.execute(
        "update run set state = 'FAILED', finished_at = now() where id = ?",
        RunId.parse(ids.get(3)).value());
    JsonNode first = api.get("/api/v1/jobs/filtered/runs?limit=2").json();
    assertThat(ids(first)).containsExactlyElementsOf(ids.subList(0, 2));
    JsonNode second =
        api.get("/api/v1/runs?job=filtered&limit=3&after=" + first.path("next").asText()).json();
    assertThat(ids(second)).containsExactlyElementsOf(ids.subList(2, 5));
    assertThat(ids(api.get("/api/v1/runs?job=filtered&state=failed").json()))
        .containsExactly(ids.get(3));
    assertThat(ids(api.get("/api/v1/runs?state=FAILED").json())).contains(ids.get(3));
    assertThat(ids(api.get("/api/v1/runs?open=true&limit=500").json()))
        .contains(ids.get(0))
        .doesNotContain(ids.get(3));
  }

  private static List<String> ids(JsonNode page) {
    List<String> ids = new ArrayList<>();
    page.path("items").forEach(item -> ids.add(item.path("id").asText()));
    return ids;
  }

  @Test
  void historyTellsEveryMoveInOrder() throws Exception {
    RunId run = runOf("told");
    api.rows.transition(
        run,
        1,
        "[[\"\",null,\"SCHEDULED\",\"command\",\"me\",\"why"
            + " not\"],[\"fetch\",null,\"WAITING\",\"command\"]]");
    api.rows.transition(run, 1, "[[\"fetch\",\"WAITING\",\"READY\",\"needs\"]]");
    JsonNode page = api.get("/api/v1/runs/" + run + "/history").json();
    assertThat(page.path("items")).hasSize(3);
    JsonNode first = page.path("items").path(0);
    assertThat(first.path("subject").asText()).isEqualTo("run");
    assertThat(first.path("reason").asText()).isEqualTo("why not");
    assertThat(first.path("epoch").asText()).isEqualTo("7");
    assertThat(page.path("items").path(2).path("from").asText()).isEqualTo("WAITING");
    JsonNode part = api.get("/api/v1/runs/" + run + "/history?limit=1").json();
    assertThat(part.path("items")).hasSize(2);
    JsonNode rest =
        api.get("/api/v1/runs/" + run + "/history?after=" + part.path("next").asText()).json();
    assertThat(rest.path("items")).hasSize(1);
  }

  @Test
  void logsAreMergedAndFollowedWithoutGapOrDouble() throws Exception {
    RunId run = runOf("logged");
    for (int i = 1; i <= 5; i++) {
      api.rows.log(run, "fetch", 1, i, "fetch " + i);
      api.rows.log(run, "parse", 1, i, "parse " + i);
    }
    List<String> texts = new ArrayList<>();
    String base = "/api/v1/runs/" + run + "/logs?limit=3&after=";
    JsonNode page = api.get(base).json();
    while (true) {
      page.path("items").forEach(item -> texts.add(item.path("text").asText()));
      if (page.path("next").isNull()) {
        break;
      }
      page = api.get(base + page.path("next").asText()).json();
    }
    assertThat(texts).hasSize(10).doesNotHaveDuplicates();
    assertThat(texts.subList(0, 2)).containsExactly("fetch 1", "parse 1");
    String cursor = page.path("cursor").asText();
    api.rows.log(run, "fetch", 2, 1, "late");
    assertThat(api.get(base + cursor).json().path("items").path(0).path("text").asText())
        .isEqualTo("late");
    JsonNode one = api.get("/api/v1/runs/" + run + "/stages/parse/logs").json();
    assertThat(one.path("items")).hasSize(5);
    assertThat(api.get("/api/v1/runs/" + run + "/stages/none/logs").status()).isEqualTo(404);
  }

  @Test
  void whyNamesWhatHoldsEachStage() throws Exception {
    RunId run = runOf("asked");
    assertThat(reasons(run)).containsExactly("fetch NO_WORKER", "parse NEEDS", "store NEEDS");
    api.rows.worker("w-asked", "net", 4, "[\"command\"]");
    assertThat(reasons(run)).first().isEqualTo("fetch NO_HANDLER");
    api.rows.execute("update worker set handlers = '[\"http\"]' where id = 'w-asked'");
    assertThat(reasons(run)).first().isEqualTo("fetch BACKLOG");
    api.rows.stage(run, "fetch", "state = 'QUEUED', dispatch = 1, attempt = 1");
    assertThat(reasons(run)).first().isEqualTo("fetch QUEUED");
    api.rows.stage(run, "fetch", "state = 'BACKING_OFF', due_at = now() + interval '1 minute'");
    JsonNode items = api.get("/api/v1/runs/" + run + "/why").json().path("items");
    assertThat(items.path(0).path("until").asText()).endsWith("Z");
    api.rows.stage(
        run, "fetch", "state = 'RUNNING', due_at = null, worker = 'w-asked', started_at = now()");
    assertThat(api.get("/api/v1/runs/" + run + "/why?stage=fetch").json().path("items"))
        .singleElement()
        .satisfies(
            item -> {
              assertThat(item.path("reason").asText()).isEqualTo("EXECUTING");
              assertThat(item.path("holder").asText()).isEqualTo("worker w-asked");
              assertThat(item.path("detail").asText())
                  .contains("is being executed on worker w-asked since 2");
            });
    api.rows.execute("update job set state = 'PAUSED' where name = 'asked'");
    assertThat(reasons(run)).first().isEqualTo("null JOB_PAUSED");
    api.rows.execute("delete from worker where id = 'w-asked'");
  }

  private static List<String> reasons(RunId run) throws Exception {
    List<String> reasons = new ArrayList<>();
    api.get("/api/v1/runs/" + run + "/why")
        .json()
        .path("items")
        .forEach(
            item -> reasons.add(item.path("stage").asText() + " " + item.path("reason").asText()));
    return reasons;
  }

  @Test
  void attemptsThatEndedAreListed() throws Exception {
    RunId run = runOf("tried");
    api.rows.execute(
        "insert into attempt (run, idx, attempt, outcome, finished_at, exit_code)"
            + " values (?, 1, 1, 'FAILED', now(), 3)",
        run.value());
    JsonNode item = api.get("/api/v1/runs/" + run + "/attempts").json().path("items").path(0);
    assertThat(item.path("stage").asText()).isEqualTo("parse");
    assertThat(item.path("exitCode").asInt()).isEqualTo(3);
  }

  @Test
  void workersPoolsAndStatusCountWhatThereIs() throws Exception {
    RunId run = runOf("counted");
    api.rows.worker("w-counted", "net", 4, "[\"http\"]");
    api.rows.stage(run, "fetch", "state = 'RUNNING', worker = 'w-counted', attempt = 1");
    JsonNode worker = api.get("/api/v1/workers?limit=500").json().path("items").path(0);
    assertThat(worker.path("pools").path(0).path("slots").asInt()).isEqualTo(4);
    JsonNode pools = api.get("/api/v1/pools").json().path("items");
    assertThat(pools.path(0).path("name").asText()).isEqualTo("net");
    JsonNode status = api.get("/api/v1/status").json();
    assertThat(status.path("leader").asBoolean()).isTrue();
    assertThat(status.path("epoch").asText()).isEqualTo("7");
    assertThat(status.path("counts").path("openRuns").asInt()).isPositive();
    api.rows.execute("delete from worker where id = 'w-counted'");
  }

  @Test
  void ticksAndScheduleTellPastAndComing() throws Exception {
    long job = api.rows.job(job("ticking"));
    for (int i = 1; i <= 3; i++) {
      api.rows.execute(
          "insert into tick select id, now() - make_interval(hours => ?), now(), 1, 'MISSED', null,"
              + " 7, now() from trigger where job = ?",
          i,
          job);
    }
    JsonNode page = api.get("/api/v1/ticks?job=ticking&limit=2").json();
    assertThat(page.path("items")).hasSize(2);
    JsonNode rest =
        api.get("/api/v1/ticks?job=ticking&limit=2&after=" + page.path("next").asText()).json();
    assertThat(rest.path("items")).hasSize(1);
    assertThat(rest.path("items").path(0).path("disposition").asText()).isEqualTo("MISSED");
    String newest = page.path("items").path(0).path("plannedAt").asText();
    String older = page.path("items").path(1).path("plannedAt").asText();
    JsonNode some =
        api.get("/api/v1/ticks?job=ticking&from=" + older + "&to=" + newest).json().path("items");
    assertThat(some).hasSize(1);
    assertThat(some.path(0).path("plannedAt").asText()).isEqualTo(older);
    assertThat(api.get("/api/v1/ticks").status()).isEqualTo(400);
    String month = "&from=2035-01-01T00:00:00Z&to=2035-02-01T00:00:00Z";
    JsonNode schedule = api.get("/api/v1/schedule?job=ticking" + month).json().path("items");
    assertThat(schedule).as("Mondays").hasSize(5);
    assertThat(schedule.path(0).path("plannedAt").asText()).isEqualTo("2035-01-01T09:00:00Z");
    assertThat(api.get("/api/v1/schedule?limit=1" + month).json().path("items")).hasSize(1);
  }

  @Test
  void healthFollowsDatabaseAndBroker() throws Exception {
    assertThat(api.get("/livez").status()).isEqualTo(200);
    assertThat(api.get("/readyz").status()).isEqualTo(200);
    api.status.set(new NodeStatus("node-1", false, 7, "node-2", null, "connection refused"));
    var unready = api.get("/readyz");
    assertThat(unready.status()).isEqualTo(503);
    assertThat(unready.json().path("reasons").path(0).asText())
        .isEqualTo("broker: connection refused");
  }

  @Test
  void requestsAreMeteredByRoute() throws Exception {
    api.get("/api/v1/jobs/metered-one");
    api.get("/nothing/here");
    String metrics = api.get("/metrics").text();
    assertThat(metrics)
        .contains("http_requests_seconds_count")
        .contains("route=\"/api/v1/jobs/{job}\"")
        .contains("route=\"none\"")
        .doesNotContain("metered-one");
  }

  @Test
  void theDocumentHoldsEveryRouteAndNoOther() throws Exception {
    JsonNode document = api.get("/openapi.json").json();
    Set<String> written = new TreeSet<>();
    document
        .path("paths")
        .properties()
        .forEach(
            path ->
                path.getValue()
                    .fieldNames()
                    .forEachRemaining(
                        method ->
                            written.add(
                                method.toUpperCase(java.util.Locale.ROOT) + " " + path.getKey())));
    Set<String> served = new TreeSet<>();
    api.server.routes().forEach(route -> served.add(route.method() + " " + route.path()));
    assertThat(written).isEqualTo(served);
    assertThat(document.findValuesAsText("$ref"))
        .allSatisfy(ref -> assertThat(document.at(ref.substring(1)).isObject()).as(ref).isTrue());
  }

  @Test
  void theDashboardIsServedUnderAStrictPolicy() throws Exception {
    var page = api.get("/");
    assertThat(page.status()).isEqualTo(200);
    assertThat(page.header("Content-Security-Policy")).contains("default-src 'self'");
    assertThat(page.header("X-Content-Type-Options")).isEqualTo("nosniff");
    assertThat(page.text()).doesNotContain("<script>").doesNotContain("style=");
    assertThat(api.get("/dashboard/vue.js").status()).isEqualTo(200);
    assertThat(api.get("/dashboard/../HttpServer.class").status()).isNotEqualTo(200);
    var cached = api.send(api.request("/").header("If-None-Match", page.header("ETag")).build());
    assertThat(cached.status()).isEqualTo(304);
  }

  @Test
  void withoutALeaderTheCommandIsKeptAndAccepted() throws Exception {
    try (TestDatabase other = TestServers.postgres().freshDatabase();
        ApiFixture alone =
            new ApiFixture(other.jdbcUrl(), other.user(), other.password(), null, 0)) {
      alone.rows.job(job("kept"));
      var answer =
          alone.send(
              alone
                  .request("/api/v1/jobs/kept/runs")
                  .POST(HttpRequest.BodyPublishers.noBody())
                  .build());
      assertThat(answer.status()).isEqualTo(202);
      assertThat(answer.header("Location"))
          .isEqualTo("/api/v1/runs/" + answer.json().path("run").asText());
      long kept =
          alone.jdbi.withHandle(
              h -> h.createQuery("select count(*) from inbox").mapTo(Long.class).one());
      assertThat(kept).isEqualTo(1);
    }
  }
}
