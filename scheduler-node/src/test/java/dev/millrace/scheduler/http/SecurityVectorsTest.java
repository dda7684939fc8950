package dev.millrace.scheduler.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.RunId;
import dev.millrace.testing.TestDatabase;
import dev.millrace.testing.TestServers;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What others have been attacked with, against a closed API and an open one. */
class SecurityVectorsTest {
  private static final String STATIC = "the-token-of-the-settings";
  private static TestDatabase database;
  private static ApiFixture closed;
  private static ApiFixture open;

  @BeforeAll
  static void start() throws Exception {
    database = TestServers.postgres().freshDatabase();
    closed = new ApiFixture(database.jdbcUrl(), database.user(), database.password(), STATIC, 0);
    open = new ApiFixture(database.jdbcUrl(), database.user(), database.password(), null, 0);
    closed.leader.start();
    closed.rows.job(Rows.CHAIN.formatted("known"));
  }

  @AfterAll
  static void stop() throws Exception {
    open.close();
    closed.close();
    database.close();
  }

  private static HttpRequest.Builder bare(ApiFixture api, String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + api.server.port() + path));
  }

  /** Bytes as they are, which no HTTP client would send; the answer's first line and headers. */
  private static String raw(ApiFixture api, String request) throws IOException {
    try (Socket socket = new Socket("127.0.0.1", api.server.port())) {
      socket.setSoTimeout(10_000);
      OutputStream out = socket.getOutputStream();
      out.write(request.getBytes(StandardCharsets.ISO_8859_1));
      out.flush();
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Test
  void aForeignPageChangesNothing() throws Exception {
    for (String[] header :
        List.of(
            new String[] {"Sec-Fetch-Site", "cross-site"},
            new String[] {"Sec-Fetch-Site", "same-site"},
            new String[] {"Origin", "https://evil.example"},
            new String[] {"Origin", "null"})) {
      var post =
          open.send(
              bare(open, "/api/v1/jobs/known/pause")
                  .header("Content-Type", "application/json")
                  .header(header[0], header[1])
                  .POST(BodyPublishers.ofString("{}"))
                  .build());
      assertThat(post.status()).as(String.join(" ", header)).isEqualTo(403);
    }
    for (String type :
        List.of("text/plain", "application/x-www-form-urlencoded", "multipart/form-data")) {
      var form = open.post("/api/v1/jobs/known/pause", type, "{}");
      assertThat(form.status()).as("what a form can send: " + type).isEqualTo(415);
    }
  }

  @Test
  void aForeignNameOfThisMachineReadsNothing() throws IOException {
    for (String host : List.of("evil.example", "127.0.0.1.evil.example", "localhost.evil", "")) {
      String answer =
          raw(open, "GET /api/v1/jobs HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
      assertThat(answer.substring(9, 12)).as(host).isIn("403", "400");
      assertThat(answer).doesNotContain("\"known\"");
    }
  }

  @Test
  void noOtherPageIsLetRead() throws Exception {
    var preflight =
        closed.send(
            bare(closed, "/api/v1/jobs")
                .header("Origin", "https://evil.example")
                .header("Access-Control-Request-Method", "POST")
                .method("OPTIONS", BodyPublishers.noBody())
                .build());
    assertThat(preflight.status()).isGreaterThanOrEqualTo(400);
    var read =
        closed.send(
            closed.request("/api/v1/jobs").header("Origin", "https://evil.example").build());
    for (var answer : List.of(preflight, read)) {
      assertThat(answer.http().headers().map().keySet())
          .noneMatch(name -> name.toLowerCase(java.util.Locale.ROOT).startsWith("access-control"));
    }
  }

  @Test
  void aReadIsNotMadeAChangeByAHeader() throws Exception {
    String runs = "/api/v1/jobs/known/runs";
    String before = closed.get(runs).text();
    for (String method : List.of("POST", "DELETE", "INVENTED")) {
      var answer =
          closed.send(closed.request(runs).header("X-HTTP-Method-Override", method).build());
      assertThat(answer.status()).as(method).isEqualTo(200);
      assertThat(answer.text()).as(method).isEqualTo(before);
    }
    assertThat(closed.get(runs).text()).isEqualTo(before);
  }

  @Test
  void nobodySendsALargeBodyToLogIn() throws Exception {
    String large = "{\"token\":\"" + "x".repeat(10 * 1024) + "\"}";
    assertThat(closed.post("/api/v1/session", large).status()).isEqualTo(413);
  }

  @Test
  void aTokenInAnAddressIsNone() throws Exception {
    for (String name : List.of("token", "access_token", "authorization", "api_key")) {
      assertThat(closed.send(bare(closed, "/api/v1/jobs?" + name + "=" + STATIC).build()).status())
          .as(name)
          .isEqualTo(401);
    }
    var basic = bare(closed, "/api/v1/jobs").header("Authorization", "Basic " + STATIC).build();
    assertThat(closed.send(basic).status()).isEqualTo(401);
  }

  @Test
  void anAnswerHasNoHeadersThatACallerChose() throws Exception {
    for (String path :
        List.of("/api/v1/jobs/a%0d%0aX-Evil:%201", "/api/v1/jobs?namespace=a%0d%0aX-Evil:%201")) {
      var answer = closed.get(path);
      assertThat(answer.header("X-Evil")).as(path).isNull();
      assertThat(answer.status()).as(path).isBetween(200, 499);
    }
    String smuggled =
        raw(
            closed,
            "POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n"
                + "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n");
    assertThat(smuggled.substring(9, 12)).isEqualTo("400");
  }

  @Test
  void whatLooksLikeAPageIsAnsweredAsData() throws Exception {
    String script = "%3Cscript%3Ealert(1)%3C%2Fscript%3E";
    for (String path :
        List.of(
            "/api/v1/jobs/" + script,
            "/api/v1/jobs?namespace=" + script,
            "/api/v1/runs/" + script,
            "/nothing/" + script)) {
      var answer = closed.get(path);
      assertThat(answer.header("Content-Type")).as(path).contains("json");
      assertThat(answer.header("X-Content-Type-Options")).as(path).isEqualTo("nosniff");
      assertThat(answer.header("Content-Security-Policy")).contains("default-src 'self'");
    }
    assertThat(closed.get("/").header("X-Frame-Options")).isEqualTo("DENY");
  }

  @Test
  void whatIsTooMuchIsRefusedAndTheServerStaysWell() throws Exception {
    String ten = "{\"reason\":\"" + "x".repeat(10 * 1024 * 1024) + "\"}";
    assertThat(closed.post("/api/v1/jobs/known/pause", ten).status()).isEqualTo(413);
    String deep = "{\"params\":" + "[".repeat(10_000) + "]".repeat(10_000) + "}";
    assertThat(closed.post("/api/v1/jobs/known/runs", deep).status()).isEqualTo(400);
    String twice = "{\"reason\":\"a\",\"reason\":\"b\"}";
    assertThat(closed.post("/api/v1/jobs/known/pause", twice).status()).isEqualTo(400);
    String yaml = "id: a\nid: b\nstages: [{id: a, run: noop}]\n";
    assertThat(closed.post("/api/v1/jobs", "application/yaml", yaml).status()).isEqualTo(422);
    String headers =
        "GET /livez HTTP/1.1\r\nHost: localhost\r\nX: " + "y".repeat(64 * 1024) + "\r\n\r\n";
    assertThat(raw(closed, headers).substring(9, 12)).isIn("431", "400");
    assertThat(closed.get("/livez").status()).isEqualTo(200);
  }

  @Test
  void aBodyThatNamesAnotherNamespaceChangesNothingThere() throws Exception {
    var made =
        closed.post("/api/v1/tokens", "{\"name\":\"tenant\",\"roles\":{\"mine\":\"admin\"}}");
    String token = made.json().path("token").asText();
    String job =
        "{\"id\":\"evil\",\"namespace\":\"default\",\"stages\":[{\"id\":\"a\",\"run\":\"noop\"}]}";
    String child =
        "{\"id\":\"evil\",\"namespace\":\"mine\",\"stages\":[{\"id\":\"a\",\"run\":\"job\","
            + "\"with\":{\"namespace\":\"default\",\"job\":\"known\"}}]}";
    String after =
        "{\"id\":\"evil\",\"namespace\":\"mine\",\"triggers\":[{\"after\":[\"default/known\"]}],"
            + "\"stages\":[{\"id\":\"a\",\"run\":\"noop\"}]}";
    String set =
        "{\"files\":[{\"name\":\"a.yaml\",\"text\":\"id: evil\\n"
            + "namespace: other\\n"
            + "stages: [{id: a, run: h}]\"}]}";
    for (String[] each :
        List.of(
            new String[] {"/api/v1/jobs", job},
            new String[] {"/api/v1/jobs", child},
            new String[] {"/api/v1/jobs", after},
            new String[] {"/api/v1/sets/evil/apply?namespace=mine", set},
            new String[] {"/api/v1/sets/evil/plan?namespace=mine", set},
            new String[] {"/api/v1/pauses", "{\"scope\":\"all\"}"},
            new String[] {"/api/v1/pauses", "{\"scope\":\"pool\",\"name\":\"default\"}"},
            new String[] {"/api/v1/pauses", "{\"scope\":\"namespace\",\"name\":\"default\"}"},
            new String[] {"/api/v1/events?namespace=default", "{\"name\":\"a\"}"},
            new String[] {
              "/api/v1/runs/bulk?namespace=default", "{\"items\":[{\"job\":\"known\"}]}"
            },
            new String[] {"/api/v1/jobs/known/backfill?namespace=default", "{}"},
            new String[] {"/api/v1/dead-letters/redrive?namespace=*", "{\"filter\":{}}"})) {
      var answer =
          closed.send(
              bare(closed, each[0])
                  .header("Authorization", "Bearer " + token)
                  .header("Content-Type", "application/json")
                  .POST(BodyPublishers.ofString(each[1]))
                  .build());
      assertThat(answer.status()).as(each[0] + " " + each[1] + " " + answer.text()).isIn(403, 400);
    }
    assertThat(closed.get("/api/v1/jobs").text()).doesNotContain("evil");
    assertThat(closed.get("/api/v1/jobs?namespace=mine").text()).doesNotContain("evil");
  }

  @Test
  void anOldVersionGivesNobodyWhatHeMayNotWrite() throws Exception {
    closed.rows.job(
        """
        id: restored
        namespace: theirs
        stages:
          - {id: a, run: job, with: {namespace: default, job: known}}
        """);
    var made =
        closed.post("/api/v1/tokens", "{\"name\":\"restorer\",\"roles\":{\"theirs\":\"editor\"}}");
    var answer =
        closed.send(
            bare(closed, "/api/v1/jobs/restored/rollback?namespace=theirs")
                .header("Authorization", "Bearer " + made.json().path("token").asText())
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString("{\"version\":1}"))
                .build());
    assertThat(answer.status()).as(answer.text()).isEqualTo(403);
    assertThat(answer.text()).contains("operator", "default");
  }

  @Test
  void whatARunHasStartedElsewhereIsShownToThoseOfThere() throws Exception {
    RunId parent = run("id: parent\nnamespace: here\nstages: [{id: a, run: noop}]");
    RunId child = run("id: child\nnamespace: elsewhere\nstages: [{id: a, run: noop}]");
    closed.jdbi.useHandle(
        handle ->
            handle.execute(
                "update run set parent = ?, parent_idx = 0 where id = ?",
                parent.value(),
                child.value()));
    var made = closed.post("/api/v1/tokens", "{\"name\":\"seer\",\"roles\":{\"here\":\"viewer\"}}");
    String path = "/api/v1/runs/" + parent + "/children";
    var seen =
        closed.send(
            bare(closed, path)
                .header("Authorization", "Bearer " + made.json().path("token").asText())
                .build());
    assertThat(seen.json().path("items")).as(seen.text()).isEmpty();
    assertThat(closed.get(path).json().at("/items/0/id").asText()).isEqualTo(child.toString());
  }

  private static RunId run(String text) {
    return closed.rows.run(closed.rows.job(text), Rows.definition(text), "{}");
  }

  @Test
  void whoGuessesIsSlowedDownAndNobodyElseIs() throws Exception {
    int last = 0;
    for (int i = 0; i <= Limits.FAILURES_OF_KEY; i++) {
      var request =
          bare(open, "/api/v1/jobs").header("Authorization", "Bearer mlr_1_guess").build();
      var answer = open.send(request);
      last = answer.status();
      if (last == 429) {
        assertThat(Long.parseLong(answer.header("Retry-After"))).isPositive();
      }
    }
    assertThat(last).isEqualTo(429);
    assertThat(open.get("/api/v1/jobs").status()).isEqualTo(200);
  }

  @Test
  void aBucketFillsAgain() {
    AtomicLong nanos = new AtomicLong();
    Buckets buckets = new Buckets(2, 0.5, nanos::get);
    assertThat(buckets.take("a")).isZero();
    assertThat(buckets.take("a")).isZero();
    assertThat(buckets.take("a")).isEqualTo(2);
    assertThat(buckets.take("b")).isZero();
    nanos.addAndGet(2_000_000_000L);
    assertThat(buckets.look("a")).isZero();
    assertThat(buckets.take("a")).isZero();
    assertThat(buckets.take("a")).isPositive();
  }

  @Test
  void whatEndsAStreamIsSeenFromOutside() throws Exception {
    var made =
        closed.post("/api/v1/tokens", "{\"name\":\"stream\",\"roles\":{\"default\":\"viewer\"}}");
    Access access =
        new Access(
            new HttpConfig("127.0.0.1", 0, STATIC, "n", "v"),
            closed.jdbi,
            java.time.Clock.systemUTC());
    var good = (TokenBook.Shown.Good) access.tokens().show(made.json().path("token").asText());
    assertThat(access.stillAllowed(good.principal())).isTrue();
    closed.send(
        closed.request("/api/v1/tokens/" + made.json().path("id").asText()).DELETE().build());
    access.tokens().forget(made.json().path("id").asLong());
    assertThat(access.stillAllowed(good.principal())).isFalse();
    assertThat(access.stillAllowed(Principal.LOCAL)).isTrue();
  }
}
