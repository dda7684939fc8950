package dev.millrace.scheduler.engine;

import dev.millrace.lifecycle.RunState;
import dev.millrace.lifecycle.StageState;
import dev.millrace.model.Backoff;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.RetryPolicy;
import dev.millrace.model.StageDefinition;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** Plans and runs as tests want them. Stateless. */
public final class Plans {
  /** Some instant; the engine has no other clock than the one it is given. */
  public static final long NOW = 1_800_000_000_000_000L;

  private Plans() {}

  public static Plan of(StageDefinition... stages) {
    return of(1, 1, stages);
  }

  public static Plan of(long job, int version, StageDefinition... stages) {
    return new Plan(
        job,
        version,
        new JobDefinition(
            "job", "default", "", List.of(), List.of(), 5, List.of(stages), Map.of(), null));
  }

  public static StageDefinition stage(String id, String... needs) {
    return stage(id, retry(1, 3), null, null, needs);
  }

  public static StageDefinition stage(
      String id, RetryPolicy retry, Duration timeout, Duration queueTimeout, String... needs) {
    return new StageDefinition(
        id, "noop", "default", "{}", List.of(needs), retry, timeout, queueTimeout);
  }

  /** No jitter, ten seconds, doubled. */
  public static RetryPolicy retry(int maxAttempts, int maxLost) {
    return new RetryPolicy(
        maxAttempts,
        Backoff.EXPONENTIAL,
        Duration.ofSeconds(10),
        2,
        Duration.ofMinutes(5),
        0,
        maxLost);
  }

  public static Run run(long id, Plan plan, long now) {
    return new Run(
        id,
        plan,
        RunState.PENDING,
        "manual",
        0,
        0,
        "{}",
        "tester",
        null,
        null,
        now,
        0,
        0,
        Engine.fresh(plan));
  }

  /** A running stage of a worker, for tests of what reads such rows. */
  public static StageState state(Draft draft, int index) {
    return draft.stage(index).state();
  }
}
