package dev.millrace.worker;

import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;

/**
 * Notices that an attempt has run too long, or was silent too long. Owns one thread, which only
 * tells; any thread may watch.
 */
final class Deadlines implements AutoCloseable {
  private final BiConsumer<Attempt, Ending> over;
  private final ScheduledThreadPoolExecutor timer;

  /**
   * @param over is told at most once for each bound of an attempt; must return at once
   */
  Deadlines(BiConsumer<Attempt, Ending> over) {
    this.over = over;
    this.timer =
        new ScheduledThreadPoolExecutor(
            1, work -> Thread.ofPlatform().name("millrace-timeouts").daemon().unstarted(work));
    timer.setRemoveOnCancelPolicy(true);
  }

  /** An attempt whose bounds are looked after until this is closed. */
  interface Watch extends AutoCloseable {
    @Override
    void close();
  }

  /** From now on, as the start of the attempt says. */
  Watch watch(Attempt attempt) {
    Duration timeout = attempt.start().timeout();
    Future<?> end =
        timeout == null
            ? null
            : timer.schedule(
                () -> over.accept(attempt, Ending.TIMED_OUT),
                timeout.toMillis(),
                TimeUnit.MILLISECONDS);
    Silence silence =
        attempt.start().heartbeatTimeout() == null
            ? null
            : new Silence(attempt, attempt.start().heartbeatTimeout().toNanos());
    if (silence != null) {
      attempt.spoke(); // what was waited for a slot is not the handler's silence
      silence.lookAfter(silence.silentNanosMax);
    }
    return () -> {
      if (end != null) {
        end.cancel(false);
      }
      if (silence != null) {
        silence.stop();
      }
    };
  }

  /** Looks again when the silence could be too long at the earliest: talking costs no timer. */
  private final class Silence {
    private final Attempt attempt;
    private final long silentNanosMax;
    private Future<?> next;
    private boolean stopped;

    Silence(Attempt attempt, long silentNanosMax) {
      this.attempt = attempt;
      this.silentNanosMax = silentNanosMax;
    }

    synchronized void lookAfter(long nanos) {
      if (!stopped) {
        next = timer.schedule(this::look, nanos, TimeUnit.NANOSECONDS);
      }
    }

    private void look() {
      long leftNanos = silentNanosMax - attempt.silentNanos();
      if (leftNanos > 0) {
        lookAfter(leftNanos);
      } else {
        over.accept(attempt, Ending.SILENT);
      }
    }

    synchronized void stop() {
      stopped = true;
      next.cancel(false);
    }
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }
}
