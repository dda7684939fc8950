package dev.millrace.scheduler.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.testing.TestDatabase;
import dev.millrace.testing.TestServers;
import dev.millrace.wire.Start;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the API must not take, and that every refusal tells what to do. */
class RefusalTest {
  private static final String TOKEN = "a-token-of-a-test-0123";
  private static TestDatabase database;
  private static TestDatabase guardedDatabase;
  private static ApiFixture api;
  private static ApiFixture guarded;

  @BeforeAll
  static void start() throws Exception {
    database = TestServers.postgres().freshDatabase();
    api = new ApiFixture(database.jdbcUrl(), database.user(), database.password(), null, 0);
    api.leader.start();
    api.rows.job(Rows.CHAIN.formatted("known"));
    guardedDatabase = TestServers.postgres().freshDatabase();
    guarded =
        new ApiFixture(
            guardedDatabase.jdbcUrl(),
            guardedDatabase.user(),
            guardedDatabase.password(),
            TOKEN,
            0);
  }

  @AfterAll
  static void stop() throws Exception {
    api.close();
    guarded.close();
    database.close();
    guardedDatabase.close();
  }

  private static void isProblem(ApiFixture.Answer answer, int status) {
    assertThat(answer.status()).as(answer.text()).isEqualTo(status);
    assertThat(answer.header("Content-Type")).startsWith("application/problem+json");
    for (String member : new String[] {"type", "title", "detail", "instance", "remedy"}) {
      assertThat(answer.json().path(member).asText()).as(member).isNotEmpty();
    }
    assertThat(answer.json().path("status").asInt()).isEqualTo(status);
    assertThat(answer.text()).doesNotContain("Exception").doesNotContain("\tat ");
  }

