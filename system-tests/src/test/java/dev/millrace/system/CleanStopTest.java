package dev.millrace.system;

import static org.assertj.core.api.Assertions.assertThat;

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
    try (Fleet fleet = Fleet.fresh(TEST)) {
      fleet.start(2, 2);
      fleet.apply(Jobs.witnessed("programs", fleet.witness(), 1));
      fleet.enqueue("programs", 30);
      NodeProcess leaving = fleet.workers().getFirst();
      String id = fleet.workerId(leaving);

      fleet.awaitHeld(id, 1, LIMIT);
      NodeProcess leader = fleet.leader();
      Duration handover = fleet.nextTermAfter(leader::terminate, LIMIT);
      assertThat(leader.awaitEnd(LIMIT)).isZero();
      fleet.awaitHeld(id, 4, LIMIT);
      List<String> held = fleet.claims("RUNNING", id);
      Stopwatch stopped = Stopwatch.started();
      leaving.terminate();
      int exitCode = leaving.awaitEnd(LIMIT);
      Duration drained = stopped.read();
      fleet.awaitAllFinal(LIMIT);

      Figures.print(TEST, "another leads after SIGTERM", handover, "1 s");
      Figures.print(TEST, "worker drained its " + held.size() + " stages", drained, "3 s");
      HistoryChecker.Verdict verdict = Figures.judge(TEST, fleet, "programs");
      assertThat(exitCode).isZero();
      assertThat(verdict.attemptsSuperseded().keySet()).isSubsetOf(Set.of("returned"));
      assertThat(fleet.claims("COMPLETED", id)).containsAll(held);
      assertThat(handover).isLessThan(Duration.ofSeconds(6));
    }
  }
}
