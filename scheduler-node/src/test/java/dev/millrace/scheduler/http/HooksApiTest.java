package dev.millrace.scheduler.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.scheduler.secret.Vaults;
import dev.millrace.testing.TestDatabase;
import dev.millrace.testing.TestServers;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Calls of other systems, over real HTTP, at a node that needs a token for everything else. */
class HooksApiTest {
  private static final String TOKEN = "a-token-of-a-test-0123";
  private static final String SECRET = "correct horse battery staple";
  private static final Map<String, String> ENVIRONMENT =
      Map.of("SHOP_HOOK", SECRET, "OLD_HOOK", "what it was before");
  private static final String HOOK = "/api/v1/hooks/default/orders";
  private static TestDatabase database;
  private static ApiFixture api;

  @BeforeAll
  static void start() throws Exception {
    database = TestServers.postgres().freshDatabase();
    api =
        new ApiFixture(
            database.jdbcUrl(), database.user(), database.password(), TOKEN, 0, ENVIRONMENT::get);
    api.leader.start();
    api.rows.job(
        """
        id: orders
        params: {order: integer, from: string}
        triggers:
          - webhook:
              secret: ["${env:SHOP_HOOK}", "${env:OLD_HOOK}"]
              if: body.action == 'paid'
              map: {order: "${{ body.order.id }}", from: "${{ headers['x-shop'] }}"}
        stages: [{id: ship, run: noop}]
        """);
    api.rows.job(
        """
        id: several
        params: {n: integer}
        triggers:
          - every: 1h
          - webhook:
              name: timed
              secret: ${env:SHOP_HOOK}
              signature: stripe
              map: "${{ {'n': body.n} }}"
              key: ${{ body.id }}
          - webhook: {name: each, secret: "${env:SHOP_HOOK}", signature: hex, once: false}
          - webhook: {name: unset, secret: "${env:NOT_SET}"}
        stages: [{id: work, run: noop}]
        """);
  }

  @AfterAll
  static void stop() throws Exception {
    api.close();
    database.close();
  }

  private static String hmac(String secret, String text) throws Exception {
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
    return HexFormat.of().formatHex(mac.doFinal(text.getBytes(StandardCharsets.UTF_8)));
  }

