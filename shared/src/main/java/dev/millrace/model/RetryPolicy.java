package dev.millrace.model;

import java.time.Duration;

/**
 * When a failed attempt is tried again, and when it is given up. Immutable.
 *
 * @param maxAttempts executions in all, the first included (>= 1). A definition's {@code
 *     max_retries: 3} is 4 here.
 * @param backoff how the delay grows
 * @param initial the delay after the first failure
 * @param factor multiplier of {@link Backoff#EXPONENTIAL} (>= 1)
 * @param max upper bound of any delay
 * @param jitter share of the delay that is random, 0..1: 0.2 means +-20 %
 * @param maxLost attempts that may end because their worker was lost; those do not count as
 *     failures of the job, but a stage that kills its worker each time must end too
 * @param match which failures are tried again
 */
public record RetryPolicy(
    int maxAttempts,
    Backoff backoff,
    Duration initial,
    double factor,
    Duration max,
    double jitter,
    int maxLost,
    RetryMatch match) {

  /** Every failure is tried again. */
  public RetryPolicy(
      int maxAttempts,
      Backoff backoff,
      Duration initial,
      double factor,
      Duration max,
      double jitter,
      int maxLost) {
    this(maxAttempts, backoff, initial, factor, max, jitter, maxLost, RetryMatch.ALL);
  }

  /**
   * One execution, no retry after a failure; a lost worker's attempt is tried up to three more
   * times.
   */
  public static final RetryPolicy NONE =
      new RetryPolicy(
          1, Backoff.EXPONENTIAL, Duration.ofSeconds(1), 2, Duration.ofMinutes(5), 0.2, 3);

  /**
   * The delay before the next attempt.
   *
   * @param failures failed attempts so far (>= 1)
   * @param random uniform in [0, 1); the caller's, so that this stays a pure function
   * @return the delay, never negative, never above {@code max} plus its jitter
   */
  public Duration delayAfter(int failures, double random) {
    double initialMillis = (double) initial.toMillis();
    double maxMillis = (double) max.toMillis();
    double plain =
        switch (backoff) {
          case FIXED -> initialMillis;
          case LINEAR -> initialMillis * failures;
          case EXPONENTIAL -> initialMillis * Math.pow(factor, Math.min(failures - 1, 62));
          case DECORRELATED -> {
            // Uniform between the first delay and three times what the last one could have been.
            double widest =
                Math.min(initialMillis * Math.pow(3, Math.min(failures, 38)), maxMillis);
            yield initialMillis + random * Math.max(0, widest - initialMillis);
          }
        };
    double bounded = Math.min(plain, maxMillis);
    double spread = backoff == Backoff.DECORRELATED ? 0 : jitter; // it is all jitter already
    double jittered = bounded * (1 + spread * (2 * random - 1));
    return Duration.ofMillis(Math.max(0, Math.round(jittered)));
  }
}
