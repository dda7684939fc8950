package dev.millrace.scheduler.leader;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.model.Claim;
import dev.millrace.model.RunId;
import dev.millrace.settings.EngineSettings;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What the API really answers, by a real leader, is what its OpenAPI document says: every route
 * about jobs, runs, stages, limits and dead letters, in success and in refusal.
 */
class ApiContractTest {
  /** No JSON, or nothing of the run engine, or not without a signature. */
  private static final Set<String> ELSEWHERE =
      Set.of(
          "GET /api/v1/events",
          "GET /api/v1/ws",
          "GET /api/v1/artifacts/{artifact}",
          "GET /api/v1/runs/{run}/artifacts",
          "POST /api/v1/hooks/{namespace}/{job}",
          "POST /api/v1/hooks/{namespace}/{job}/{trigger}",
          "GET /auth/login",
          "GET /auth/callback",
          "GET /livez",
          "GET /readyz",
          "GET /metrics",
          "GET /openapi.json",
          "GET /schema/job.json");

  private static final String WALK =
      """
      id: walk
      description: A walk
      params: {n: {type: integer, default: 1}}
      triggers: [{every: 1h}]
      retry: {max-attempts: 2, initial: 0s}
      stages:
        - {id: first, run: noop}
        - {id: second, run: noop, needs: [first], retry: {max-attempts: 1}}
        - id: third
          run: noop
          needs: {any: [first, second], not: [{stage: second, is: cancelled}]}
        - {id: ask, run: wait.approval, needs: [second, third]}
        - {id: again, run: wait.approval, needs: [ask]}
      """;

  private LeaderApi api;
  private Contract contract;

  @BeforeEach
  void start() throws Exception {
    api = new LeaderApi(new EngineSettings(2_000, 2_000, 20_000, 64));
    contract = new Contract(api.get("/openapi.json").json());
  }

  @AfterEach
  void stop() throws Exception {
    api.close();
  }

  private JsonNode get(String path) throws Exception {
    LeaderApi.Answer answer = api.get("/api/v1" + path);
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    contract.judge("GET", "/api/v1" + path, answer);
    return answer.json();
  }

  private JsonNode ask(String method, String path, String body, int status) {
    LeaderApi.Answer answer = api.send(method, "/api/v1" + path, "application/json", body);
    assertThat(answer.status()).as("%s %s: %s", method, path, answer.text()).isEqualTo(status);
    contract.judge(method, "/api/v1" + path, answer);
    return answer.json();
  }

  private JsonNode post(String path, String body) {
    return ask("POST", path, body, 200);
  }

  private JsonNode apply(String yaml, String query, int status) {
    LeaderApi.Answer answer = api.send("POST", "/api/v1/jobs" + query, "application/yaml", yaml);
    assertThat(answer.status()).as(answer.text()).isEqualTo(status);
    contract.judge("POST", "/api/v1/jobs", answer);
    return answer.json();
  }

  private String started(String job) {
    return ask("POST", "/jobs/" + job + "/runs", "{\"reason\":\"why not\"}", 201)
        .path("id")
        .asText();
  }

  private void work(boolean well) throws Exception {
    List<Claim> claims =
        api.at
            .database
            .api()
            .withHandle(
                handle ->
                    handle
                        .createQuery("select run, name, attempt from stage where state = 'QUEUED'")
                        .map(
                            (row, context) ->
                                new Claim(
                                    new RunId(row.getLong(1)), row.getString(2), row.getInt(3)))
                        .list());
    assertThat(claims).as("something to do").isNotEmpty();
    if (well) {
      api.at.complete(claims, "{\"rows\":1}");
    } else {
      api.at.fail(claims, "exit:3");
    }
    api.at.passes();
    api.at.passes(); // a retry without a delay is due in the next one
  }

  private String state(String run, String stage) throws Exception {
    for (JsonNode each : get("/runs/" + run).path("stages")) {
      if (each.path("id").asText().equals(stage)) {
        return each.path("state").asText();
      }
    }
    throw new AssertionError("no stage " + stage);
  }