  /** Without the token of the API. */
  private static ApiFixture.Answer call(String path, String body, String... headers)
      throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(api.request(path).build().uri())
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(body));
    for (int i = 0; i < headers.length; i += 2) {
      request.header(headers[i], headers[i + 1]);
    }
    return api.send(request.build());
  }

  private static ApiFixture.Answer github(String secret, String body) throws Exception {
    return call(
        HOOK, body, "X-Hub-Signature-256", "sha256=" + hmac(secret, body), "X-Shop", "berlin");
  }

  private static JsonNode run(ApiFixture.Answer answer) throws Exception {
    return api.get("/api/v1/runs/" + answer.json().path("run").asText()).json();
  }

  @Test
  void aSignedCallStartsARunWithWhatItsMapMakes() throws Exception {
    var made = github(SECRET, "{\"action\":\"paid\",\"order\":{\"id\":7}}");
    assertThat(made.status()).as(made.text()).isEqualTo(201);
    assertThat(made.text()).doesNotContain("stages").doesNotContain("params");
    assertThat(run(made).path("params").path("order").asInt()).isEqualTo(7);
    assertThat(run(made).path("params").path("from").asText()).isEqualTo("berlin");
    var before = github("what it was before", "{\"action\":\"paid\",\"order\":{\"id\":8}}");
    assertThat(before.status()).isEqualTo(201);
  }

  @Test
  void theSecretMayBeAStoredOne() throws Exception {
    api.rows.job(
        """
        id: kept
        triggers:
          - webhook: {secret: "${secret:hook}"}
        stages: [{id: work, run: noop}]
        """);
    String path = "/api/v1/hooks/default/kept";
    String signature = "sha256=" + hmac(SECRET, "{}");
    assertThat(call(path, "{}", "X-Hub-Signature-256", signature).status()).isEqualTo(401);
    Vaults.of(api.jdbi).put("default", "hook", SECRET, "anna");
    assertThat(call(path, "{}", "X-Hub-Signature-256", signature).status()).isEqualTo(201);
  }

  @Test
  void anEqualCallIsAnsweredWithTheSameRun() throws Exception {
    String body = "{\"action\":\"paid\",\"order\":{\"id\":9}}";
    var first = github(SECRET, body);
    var again =
        call(
            HOOK,
            body,
            "X-Hub-Signature-256",
            "sha256=" + hmac(SECRET, body),
            "X-Shop",
            "elsewhere"); // which is not signed: whoever replays a call can change it
    assertThat(again.status()).isEqualTo(200);
    assertThat(again.json().path("replayed").asBoolean()).isTrue();
    assertThat(again.json().path("run")).isEqualTo(first.json().path("run"));
  }

  @Test
  void whatItsConditionLeavesOutStartsNothing() throws Exception {
    long before = runs();
    var answer = github(SECRET, "{\"action\":\"seen\"}");
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.json().path("run").isNull()).isTrue();
    assertThat(runs()).isEqualTo(before);
  }

  private static long runs() {
    return api.jdbi.withHandle(
        h -> h.createQuery("select count(*) from run").mapTo(Long.class).one());
  }

  /** Who cannot sign learns nothing: neither jobs nor their webhooks nor what is wrong. */
  @Test
  void whatIsNotGenuineIsAlwaysTheSameAnswer() throws Exception {
    long before = runs();
    String body = "{\"action\":\"paid\",\"order\":{\"id\":7}}";
    String signature = "sha256=" + hmac(SECRET, body);
    List<ApiFixture.Answer> answers =
        List.of(
            call(HOOK, body),
            github("wrong", body),
            call(HOOK, body + " ", "X-Hub-Signature-256", signature),
            call(HOOK + "/other", body, "X-Hub-Signature-256", signature),
            call("/api/v1/hooks/default/nowhere", body, "X-Hub-Signature-256", signature),
            call("/api/v1/hooks/nowhere/orders", body, "X-Hub-Signature-256", signature),
            call("/api/v1/hooks/default/several", body, "X-Hub-Signature-256", signature),
            call("/api/v1/hooks/default/several/unset", body, "X-Hub-Signature-256", signature),
            call(HOOK, "no json", "X-Hub-Signature-256", "sha256=00"));
    for (ApiFixture.Answer answer : answers) {
      assertThat(answer.status()).as(answer.text()).isEqualTo(401);
      assertThat(answer.header("Content-Type")).startsWith("application/problem+json");
      assertThat(answer.json().path("detail").asText())
          .isEqualTo("there is no webhook here, or the signature of the call is not right for it");
    }
    assertThat(runs()).isEqualTo(before);
  }

  @Test
  void aGenuineCallThatDoesNotFitIsToldWhy() throws Exception {
    for (String[] call :
        new String[][] {
          {"not json", "the body is not JSON"},
          {"{\"action\":\"paid\"}", "map: "},
          {"{}", "if: "},
        }) {
      var answer = github(SECRET, call[0]);
      assertThat(answer.status()).as(answer.text()).isEqualTo(422);
      assertThat(answer.json().path("detail").asText()).contains(call[1]);
    }
  }

  private static ApiFixture.Answer stripe(long seconds, String body) throws Exception {
    String signature = hmac(SECRET, seconds + "." + body);
    return call(
        "/api/v1/hooks/default/several/timed",
        body,
        "Stripe-Signature",
        "t=" + seconds + ",v1=" + signature);
  }

  @Test
  void aSignedTimeHasItsWindowAndAKeyStandsForTheEvent() throws Exception {
    long now = System.currentTimeMillis() / 1_000;
    String body = "{\"id\":\"evt_1\",\"n\":1}";
    var first = stripe(now, body);
    assertThat(first.status()).as(first.text()).isEqualTo(201);
    assertThat(stripe(now, body).json().path("replayed").asBoolean()).isTrue();
    var delivered = stripe(now - 1, body); // again, signed anew
    assertThat(delivered.json().path("run")).isEqualTo(first.json().path("run"));
    var other = stripe(now, "{\"id\":\"evt_1\",\"n\":2}");
    assertThat(other.status()).isEqualTo(409);
    assertThat(other.json().path("type").asText()).isEqualTo("urn:millrace:problem:key-used");
    var late = stripe(now - 400, "{\"id\":\"evt_2\",\"n\":1}");
    assertThat(late.status()).isEqualTo(401);
    assertThat(late.json().path("detail").asText()).contains("the signature is right", "PT5M");
  }

  @Test
  void equalCallsMayBeMeantToStartOneEach() throws Exception {
    String path = "/api/v1/hooks/default/several/each";
    var first = call(path, "{}", "X-Signature", hmac(SECRET, "{}"));
    var second = call(path, "{}", "X-Signature", hmac(SECRET, "{}"));
    assertThat(first.status()).isEqualTo(201);
    assertThat(second.status()).isEqualTo(201);
    assertThat(second.json().path("run")).isNotEqualTo(first.json().path("run"));
  }

  /** Only the calls of webhooks go without the token, whatever the path looks like. */
  @Test
  void nothingElseGoesWithoutTheToken() throws Exception {
    for (String path :
        List.of(
            "/api/v1/hooks/../jobs",
            "/api/v1/hooks/%2e%2e/jobs/orders/pause",
            "/api/v1/hooks//jobs",
            "/api/v1/hooks/a",
            "/api/v1/hooks/a/b/c/d",
            "/api/v1/hooks;x/../jobs")) {
      assertThat(call(path, "{}").status()).as(path).isBetween(400, 499);
    }
    var read = HttpRequest.newBuilder(api.request(HOOK).build().uri()).build();
    assertThat(api.send(read).status()).isEqualTo(401);
  }

  @Test
  void aLargeCallIsRefused() throws Exception {
    assertThat(github(SECRET, "\"" + "x".repeat(Call.BODY_BYTES_MAX) + "\"").status())
        .isEqualTo(413);
  }

  @Test
  void whatBecomesOfCallsIsMetered() throws Exception {
    github("wrong", "{}");
    github(SECRET, "{\"action\":\"seen\"}");
    assertThat(api.get("/metrics").text())
        .contains("millrace_hooks_total{outcome=\"signature\"}")
        .contains("millrace_hooks_total{outcome=\"condition\"}");
  }

  /** The example of the documentation, as it stands there. */
  @Test
  void theDocumentedExampleWorks() throws Exception {
    assumeThat(Path.of("/usr/bin/curl")).exists();
    assumeThat(Path.of("/usr/bin/openssl")).exists();
    String doc = Files.readString(Path.of("../docs/triggers.md"));
    Matcher example = Pattern.compile("```sh webhook\n(.*?)\n```", Pattern.DOTALL).matcher(doc);
    assertThat(example.find()).isTrue();
    String job = doc.replaceAll("(?s).*```yaml webhook\n(.*?)\n```.*", "$1");
    api.rows.job(job);
    ProcessBuilder shell = new ProcessBuilder("sh", "-euc", example.group(1));
    shell.environment().put("SHOP_HOOK", SECRET);
    shell.environment().put("MILLRACE", "http://127.0.0.1:" + api.server.port());
    Process process = shell.redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
    assertThat(said).contains("\"run\":\"").contains("\"replayed\":false");
    String run = said.replaceAll("(?s).*\"run\":\"([^\"]+)\".*", "$1");
    assertThat(api.get("/api/v1/runs/" + run).json().path("params").path("order").asInt())
        .isEqualTo(7);
  }
}
