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
 */
public record RetryPolicy(
    int maxAttempts,
    Backoff backoff,
    Duration initial,
    double factor,
    Duration max,
    double jitter,
    int maxLost) {

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
    double plain =
        switch (backoff) {
          case FIXED -> initialMillis;
          case LINEAR -> initialMillis * failures;
          case EXPONENTIAL -> initialMillis * Math.pow(factor, Math.min(failures - 1, 62));
        };
    double bounded = Math.min(plain, (double) max.toMillis());
    double jittered = bounded * (1 + jitter * (2 * random - 1));
    return Duration.ofMillis(Math.max(0, Math.round(jittered)));
  }
}
