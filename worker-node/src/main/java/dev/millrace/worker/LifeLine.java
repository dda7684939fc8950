package dev.millrace.worker;

import dev.millrace.runtime.Loop;
import java.time.Duration;

/**
 * Judges by the monotonic clock whether the others still believe that this worker lives. When they
 * may not, its stages are ended before anybody else can start them. Runs on the watch loop; trust
 * may be asked and confirmed from any thread.
 */
final class LifeLine implements Loop.Pass {
  /** Ends a little early: ending takes time, too. */
  private static final double EARLY = 0.95;

  private final long trustNanos;
  private final Runnable cutOff;
  private volatile long confirmedNanos;
  private volatile boolean everConfirmed;
  private boolean told;

  LifeLine(Duration lostAfter, Runnable cutOff) {
    this.trustNanos = (long) (lostAfter.toNanos() * EARLY);
    this.cutOff = cutOff;
  }

  /** The broker has a heartbeat that was sent at this time. */
  void confirmed(long sentNanos) {
    if (!everConfirmed || sentNanos - confirmedNanos > 0) {
      confirmedNanos = sentNanos;
      everConfirmed = true;
    }
  }

  /** True while a stage may be started or go on. */
  boolean trusted() {
    return everConfirmed && System.nanoTime() - confirmedNanos < trustNanos;
  }

  @Override
  public boolean runOnce() {
    if (trusted()) {
      told = false;
    } else if (everConfirmed && !told) {
      told = true;
      cutOff.run();
    }
    return false;
  }
}