  @Test
  void everyAnswerIsWhatTheDocumentSays() throws Exception {
    AccessCalls.all(this::ask);
    jobs();
    definitions();
    String run = stages();
    runs(run);
    families();
    plans();
    backfills();
    limits();
    starts();
    deadLetters();
    operations();
    fleet();
    Set<String> missing = new TreeSet<>(contract.operations());
    missing.removeAll(contract.succeeded());
    missing.removeAll(ELSEWHERE);
    assertThat(missing).as("routes that nobody has asked with success").isEmpty();
  }

  private void jobs() throws Exception {
    JsonNode made = apply(WALK, "", 201);
    assertThat(made.path("graph").path(2).path("needsTree").toString())
        .isEqualTo(
            "{\"all\":[{\"any\":[\"first\",\"second\"]},"
                + "{\"not\":[{\"stage\":\"second\",\"is\":\"cancelled\"}]}]}");
    assertThat(made.path("graph").path(1).path("needsTree").isNull()).isTrue();
    apply(WALK, "", 200);
    apply("id: bad\nstages: []", "", 422);
    apply("id: quiet\nstages: [{id: a, run: noop}]", "?paused=true", 201);
    assertThat(get("/jobs/quiet").path("state").asText()).isEqualTo("PAUSED");
    post("/jobs/quiet/resume", "{}");
    post("/jobs/quiet/pause", "{\"reason\":\"a while\"}");
    post("/jobs/quiet/stop", "{}");
    ask("POST", "/jobs/quiet/pause", "{}", 409);
    assertThat(apply("id: quiet\nstages: [{id: b, run: noop}]", "", 200).path("note").asText())
        .contains("STOPPED");
    post("/jobs/quiet/archive", "{\"reason\":\"over\"}");
    ask("POST", "/jobs/quiet/archive", "{}", 409);
    assertThat(apply("id: quiet\nstages: [{id: c, run: noop}]", "", 201).path("note").asText())
        .contains("archived");
    ask("DELETE", "/jobs/quiet?reason=over", "", 200);
    ask("POST", "/jobs/none/pause", "{}", 404);
    get("/jobs");
    get("/jobs/walk/versions");
    assertThat(get("/jobs/walk/stats?days=7").path("days")).hasSize(7);
    assertThat(get("/jobs/walk/calendar").path("days").path(29).path("planned").asInt())
        .isEqualTo(24);
    assertThat(get("/schedule").path("items")).as("an hourly job for a day").hasSize(24);
    assertThat(get("/schedule/load?per=second&job=walk").path("ticks").asInt()).isEqualTo(1);
    assertThat(get("/schedule/preview?cron=30%201%20*%20*%20*&n=3").path("items")).hasSize(3);
    post("/schedule/preview", "{\"trigger\":{\"every\":\"1h\"},\"n\":2}");
    ask("POST", "/schedule/preview", "{\"trigger\":{\"after\":[\"walk\"]}}", 422);
    ask("POST", "/schedule/preview", "{\"trigger\":{\"every\":\"soon\"}}", 422);
    JsonNode checked = post("/jobs/check", WALK.replace("third", "last"));
    assertThat(checked.path("unified").asText()).contains("-- id: third", "+- id: last");
    assertThat(checked.path("triggers").path(0).path("items")).hasSize(5);
    assertThat(post("/jobs/check", "id: x").path("problems").path(0).path("message").asText())
        .contains("stages");
    get("/ticks?job=walk");
    apply(
        "id: filed\ntriggers: [{file: {path: /data/*, pool: nas}}]\nstages: [{id: a, run: noop}]",
        "",
        201);
    assertThat(get("/jobs/filed/files").path("watches")).hasSize(1);
    assertThat(get("/ticks/audit?job=walk").path("unaccounted").asInt()).isZero();
  }

