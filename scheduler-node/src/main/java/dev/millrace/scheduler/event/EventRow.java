package dev.millrace.scheduler.event;

import dev.millrace.model.RunId;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A row of the log on its way to whoever follows it: all moves of one run in one transaction. Its
 * events are written once, by whoever wants them first, and shared. Any thread.
 */
public final class EventRow {
  /** Without its events, with what holds it. */
  private static final int BYTES = 160;

  private final long seq;
  private final long run;
  private final Instant at;
  private final Story story;
  private final ReentrantLock writing = new ReentrantLock();
  private volatile List<Event> events;
  private AtomicLong counter;
  private int written;

  EventRow(long seq, long run, Instant at, Story story) {
    this.seq = seq;
    this.run = run;
    this.at = at;
    this.story = story;
  }

  public long seq() {
    return seq;
  }

  public long run() {
    return run;
  }

  public Story story() {
    return story;
  }

  Instant at() {
    return at;
  }

  /** The run as people see it. */
  String runText() {
    return new RunId(run).toString();
  }

  /** How many events it has. */
  public int size() {
    return story.told().size();
  }

  public List<Event> events() {
    List<Event> known = events;
    if (known != null) {
      return known;
    }
    List<Event> made = new ArrayList<>(size());
    story.told().forEach(told -> made.add(new Event(this, told)));
    writing.lock();
    try {
      if (events == null) {
        events = List.copyOf(made);
      }
      return events;
    } finally {
      writing.unlock();
    }
  }

  ReentrantLock writing() {
    return writing;
  }

  /** So many more bytes are kept with it. With the lock. */
  void wrote(int bytes) {
    written += bytes;
    if (counter != null) {
      counter.addAndGet(bytes);
    }
  }

  /** From now on its bytes are counted there. */
  public void countIn(AtomicLong bytes) {
    writing.lock();
    try {
      counter = bytes;
      counter.addAndGet(BYTES + written);
    } finally {
      writing.unlock();
    }
  }

  /** Its bytes are nobody's any more: only who still reads it keeps it. */
  public void countOut() {
    writing.lock();
    try {
      if (counter != null) {
        counter.addAndGet(-BYTES - written);
        counter = null;
      }
    } finally {
      writing.unlock();
    }
  }
}
