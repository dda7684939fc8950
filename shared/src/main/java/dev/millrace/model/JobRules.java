package dev.millrace.model;

import java.time.Duration;
import java.util.List;

/**
 * What holds for the runs of a job as a whole. Immutable.
 *
 * @param overlap never null
 * @param concurrency or null
 * @param locks taken before the first stage, given back when the run ends
 * @param timeout how long a run may take from its first start, or null
 * @param deadline how long after its planned instant a run is late, or null; late is a recorded
 *     fact, it ends nothing
 * @param window makes the job a plan, or null
 * @param environment the environment group whose global events reach its runs, or null
 * @param webhooks never null
 * @param limits or null
 */
public record JobRules(
    Overlap overlap,
    Concurrency concurrency,
    List<LockUse> locks,
    Duration timeout,
    Duration deadline,
    Window window,
    String environment,
    List<Webhook> webhooks,
    RunLimits limits) {
  public static final JobRules NONE =
      new JobRules(Overlap.ALLOW, null, List.of(), null, null, null, null);

  /** Of a job that nothing starts but time and people, and that may do as much as it wants. */
  public JobRules(
      Overlap overlap,
      Concurrency concurrency,
      List<LockUse> locks,
      Duration timeout,
      Duration deadline,
      Window window,
      String environment) {
    this(overlap, concurrency, locks, timeout, deadline, window, environment, List.of(), null);
  }

  public JobRules {
    locks = List.copyOf(locks);
    webhooks = List.copyOf(webhooks);
  }

  public JobRules withWebhooks(List<Webhook> others) {
    return new JobRules(
        overlap, concurrency, locks, timeout, deadline, window, environment, others, limits);
  }

  public JobRules withLimits(RunLimits others) {
    return new JobRules(
        overlap, concurrency, locks, timeout, deadline, window, environment, webhooks, others);
  }
}