  private void definitions() throws Exception {
    apply("id: changing\npriority: 1\nstages: [{id: a, run: noop}]", "", 201);
    apply("id: changing\npriority: 2\nstages: [{id: a, run: noop}]", "?reason=faster", 200);
    get("/jobs/changing/versions/2");
    assertThat(get("/jobs/changing/diff").path("changes")).hasSize(1);
    post("/jobs/changing/rollback", "{\"version\":1}");
    ask("POST", "/jobs/changing/rollback", "{\"version\":1}", 422);
    ask("POST", "/jobs/changing/rollback", "{\"version\":7}", 404);
    String pattern =
        "pattern: copied\nparams: {n: integer}\npriority: $[[ n ]]\nstages: [{id: a, run: noop}]";
    LeaderApi.Answer made = api.send("POST", "/api/v1/patterns", "application/yaml", pattern);
    assertThat(made.status()).as(made.text()).isEqualTo(201);
    contract.judge("POST", "/api/v1/patterns", made);
    apply("id: copy\nuses: copied\nwith: {n: 1}", "", 201);
    get("/jobs/copy/versions");
    get("/patterns");
    assertThat(get("/patterns/copied").path("usedBy")).hasSize(1);
    get("/patterns/copied/versions");
    get("/patterns/copied/versions/1");
    ask("DELETE", "/patterns/copied", "", 409);
    ask("DELETE", "/jobs/copy", "", 200);
    ask("DELETE", "/patterns/copied", "", 200);
    String files =
        "{\"files\":[{\"name\":\"a.yaml\",\"text\":\"id: of-set\\nstages: [{id: a, run: noop}]\"},"
            + "{\"name\":\"b.yaml\",\"text\":\"id: changing\\nstages: [{id: a, run: noop}]\"}]%s}";
    assertThat(post("/sets/some/plan", files.formatted("")).path("counts").path("conflict").asInt())
        .isEqualTo(1);
    ask("POST", "/sets/some/apply", files.formatted(""), 409);
    post("/sets/some/apply", files.formatted(",\"adopt\":true"));
    apply("id: of-set\npriority: 7\nstages: [{id: a, run: noop}]", "", 200);
    assertThat(post("/sets/some/plan", files.formatted("")).path("changes").asInt()).isEqualTo(1);
    get("/sets");
    get("/sets/some");
    ask("POST", "/sets/some/apply", "{\"files\":[{\"name\":\"a\",\"text\":\"id: [\"}]}", 422);
    ask("POST", "/jobs/of-set/runs", "{\"orchestration\":\"launch\"}", 201);
    get("/orchestrations/launch");
    assertThat(get("/runs?orchestration=launch").path("items")).hasSize(1);
    work(true);
  }

  /** Every action on a stage, done and refused; the run that they were done in. */
  private String stages() throws Exception {
    String run = started("walk");
    String path = "/runs/" + run + "/stages/";
    String why = "{\"reason\":\"a test\"}";
    post(path + "second/hold", why);
    assertThat(get("/runs/" + run + "/why?stage=second").path("items").path(0).path("reason"))
        .hasToString("\"HELD\"");
    ask("POST", path + "second/hold", why, 409);
    JsonNode unknown = ask("POST", path + "secnod/release", why, 404);
    assertThat(unknown.path("detail").asText()).endsWith("did you mean 'second'?");
    LeaderApi.Answer asked = api.get("/api/v1/runs/" + run + "/why?stage=thrid");
    contract.judge("GET", "/api/v1/runs/" + run + "/why", asked);
    assertThat(asked.status()).isEqualTo(404);
    assertThat(asked.json().path("detail").asText()).endsWith("did you mean 'third'?");
    post(path + "second/release", why);
    post(path + "third/skip", why);
    post(path + "third/unskip", why);
    post(path + "second/run", why);
    post(path + "first/kill", why);
    assertThat(state(run, "first")).isEqualTo("CANCELLED");
    post(path + "first/reset", why);
    work(true);
    work(true);
    post(path + "ask/approve", why);
    post(path + "again/reject", why);
    ask("POST", path + "again/acknowledge", "{}", 400);
    post(path + "again/acknowledge", "{\"reason\":\"as agreed\",\"ticket\":\"OPS-12\"}");
    JsonNode audit = get("/runs/" + run + "/audit");
    assertThat(audit.path("differences").toString()).isEqualTo("[]");
    assertThat(audit.path("items").findValuesAsText("reason")).contains("ticket OPS-12: as agreed");
    assertThat(get("/runs/" + run).path("state").asText()).isEqualTo("COMPLETED");
    return run;
  }

