package dev.millrace.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.testing.TestDatabase;
import dev.millrace.testing.TestServers;
import dev.millrace.testing.TestVirtualHost;
import dev.millrace.testing.Witness;
import java.nio.file.Files;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** A leader that hangs for two lease times, with its sessions open, and then wakes up. */
class PausedLeaderTest {
  private static final String TEST = "paused";
  private static final Duration LIMIT = Duration.ofSeconds(90);

  @Test
  void theOldLeaderWritesNothingAfterIt() throws Exception {
    try (TestDatabase database = TestServers.postgres().freshDatabase();
        TestVirtualHost host = TestServers.broker().freshVirtualHost();
        Fleet fleet = Fleet.of(TEST, database, host.uri())) {
      Witness witness = new Witness(fleet.directory().resolve("witness.txt"));
      Files.deleteIfExists(witness.file());
      NodeProcess first = fleet.scheduler();
      NodeProcess second = fleet.scheduler();
      fleet.worker(Jobs.POOLS);
      first.port();
      second.port();
      NodeProcess old = fleet.leader();
      NodeProcess successor = old == first ? second : first;
      fleet.awaitWorkers(1);
      fleet.apply(old, Jobs.chain("chain"));

      fleet.enqueue("chain", 2_000);
      fleet.awaitCompleted(100, LIMIT);
      long before = fleet.epoch();
      long pausedNanos = System.nanoTime();
      old.pause();
      await("another term")
          .atMost(LIMIT)
          .pollInterval(Fleet.POLL)
          .until(() -> fleet.epoch() > before);
      Duration takeover = Duration.ofNanos(System.nanoTime() - pausedNanos);
      awaitTermAge(fleet, 6);
      fleet.enqueue("chain", 500);
      old.resume();
      awaitFollower(fleet, old);
      fleet.enqueue("chain", 500);
      fleet.awaitAllFinal(LIMIT);

      Figures.print(TEST, "takeover from a hung leader", takeover, "8 s");
      HistoryChecker.Verdict verdict = Figures.judge(TEST, fleet, witness);
      assertThat(verdict.epochs()).hasSize(2);
      assertThat(fleet.leader()).isSameAs(successor);
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
    long resumedNanos = System.nanoTime();
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
    Figures.print(
        TEST,
        "old leader follows after",
        Duration.ofNanos(System.nanoTime() - resumedNanos),
        "1 s");
  }
}
