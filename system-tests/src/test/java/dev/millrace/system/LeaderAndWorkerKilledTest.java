package dev.millrace.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

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
    try (Fleet fleet = Fleet.fresh(TEST)) {
      fleet.start(2, 2);
      fleet.apply(Jobs.chain("chain"));
      fleet.apply(Jobs.witnessed("programs", fleet.witness(), 1));

      Stopwatch started = Stopwatch.started();
      fleet.enqueue("programs", programs);
      fleet.enqueue("chain", chains);
      fleet.awaitCompleted(chains / 10, LIMIT);
      Figures.print(TEST, "leader killed when", completed(fleet));
      Duration takeover = fleet.nextTermAfter(fleet.leader()::kill, LIMIT);
      fleet.awaitCompleted(chains / 4, LIMIT);
      Duration noticed = killWorker(fleet, fleet.workers().getFirst());
      fleet.awaitAllFinal(LIMIT);

      Duration took = started.read();
      Figures.print(TEST, "takeover after kill -9", takeover, "2 s");
      Figures.print(TEST, "lost worker noticed after", noticed, "12 s");
      Figures.print(TEST, "all of it took", took, "60 s");
      Figures.print(TEST, "reports", reports(fleet));
      Figures.judge(TEST, fleet, "programs");
      assertThat(takeover).isLessThan(Duration.ofSeconds(6));
      assertThat(noticed).isLessThan(Duration.ofSeconds(18));
    }
  }

  private static String completed(Fleet fleet) throws Exception {
    return fleet.completed() + " of " + fleet.asked() + " had completed";
  }

  /** Kills it while it holds attempts; how long until that is noticed. */
  private static Duration killWorker(Fleet fleet, NodeProcess worker) throws Exception {
    String id = fleet.workerId(worker);
    fleet.awaitHeld(id, 1, LIMIT);
    Stopwatch killed = Stopwatch.started();
    worker.kill();
    Figures.print(TEST, "worker killed when", completed(fleet));
    Figures.print(TEST, "worker killed holding", fleet.claims("RUNNING", id).size());
    await("the worker is lost")
        .atMost(Duration.ofSeconds(40))
        .pollInterval(Fleet.POLL)
        .until(() -> fleet.sql().text("select state from worker where id = ?", id).equals("LOST"));
    return killed.read();
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
