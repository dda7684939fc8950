package dev.millrace.scheduler.leader;

import dev.millrace.model.RunId;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Makes time-ordered 64-bit ids in the TSID layout (42 bits of milliseconds since 2020, 22 bits
 * below) from the database's clock, so that a run lands in the day partition that the database
 * made. Never the same twice and always growing within a term; between terms the random start of
 * each millisecond keeps them apart. The leader's thread.
 */
final class Ids {
  private static final int LOW_BITS = 22;
  private static final long START_MAX = 1 << 20;

  private long last;

  /**
   * @param now the database's clock, in microseconds since 1970
   */
  long next(long now) {
    long millis = now / 1_000 - RunId.EPOCH_MILLIS;
    long low = ThreadLocalRandom.current().nextLong(START_MAX);
    long fresh = (millis << LOW_BITS) + low;
    // Within one millisecond, and when the clock went back, count on.
    last = fresh >> LOW_BITS > last >> LOW_BITS ? fresh : last + 1;
    return last;
  }
}
