package dev.millrace.runtime;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Growing, jittered delays after failures in a row: first, doubled up to max, +-25 %. Not
 * thread-safe.
 */
public final class Delays {
  private final long firstMillis;
  private final long maxMillis;
  private int failures;

  public Delays(Duration first, Duration max) {
    this.firstMillis = first.toMillis();
    this.maxMillis = max.toMillis();
  }

  public void succeeded() {
    failures = 0;
  }

  /** Counts a failure and says how long to wait. */
  public long nextMillis() {
    long plain = Math.min(maxMillis, firstMillis << Math.min(failures, 20));
    failures++;
    return Math.max(1, plain - plain / 4 + ThreadLocalRandom.current().nextLong(plain / 2 + 1));
  }

  public int failures() {
    return failures;
  }
}
