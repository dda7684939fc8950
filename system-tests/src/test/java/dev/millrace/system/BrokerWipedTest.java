package dev.millrace.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.testing.TestDatabase;
import dev.millrace.testing.TestServers;
import dev.millrace.testing.Witness;
import java.nio.file.Files;
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
    try (TestDatabase database = TestServers.postgres().freshDatabase();
        WipeableBroker broker = WipeableBroker.start();
        Fleet fleet = Fleet.of(TEST, database, broker.uri())) {
      Witness witness = new Witness(fleet.directory().resolve("witness.txt"));
      Files.deleteIfExists(witness.file());
      NodeProcess scheduler = fleet.scheduler();
      fleet.worker(Jobs.POOLS);
      fleet.worker(Jobs.POOLS);
      scheduler.port();
      fleet.awaitWorkers(2);
      fleet.apply(scheduler, Jobs.chain("chain"));
      fleet.apply(scheduler, Jobs.witnessed("programs", witness, 1));

      fleet.enqueue("programs", PROGRAMS);
      fleet.enqueue("chain", CHAINS);
      fleet.awaitCompleted(CHAINS / 10, LIMIT);
      broker.wipe();
      long before = fleet.completed();
      broker.startAgain();
      long backNanos = System.nanoTime();
      fleet.awaitCompleted(before + 1, LIMIT);
      Duration first = Duration.ofNanos(System.nanoTime() - backNanos);
      fleet.awaitAllFinal(LIMIT);

      Duration all = Duration.ofNanos(System.nanoTime() - backNanos);
      Figures.print(TEST, "wiped when", before + " of " + fleet.asked() + " had completed");
      Figures.print(TEST, "next run completed after its return", first, "15 s");
      Figures.print(TEST, "all runs completed after its return", all, "45 s");
      Figures.judge(TEST, fleet, witness, "programs");
      assertThat(before).isLessThan(fleet.asked());
      assertThat(all).isLessThan(Duration.ofSeconds(90));
    }
  }
}
