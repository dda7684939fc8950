package dev.millrace.scheduler.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.RunId;
import dev.millrace.testing.TestDatabase;
import dev.millrace.testing.TestServers;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Every route, asked by everybody, about rows of a namespace: what the route declares is what is
 * answered. A route that comes new is asked, too.
 */
class AccessMatrixTest {
  private static final String STATIC = "the-token-of-the-settings";
  private static final String OWN = "mine";
  private static final String JOB =
      """
      id: known
      namespace: mine
      stages: [{id: a, run: noop}]
      """;

  /** What a handler has to read before it knows which namespace is meant. */
  private static final Map<String, String> BODIES =
      Map.of(
          "POST /api/v1/jobs/check",
              "{\"id\":\"made\",\"namespace\":\"mine\",\"stages\":[{\"id\":\"a\",\"run\":\"noop\"}]}",
          "POST /api/v1/jobs",
              "{\"id\":\"made\",\"namespace\":\"mine\",\"stages\":[{\"id\":\"a\",\"run\":\"noop\"}]}",
          "POST /api/v1/patterns",
              "{\"pattern\":\"some\",\"namespace\":\"mine\",\"stages\":[{\"id\":\"a\",\"run\":\"noop\"}]}",
          "POST /api/v1/sets/{set}/plan",
              "{\"files\":[{\"name\":\"a\",\"text\":\"id: of-set\\nstages: [{id: a, run: h}]\"}]}",
          "POST /api/v1/sets/{set}/apply",
              "{\"files\":[{\"name\":\"a\",\"text\":\"id: of-set\\nstages: [{id: a, run: h}]\"}]}",
          "POST /api/v1/pauses", "{\"scope\":\"namespace\",\"name\":\"mine\"}",
          "POST /api/v1/pauses/resume", "{\"scope\":\"namespace\",\"name\":\"mine\"}",
          "POST /api/v1/tokens", "{\"name\":\"NUMBER\",\"roles\":{\"mine\":\"viewer\"}}",
          "DELETE /api/v1/tokens/{token}", "");

  /** They judge a signature, log in or log out: nobody's role matters. */
  private static final Set<String> UNJUDGED = Set.of("POST /api/v1/session");

  private static TestDatabase database;
  private static ApiFixture api;
  private static final Map<Scope, String> rows = new EnumMap<>(Scope.class);
  private static final Map<String, String> tokens = new LinkedHashMap<>();
  private static String victim;

  @BeforeAll
  static void start() throws Exception {
    database = TestServers.postgres().freshDatabase();
    api = new ApiFixture(database.jdbcUrl(), database.user(), database.password(), STATIC, 0);
    api.leader.start();
    rows();
    token("viewer", "{\"mine\":\"viewer\"}");
    token("operator", "{\"mine\":\"operator\"}");
    token("editor", "{\"mine\":\"editor\"}");
    token("admin", "{\"mine\":\"admin\"}");
    token("admin of another", "{\"theirs\":\"admin\"}");
    token("admin of all", "{\"*\":\"admin\"}");
    victim = token("expired", "{\"mine\":\"admin\"}");
    String gone = token("revoked", "{\"mine\":\"admin\"}");
    tokens.put("nobody", null);
    api.jdbi.useHandle(
        handle -> {
          handle.execute(
              "update api_token set expires_at = now() - interval '1 hour' where id = ?",
              Long.parseLong(victim));
          handle.execute(
              "update api_token set revoked_at = now(), revoked_by = 'test' where id = ?",
              Long.parseLong(gone));
        });
  }

  @AfterAll
  static void stop() throws Exception {
    api.close();
    database.close();
  }

  private static String token(String name, String roles) throws Exception {
    var made = api.post("/api/v1/tokens", "{\"name\":\"" + name + "\",\"roles\":" + roles + "}");
    assertThat(made.status()).as(made.text()).isEqualTo(201);
    tokens.put(name, made.json().path("token").asText());
    return made.json().path("id").asText();
  }

