package dev.millrace.model;

import java.time.Duration;

/**
 * Which ticks still fire that could not when they were due. The others become ledger rows, never
 * silence. Immutable.
 *
 * @param within how old a tick may be and still fire, or null when it may be any age
 * @param atMost how many fire, the latest ones; 0 for none, {@link #UNLIMITED} for all
 * @param pace how quickly they fire, or null for as quickly as they can
 */
public record Misfire(Duration within, int atMost, Pace pace) {
  /** No bound on how many fire. */
  public static final int UNLIMITED = Integer.MAX_VALUE;

  /** The largest bound that can be written; more than that is all. */
  public static final int AT_MOST_MAX = 10_000;

  /** None of the missed ticks fires. */
  public static final Misfire NONE = new Misfire(null, 0, null);

  /** The latest missed tick fires, the earlier ones are recorded as MISSED. */
  public static final Misfire LATEST = new Misfire(null, 1, null);

  /** All of them fire, in their order. */
  public static final Misfire ALL = new Misfire(null, UNLIMITED, null);

  /** At most so many ticks in a time. */
  public record Pace(int ticks, Duration per) {
    /** From one tick to the next, at least a microsecond. */
    public long microsBetween() {
      return Math.max(1, per.toNanos() / 1_000 / ticks);
    }
  }
}
