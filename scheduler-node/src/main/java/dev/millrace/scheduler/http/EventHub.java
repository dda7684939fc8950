package dev.millrace.scheduler.http;

import dev.millrace.runtime.Loop;
import dev.millrace.runtime.Pulse;
import dev.millrace.runtime.Service;
import dev.millrace.scheduler.store.ReadsEvents;
import dev.millrace.scheduler.store.ReadsRuns.Transition;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jdbi.v3.core.Jdbi;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows the transition log for all clients of this node and hands each its rows, in the order of
 * seq. A batch that is missing belongs to a writer that has not committed yet, or never will:
 * nothing above it is handed out until every transaction that could hold it has ended. So a client
 * that resumes above a seq has missed nothing below it. One thread of its own; nothing runs without
 * clients.
 */
final class EventHub implements Service {
  private static final Logger log = LoggerFactory.getLogger(EventHub.class);
  static final int CLIENTS_MAX = 1_000;
  private static final int PAGE_ROWS = 1_000;
  private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
  private static final long GAP_POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
  private static final long IDLE_NANOS = TimeUnit.HOURS.toNanos(1);

  /** Longer than any writer may take: the role's statement and idle timeouts end it before. */
  private static final Duration GAP_WAIT_MAX = Duration.ofSeconds(60);

  private record Joining(EventFeed feed, CompletableFuture<Long> at) {}

  private final Jdbi jdbi;
  private final Pulse pulse = new Pulse();
  private final Loop loop;
  private final ConcurrentLinkedQueue<Joining> joining = new ConcurrentLinkedQueue<>();
  private final AtomicInteger clients = new AtomicInteger();
  private final List<EventFeed> feeds = new ArrayList<>();

  private boolean following;
  private long cursor;
  private final Gaps gaps = new Gaps();

  EventHub(Jdbi jdbi) {
    this.jdbi = jdbi;
    this.loop = new Loop("events", this::runOnce, pulse, this::waitNanos);
  }

  @Override
  public void start() {
    loop.start();
  }

  @Override
  public void close() {
    loop.close();
    feeds.forEach(EventFeed::end);
    joining.forEach(one -> one.feed().end());
  }

  /**
   * Takes a feed in. The future tells the seq it begins above, once that is settled: every row up
   * to it is committed or will never be.
   *
   * @return null when there is no room
   */
  CompletableFuture<Long> join(EventFeed feed) {
    if (clients.incrementAndGet() > CLIENTS_MAX) {
      clients.decrementAndGet();
      return null;
    }
    CompletableFuture<Long> at = new CompletableFuture<>();
    joining.add(new Joining(feed, at));
    pulse.nudge();
    return at;
  }

  /** The feed's client is gone. */
  void leave(EventFeed feed) {
    feed.end();
    clients.decrementAndGet();
    pulse.nudge();
  }

  private long waitNanos() {
    if (!following && joining.isEmpty()) {
      return IDLE_NANOS;
    }
    return gaps.waiting() || !joining.isEmpty() ? GAP_POLL_NANOS : POLL_NANOS;
  }

  private boolean runOnce() {
    feeds.removeIf(EventFeed::ended);
    joining.removeIf(one -> one.feed().ended());
    if (feeds.isEmpty() && joining.isEmpty()) {
      following = false;
      return false;
    }
    if (!following) {
      cursor = jdbi.withHandle(ReadsEvents::sequenceAt);
      gaps.startAt(cursor);
      following = true;
    }
    ReadsEvents.Look look = jdbi.withHandle(h -> ReadsEvents.look(h, cursor, PAGE_ROWS));
    boolean more = handOut(look) && look.rows().size() == PAGE_ROWS;
    if (gaps.settledTo(cursor)) {
      takeIn();
    }
    return more;
  }

  private void takeIn() {
    for (Joining one = joining.poll(); one != null; one = joining.poll()) {
      feeds.add(one.feed());
      one.at().complete(cursor);
    }
  }

  /** Hands out what is settled; false when a gap holds back the rest. */
  private boolean handOut(ReadsEvents.Look look) {
    gaps.look(look.xmin(), look.xmax());
    for (Transition row : look.rows()) {
      // At the start the place it begins at is itself a gap until it is settled.
      if ((!ReadsEvents.follows(row.seq(), cursor) || !gaps.settledTo(cursor))
          && !gaps.settledTo(row.seq() - 1)) {
        gaps.found(look.rows().getLast().seq() - 1);
        return false;
      }
      cursor = row.seq();
      gaps.passed(cursor);
      EventRow event = new EventRow(row);
      feeds.forEach(feed -> feed.offer(event));
    }
    return true;
  }

  /**
   * Which missing numbers are settled. A number is taken before the row that follows it is seen;
   * whoever took it had a transaction id soon after. So: see the gap, look again a little later for
   * the highest id given out by then, and wait until all below that have ended.
   */
  private static final class Gaps {
    private long settled;
    private long foundUpTo;
    private long watchedUpTo;
    private long watchedXmax;
    private long foundAtNanos;

    void startAt(long seq) {
      settled = -1;
      foundUpTo = 0;
      watchedUpTo = 0;
      found(seq);
    }

    boolean waiting() {
      return foundUpTo > 0;
    }

    boolean settledTo(long seq) {
      return seq <= settled;
    }

    void passed(long seq) {
      settled = Math.max(settled, seq);
    }

    void found(long upTo) {
      if (foundUpTo == 0) {
        foundUpTo = Math.max(1, upTo);
        foundAtNanos = System.nanoTime();
      }
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