  private void runs(String ended) throws Exception {
    ask("POST", "/runs/" + ended + "/pause", "{}", 409);
    ask("POST", "/runs/" + ended + "/extend", "{\"until\":null}", 409);
    post("/runs/" + ended + "/rerun", "{\"stage\":\"ask\",\"reason\":\"again\"}");
    ask("POST", "/runs/" + ended + "/rerun", "{\"stage\":\"aks\"}", 404);
    post("/runs/" + ended + "/stages/ask/complete", "{\"output\":{\"by\":\"hand\"}}");
    post("/runs/" + ended + "/pause", "{\"reason\":\"wait\"}");
    get("/runs/" + ended + "/why");
    get("/graph");
    get("/jobs/walk/graph");
    post("/runs/" + ended + "/resume", "{}");
    post("/runs/" + ended + "/stop", "{}");
    ask("POST", "/jobs/walk/runs?dryRun=true", "{\"params\":{\"n\":2}}", 200);
    ask("POST", "/jobs/walk/runs?dryRun=true", "{\"params\":{\"n\":\"two\"}}", 422);
    ask("POST", "/jobs/plan/runs?dryRun=true", "{}", 404);
    String killed = started("walk");
    post("/runs/" + killed + "/kill", "{}");
    String failed = started("walk");
    work(false);
    work(false);
    assertThat(get("/runs/" + failed).path("state").asText()).isEqualTo("FAILED");
    assertThat(get("/runs/" + failed + "/attempts").path("items")).isNotEmpty();
    post("/runs/" + failed + "/retry", "{}");
    get("/runs/" + failed + "/history");
    assertThat(get("/runs/" + failed + "/timeline").path("criticalPath").path(0))
        .hasToString("\"first\"");
    get("/runs/" + failed + "/logs");
    get("/runs/" + failed + "/stages/first/logs");
    get("/runs");
    get("/jobs/walk/runs?open=true");
    post("/runs/" + failed + "/kill", "{}");
  }

  private void families() throws Exception {
    apply("id: fan\nstages: [{id: each, run: noop, for-each: '${{ range(3) }}'}]", "", 201);
    String run = started("fan");
    JsonNode item = get("/runs/" + run + "/stages/each/items").path("items").path(1);
    assertThat(item.path("parent").toString())
        .isEqualTo(
            "{\"run\":\"%s\",\"stage\":\"each\",\"stageIndex\":0,\"item\":1,\"value\":1}"
                .formatted(run));
    assertThat(get("/runs/" + run + "/children").path("items")).hasSize(3);
    assertThat(get("/runs?job=fan").path("items")).hasSize(1);
    assertThat(get("/runs?job=fan&children=true").path("items")).hasSize(4);
    assertThat(get("/jobs/fan/runs?children=true&limit=3").path("next").isTextual()).isTrue();
    assertThat(get("/runs?job=fan&children=true&open=true&state=completed").path("items"))
        .isEmpty();
    work(true);
  }

  private void plans() throws Exception {
    apply(
        "id: plan\nwindow: {start: '0 0 1 1 *', length: 10h}\nstages: [{id: a, run: noop}]",
        "",
        201);
    String run = started("plan");
    ask("POST", "/jobs/plan/runs?dryRun=true", "{}", 200);
    String until =
        Clock.systemUTC().instant().plus(365, ChronoUnit.DAYS).truncatedTo(ChronoUnit.SECONDS) + "";
    post("/runs/" + run + "/extend", "{\"until\":\"" + until + "\"}");
    JsonNode shown = get("/runs/" + run);
    assertThat(shown.path("endsAt").asText()).isEqualTo(until);
    assertThat(shown.path("late").asBoolean() || shown.path("prepared").asBoolean()).isFalse();
    assertThat(shown.path("dueAt").isTextual()).isTrue();
    ask("POST", "/runs/" + run + "/extend", "{\"until\":\"tomorrow\"}", 422);
    work(true);
  }

