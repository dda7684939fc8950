package dev.millrace.scheduler.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.model.RunId;
import dev.millrace.testing.TestDatabase;
import dev.millrace.testing.TestServers;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Keys, later starts and bulk starts over real HTTP. */
class StartsApiTest {
  private static final String RUNS = "/api/v1/jobs/known/runs";
  private static final String BULK = "/api/v1/runs/bulk";
  private static TestDatabase database;
  private static ApiFixture api;

  @BeforeAll
  static void start() throws Exception {
    database = TestServers.postgres().freshDatabase();
    api = new ApiFixture(database.jdbcUrl(), database.user(), database.password(), null, 0);
    api.leader.start();
    api.rows.job(Rows.CHAIN.formatted("known"));
    api.rows.job(Rows.CHAIN.formatted("other"));
  }

  @AfterAll
  static void stop() throws Exception {
    api.close();
    database.close();
  }

  private static ApiFixture.Answer keyed(String path, String key, String body) throws Exception {
    return api.send(
        api.request(path)
            .header("Content-Type", "application/json")
            .header("Idempotency-Key", key)
            .POST(BodyPublishers.ofString(body))
            .build());
  }

  @Test
  void aKeyReplaysTheSameRun() throws Exception {
    var first = keyed(RUNS, "order-1", "{\"params\":{\"who\":\"a\",\"key\":\"b\"}}");
    assertThat(first.status()).as(first.text()).isEqualTo(201);
    assertThat(first.header("Idempotency-Replayed")).isNull();
    var again = keyed(RUNS, "order-1", "{\"params\": {\"key\":\"b\", \"who\":\"a\"}}");
    assertThat(again.status()).isEqualTo(201);
    assertThat(again.header("Idempotency-Replayed")).isEqualTo("true");
    assertThat(again.json().path("id")).isEqualTo(first.json().path("id"));
    assertThat(again.header("Location")).endsWith(first.json().path("id").asText());
    var conflict = keyed(RUNS, "order-1", "{\"params\":{\"who\":\"else\"}}");
    assertThat(conflict.status()).isEqualTo(409);
    assertThat(conflict.json().path("type").asText()).isEqualTo("urn:millrace:problem:key-used");
    assertThat(conflict.json().path("detail").asText())
        .contains("order-1", first.json().path("id").asText());
    var otherJob = keyed("/api/v1/jobs/other/runs", "order-1", "{}");
    assertThat(otherJob.status()).isEqualTo(201);
    assertThat(otherJob.json().path("id")).isNotEqualTo(first.json().path("id"));
  }

  @Test
  void sqlAndTheApiShareKeys() throws Exception {
    String run =
        api.jdbi.withHandle(
            h ->
                h.createQuery("select millrace.trigger('known', '{\"who\": \"sql\"}', 'shared')")
                    .mapTo(String.class)
                    .one());
    var replayed = keyed(RUNS, "shared", "{\"params\":{\"who\":\"sql\"}}");
    assertThat(replayed.status()).isIn(201, 202);
    assertThat(replayed.text()).contains(run);
    assertThat(keyed(RUNS, "shared", "{}").status()).isEqualTo(409);
  }

  @ParameterizedTest
  @ValueSource(strings = {" ", "long"})
  void aKeyHasItsBounds(String key) throws Exception {
    var answer = keyed(RUNS, key.equals("long") ? "k".repeat(201) : key, "{}");
    assertThat(answer.status()).isEqualTo(400);
  }

  @Test
  void aNulInParamsWithAKeyIsToldAndWithoutIsTaken() throws Exception {
    String body = "{\"params\":{\"who\":\"a\\u0000b\"}}";
    var refused = keyed(RUNS, "nul", body);
    assertThat(refused.status()).isEqualTo(422);
    assertThat(refused.json().path("detail").asText()).contains("cannot be kept with a key");
    assertThat(api.post(RUNS, body).status()).isEqualTo(201);
  }

