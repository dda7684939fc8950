package dev.millrace.scheduler.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lifecycle.RunState;
import dev.millrace.lifecycle.StageState;
import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * Laws that hold whatever happens in whatever order: random facts, stale and doubled ones included,
 * on random jobs that use everything. A failure names its seed; {@code -Dmillrace.seed=} plays that
 * one alone.
 */
class EngineLawTest {
  private static final int STORIES = Integer.getInteger("millrace.stories", 5_000);
  private static final int JOBS = 400;
  private static final long FIRST_SEED = 20_260_101;

  private final ConcurrentHashMap<Long, Plan> plans = new ConcurrentHashMap<>();
  private final Map<String, String> broken = new ConcurrentHashMap<>();
  private final Arrows<RunState> runs = new Arrows<>(RunState.class, RunState::canBecome);
  private final Arrows<StageState> stages = new Arrows<>(StageState.class, StageState::canBecome);

  @Test
  void theLawsHoldAndEveryArrowIsWalked() {
    Long only = Long.getLong("millrace.seed");
    if (only != null) {
      play(only);
      return;
    }
    IntStream.range(0, STORIES).parallel().forEach(number -> playQuietly(FIRST_SEED + number));
    assertThat(broken.values()).as("broken laws: one story of each kind").isEmpty();
    assertThat(runs.missing()).as("arrows of runs that nothing walks").isEmpty();
    assertThat(stages.missing()).as("arrows of stages that nothing walks").isEmpty();
  }

  /** Keeps one story of each place that found a law broken. */
  private void playQuietly(long seed) {
    try {
      play(seed);
    } catch (RuntimeException | AssertionError e) {
      broken.putIfAbsent(place(e), "seed " + seed + ": " + e);
    }
  }

  private static String place(Throwable thrown) {
    return Arrays.stream(thrown.getStackTrace())
        .filter(frame -> frame.getClassName().startsWith("dev.millrace."))
        .limit(2)
        .map(StackTraceElement::toString)
        .collect(Collectors.joining(" "));
  }

  private void play(long seed) {
    Plan plan =
        plans.computeIfAbsent(
            seed % JOBS, job -> RandomJobs.plan(new SplittableRandom(FIRST_SEED * 31 + job)));
    new Story(new SplittableRandom(seed), plan, new Laws(plan, runs, stages)).play();
  }
}
