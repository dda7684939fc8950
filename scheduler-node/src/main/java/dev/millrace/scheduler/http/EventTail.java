package dev.millrace.scheduler.http;

import dev.millrace.scheduler.event.EventRow;
import dev.millrace.scheduler.store.ReadsEvents;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The newest rows of the log, once for all clients of the node: each of them walks along the same
 * chain. Bounded by rows and by bytes; what is cut off at its old end is lost to a client that has
 * not come by, which is dropped then and may resume: it is never waited for. The hub's thread
 * appends and cuts, any other walks.
 */
final class EventTail {
  static final int ROWS_MAX = 100_000;
  static final long BYTES_MAX = 24L * 1024 * 1024;

  /** A place in the chain; the row is null at its very beginning and when it was cut off. */
  static final class Place {
    private volatile EventRow row;
    private volatile Place next;
    private volatile boolean cut;

    private Place(EventRow row) {
      this.row = row;
    }
  }

  private final int rowsMax;
  private final long bytesMax;
  private final AtomicLong bytes = new AtomicLong();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition grown = lock.newCondition();
  private Place first = new Place(null);
  private Place last = first;
  private int rows;
  private long above;

  EventTail() {
    this(ROWS_MAX, BYTES_MAX);
  }

  EventTail(int rowsMax, long bytesMax) {
    this.rowsMax = rowsMax;
    this.bytesMax = bytesMax;
  }

  /** Forgets everything; from now on it holds what is above this batch. Hub's thread. */
  void startAbove(long batch) {
    while (rows > 0) {
      cutOne();
    }
    above = batch;
  }

  /** Hub's thread. */
  void append(List<EventRow> more) {
    if (more.isEmpty()) {
      return;
    }
    for (EventRow row : more) {
      row.countIn(bytes);
      Place place = new Place(row);
      last.next = place;
      last = place;
      rows++;
    }
    trim();
    wake();
  }

  /** Holds it within its bounds: rows grow when somebody has them written. Hub's thread. */
  void trim() {
    while (rows > rowsMax || (rows > 0 && bytes.get() > bytesMax)) {
      cutOne();
    }
  }

  private void cutOne() {
    Place oldest = first.next;
    EventRow row = oldest.row;
    above = ReadsEvents.batchOf(row.seq());
    row.countOut();
    first.cut = true; // who stands there has missed what comes next
    oldest.row = null;
    first = oldest;
    rows--;
  }

  /** Ends every wait. */
  void wake() {
    lock.lock();
    try {
      grown.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** It holds all that is above this batch, of which a row may be cut off. Hub's thread. */
  long above() {
    return above;
  }

  /** Before what will be appended next. Hub's thread. */
  Place end() {
    return last;
  }

  /** Before everything that it holds. Hub's thread. */
  Place start() {
    return first;
  }

  long bytes() {
    return bytes.get();
  }

  int rows() {
    return rows;
  }

  /** One client's way along it. The client's thread. */
  final class Walk {
    private volatile Place at;

    Walk(Place at) {
      this.at = at;
    }

    /** What comes next was cut off before this client came by. Any thread. */
    boolean behind() {
      return at.cut;
    }

    /** The next row, or null when there is none yet, or it was cut off. */
    EventRow next() {
      Place next = at.next;
      if (next == null) {
        return null;
      }
      EventRow row = next.row;
      if (row == null || at.cut) {
        return null;
      }
      at = next;
      return row;
    }

    /** Waits until there probably is a next row, or the time is over. */
    void await(Duration wait) throws InterruptedException {
      lock.lock();
      try {
        long left = wait.toNanos();
        while (at.next == null && !at.cut && left > 0) {
          left = grown.awaitNanos(left);
        }
      } finally {
        lock.unlock();
      }
    }
  }
}
