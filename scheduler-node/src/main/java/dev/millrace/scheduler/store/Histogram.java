package dev.millrace.scheduler.store;

import java.util.Arrays;

/**
 * How long something took, how often: buckets of a quarter of a doubling of milliseconds, as the
 * function histogram_bucket has them, so that those of many days can be added up. A percentile is
 * off by a tenth at the most. One thread.
 */
public final class Histogram {
  private static final int PER_DOUBLING = 4;
  private static final int BUCKETS_MAX = 140;
  private final int[] counts = new int[BUCKETS_MAX + 1];
  private int last;

  /**
   * @param bucket from 1; 0 is nothing measured
   */
  public void add(int bucket, int count) {
    if (bucket > 0) {
      counts[bucket] += count;
      last = Math.max(last, bucket);
    }
  }

  /**
   * @param stored as the database keeps it, from bucket 1 on
   */
  public void add(Integer[] stored) {
    for (int i = 0; i < stored.length; i++) {
      add(i + 1, stored[i]);
    }
  }

  public void add(Histogram other) {
    for (int i = 1; i <= other.last; i++) {
      add(i, other.counts[i]);
    }
  }

  public long count() {
    return Arrays.stream(counts).asLongStream().sum();
  }

  /** In milliseconds; null when nothing was measured. */
  public Long percentile(int percent) {
    long count = count();
    if (count == 0) {
      return null;
    }
    long rank = Math.max(1, Math.ceilDiv(count * percent, 100L));
    long before = 0;
    int bucket = 1;
    while (before + counts[bucket] < rank) {
      before += counts[bucket++];
    }
    if (bucket == 1) {
      return 0L;
    }
    // Inside a bucket they are taken to lie evenly on the scale that the buckets are on.
    double share = (rank - before - 0.5) / counts[bucket];
    return Math.round(Math.pow(2, (bucket - 2 + share) / PER_DOUBLING));
  }

  /** As an array of the database. */
  String text() {
    StringBuilder text = new StringBuilder("{");
    for (int i = 1; i <= last; i++) {
      text.append(i > 1 ? "," : "").append(counts[i]);
    }
    return text.append('}').toString();
  }
}