  private static void rows() {
    var definition = Rows.definition(JOB);
    long job = api.rows.job(JOB);
    RunId run = api.rows.run(job, definition, "{}");
    long trigger =
        api.jdbi.withHandle(
            handle ->
                handle
                    .createQuery(
                        """
                        insert into trigger (job, position, kind, spec, active, next_at, created_at)
                        values (:job, 0, 'cron', '{"cron":"0 9 * * 1","timezone":"UTC"}', true, now(), now())
                        returning id
                        """)
                    .bind("job", job)
                    .mapTo(Long.class)
                    .one());
    RunId start = new RunId(run.value() + 1);
    String artifact = "a".repeat(32);
    api.rows.execute(
        """
        insert into artifact (id, run, stage, attempt, name, media_type, size, sha256, state, location,
          created_at, expires_at)
        values (?, ?, 'a', 1, 'n', 'text/plain', 0, repeat('0', 64), 'STORED', 'postgres', now(),
          now() + interval '1 day')
        """,
        artifact,
        run.value());
    api.rows.execute(
        """
        insert into dead_letter (id, run, idx, attempt, namespace, job, version, stage, handler, pool, message,
          reason, fingerprint, attempts, first_failed, last_failed)
        values (?, ?, 0, 1, 'mine', 'known', 1, 'a', 'noop', 'default', '{}', 'exit', 'f', 1, now(), now())
        """,
        run.value(),
        run.value());
    api.rows.execute(
        """
        insert into redrive_batch (id, namespace, per_second, total, stepped_at, actor, created_at)
        values (?, 'mine', 1, 1, now(), 'test', now())
        """,
        run.value());
    api.rows.execute(
        """
        insert into backfill (id, job, trigger, from_at, until_at, params, max_parallel, micros_between, priority,
          rerun, state, total, actor, created_at)
        values (?, ?, ?, now() - interval '1 day', now(), '{}', 1, 0, 0, false, 'RUNNING', 1, 'test', now())
        """,
        run.value(),
        job,
        trigger);
    api.rows.execute(
        """
        insert into start_later (run, due_at, namespace, job, body, actor)
        values (?, now() + interval '1 day', 'mine', 'known', '{}', 'test')
        """,
        start.value());
    api.rows.execute(
        """
        insert into bulk_operation (id, namespace, action, filter, matched, actor)
        values (?, 'mine', 'stop', '{}', 1, 'test')
        """,
        run.value());
    rows.put(Scope.BULK, run.toString());
    rows.put(Scope.RUN, run.toString());
    rows.put(Scope.START, start.toString());
    rows.put(Scope.ARTIFACT, artifact);
    rows.put(Scope.DEAD_LETTER, run.toString());
    rows.put(Scope.REDRIVE, run.toString());
    rows.put(Scope.BACKFILL, run.toString());
  }

  private static String path(Route route) {
    String row = rows.getOrDefault(route.needs().scope(), "0HZXW3V5K2Q8T");
    String path =
        route
            .path()
            .replaceAll("\\{(run|id|artifact)}", row)
            .replace("{namespace}", OWN)
            .replace("{job}", "known")
            .replace("{stage}", "a")
            .replace("{version}", "1")
            .replace("{token}", victim)
            .replaceAll("\\{\\w+}", "some");
    if (!route.query().contains("namespace") || route.path().contains("{namespace}")) {
      return path;
    }
    return path + "?namespace=" + OWN + (route.query().contains("job") ? "&job=known" : "");
  }

  /** The status only: some answers never end. */
  private static int ask(Route route, String token, int number) throws Exception {
    String key = route.method() + " " + route.path();
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + api.server.port() + path(route)))
            .header("Content-Type", "application/json")
            .method(
                route.method(),
                BodyPublishers.ofString(
                    BODIES.getOrDefault(key, "").replace("NUMBER", "made " + number)));
    if (token != null) {
      request.header("Authorization", "Bearer " + token);
    }
    HttpResponse<InputStream> answer =
        api.client().send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
    answer.body().close();
    return answer.statusCode();
  }

  private static boolean mayBe(Route route, String who, int status, int ofAdmin, int ofNobody) {
    Route.Needs needs = route.needs();
    if (needs.scope() == Scope.PUBLIC) {
      return status == ofNobody;
    }
    boolean known = !Set.of("nobody", "expired", "revoked").contains(who);
    if (!known) {
      return status == 401;
    }
    boolean elsewhere = who.equals("admin of another");
    Role role = elsewhere || who.startsWith("admin") ? Role.ADMIN : Role.of(who).orElseThrow();
    boolean enough = role.compareTo(needs.role()) >= 0;
    boolean allowed =
        who.equals("admin of all")
            || (needs.scope() != Scope.CLUSTER
                && enough
                && (!elsewhere || needs.scope() == Scope.ANYONE));
    boolean names = needs.scope() == Scope.ANYONE && route.query().contains("namespace");
    if (elsewhere && names && status == 403) {
      return true; // what it shows is of the namespace that is asked for
    }
    if (allowed) {
      return status != 401 && status != 403 && (status != 404 || ofAdmin == 404);
    }
    if (elsewhere && needs.scope().isRow()) {
      return status == 404;
    }
    return status == 403 || (elsewhere && needs.scope() == Scope.BODY && status == 404);
  }

  @Test
  void whatEachRouteDeclaresIsWhatEverybodyGets() throws Exception {
    List<String> wrong = new ArrayList<>();
    int combinations = 0;
    for (Route route : api.server.routes()) {
      String name = route.method() + " " + route.path();
      if (UNJUDGED.contains(name)) {
        continue;
      }
      if (route.needs().scope() == Scope.BODY) {
        assertThat(BODIES).as("give this route a body about 'mine'").containsKey(name);
      }
      Map<String, Integer> statuses = new LinkedHashMap<>();
      for (var who : tokens.entrySet()) { // those who may do least come first
        statuses.put(who.getKey(), ask(route, who.getValue(), combinations));
        combinations++;
      }
      int ofAdmin = statuses.get("admin of all");
      if (route.needs().scope().isRow() && ofAdmin == 404 && !route.path().contains("{stage}")) {
        wrong.add(name + " has no row to ask about");
      }
      statuses.forEach(
          (who, status) -> {
            if (!mayBe(route, who, status, ofAdmin, statuses.get("nobody"))) {
              wrong.add(name + " " + route.needs() + " by " + who + ": " + status);
            }
          });
    }
    System.out.println("route x caller: " + combinations + " combinations, wrong: " + wrong.size());
    assertThat(wrong).isEmpty();
  }
}
