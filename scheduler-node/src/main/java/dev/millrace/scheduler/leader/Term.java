package dev.millrace.scheduler.leader;

import java.util.concurrent.TimeUnit;

/**
 * One period of leadership, numbered by its epoch. Trust runs from when a renewal was asked for, by
 * the monotonic clock, so a slow answer does not stretch it. Renewed by the elector's thread, read
 * by any.
 */
public final class Term {
  private static final long MARGIN_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

  private final long epoch;
  private final long confirmedAtStart;
  private final long ttlNanos;
  private volatile long trustedUntilNanos;
  private volatile boolean over;

  Term(long epoch, long confirmedAtStart, long ttlNanos, long askedAtNanos) {
    this.epoch = epoch;
    this.confirmedAtStart = confirmedAtStart;
    this.ttlNanos = ttlNanos;
    renewed(askedAtNanos);
  }

  public long epoch() {
    return epoch;
  }

  /** Dispatches up to this number were confirmed by the broker when the term began. */
  public long confirmedAtStart() {
    return confirmedAtStart;
  }

  /** True while nobody else can have taken the lease. Asked before each side effect. */
  public boolean trusted() {
    return !over && trustedUntilNanos - System.nanoTime() > 0;
  }

  void renewed(long askedAtNanos) {
    trustedUntilNanos = askedAtNanos + ttlNanos - MARGIN_NANOS;
  }

  void end() {
    over = true;
  }
}
