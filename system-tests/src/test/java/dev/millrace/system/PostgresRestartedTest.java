package dev.millrace.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.testing.PrivatePostgres;
import dev.millrace.testing.TestServers;
import dev.millrace.testing.TestVirtualHost;
import java.net.http.HttpResponse;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Postgres crashes in mid-run and comes back: nodes say so meanwhile and recover by themselves. */
class PostgresRestartedTest {
  private static final String TEST = "postgres-restarted";
  private static final int CHAINS = 3_000;
  private static final int PROGRAMS = 20;
  private static final Duration LIMIT = Duration.ofSeconds(120);

  @Test
  void everyRunCompletesOnce() throws Exception {
    try (PrivatePostgres postgres = PrivatePostgres.start();
        TestVirtualHost host = TestServers.broker().freshVirtualHost();
        Fleet fleet =
            new Fleet(TEST, postgres.jdbcUrl(), postgres.user(), postgres.password(), host.uri())) {
      fleet.start(2, 1);
      NodeProcess first = fleet.schedulers().getFirst();
      NodeProcess second = fleet.schedulers().getLast();
      fleet.apply(Jobs.chain("chain"));
      fleet.apply(Jobs.witnessed("programs", fleet.witness(), 1));

      fleet.enqueue("programs", PROGRAMS);
      fleet.enqueue("chain", CHAINS);
      fleet.awaitCompleted(CHAINS / 10, LIMIT);
      long before = fleet.completed();
      postgres.killHard();
      refuses(fleet, first);
      refuses(fleet, second);
      postgres.startAgain();
      Stopwatch back = Stopwatch.started();
      awaitReady(fleet, first);
      awaitReady(fleet, second);
      Duration ready = back.read();
      fleet.awaitCompleted(before + 1, LIMIT);
      Duration works = back.read();
      fleet.awaitAllFinal(LIMIT);

      Figures.print(TEST, "killed when", before + " of " + fleet.asked() + " had completed");
      Figures.print(TEST, "both nodes ready after its return", ready, "15 s");
      Figures.print(TEST, "next run completed after its return", works, "15 s");
      Figures.judge(TEST, fleet, "programs");
      assertThat(ready).isLessThan(Duration.ofSeconds(30));
      assertThat(works).isLessThan(Duration.ofSeconds(30));
    }
  }

  /** Without the database: not ready, and every answer comes soon and says when to try again. */
  private static void refuses(Fleet fleet, NodeProcess node) throws Exception {
    Stopwatch asked = Stopwatch.started();
    HttpResponse<String> answer = fleet.get(node, "/api/v1/jobs");
    Duration took = asked.read();
    Figures.print(TEST, node.name() + " answered " + answer.statusCode() + " after", took, "5 s");
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(503);
    assertThat(answer.headers().firstValue("Retry-After")).isPresent();
    assertThat(took).isLessThan(Duration.ofSeconds(10));
    await(node + " is not ready")
        .atMost(Duration.ofSeconds(20))
        .pollInterval(Duration.ofMillis(100))
        .until(() -> fleet.get(node, "/readyz").statusCode() == 503);
    assertThat(fleet.get(node, "/livez").statusCode()).isEqualTo(200);
  }

  private static void awaitReady(Fleet fleet, NodeProcess node) {
    await(node + " is ready")
        .atMost(LIMIT)
        .pollInterval(Duration.ofMillis(100))
        .until(() -> fleet.get(node, "/readyz").statusCode() == 200);
  }
}
