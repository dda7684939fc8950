package dev.millrace.scheduler.event;

import dev.millrace.scheduler.store.ReadsEvents;
import dev.millrace.scheduler.store.ReadsEvents.LogBatch;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jdbi.v3.core.Jdbi;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A cursor over the transition log, in the order of its batches. A batch that is missing belongs to
 * a writer that has not committed yet, or never will: nothing above it is handed out until every
 * transaction that could hold it has ended. So who goes on above a batch has missed nothing below
 * it. One thread.
 */
public final class LogFollower {
  private static final Logger log = LoggerFactory.getLogger(LogFollower.class);
  private static final int BATCHES_MAX = 8;

  /** Longer than any writer may take: the role's statement and idle timeouts end it before. */
  private static final Duration GAP_WAIT_MAX = Duration.ofSeconds(60);

  private static final long GAP_POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
  private static final long GAP_LATER_NANOS = TimeUnit.MILLISECONDS.toNanos(250);
  private static final long GAP_SOON_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final Jdbi jdbi;
  private final EventNames names;
  private final Gaps gaps = new Gaps();
  private long cursor;
  private boolean more;

  public LogFollower(Jdbi jdbi, EventNames names) {
    this.jdbi = jdbi;
    this.names = names;
  }

  /** Begins at the end of the log, which is settled only after a look or two. */
  public void startAtEnd() {
    cursor = jdbi.withHandle(ReadsEvents::sequenceAt);
    gaps.startAt(cursor);
  }

  /** Begins above a batch below which everything was handed out before. */
  public void startAbove(long batch) {
    cursor = batch;
    gaps.startSettledAt(batch);
  }

  /** Every batch up to this one was handed out, or was there before the start. */
  public long cursor() {
    return cursor;
  }

  /** Every batch up to the cursor is committed or will never be. */
  public boolean settled() {
    return gaps.settledTo(cursor);
  }

  /** Somebody may commit at any moment what everything waits for. */
  public boolean waiting() {
    return gaps.waiting();
  }

  /** After how long to look again while it waits: often at first, for most commits are near. */
  public long waitNanos() {
    return gaps.waitedNanos() < GAP_SOON_NANOS ? GAP_POLL_NANOS : GAP_LATER_NANOS;
  }

  /** There is probably more than the last look has brought. */
  public boolean more() {
    return more;
  }

  /** One look: the batches that follow the cursor, which passes them. */
  public List<EventBatch> next() {
    long above = cursor;
    try {
      return nextBatches().stream().map(batch -> EventBatch.of(batch, names)).toList();
    } catch (RuntimeException e) {
      cursor = above; // a failure leaves everything to the next look
      throw e;
    }
  }

  /** The same, as they are in the log. */
  public List<LogBatch> nextBatches() {
    long above = cursor;
    ReadsEvents.Look look = jdbi.withHandle(h -> ReadsEvents.look(h, above, BATCHES_MAX));
    gaps.look(look.xmin(), look.xmax());
    List<LogBatch> settled = new ArrayList<>(look.batches().size());
    long at = cursor;
    more = look.batches().size() == BATCHES_MAX;
    for (LogBatch batch : look.batches()) {
      // At the start the place it begins at is itself a gap until it is settled.
      if ((batch.number() != at + 1 || !gaps.settledTo(at))
          && !gaps.settledTo(batch.number() - 1)) {
        gaps.found(look.batches().getLast().number() - 1);
        more = false;
        break;
      }
      settled.add(batch);
      at = batch.number();
      gaps.passed(at);
    }
    cursor = at;
    return settled;
  }

  /**
   * Which missing numbers are settled. A number is taken before the batch that follows it is seen;
   * whoever took it had a transaction id soon after. So: see the gap, look again a little later for
   * the highest id given out by then, and wait until all below that have ended.
   */
  private static final class Gaps {
    private long settled;
    private long foundUpTo;
    private long watchedUpTo;
    private long watchedXmax;
    private long foundAtNanos;

    void startAt(long batch) {
      startSettledAt(-1);
      found(batch);
    }

    void startSettledAt(long batch) {
      settled = batch;
      foundUpTo = 0;
      watchedUpTo = 0;
    }

    boolean waiting() {
      return foundUpTo > 0;
    }

    boolean settledTo(long batch) {
      return batch <= settled;
    }

    void passed(long batch) {
      settled = Math.max(settled, batch);
    }

    void found(long upTo) {
      if (foundUpTo == 0) {
        foundUpTo = Math.max(1, upTo);
        foundAtNanos = System.nanoTime();
      }
    }

    long waitedNanos() {
      return System.nanoTime() - foundAtNanos;
    }

    void look(long xmin, long xmax) {
      if (watchedUpTo > 0 && (xmin >= watchedXmax || tooLong())) {
        settled = Math.max(settled, watchedUpTo);
        watchedUpTo = 0;
        foundUpTo = 0;
        return;
      }
      if (foundUpTo > 0 && watchedUpTo == 0) {
        watchedUpTo = foundUpTo;
        watchedXmax = xmax;
      }
    }

    private boolean tooLong() {
      boolean over = System.nanoTime() - foundAtNanos > GAP_WAIT_MAX.toNanos();
      if (over) {
        log.warn(
            "a writer has kept events back for too long upTo={} waited={}; going on without it",
            watchedUpTo,
            GAP_WAIT_MAX);
      }
      return over;
    }
  }
}
