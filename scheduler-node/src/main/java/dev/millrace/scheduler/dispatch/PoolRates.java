package dev.millrace.scheduler.dispatch;

import dev.millrace.scheduler.store.SeatRows;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * How many starts the rate of a pool still allows. Starts are saved up for one period at the most;
 * a new leader begins with none, so that a failover is no burst. The leader's thread.
 */
public final class PoolRates {
  private static final class Bucket {
    private final SeatRows.Rate rate;
    private double starts;
    private long countedAt;

    Bucket(SeatRows.Rate rate, long now) {
      this.rate = rate;
      this.countedAt = now;
    }

    void count(long now) {
      double periods =
          (double) (now - countedAt) / TimeUnit.MILLISECONDS.toMicros(rate.perMillis());
      starts = Math.min(rate.starts(), starts + Math.max(0, periods) * rate.starts());
      countedAt = Math.max(countedAt, now);
    }

    long nextAt() {
      double missing = Math.max(0, 1 - starts);
      return countedAt + (long) Math.ceil(missing / rate.starts() * rate.perMillis() * 1_000) + 1;
    }
  }

  private final Map<String, Bucket> buckets = new HashMap<>();

  /** Replaces the rates; those that are as before go on. */
  public void load(Map<String, SeatRows.Rate> rates, long now) {
    buckets.keySet().retainAll(rates.keySet());
    rates.forEach(
        (pool, rate) -> {
          Bucket known = buckets.get(pool);
          if (known == null || !known.rate.equals(rate)) {
            buckets.put(pool, new Bucket(rate, now));
          }
        });
  }

  /** Starts that the pool may make now, at most {@code room}. */
  public int allowed(String pool, int room, long now) {
    Bucket bucket = buckets.get(pool);
    if (bucket == null || room == 0) {
      return room;
    }
    bucket.count(now);
    return Math.min(room, (int) bucket.starts);
  }

  public void started(String pool) {
    Bucket bucket = buckets.get(pool);
    if (bucket != null) {
      bucket.starts -= 1;
    }
  }

  /** When the pool may make its next start, in microseconds; 0 when it has no rate. */
  public long nextAt(String pool) {
    Bucket bucket = buckets.get(pool);
    return bucket == null ? 0 : bucket.nextAt();
  }
}
