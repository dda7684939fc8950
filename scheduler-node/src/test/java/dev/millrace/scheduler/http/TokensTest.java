package dev.millrace.scheduler.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.settings.AccessSettings;
import dev.millrace.settings.PostgresSettings;
import dev.millrace.testing.TestDatabase;
import dev.millrace.testing.TestServers;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Tokens, sessions and the audit log over real HTTP and a real database. */
class TokensTest {
  private static final String STATIC = "the-token-of-the-settings";
  private static TestDatabase database;
  private static ApiFixture api;

  @BeforeAll
  static void start() throws Exception {
    database = TestServers.postgres().freshDatabase();
    api = new ApiFixture(database.jdbcUrl(), database.user(), database.password(), STATIC, 0);
    api.leader.start();
    api.rows.job(Rows.CHAIN.formatted("known"));
  }

  @AfterAll
  static void stop() throws Exception {
    api.close();
    database.close();
  }

  private static ApiFixture.Answer with(String token, String method, String path, String body)
      throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + api.server.port() + path))
            .header("Content-Type", "application/json")
            .method(method, BodyPublishers.ofString(body));
    return api.send(
        token == null
            ? request.build()
            : request.header("Authorization", "Bearer " + token).build());
  }

  private static JsonNode made(String name, String roles) throws Exception {
    var answer =
        api.post(
            "/api/v1/tokens",
            "{\"name\":\"" + name + "\",\"roles\":" + roles + ",\"expiresIn\":null}");
    assertThat(answer.status()).as(answer.text()).isEqualTo(201);
    return answer.json();
  }

  @Test
  void aTokenIsShownOnceAndKeptAsAHash() throws Exception {
    JsonNode made = made("once", "{\"default\":\"viewer\"}");
    String token = made.path("token").asText();
    assertThat(token).matches("mlr_\\d+_[A-Za-z0-9_-]{43}");
    assertThat(with(token, "GET", "/api/v1/jobs", "").status()).isEqualTo(200);
    assertThat(api.get("/api/v1/tokens").text()).contains("\"once\"").doesNotContain(token);
    String secret = token.substring(token.indexOf('_', 4) + 1);
    String row =
        api.jdbi.withHandle(
            handle ->
                handle
                    .createQuery("select t::text from api_token t where name = 'once'")
                    .mapTo(String.class)
                    .one());
    assertThat(row).doesNotContain(secret);
    await()
        .atMost(Duration.ofSeconds(10))
        .untilAsserted(
            () ->
                assertThat(api.get("/api/v1/tokens").text()).containsPattern("once.*usedAt\":\"2"));
  }

  @Test
  void aRevokedTokenEndsWithinFiveSecondsOnEveryNode() throws Exception {
    JsonNode made = made("gone", "{\"*\":\"admin\"}");
    String token = made.path("token").asText();
    TokenBook other = new TokenBook(api.jdbi); // as another node has it
    assertThat(other.show(token)).isInstanceOf(TokenBook.Shown.Good.class);
    long before = System.nanoTime();
    var revoked =
        with(STATIC, "DELETE", "/api/v1/tokens/" + made.path("id").asText() + "?reason=lost", "");
    assertThat(revoked.status()).as(revoked.text()).isEqualTo(200);
    assertThat(revoked.json().path("revokedReason").asText()).isEqualTo("lost");
    assertThat(with(token, "GET", "/api/v1/jobs", "").status()).isEqualTo(401);
    await()
        .atMost(Duration.ofSeconds(5))
        .until(() -> other.show(token) instanceof TokenBook.Shown.Bad);
    assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(5));
  }

  @Test
  void anExpiredTokenIsNoToken() throws Exception {
    var answer =
        api.post(
            "/api/v1/tokens",
            "{\"name\":\"short\",\"roles\":{\"default\":\"viewer\"},\"expiresIn\":\"PT1S\"}");
    String token = answer.json().path("token").asText();
    await()
        .atMost(Duration.ofSeconds(8))
        .untilAsserted(
            () -> {
              var refused = with(token, "GET", "/api/v1/jobs", "");
              assertThat(refused.status()).isEqualTo(401);
              assertThat(refused.text()).contains("expired");
            });
  }

  @Test
  void nobodyGivesMoreThanHeHas() throws Exception {
    String token = made("small admin", "{\"shop\":\"admin\"}").path("token").asText();
    String everywhere = "{\"name\":\"big\",\"roles\":{\"*\":\"viewer\"}}";
    assertThat(with(token, "POST", "/api/v1/tokens", everywhere).status()).isEqualTo(403);
    String own = "{\"name\":\"own\",\"roles\":{\"shop\":\"operator\"}}";
    assertThat(with(token, "POST", "/api/v1/tokens", own).status()).isEqualTo(201);
    String foreign = made("foreign", "{\"default\":\"viewer\"}").path("id").asText();
    assertThat(with(token, "GET", "/api/v1/tokens", "").text())
        .contains("\"own\"")
        .doesNotContain("\"foreign\"");
    assertThat(with(token, "DELETE", "/api/v1/tokens/" + foreign, "").status()).isEqualTo(404);
    assertThat(api.post("/api/v1/tokens", own).status()).as("its name is in use").isEqualTo(409);
  }

  @Test
  void ofNodesThatStartTogetherOneGetsTheFirstToken() throws Exception {
    try (TestDatabase fresh = TestServers.postgres().freshDatabase();
        ApiFixture other =
            new ApiFixture(fresh.jdbcUrl(), fresh.user(), fresh.password(), null, 0);
        ExecutorService nodes = Executors.newFixedThreadPool(3)) {
      CyclicBarrier together = new CyclicBarrier(3);
      Callable<Optional<String>> start =
          () -> {
            together.await();
            return FirstToken.make(other.jdbi, AccessSettings.STANDARD);
          };
      List<String> tokens = new ArrayList<>();
      for (var one : nodes.invokeAll(List.of(start, start, start))) {
        tokens.add(one.get().orElse(null));
      }
      assertThat(tokens).filteredOn(Objects::nonNull).hasSize(1);
      assertThat(FirstToken.make(other.jdbi, AccessSettings.STANDARD)).isEmpty();
      String token = tokens.stream().filter(Objects::nonNull).findFirst().orElseThrow();
      assertThat(new TokenBook(other.jdbi).show(token))
          .isInstanceOfSatisfying(
              TokenBook.Shown.Good.class,
              good -> assertThat(good.principal().mayEverywhere(Role.ADMIN)).isTrue());
    }
  }

  @Test
  void aLostTokenIsReplacedByWhoHasTheDatabase() throws Exception {
    PostgresSettings settings =
        new PostgresSettings(database.jdbcUrl(), database.user(), database.password(), 2);
    String token = FirstToken.recover(settings, "rescue").orElseThrow();
    assertThat(with(token, "GET", "/api/v1/audit?namespace=*", "").status()).isEqualTo(200);
    assertThat(FirstToken.recover(settings, "rescue")).as("its name is in use").isEmpty();
  }

  private static HttpRequest.Builder browser(String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + api.server.port() + path));
  }

  @Test
  void aSessionIsACookieThatLogsOut() throws Exception {
    String token = made("person", "{\"default\":\"operator\"}").path("token").asText();
    var none = with(null, "GET", "/api/v1/session", "");
    assertThat(none.status()).isEqualTo(200);
    assertThat(none.json().path("authenticated").asBoolean()).isFalse();
    var login = with(null, "POST", "/api/v1/session", "{\"token\":\"" + token + "\"}");
    assertThat(login.status()).as(login.text()).isEqualTo(200);
    String set = login.header("Set-Cookie");
    assertThat(set).contains("HttpOnly").contains("SameSite=Strict").startsWith("millrace=");
    String cookie = set.substring(0, set.indexOf(';'));
    var who = api.send(browser("/api/v1/session").header("Cookie", cookie).build());
    assertThat(who.json().path("name").asText()).isEqualTo("person");
    assertThat(who.json().at("/roles/default").asText()).isEqualTo("operator");
    HttpRequest.Builder start =
        browser("/api/v1/jobs/known/runs")
            .header("Cookie", cookie)
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString("{}"));
    assertThat(api.send(start.build()).status()).as("without the header").isEqualTo(403);
    start.header("X-Millrace-Request", "1");
    var made = api.send(start.build());
    assertThat(made.status()).as(made.text()).isEqualTo(201);
    assertThat(made.json().path("id").asText()).hasSize(13);
    var out =
        api.send(
            browser("/api/v1/session")
                .header("Cookie", cookie)
                .header("X-Millrace-Request", "1")
                .DELETE()
                .build());
    assertThat(out.status()).isEqualTo(200);
    assertThat(api.send(browser("/api/v1/jobs").header("Cookie", cookie).build()).status())
        .isEqualTo(401);
  }

  @Test
  void aSessionEndsWithItsTokenAndWhenNobodyUsesIt() throws Exception {
    JsonNode made = made("leaver", "{\"default\":\"viewer\"}");
    String token = made.path("token").asText();
    String first = cookie(token);
    String second = cookie(token);
    api.jdbi.useHandle(
        handle ->
            handle
                .createUpdate(
                    "update session set seen_at = seen_at - interval '31 minutes' where hash ="
                        + " :hash")
                .bind("hash", TokenText.hash(second.substring(second.indexOf('=') + 1)))
                .execute());
    assertThat(jobs(first)).isEqualTo(200);
    assertThat(jobs(second)).as("idle for half an hour").isEqualTo(401);
    with(STATIC, "DELETE", "/api/v1/tokens/" + made.path("id").asText(), "");
    await().atMost(Duration.ofSeconds(5)).until(() -> jobs(first) == 401);
  }

  private static int jobs(String cookie) throws Exception {
    return api.send(browser("/api/v1/jobs").header("Cookie", cookie).build()).status();
  }

  private static String cookie(String token) throws Exception {
    String set =
        with(null, "POST", "/api/v1/session", "{\"token\":\"" + token + "\"}").header("Set-Cookie");
    return set.substring(0, set.indexOf(';'));
  }

  private static JsonNode audited(String query) throws Exception {
    return api.get("/api/v1/audit?namespace=*&" + query).json().path("items");
  }

  @Test
  void everyChangeIsAuditedAlsoOnesThatAreRefused() throws Exception {
    String token = made("auditee", "{\"default\":\"viewer\"}").path("token").asText();
    assertThat(with(token, "POST", "/api/v1/jobs/known/pause", "{}").status()).isEqualTo(403);
    assertThat(with(null, "POST", "/api/v1/jobs/known/pause", "{}").status()).isEqualTo(401);
    var done = api.post("/api/v1/jobs/known/pause", "{\"reason\":\"one\\r\\ntwo\"}");
    assertThat(done.status()).as(done.text()).isLessThan(500);
    await()
        .atMost(Duration.ofSeconds(10))
        .untilAsserted(
            () -> {
              JsonNode items = audited("action=jobs.pause&subject=known");
              assertThat(items.findValuesAsText("status")).contains("401", "403");
              assertThat(items.get(0).path("actor").asText()).isEqualTo("token:static");
              assertThat(items.get(0).path("reason").asText()).isEqualTo("one??two");
              assertThat(items.get(0).path("namespace").asText()).isEqualTo("default");
            });
    JsonNode refused = audited("actor=token:auditee&action=jobs.pause");
    assertThat(refused.get(0).path("status").asInt()).isEqualTo(403);
    assertThat(refused.get(0).path("ip").asText()).isEqualTo("127.0.0.1");
    assertThat(with(token, "GET", "/api/v1/audit", "").status()).isEqualTo(403);
  }

  @Test
  void whatIsInTheAuditLogStaysAsItIs() throws Exception {
    made("kept", "{\"default\":\"viewer\"}");
    await()
        .atMost(Duration.ofSeconds(10))
        .untilAsserted(
            () -> assertThat(audited("subject=kept").findValuesAsText("status")).contains("201"));
    for (String sql :
        List.of(
            "update audit set actor = 'nobody'",
            "update audit set status = 200",
            "update audit set status = null",
            "delete from audit",
            "truncate audit")) {
      assertThatThrownBy(() -> api.jdbi.useHandle(handle -> handle.execute(sql)))
          .as(sql)
          .hasMessageContaining("stays as it is");
    }
  }

  @Test
  void aRowIsThereBeforeTheChangeIsMade() throws Exception {
    api.jdbi.useHandle(
        handle ->
            handle.execute(
                "create function no_audit() returns trigger language plpgsql as"
                    + " $$ begin raise exception 'full'; end $$;"
                    + " create trigger no_audit before insert on audit for each row"
                    + " execute function no_audit()"));
    try {
      var refused =
          api.post("/api/v1/tokens", "{\"name\":\"unaudited\",\"roles\":{\"default\":\"viewer\"}}");
      assertThat(refused.status()).as(refused.text()).isEqualTo(503);
      assertThat(api.get("/api/v1/tokens").text()).doesNotContain("unaudited");
    } finally {
      api.jdbi.useHandle(handle -> handle.execute("drop trigger no_audit on audit"));
    }
  }
}