  private void starts() throws Exception {
    apply("id: later\nparams: {n: integer}\nstages: [{id: a, run: noop}]", "", 201);
    String when = Clock.systemUTC().instant().plus(1, ChronoUnit.DAYS) + "";
    String accepted =
        ask("POST", "/jobs/later/runs", "{\"at\":\"" + when + "\"}", 202).path("run").asText();
    assertThat(get("/starts").path("items").path(0).path("run").asText()).isEqualTo(accepted);
    ask("DELETE", "/starts/" + accepted + "?reason=why", "", 200);
    ask("DELETE", "/starts/" + accepted, "", 409);
    JsonNode many =
        post(
            "/runs/bulk",
            "{\"items\":[{\"job\":\"later\",\"params\":{\"n\":1},\"key\":\"k\"},{\"job\":\"nobody\"},"
                + "{\"job\":\"later\",\"params\":{\"n\":\"x\"}}]}");
    assertThat(many.path("items").findValuesAsText("status")).containsExactly("201", "404", "422");
    ask("POST", "/runs/bulk", "{\"items\":[]}", 400);
    ask("PUT", "/secrets/db", "{\"value\":\"hunter22\"}", 201);
    ask("PUT", "/secrets/db", "{\"value\":\"hunter23\"}", 200);
    ask("PUT", "/secrets/db", "{\"value\":\"short\"}", 422);
    assertThat(get("/secrets").toString()).contains("\"db\"").doesNotContain("hunter");
    ask("POST", "/secrets/rotate", "{}", 200);
    ask("DELETE", "/secrets/db", "", 200);
    ask("DELETE", "/secrets/db", "", 404);
    ask("PUT", "/namespaces/default/quota", "{\"jobs\":500,\"queued\":1000}", 200);
    ask("PUT", "/namespaces/default/quota", "{\"jobs\":-1}", 400);
    assertThat(get("/namespaces/default/quota").path("jobs").toString()).contains("500");
    work(true);
  }

  private void backfills() throws Exception {
    apply("id: old\ntriggers: [{every: 1h}]\nstages: [{id: a, run: noop}]", "", 201);
    String range = "{\"from\":\"2026-01-01T00:00:00Z\",\"to\":\"2026-01-02T00:00:00Z\"%s}";
    assertThat(ask("POST", "/jobs/old/backfill?dryRun=true", range.formatted(""), 200).path("runs"))
        .hasToString("24");
    ask("POST", "/jobs/old/backfill", "{}", 422);
    ask("POST", "/jobs/none/backfill", range.formatted(""), 404);
    JsonNode made = ask("POST", "/jobs/old/backfill", range.formatted(",\"rate\":\"1/h\""), 201);
    String path = "/backfills/" + made.path("id").asText();
    post(path + "/pause", "{\"reason\":\"wait\"}");
    post(path + "/resume", "{}");
    post(path + "/cancel", "{}");
    ask("POST", path + "/cancel", "{}", 409);
    assertThat(get("/backfills?job=old").path("items")).hasSize(1);
    assertThat(get(path).path("state").asText()).isEqualTo("CANCELLED");
    assertThat(get(path + "/runs").path("items")).hasSize(1);
    work(true);
  }

  private void limits() throws Exception {
    post("/pauses", "{\"scope\":\"pool\",\"name\":\"idle\",\"reason\":\"a test\"}");
    ask("POST", "/pauses", "{\"scope\":\"galaxy\"}", 422);
    assertThat(get("/pauses").path("items")).hasSize(1);
    post("/pauses/resume", "{\"scope\":\"pool\",\"name\":\"idle\"}");
    post("/events", "{\"name\":\"go\",\"key\":\"k\",\"data\":{\"a\":1}}");
    ask("POST", "/events", "{}", 422);
    ask("PUT", "/locks/press", "{\"capacity\":2}", 200);
    ask("PUT", "/locks/press", "{\"capacity\":0}", 422);
    apply("id: locked\nstages: [{id: a, run: noop, locks: [{name: press, weight: 2}]}]", "", 201);
    started("locked");
    started("locked");
    JsonNode lock = get("/locks").path("items").path(0);
    assertThat(lock.path("holders")).hasSize(1);
    assertThat(lock.path("waiting")).hasSize(1);
    ask("PUT", "/shares/default", "{\"weight\":2}", 200);
    ask("PUT", "/pools/idle/rate", "{\"starts\":5,\"per\":\"1s\"}", 200);
    ask("PUT", "/pools/idle/rate", "{\"starts\":5,\"per\":\"soon\"}", 400);
    work(true);
    work(true);
  }

