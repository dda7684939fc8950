package dev.millrace.scheduler.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** Checks that never failed prove nothing: each mistake on purpose must be found. */
class SimulationMutantTest {
  private static final long FIRST_SEED = 1;
  private static final long SEEDS = 2_000;

  @Test
  void everyMistakeIsFound() {
    List<Mutant> survived = new ArrayList<>();
    List<String> lines = new ArrayList<>();
    for (Mutant mutant : Mutant.values()) {
      LongStream.range(FIRST_SEED, FIRST_SEED + SEEDS)
          .parallel()
          .mapToObj(seed -> Simulation.run(seed, mutant, false))
          .filter(result -> !result.holds())
          .findFirst()
          .ifPresentOrElse(
              found -> lines.add("  " + mutant + ": seed " + found.seed() + ", " + found.what()),
              () -> survived.add(mutant));
    }
    int all = Mutant.values().length;
    System.out.println("mutants caught " + (all - survived.size()) + " of " + all);
    lines.forEach(System.out::println);
    assertThat(survived).isEmpty();
  }
}
