package dev.millrace.scheduler.http;

import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Rows on their way to one client, bounded: a client that does not keep up is dropped and may
 * resume, it is never waited for. Filled by the hub, emptied by the client's thread.
 */
final class EventFeed {
  private static final int ROWS_MAX = 20_000;
  private final ArrayBlockingQueue<EventRow> rows = new ArrayBlockingQueue<>(ROWS_MAX);
  private volatile boolean ended;

  void offer(EventRow row) {
    if (!ended && !rows.offer(row)) {
      ended = true;
    }
  }

  void end() {
    ended = true;
  }

  boolean ended() {
    return ended;
  }

  /**
   * @return the next row, or null when none came in time
   */
  EventRow next(Duration wait) throws InterruptedException {
    return rows.poll(wait.toNanos(), TimeUnit.NANOSECONDS);
  }
}
