package dev.millrace.scheduler.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/**
 * Thousands of worlds, each from its seed. {@code -Dmillrace.simulation.seed=N} runs one of them
 * and prints all that happens in it; {@code -Dmillrace.simulation.seeds=N} says how many.
 */
class SimulationTest {
  private static final long FIRST_SEED = 1;
  private static final int SEEDS = Integer.getInteger("millrace.simulation.seeds", 5_000);
  private static final int TAIL = 60;
  private static final int SHOWN_MAX = 3;

  @Test
  void whatIsPromisedHoldsInEveryWorld() throws IOException {
    Long one = Long.getLong("millrace.simulation.seed");
    if (one != null) {
      Simulation.Result result = Simulation.run(one, null, true);
      result.trace().forEach(System.out::println);
      assertThat(result.what()).as("seed " + one).isNull();
      return;
    }
    long started = System.nanoTime();
    ConcurrentLinkedQueue<Long> failed = new ConcurrentLinkedQueue<>();
    LongStream.concat(
            once().stream().mapToLong(Long::longValue),
            LongStream.range(FIRST_SEED, FIRST_SEED + SEEDS))
        .parallel()
        .filter(seed -> !Simulation.run(seed, null, false).holds())
        .forEach(failed::add);
    double seconds = (System.nanoTime() - started) / 1e9;
    System.out.printf(
        Locale.ROOT,
        "simulation: %d seeds in %.1f s, %.0f seeds/s%n",
        SEEDS,
        seconds,
        SEEDS / seconds);
    List<Long> seeds = failed.stream().sorted().distinct().toList();
    for (Long seed : seeds.stream().limit(SHOWN_MAX).toList()) {
      show(Simulation.run(seed, null, true));
    }
    assertThat(seeds).as("seeds that fail; add them to simulation/seeds.txt").isEmpty();
  }

  @Test
  void theSameSeedIsTheSameWorld() {
    for (long seed = FIRST_SEED; seed < FIRST_SEED + 50; seed++) {
      Simulation.Result first = Simulation.run(seed, null, false);
      Simulation.Result second = Simulation.run(seed, null, true);
      assertThat(second.hash()).as("seed %s", seed).isEqualTo(first.hash());
    }
  }

  private static void show(Simulation.Result result) throws IOException {
    List<String> trace = result.trace();
    System.out.println("seed " + result.seed() + ": " + result.what());
    trace.subList(Math.max(0, trace.size() - TAIL), trace.size()).forEach(System.out::println);
    Path directory = Files.createDirectories(Path.of("target", "simulation"));
    String text = String.join("\n", trace) + "\n" + result.what() + "\n";
    Files.writeString(directory.resolve("seed-" + result.seed() + ".txt"), text);
  }

  private static List<Long> once() throws IOException {
    try (InputStream in = SimulationTest.class.getResourceAsStream("/simulation/seeds.txt")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .filter(line -> !line.isBlank() && !line.startsWith("#"))
          .map(Long::valueOf)
          .toList();
    }
  }
}
