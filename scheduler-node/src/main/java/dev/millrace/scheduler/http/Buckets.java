package dev.millrace.scheduler.http;

import java.util.Iterator;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * A bucket of permits for each key, refilled steadily. Bounded: when there are too many keys, those
 * that are full are forgotten. Any thread.
 */
final class Buckets {
  private static final int KEYS_MAX = 50_000;

  private final double size;
  private final double perNano;
  private final LongSupplier nanos;
  private final ConcurrentHashMap<String, Bucket> buckets = new ConcurrentHashMap<>();

  private record Bucket(double permits, long atNanos) {}

  /**
   * @param size how many at once
   * @param perSecond how fast they come back
   * @param nanos a clock that never goes back
   */
  Buckets(double size, double perSecond, LongSupplier nanos) {
    this.size = size;
    this.perNano = perSecond / TimeUnit.SECONDS.toNanos(1);
    this.nanos = nanos;
  }

  /**
   * Takes a permit.
   *
   * @return 0 when there was one, else the seconds until there is one
   */
  long take(String key) {
    long now = nanos.getAsLong();
    if (buckets.size() >= KEYS_MAX) {
      forgetFull(now);
    }
    boolean[] taken = {false};
    Bucket after =
        buckets.compute(
            key,
            (any, old) -> {
              double permits = old == null ? size : refilled(old, now);
              taken[0] = permits >= 1;
              return new Bucket(taken[0] ? permits - 1 : permits, now);
            });
    return taken[0] ? 0 : secondsUntilOne(after);
  }

  /** The same without taking one. */
  long look(String key) {
    long now = nanos.getAsLong();
    Bucket old = buckets.get(key);
    if (old == null || refilled(old, now) >= 1) {
      return 0;
    }
    return secondsUntilOne(new Bucket(refilled(old, now), now));
  }

  private long secondsUntilOne(Bucket bucket) {
    return Math.max(1, (long) Math.ceil((1 - bucket.permits()) / perNano / 1e9));
  }

  private double refilled(Bucket bucket, long now) {
    return Math.min(size, bucket.permits() + (now - bucket.atNanos()) * perNano);
  }

  private void forgetFull(long now) {
    for (Iterator<Bucket> each = buckets.values().iterator(); each.hasNext(); ) {
      if (refilled(each.next(), now) >= size) {
        each.remove();
      }
    }
    if (buckets.size() >= KEYS_MAX) {
      buckets.clear();
    }
  }
}
