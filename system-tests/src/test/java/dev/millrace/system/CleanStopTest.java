package dev.millrace.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.testing.TestDatabase;
import dev.millrace.testing.TestServers;
import dev.millrace.testing.TestVirtualHost;
import dev.millrace.testing.Witness;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What a rolling upgrade does: SIGTERM to the leader, then to a worker that has work. */
class CleanStopTest {
  private static final String TEST = "clean-stop";
  private static final Duration LIMIT = Duration.ofSeconds(60);

  @Test
  void nothingFailsAndNothingIsRepeated() throws Exception {
    try (TestDatabase database = TestServers.postgres().freshDatabase();
        TestVirtualHost host = TestServers.broker().freshVirtualHost();
        Fleet fleet = Fleet.of(TEST, database, host.uri())) {
      Witness witness = new Witness(fleet.directory().resolve("witness.txt"));
      Files.deleteIfExists(witness.file());
      NodeProcess first = fleet.scheduler();
      NodeProcess second = fleet.scheduler();
      NodeProcess leaving = fleet.worker(Jobs.POOLS);
      fleet.worker(Jobs.POOLS);
      first.port();
      second.port();
      NodeProcess leader = fleet.leader();
      fleet.awaitWorkers(2);
      fleet.apply(leader, Jobs.witnessed("programs", witness, 1));
      fleet.enqueue("programs", 30);
      String id = fleet.sql().text("select id from worker where pid = ?", leaving.pid());

      awaitHeld(fleet, id, 1);
      Duration handover = stopLeader(fleet, leader);
      awaitHeld(fleet, id, 4);
      List<String> held = held(fleet, id);
      long stoppedNanos = System.nanoTime();
      leaving.terminate();
      await("the worker ends").atMost(LIMIT).pollInterval(Fleet.POLL).until(() -> !leaving.alive());
      Duration drained = Duration.ofNanos(System.nanoTime() - stoppedNanos);
      fleet.awaitAllFinal(LIMIT);

      Figures.print(TEST, "another leads after SIGTERM", handover, "1 s");
      Figures.print(TEST, "worker drained its " + held.size() + " stages", drained, "3 s");
      HistoryChecker.Verdict verdict = Figures.judge(TEST, fleet, witness, "programs");
      assertThat(leaving.exitCode()).isZero();
      assertThat(verdict.attemptsSuperseded().keySet()).isSubsetOf(Set.of("returned"));
      assertThat(completedBy(fleet, id)).containsAll(held);
      assertThat(handover).isLessThan(Duration.ofSeconds(6));
    }
  }

  private static Duration stopLeader(Fleet fleet, NodeProcess leader) throws Exception {
    long before = fleet.epoch();
    long stoppedNanos = System.nanoTime();
    leader.terminate();
    await("another term")
        .atMost(LIMIT)
        .pollInterval(Fleet.POLL)
        .until(() -> fleet.epoch() > before);
    Duration took = Duration.ofNanos(System.nanoTime() - stoppedNanos);
    await("the old leader ends").atMost(LIMIT).until(() -> !leader.alive());
    assertThat(leader.exitCode()).isZero();
    return took;
  }

  private static void awaitHeld(Fleet fleet, String worker, int count) {
    await("the worker holds attempts")
        .atMost(LIMIT)
        .pollInterval(Fleet.POLL)
        .until(() -> held(fleet, worker).size() >= count);
  }

  /** Attempts that run on this worker, with their numbers. */
  private static List<String> held(Fleet fleet, String worker) throws Exception {
    return claims(fleet, "RUNNING", worker);
  }

  private static List<String> completedBy(Fleet fleet, String worker) throws Exception {
    return claims(fleet, "COMPLETED", worker);
  }

  private static List<String> claims(Fleet fleet, String state, String worker) throws Exception {
    return fleet
        .sql()
        .rows(
            "select run || ' ' || name || ' ' || attempt from stage where state = ? and worker = ?",
            row -> row.getString(1),
            state,
            worker);
  }
}
