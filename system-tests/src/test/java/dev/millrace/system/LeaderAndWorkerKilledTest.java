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

/**
 * Two schedulers and two workers; the leader and then a worker die by kill -9 in mid-run. {@code
 * -Dmillrace.system.runs=10000} makes it bigger.
 */
class LeaderAndWorkerKilledTest {
  private static final String TEST = "killed";
  private static final Duration LIMIT = Duration.ofSeconds(150);

  @Test
  void everyRunCompletesOnce() throws Exception {
    int chains = Integer.getInteger("millrace.system.runs", 2_000);
    int programs = Math.clamp(chains / 50, 40, 100);
    try (TestDatabase database = TestServers.postgres().freshDatabase();
        TestVirtualHost host = TestServers.broker().freshVirtualHost();
        Fleet fleet = Fleet.of(TEST, database, host.uri())) {
      Witness witness = new Witness(fleet.directory().resolve("witness.txt"));
      Files.deleteIfExists(witness.file());
      NodeProcess first = fleet.scheduler();
      NodeProcess second = fleet.scheduler();
      NodeProcess victim = fleet.worker(Jobs.POOLS);
      fleet.worker(Jobs.POOLS);
      first.port();
      second.port();
      NodeProcess leader = fleet.leader();
      fleet.awaitWorkers(2);
      fleet.apply(leader, Jobs.chain("chain"));
      fleet.apply(leader, Jobs.witnessed("programs", witness, 1));

      long startedNanos = System.nanoTime();
      fleet.enqueue("programs", programs);
      fleet.enqueue("chain", chains);
      fleet.awaitCompleted(chains / 10, LIMIT);
      Duration takeover = killLeader(fleet, leader);
      fleet.awaitCompleted(chains / 4, LIMIT);
      Duration noticed = killWorker(fleet, victim);
      fleet.awaitAllFinal(LIMIT);

      Duration took = Duration.ofNanos(System.nanoTime() - startedNanos);
      Figures.print(TEST, "takeover after kill -9", takeover, "2 s");
      Figures.print(TEST, "lost worker noticed after", noticed, "12 s");
      Figures.print(TEST, "all of it took", took, "60 s");
      Figures.print(TEST, "reports", reports(fleet));
      Figures.judge(TEST, fleet, witness, "programs");
      assertThat(takeover).isLessThan(Duration.ofSeconds(6));
      assertThat(noticed).isLessThan(Duration.ofSeconds(18));
    }
  }

  private static Duration killLeader(Fleet fleet, NodeProcess leader) throws Exception {
    long before = fleet.epoch();
    long completed = fleet.completed();
    long killedNanos = System.nanoTime();
    leader.kill();
    await("another term")
        .atMost(LIMIT)
        .pollInterval(Fleet.POLL)
        .until(() -> fleet.epoch() > before);
    Duration took = Duration.ofNanos(System.nanoTime() - killedNanos);
    Figures.print(
        TEST, "leader killed when", completed + " of " + fleet.asked() + " had completed");
    return took;
  }

  /** Kills it while it holds attempts, so that there is something to lose. */
  private static Duration killWorker(Fleet fleet, NodeProcess worker) throws Exception {
    String id = fleet.sql().text("select id from worker where pid = ?", worker.pid());
    String held =
        "select count(*) from stage where state = 'RUNNING' and pool = 'slow' and worker = ?";
    await("the worker holds attempts")
        .atMost(LIMIT)
        .pollInterval(Fleet.POLL)
        .until(() -> fleet.sql().number(held, id) > 0);
    long killedNanos = System.nanoTime();
    worker.kill();
    Figures.print(TEST, "worker killed when", fleet.completed() + " had completed");
    Figures.print(TEST, "worker killed holding", fleet.sql().number(held, id));
    await("the worker is lost")
        .atMost(Duration.ofSeconds(40))
        .pollInterval(Fleet.POLL)
        .until(() -> fleet.sql().text("select state from worker where id = ?", id).equals("LOST"));
    return Duration.ofNanos(System.nanoTime() - killedNanos);
  }

  private static String reports(Fleet fleet) throws Exception {
    return fleet
        .get(fleet.leader(), "/metrics")
        .body()
        .lines()
        .filter(line -> line.matches("millrace_(reports|dispatch_rep|workers_lost|dispatch_unr).*"))
        .toList()
        .toString();
  }
}