  @Test
  void aLaterStartIsShownAndTakenBack() throws Exception {
    var planned = keyed(RUNS, "later", "{\"at\":\"2079-01-01T00:00:00Z\",\"reason\":\"eve\"}");
    assertThat(planned.status()).isEqualTo(202);
    assertThat(planned.json().path("at").asText()).isEqualTo("2079-01-01T00:00:00Z");
    String run = planned.json().path("run").asText();
    assertThat(keyed(RUNS, "later", "{}").json().path("run").asText()).isEqualTo(run);
    var list = api.get("/api/v1/starts").json().path("items");
    assertThat(list).hasSize(1);
    assertThat(list.path(0).path("run").asText()).isEqualTo(run);
    assertThat(list.path(0).path("reason").asText()).isEqualTo("eve");
    var notYet = api.get("/api/v1/runs/" + run);
    assertThat(notYet.status()).isEqualTo(404);
    assertThat(notYet.json().path("detail").asText()).contains("2079-01-01T00:00:00Z");
    var delete = api.request("/api/v1/starts/" + run + "?reason=no").DELETE().build();
    assertThat(api.send(delete).status()).isEqualTo(200);
    assertThat(api.send(delete).status()).isEqualTo(409);
    assertThat(api.get("/api/v1/runs/" + run).json().path("detail").asText())
        .contains("taken back by api:127.0.0.1: no");
    assertThat(api.get("/api/v1/starts").json().path("items")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"\"tomorrow\"", "5", "\"2080-01-01T00:00:00Z\""})
  void whatIsNoTimeIsToldSo(String at) throws Exception {
    assertThat(api.post(RUNS, "{\"at\":" + at + "}").status()).isEqualTo(400);
  }

  @Test
  void aLaterStartOfNoJobIsRefused() throws Exception {
    var answer = api.post("/api/v1/jobs/nowhere/runs", "{\"at\":\"2079-01-01T00:00:00Z\"}");
    assertThat(answer.status()).isEqualTo(404);
  }

  @Test
  void manyAreAnsweredOneByOne() throws Exception {
    String body =
        """
        {"items": [
          {"job": "known", "key": "b1", "params": {"who": "1"}},
          {"job": "nowhere"},
          {"job": "known", "key": "b1", "params": {"who": "1"}},
          {"job": "known", "key": "b1", "params": {"who": "2"}},
          {"job": "other", "parms": {}},
          {"job": "other"}
        ]}
        """;
    var answer = api.post(BULK, body);
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    JsonNode items = answer.json().path("items");
    assertThat(items.findValuesAsText("status"))
        .containsExactly("201", "404", "200", "409", "422", "201");
    assertThat(items.path(2).path("run")).isEqualTo(items.path(0).path("run"));
    assertThat(items.path(4).path("detail").asText()).contains("parms");
    assertThat(answer.json().path("accepted").asInt()).isEqualTo(3);
    assertThat(answer.json().path("refused").asInt()).isEqualTo(3);
    String run = items.path(5).path("run").asText();
    assertThat(api.get("/api/v1/runs/" + run).json().path("job").asText()).isEqualTo("other");
    var replayed = api.post(BULK, body).json().path("items");
    assertThat(replayed.path(0).path("status").asInt()).isEqualTo(200);
    assertThat(replayed.path(0).path("run")).isEqualTo(items.path(0).path("run"));
  }

  @Test
  void allOrNoneAcceptsNothing() throws Exception {
    long before = starts();
    var answer =
        api.post(
            BULK,
            """
            {"atomic": true, "items": [{"job": "known", "key": "a1"}, {"job": "nowhere"}]}
            """);
    assertThat(answer.status()).isEqualTo(404);
    assertThat(answer.json().path("items").path(0).path("at").asInt()).isEqualTo(1);
    var used =
        api.post(
            BULK,
            """
            {"atomic": true, "items": [
              {"job": "known", "key": "a1"}, {"job": "known", "key": "a1", "params": {"who": "x"}}]}
            """);
    assertThat(used.status()).isEqualTo(409);
    assertThat(starts()).isEqualTo(before);
    assertThat(keyed(RUNS, "a1", "{}").header("Idempotency-Replayed")).isNull();
  }

  private static long starts() {
    return api.jdbi.withHandle(
        h ->
            h.createQuery("select (select count(*) from run) + (select count(*) from inbox)")
                .mapTo(Long.class)
                .one());
  }

  @Test
  void withoutWaitingTheyAreAccepted() throws Exception {
    var answer = api.post(BULK, "{\"wait\": false, \"items\": [{\"job\": \"known\"}]}");
    assertThat(answer.status()).isEqualTo(202);
    assertThat(answer.json().path("items").path(0).path("status").asInt()).isEqualTo(202);
  }

