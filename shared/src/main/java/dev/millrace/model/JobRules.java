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
 * @param requires what its runs wait for before they are admitted, or null
 * @param limits how much a run may do, or null
 */
public record JobRules(
    Overlap overlap,
    Concurrency concurrency,
    List<LockUse> locks,
    Duration timeout,
    Duration deadline,
    Window window,
    String environment,
    Requirement requires,
    RunLimits limits) {
  public static final JobRules NONE =
      new JobRules(Overlap.ALLOW, null, List.of(), null, null, null, null);

  public JobRules {
    locks = List.copyOf(locks);
  }

  /** Of a job that requires nothing of others, and whose runs may do as much as they want. */
  public JobRules(
      Overlap overlap,
      Concurrency concurrency,
      List<LockUse> locks,
      Duration timeout,
      Duration deadline,
      Window window,
      String environment) {
    this(overlap, concurrency, locks, timeout, deadline, window, environment, null, null);
  }

  /** The same with what its runs wait for. */
  public JobRules requiring(Requirement other) {
    return new JobRules(
        overlap, concurrency, locks, timeout, deadline, window, environment, other, limits);
  }

  /** The same with how much a run may do. */
  public JobRules limitedTo(RunLimits other) {
    return new JobRules(
        overlap, concurrency, locks, timeout, deadline, window, environment, requires, other);
  }
}
