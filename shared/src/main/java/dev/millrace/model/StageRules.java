package dev.millrace.model;

import java.time.Duration;
import java.util.List;

/**
 * What a stage may have beyond its work: when it has its turn, under which conditions, and how it
 * fans out. Immutable.
 *
 * @param phase never null
 * @param group id of the group that it stands in, or null
 * @param compensates id of the stage that it undoes, in {@link Phase#COMPENSATE}, else null
 * @param condition a CEL expression without braces, or null; false skips the stage as complete
 * @param forEach a CEL expression that gives a list, or null; the stage (or the group) is executed
 *     once for each item
 * @param maxParallel items under way at once (1..{@link #PARALLEL_MAX})
 * @param tolerate never null
 * @param startTimeout how long a start may be with the broker until a worker takes it, or null
 * @param heartbeatTimeout how long a handler may be silent, or null
 * @param locks taken before each attempt, given back when it ends
 * @param rate or null
 * @param minDuration an attempt that completes sooner is a recorded fact, or null
 * @param maxDuration an attempt that runs longer is a recorded fact, or null
 */
public record StageRules(
    Phase phase,
    String group,
    String compensates,
    String condition,
    String forEach,
    int maxParallel,
    Tolerance tolerate,
    Duration startTimeout,
    Duration heartbeatTimeout,
    List<LockUse> locks,
    RateRule rate,
    Duration minDuration,
    Duration maxDuration) {
  /** Items of a fan-out that may be under way at once. */
  public static final int PARALLEL_MAX = 10_000;

  /** What holds when a fan-out does not say. */
  public static final int PARALLEL_DEFAULT = 1_000;

  public static final int ITEMS_MAX = 100_000;

  public static final StageRules NONE =
      new StageRules(
          Phase.MAIN,
          null,
          null,
          null,
          null,
          PARALLEL_DEFAULT,
          Tolerance.NONE,
          null,
          null,
          List.of(),
          null,
          null,
          null);

  public StageRules {
    locks = List.copyOf(locks);
  }
}