  @Test
  void aRunThatWaitsForAQuotaSaysSo() throws Exception {
    String text = "namespace: tight\n" + Rows.CHAIN.formatted("waits");
    RunId run = api.rows.run(api.rows.job(text), Rows.definition(text), "{}");
    RunId before = new RunId(run.value() - 1);
    api.rows.execute(
        "update run set state = 'PENDING', started_at = null, marks = 32 where id = "
            + run.value());
    for (RunId waiting : List.of(before, run)) {
      api.rows.execute(
          "insert into seat values ('quota:tight', ?, -1, 1, false, false, ?, now())",
          waiting.value(),
          waiting.value());
    }
    api.rows.execute(
        "insert into quota (namespace, running, runs_per_day, when_over, actor, changed_at)"
            + " values ('tight', 2, 5, 'wait', 'test', now())");
    JsonNode running = why(run);
    assertThat(running.path("reason").asText()).isEqualTo("QUOTA");
    assertThat(running.path("detail").asText())
        .isEqualTo("no more than 2 runs may be under way at once; 1 others are before it");
    api.rows.execute("insert into quota_day values ('tight', (now() at time zone 'UTC')::date, 5)");
    JsonNode day = why(run);
    assertThat(day.path("detail").asText()).contains("the 5 runs of today (UTC) are used up");
    assertThat(day.path("until").asText()).endsWith("T00:00:00Z");
    assertThat(day.path("holder").asText()).isEqualTo("quota of namespace tight");
    JsonNode quota = api.get("/api/v1/namespaces/tight/quota").json();
    assertThat(quota.path("used").path("runsPerDay").asInt()).isEqualTo(5);
  }

  private static JsonNode why(RunId run) throws Exception {
    for (JsonNode item : api.get("/api/v1/runs/" + run + "/why").json().path("items")) {
      if (item.path("stage").isNull()) {
        return item;
      }
    }
    throw new AssertionError("nothing about the run as a whole");
  }

  @Test
  void aQuotaIsShownAndJudged() throws Exception {
    String path = "/api/v1/namespaces/shop/quota";
    JsonNode none = api.get(path).json();
    assertThat(none.path("jobs").isNull()).isTrue();
    assertThat(none.path("whenOver").asText()).isEqualTo("reject");
    assertThat(none.path("used").path("jobs").asInt()).isZero();
    for (String wrong :
        new String[] {
          "{\"jobs\":-1}",
          "{\"running\":0}",
          "{\"queued\":1.5}",
          "{\"minInterval\":\"often\"}",
          "{\"whenOver\":\"later\"}",
          "{\"job\":1}"
        }) {
      var put = api.request(path).header("Content-Type", "application/json");
      var refused = api.send(put.PUT(BodyPublishers.ofString(wrong)).build());
      assertThat(refused.status()).as(wrong).isEqualTo(400);
      assertThat(refused.json().path("remedy").asText()).isNotEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[]",
        "{}",
        "{\"items\":[]}",
        "{\"items\":{}}",
        "{\"items\":[{\"job\":\"known\"}],\"atomik\":true}",
        "{\"items\":[{\"job\":\"known\"}],\"atomic\":1}",
        "{\"items\":[{\"job\":\"known\"}]} {}",
        "{\"items\":[{\"job\":\"known\"}",
        "{\"items\":[{\"job\":\"known\",\"job\":\"known\"}]}"
      })
  void aBadBulkIsAProblem(String body) throws Exception {
    var answer = api.post(BULK, body);
    assertThat(answer.status()).as(answer.text()).isEqualTo(400);
    assertThat(answer.json().path("remedy").asText()).isNotEmpty();
  }

  @Test
  void tooManyAreRefused() throws Exception {
    String item = "{\"job\":\"known\"}";
    String body = "{\"items\":[" + (item + ",").repeat(BulkBody.ITEMS_MAX) + item + "]}";
    var answer = api.post(BULK, body);
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.json().path("detail").asText()).contains("more than 10000 items");
    var large = api.post(BULK, "{\"reason\":\"" + "x".repeat(BulkBody.BYTES_MAX) + "\"}");
    assertThat(large.status()).isEqualTo(413);
  }
}