  private void deadLetters() throws Exception {
    apply("id: dies\nstages: [{id: a, run: noop}]", "", 201);
    for (int i = 0; i < 3; i++) {
      started("dies");
    }
    work(false);
    get("/dead-letters/groups");
    JsonNode letters = get("/dead-letters?job=dies").path("items");
    assertThat(letters).hasSize(3);
    String first = letters.path(0).path("id").asText();
    String second = letters.path(1).path("id").asText();
    get("/dead-letters/" + first);
    post("/dead-letters/" + first + "/redrive", "{\"reason\":\"mended\"}");
    ask("POST", "/dead-letters/" + first + "/redrive", "{}", 409);
    post("/dead-letters/redrive", "{\"ids\":[\"" + second + "\"]}");
    JsonNode many =
        ask("POST", "/dead-letters/redrive", "{\"filter\":{\"job\":\"dies\"},\"rate\":1}", 201);
    get("/dead-letters/redrives");
    get("/dead-letters/redrives/" + many.path("id").asText());
    post("/dead-letters/redrives/" + many.path("id").asText() + "/cancel", "{}");
    String third = letters.path(2).path("id").asText();
    post("/dead-letters/discard", "{\"ids\":[\"" + third + "\"],\"reason\":\"known\"}");
    work(true);
  }

  private void operations() throws Exception {
    apply("id: many\nstages: [{id: a, run: noop}]", "", 201);
    for (int i = 0; i < 3; i++) {
      started("many");
    }
    String ask = "{\"action\":\"%s\",\"filter\":{\"job\":\"many\"},\"reason\":\"a test\"%s}";
    JsonNode seen = ask("POST", "/bulk", ask.formatted("stop", ",\"preview\":true"), 200);
    assertThat(seen.path("matched").asInt()).isEqualTo(3);
    assertThat(seen.path("sample")).hasSize(3);
    String token = ",\"token\":\"" + seen.path("token").asText() + "\"";
    ask("POST", "/bulk", ask.formatted("kill", token), 409);
    ask("POST", "/bulk", ask.formatted("explode", ""), 400);
    ask("POST", "/bulk", ask.formatted("retry", ""), 404);
    String id = ask("POST", "/bulk", ask.formatted("stop", token), 202).path("id").asText();
    api.at.passes();
    JsonNode done = get("/bulk/" + id);
    assertThat(done.path("state").asText()).isEqualTo("DONE");
    assertThat(done.path("done").asInt()).isEqualTo(3);
    ask("POST", "/bulk/" + id + "/cancel", "{}", 409);
    String more =
        ask("POST", "/bulk", "{\"action\":\"pause-jobs\",\"filter\":{\"q\":\"many\"}}", 202)
            .path("id")
            .asText();
    api.at.passes();
    get("/bulk/" + more + "/failures");
    assertThat(get("/bulk").path("items")).hasSize(2);
    api.at.execute(
        """
        insert into bulk_operation (id, namespace, action, filter, matched, actor)
        values (77, 'default', 'stop', '{"job":"many"}', 1, 'test')
        """);
    post("/bulk/" + new RunId(77) + "/cancel", "{}");
    assertThat(get("/bulk?state=running").path("items")).isEmpty();
    assertThat(get("/jobs/many/status").path("status").asText()).isEqualTo("PAUSED");
  }

  private void fleet() throws Exception {
    api.at
        .database
        .api()
        .useHandle(
            handle ->
                handle.execute(
                    """
                    insert into worker values ('w', 'host', 1, '0.1.0', 'ALIVE',
                      '[{"pool":"default","slots":4}]', '["noop"]', false, 0, now(), now())
                    """));
    assertThat(get("/workers").path("items")).hasSize(1);
    api.at.execute("insert into pool (name, created_at) values ('default', now())");
    get("/pools");
    get("/pools/default");
    ask("POST", "/pools/default/scale", "{\"desired\":7,\"reason\":\"more\"}", 200);
    ask("POST", "/pools/default/scale", "{\"desired\":-7}", 400);
    ask("POST", "/pools/nothing/scale", "{\"desired\":7}", 404);
    assertThat(get("/overview?namespace=*").path("runs").path("perMinute")).hasSize(60);
    get("/status");
  }
}
