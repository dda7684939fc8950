package dev.millrace.runtime;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What a loop waits on between passes: an interval, a nudge, or the stop. A nudge during a pass is
 * not lost, it skips the next wait. Any thread may nudge; one loop awaits.
 */
public final class Pulse {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private boolean nudged;
  private volatile boolean stopping;

  /** Ends the current or the next wait. */
  public void nudge() {
    lock.lock();
    try {
      nudged = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Ends every wait from now on. */
  public void stop() {
    stopping = true;
    nudge();
  }

  public boolean stopping() {
    return stopping;
  }

  /**
   * Waits until a nudge, the stop, or the time is over.
   *
   * @return true when it was nudged or stopped, false when the time was over
   */
  public boolean await(long nanos) {
    lock.lock();
    try {
      long left = nanos;
      while (!nudged && !stopping && left > 0) {
        left = changed.awaitNanos(left);
      }
      boolean woken = nudged || stopping;
      nudged = false;
      return woken;
    } catch (InterruptedException e) {
      // An interrupt is how an owner in a hurry says stop.
      Thread.currentThread().interrupt();
      stopping = true;
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Waits for so many milliseconds unless nudged. */
  public boolean awaitMillis(long millis) {
    return await(TimeUnit.MILLISECONDS.toNanos(millis));
  }
}