  @Test
  void problemsAreUtf8() throws Exception {
    HttpRequest request =
        api.request("/api/v1/jobs")
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString("{\"schlüssel→\": 1}"))
            .build();
    for (HttpRequest each :
        new HttpRequest[] {request, api.request("/api/v1/jobs/%C3%A4%E2%86%92").build()}) {
      var answer = api.client().send(each, BodyHandlers.ofByteArray());
      assertThat(answer.statusCode()).isBetween(400, 499);
      assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/problem+json");
      // Strictly: no other charset's bytes pass.
      String text =
          StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(answer.body())).toString();
      assertThat(text).contains("→").doesNotContain("'ä?", "schlüssel?");
    }
  }

  @Test
  void halfOfACharacterIsRefused() throws Exception {
    HttpRequest request =
        api.request("/api/v1/jobs/some/runs")
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString("{\"reason\":\"a\\ud800b\"}"))
            .build();
    var answer = api.send(request);
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.text()).contains("half of a character");
  }

  /** No client library sends such a query: it is written by hand. */
  @Test
  void aQueryWithABadEscapeIsRefused() throws Exception {
    int port = api.request("/").build().uri().getPort();
    try (Socket socket = new Socket("127.0.0.1", port)) {
      String head =
          "GET /api/v1/jobs?namespace=%zz HTTP/1.1\r\nHost: localhost\r\nConnection: close";
      socket.getOutputStream().write((head + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
      String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(answer).startsWith("HTTP/1.1 400");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "400, /api/v1/jobs?limit=0",
    "400, /api/v1/jobs?limit=501",
    "400, /api/v1/jobs?limit=ten",
    "400, /api/v1/jobs?limit=1&limit=2",
    "400, /api/v1/jobs?after=%00",
    "400, /api/v1/jobs/known/versions?after=x",
    "400, /api/v1/runs?state=SLEEPING",
    "400, /api/v1/runs?open=perhaps",
    "400, /api/v1/runs?after=12",
    "400, /api/v1/runs/short",
    "400, /api/v1/runs/0HZXW3V5K2Q8T/logs?after=1.2",
    "400, /api/v1/runs/0HZXW3V5K2Q8T/history?after=soon",
    "400, /api/v1/ticks?job=known&after=yesterday",
    "400, /api/v1/events?lastEventId=latest",
    "400, /api/v1/runs?stat=FAILED",
    "400, /api/v1/runs?State=FAILED",
    "400, /api/v1/runs/0HZXW3V5K2Q8T?limit=5",
    "400, /api/v1/jobs/known?force=true",
    "404, /api/v1/jobs/unknown",
    "404, /api/v1/jobs/known?namespace=other",
    "404, /api/v1/jobs/unknown/runs",
    "404, /api/v1/runs/0HZXW3V5K2Q8T",
    "404, /api/v1/runs/0HZXW3V5K2Q8T/history",
    "404, /api/v1/runs/0HZXW3V5K2Q8T/why",
    "404, /api/v1/runs/0HZXW3V5K2Q8T/logs",
    "404, /api/v1/schedule?job=unknown",
    "400, /api/v1/schedule?after=x",
    "400, /api/v1/backfills?after=x",
    "400, /api/v1/backfills/x",
    "404, /api/v1/backfills?job=unknown",
    "404, /api/v1/backfills/0HZXW3V5K2Q8T",
    "404, /api/v1/backfills/0HZXW3V5K2Q8T/runs",
    "400, /api/v1/ticks/audit?after=1~2",
    "404, /api/v1/ticks/audit?job=unknown",
    "422, /api/v1/schedule?from=tomorrow",
    "422, /api/v1/schedule?from=2035-01-02T00:00:00Z&to=2035-01-01T00:00:00Z",
    "422, /api/v1/schedule?from=2035-01-01T00:00:00Z&to=2037-01-01T00:00:00Z",
    "422, /api/v1/schedule?from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z",
    "422, /api/v1/schedule?from=0001-01-01T00:00:00Z",
    "422, /api/v1/schedule?namespace=*&job=known",
    "422, /api/v1/schedule/load?per=day",
    "422, /api/v1/schedule/load?per=second&from=2035-01-01T00:00:00Z&to=2035-01-02T00:00:00Z",
    "422, /api/v1/schedule/preview",
    "422, /api/v1/schedule/preview?cron=0%2025%20*%20*%20*",
    "422, /api/v1/schedule/preview?cron=0%202%20*%20*%20*&timezone=Mars",
    "422, /api/v1/schedule/preview?cron=0%202%20*%20*%20*&n=1001",
    "404, /api/v1/nothing",
    "404, /api/v2/jobs",
    "404, /dashboard/secret.js",
  })
  void aBadReadIsAProblem(int status, String path) throws Exception {
    isProblem(api.get(path), status);
  }

  @Test
  void aMisspeltFilterIsNoFilterAndSaysWhatWasMeant() throws Exception {
    var answer = api.get("/api/v1/runs?stat=FAILED");
    isProblem(answer, 400);
    assertThat(answer.json().path("detail").asText())
        .isEqualTo("unknown query parameter 'stat', did you mean 'state'?");
    assertThat(answer.json().path("remedy").asText()).contains("Known here: ", "state", "limit");
    assertThat(api.get("/api/v1/runs?limit=abc").json().path("detail").asText())
        .isEqualTo("limit is a whole number from 1 to 500, not 'abc'");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{",
        "[]",
        "\"x\"",
        "{\"params\":1}",
        "{\"params\":{},\"params\":{}}",
        "{\"parms\":{}}",
        "{\"reason\":7}",
        "{} {}"
      })
  void aBadBodyIsAProblem(String body) throws Exception {
    isProblem(api.post("/api/v1/jobs/known/runs", body), 400);
  }

  @Test
  void aBodyNestedTooDeepIsAProblem() throws Exception {
    String deep = "{\"params\":{\"a\":" + "[".repeat(5_000) + "]".repeat(5_000) + "}}";
    isProblem(api.post("/api/v1/jobs/known/runs", deep), 400);
    var definition = api.post("/api/v1/jobs", deep);
    assertThat(definition.status()).isEqualTo(422);
  }

  @Test
  void aBodyTooLargeIsAProblem() throws Exception {
    String large = "{\"reason\":\"" + "x".repeat(Call.BODY_BYTES_MAX) + "\"}";
    isProblem(postAsking("/api/v1/jobs/known/runs", large), 413);
    isProblem(postAsking("/api/v1/jobs", large), 413);
  }

  /**
   * Asks before it sends the body: a server that refuses without reading closes the connection, and
   * a client that is still sending may then lose the answer to the reset (RFC 9112, 9.6).
   */
  private ApiFixture.Answer postAsking(String path, String body) throws Exception {
    return api.send(
        api.request(path)
            .header("Content-Type", "application/json")
            .expectContinue(true)
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build());
  }

  @Test
  void aMethodThatIsNotThereIsAProblem() throws Exception {
    isProblem(api.send(api.request("/api/v1/jobs").PUT(BodyPublishers.noBody()).build()), 405);
    isProblem(api.send(api.request("/api/v1/status").DELETE().build()), 405);
  }

  @Test
  void aNameWithHtmlComesBackAsTextOnly() throws Exception {
    var answer = api.get("/api/v1/jobs/%3Cscript%3Ealert(1)%3C%2Fscript%3E");
    assertThat(answer.status()).isIn(400, 404);
    assertThat(answer.header("Content-Type")).startsWith("application/problem+json");
    assertThat(answer.header("X-Content-Type-Options")).isEqualTo("nosniff");
  }

  @ParameterizedTest
  @ValueSource(strings = {"text/plain", "application/x-www-form-urlencoded", "multipart/form-data"})
  void whatAFormCanSendIsRefused(String type) throws Exception {
    isProblem(api.post("/api/v1/jobs/known/runs", type, "{}"), 415);
  }

  @Test
  void aForeignPageIsRefused() throws Exception {
    HttpRequest.Builder start =
        api.request("/api/v1/jobs/known/pause").POST(BodyPublishers.noBody());
    isProblem(api.send(start.copy().header("Origin", "https://evil.example").build()), 403);
    isProblem(api.send(start.copy().header("Origin", "null").build()), 403);
    isProblem(api.send(start.copy().header("Sec-Fetch-Site", "cross-site").build()), 403);
    isProblem(api.send(start.copy().header("Origin", "http://localhost:1").build()), 403);
    String own = "http://127.0.0.1:" + api.server.port();
    assertThat(api.send(start.copy().header("Origin", own).build()).status()).isEqualTo(200);
  }

  @Test
  void aForeignHostNameIsRefused() throws Exception {
    assertThat(raw("GET /api/v1/jobs HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"))
        .startsWith("HTTP/1.1 403")
        .contains("problem+json");
    assertThat(raw("GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
        .startsWith("HTTP/1.1 200");
  }

  @Test
  void aBrokenRequestIsAProblemToo() throws Exception {
    assertThat(raw("GET /%zz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
        .startsWith("HTTP/1.1 400")
        .contains("remedy");
  }

  private static String raw(String request) throws IOException {
    try (Socket socket = new Socket(java.net.InetAddress.getLoopbackAddress(), api.server.port())) {
      socket.setSoTimeout(5_000);
      socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      socket.getOutputStream().flush();
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Test
  void withATokenOnlyWhoShowsItIsServed() throws Exception {
    assertThat(guarded.get("/api/v1/jobs").status()).isEqualTo(200);
    assertThat(guarded.get("/metrics").status()).isEqualTo(200);
    HttpRequest.Builder bare =
        HttpRequest.newBuilder(guarded.request("/api/v1/jobs").build().uri());
    isProblem(guarded.send(bare.copy().build()), 401);
    isProblem(guarded.send(bare.copy().header("Authorization", "Bearer wrong").build()), 401);
    isProblem(guarded.send(bare.copy().header("Authorization", "Basic " + TOKEN).build()), 401);
    for (String path : new String[] {"/api/v1/nothing", "/api/v1/events", "/metrics"}) {
      var uri = guarded.request(path).build().uri();
      isProblem(guarded.send(HttpRequest.newBuilder(uri).build()), 401);
    }
    for (String path : new String[] {"/livez", "/readyz", "/", "/dashboard/vue.js"}) {
      var uri = guarded.request(path).build().uri();
      assertThat(guarded.send(HttpRequest.newBuilder(uri).build()).status()).isEqualTo(200);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"/metrics/", "/metrics?x=1", "/metrics/more", "/api/v1/jobs/", "/api/"})
  void anotherWayToWriteAPathIsGuardedAlike(String path) throws Exception {
    assertThat(bare(path).status()).as("without the token").isEqualTo(401);
  }

  /** Some of these are no path at all; what matters is that none of them is a way in. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "//metrics",
        "/metrics//",
        "/metrics;a=b",
        "/;a=b/metrics",
        "/%6Detrics",
        "/METRICS",
        "/./metrics",
        "/dashboard/../metrics",
        "/dashboard/%2E%2E/metrics",
        "//api/v1/jobs",
        "/%61pi/v1/jobs",
        "/api;a=b/v1/jobs",
        "/API/v1/jobs",
        "/dashboard/../api/v1/jobs",
      })
  void noSpellingOfAPathGetsRoundTheToken(String path) throws Exception {
    ApiFixture.Answer answer = bare(path);
    assertThat(answer.status()).as(answer.text()).isBetween(400, 499);
    assertThat(answer.text()).doesNotContain("# TYPE").doesNotContain("\"items\"");
  }

  /** The path as it stands, without the token. */
  private static ApiFixture.Answer bare(String path) throws Exception {
    try (Socket socket =
        new Socket(java.net.InetAddress.getLoopbackAddress(), guarded.server.port())) {
      socket.setSoTimeout(5_000);
      String request = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
      socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      socket.getOutputStream().flush();
      String text = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return new ApiFixture.Answer(Integer.parseInt(text.substring(9, 12)), text, null);
    }
  }

  @Test
  void paramsThatFitNoStartAreAProblem() throws Exception {
    String most = "p".repeat(Start.PARAMS_CHARS_MAX - "{'who':''}".length());
    var taken = api.post("/api/v1/jobs/known/runs", "{\"params\":{\"who\":\"" + most + "\"}}");
    assertThat(taken.status()).as(taken.text()).isEqualTo(201);
    var refused = api.post("/api/v1/jobs/known/runs", "{\"params\":{\"who\":\"" + most + "p\"}}");
    isProblem(refused, 422);
    assertThat(refused.json().path("detail").asText())
        .isEqualTo(
            "params: has 32769 characters as JSON, the limit is 32768; pass large values by"
                + " reference (a file, a URL, a key)");
  }

  @Test
  void anInputThatFitsNoStartIsAProblemWithItsPlace() throws Exception {
    String job =
        """
        id: large
        stages:
          - {id: small, run: noop}
          - id: large
            run: command
            with:
              shell: "true"
              env: {LARGE: "%s"}
        """
            .formatted("e".repeat(Start.WITH_CHARS_MAX));
    var refused = api.post("/api/v1/jobs", "application/yaml", job);
    isProblem(refused, 422);
    var problem = refused.json().path("problems").path(0);
    assertThat(problem.path("path").asText()).isEqualTo("stages[1].with");
    assertThat(problem.path("line").asInt()).isEqualTo(7);
    assertThat(problem.path("message").asText()).contains("the limit is 32768", "by reference");
  }

  @Test
  void anOpenBindWithoutATokenIsRefused() {
    assertThatThrownBy(() -> new HttpConfig("0.0.0.0", 0, null, "n", "v"))
        .hasMessageContaining("without a token");
    assertThatThrownBy(() -> new HttpConfig("0.0.0.0", 0, "short", "n", "v"))
        .hasMessageContaining("16");
    assertThat(new HttpConfig("0.0.0.0", 0, TOKEN, "n", "v").toString()).doesNotContain(TOKEN);
  }
}
