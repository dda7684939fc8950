package dev.millrace.scheduler.http;

import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.testing.PrivatePostgres;
import java.net.http.HttpRequest.BodyPublishers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** A killed database: every call is answered soon, and works again when it is back. */
class DatabaseDownTest {
  private static final Duration ANSWER_MAX = Duration.ofSeconds(5);

  @Test
  void everyCallIsA503InTimeAndWorksAgainLater() throws Exception {
    try (PrivatePostgres postgres = PrivatePostgres.start();
        ApiFixture api =
            new ApiFixture(postgres.jdbcUrl(), postgres.user(), postgres.password(), null, 0)) {
      assertThat(api.get("/api/v1/status").status()).isEqualTo(200);
      postgres.killHard();
      // A backend serves its connection a moment longer than its killed postmaster lives.
      await().atMost(Duration.ofSeconds(10)).until(() -> api.get("/api/v1/pools").status() == 503);
      List<Callable<Void>> calls = new ArrayList<>();
      for (Route route : api.server.routes()) {
        if (route.path().startsWith("/api/") && !NEED_MORE.contains(route.path())) {
          calls.add(() -> isUnavailable(api, route));
        }
      }
      try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
        for (Future<Void> call : threads.invokeAll(calls)) {
          call.get();
        }
      }
      assertThat(api.get("/livez").status()).isEqualTo(200);
      postgres.startAgain();
      await().atMost(Duration.ofSeconds(30)).until(() -> api.get("/api/v1/jobs").status() == 200);
    }
  }

  /**
   * Without more, in their query or as an upgrade, these are refused before the database is asked.
   */
  private static final Set<String> NEED_MORE =
      Set.of("/api/v1/session", "/api/v1/ticks", "/api/v1/schedule/preview", "/api/v1/ws");

  /** What is refused for its body is refused before the database is asked. */
  private static final Map<String, String> BODIES =
      Map.ofEntries(
          entry("Reason", "{\"reason\":\"why\"}"),
          entry("Rollback", "{\"version\":1}"),
          entry(
              "SetIn",
              "{\"files\":[{\"name\":\"a\",\"text\":\"id: a\\nstages: [{id: a, run: h}]\"}]}"),
          entry("Acknowledge", "{\"ticket\":\"OPS-12\"}"),
          entry("Rerun", "{\"stage\":\"some\"}"),
          entry("Extend", "{\"until\":null}"),
          entry("DeadRedrive", "{\"ids\":[\"0HZXW3V5K2Q8T\"],\"reason\":\"why\"}"),
          entry("SecretIn", "{\"value\":\"hunter22\"}"),
          entry("QuotaIn", "{\"jobs\":1}"),
          entry("OperationAsk", "{\"action\":\"stop\",\"filter\":{\"job\":\"some\"}}"),
          entry("ScaleIn", "{\"desired\":1}"),
          entry("Bulk", "{\"items\":[{\"job\":\"some\"}]}"),
          entry("DeadDiscard", "{\"ids\":[\"0HZXW3V5K2Q8T\"],\"reason\":\"why\"}"),
          entry(
              "BackfillAsk",
              "{\"from\":\"2026-01-01T00:00:00Z\",\"to\":\"2026-01-02T00:00:00Z\"}"));

  private static Void isUnavailable(ApiFixture api, Route route) throws Exception {
    String path =
        route
            .path()
            .replaceAll("\\{(run|id)}", "0HZXW3V5K2Q8T")
            .replace("{artifact}", "0".repeat(32))
            .replace("{version}", "1")
            .replaceAll("\\{\\w+}", "some");
    boolean apply = "JobText".equals(route.body());
    String text = Rows.CHAIN.formatted("some");
    String body = apply ? text : BODIES.getOrDefault("" + route.body(), "");
    if (route.path().equals("/api/v1/patterns")) {
      body = text.replace("id: some\n", "pattern: some\n");
    }
    var request =
        api.request(path)
            .header("Content-Type", apply ? "application/yaml" : "application/json")
            .method(route.method(), BodyPublishers.ofString(body));
    long askedAtNanos = System.nanoTime();
    var answer = api.send(request.build());
    Duration took = Duration.ofNanos(System.nanoTime() - askedAtNanos);
    assertThat(answer.status() + " " + answer.header("Retry-After"))
        .as(route.method() + " " + path + " " + answer.text())
        .isEqualTo("503 2");
    assertThat(took).isLessThan(ANSWER_MAX);
    return null;
  }
}
