package dev.millrace.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** A leader that hangs for two lease times, with its sessions open, and then wakes up. */
class PausedLeaderTest {
  private static final String TEST = "paused";
  private static final Duration LIMIT = Duration.ofSeconds(90);

  @Test
  void theOldLeaderWritesNothingAfterIt() throws Exception {
    try (Fleet fleet = Fleet.fresh(TEST)) {
      fleet.start(2, 1);
      NodeProcess old = fleet.leader();
      fleet.apply(Jobs.chain("chain"));

      fleet.enqueue("chain", 2_000);
      fleet.awaitCompleted(100, LIMIT);
      Duration takeover = fleet.nextTermAfter(old::pause, LIMIT);
      awaitTermAge(fleet, 6);
      fleet.enqueue("chain", 500);
      old.resume();
      awaitFollower(fleet, old);
      fleet.enqueue("chain", 500);
      fleet.awaitAllFinal(LIMIT);

      Figures.print(TEST, "takeover from a hung leader", takeover, "8 s");
      HistoryChecker.Verdict verdict = Figures.judge(TEST, fleet);
      assertThat(verdict.epochs()).hasSize(2);
      assertThat(fleet.leader()).isNotSameAs(old);
      assertThat(takeover).isLessThan(Duration.ofSeconds(16));
    }
  }

  private static void awaitTermAge(Fleet fleet, int seconds) {
    String old =
        "select count(*) from lease where clock_timestamp() - acquired_at > make_interval(secs =>"
            + " ?)";
    await("a term as old as a lease lasts")
        .atMost(LIMIT)
        .pollInterval(Duration.ofMillis(100))
        .until(() -> fleet.sql().number(old, (double) seconds) == 1);
  }

  private static void awaitFollower(Fleet fleet, NodeProcess node) throws Exception {
    Stopwatch resumed = Stopwatch.started();
    await(node + " follows")
        .atMost(LIMIT)
        .pollInterval(Duration.ofMillis(50))
        .until(
            () ->
                fleet
                    .get(node, "/metrics")
                    .body()
                    .lines()
                    .anyMatch(line -> line.matches("millrace_leader(\\{.*})? 0\\.0")));
    Figures.print(TEST, "old leader follows after", resumed.read(), "1 s");
  }
}
