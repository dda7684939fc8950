package dev.millrace.benchmark;

import java.util.Arrays;
import java.util.Locale;

/**
 * Exact percentiles of a set of durations, by the nearest-rank rule: each one is a value that was
 * measured. Immutable.
 */
public record Percentiles(int count, double p50Millis, double p99Millis, double maxMillis) {

  /** Leaves the given array as it is; an empty one has zeroes. */
  public static Percentiles ofNanos(long... nanos) {
    if (nanos.length == 0) {
      return new Percentiles(0, 0, 0, 0);
    }
    long[] sorted = nanos.clone();
    Arrays.sort(sorted);
    return new Percentiles(
        sorted.length, rankMillis(sorted, 50), rankMillis(sorted, 99), rankMillis(sorted, 100));
  }

  private static double rankMillis(long[] sorted, int percent) {
    int rank = Math.toIntExact(Math.ceilDiv((long) sorted.length * percent, 100L));
    return sorted[rank - 1] / 1e6;
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "p50 %.2f ms, p99 %.2f ms, max %.2f ms (%d)",
        p50Millis,
        p99Millis,
        maxMillis,
        count);
  }
}
