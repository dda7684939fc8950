package dev.millrace.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** The broker dies in mid-run and comes back empty: it held nothing that Postgres does not hold. */
class BrokerWipedTest {
  private static final String TEST = "broker-wiped";
  private static final int CHAINS = 3_000;
  private static final int PROGRAMS = 30;
  private static final Duration LIMIT = Duration.ofSeconds(120);

  @Test
  void everyRunCompletesOnce() throws Exception {
    try (WipeableBroker broker = WipeableBroker.start();
        Fleet fleet = Fleet.on(TEST, broker.uri())) {
      fleet.start(1, 2);
      fleet.apply(Jobs.chain("chain"));
      fleet.apply(Jobs.witnessed("programs", fleet.witness(), 1));

      fleet.enqueue("programs", PROGRAMS);
      fleet.enqueue("chain", CHAINS);
      fleet.awaitCompleted(CHAINS / 10, LIMIT);
      broker.wipe();
      long before = fleet.completed();
      broker.startAgain();
      Stopwatch back = Stopwatch.started();
      fleet.awaitCompleted(before + 1, LIMIT);
      Duration first = back.read();
      fleet.awaitAllFinal(LIMIT);

      Duration all = back.read();
      Figures.print(TEST, "wiped when", before + " of " + fleet.asked() + " had completed");
      Figures.print(TEST, "next run completed after its return", first, "15 s");
      Figures.print(TEST, "all runs completed after its return", all, "45 s");
      Figures.judge(TEST, fleet, "programs");
      assertThat(before).isLessThan(fleet.asked());
      assertThat(all).isLessThan(Duration.ofSeconds(90));
    }
  }
}
