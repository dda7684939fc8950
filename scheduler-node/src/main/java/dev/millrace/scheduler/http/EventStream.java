package dev.millrace.scheduler.http;

import dev.millrace.scheduler.event.Event;
import dev.millrace.scheduler.event.EventBatch;
import dev.millrace.scheduler.event.EventRow;
import dev.millrace.scheduler.event.EventSelector;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/**
 * Writes events to one client until one of the two goes. Confined to the client's thread, but for
 * what the watch asks.
 */
final class EventStream {
  private static final Duration ALIVE_EVERY = Duration.ofSeconds(15);
  private static final Duration STEP = Duration.ofMillis(500);

  /** After so many, what was written goes out. */
  private static final int BURST_ROWS_MAX = 500;

  private final EventHub hub;
  private final EventSink sink;
  private final EventSelector selector;
  private final Supplier<String> denied;
  private final String name;
  private long writtenNanos = System.nanoTime();
  private long judgedNanos = System.nanoTime();

  /** When the write began that goes on, 0 while none does. */
  private volatile long writingNanos;

  private volatile boolean closed;
  private volatile boolean aborted;
  private volatile EventTail.Walk walk;

  /**
   * @param denied why the client may not follow any more, or null while it may
   * @param name of the client, for log lines
   */
  EventStream(
      EventHub hub, EventSink sink, EventSelector selector, Supplier<String> denied, String name) {
    this.hub = hub;
    this.sink = sink;
    this.selector = selector;
    this.denied = denied;
    this.name = name;
  }

  /**
   * Returns when the stream has ended; what the client does about it is its own affair.
   *
   * @param last what the client has, or null for whatever comes from now on
   */
  void run(EventPosition last) throws InterruptedException {
    hub.clients().watch(this);
    try {
      write(sink::open);
      write(sink::flush);
      EventHub.Joined joined = joined(hub.join(last));
      if (joined == null) {
        write(() -> sink.end(false));
        return;
      }
      walk = joined.walk();
      EventPosition done =
          last == null ? EventPosition.endOf(joined.above()) : missed(last, joined.above());
      follow(done);
    } catch (IOException e) {
      closed = true; // the client went away; that is how every stream ends
    } finally {
      writingNanos = 0;
      hub.clients().forget(this);
    }
  }

  /** Ends it soon. Any thread. */
  void close() {
    closed = true;
  }

  /** Ends it at once, in the middle of a write too. Any thread. */
  void abort() {
    closed = true;
    if (!aborted) {
      aborted = true;
      sink.abort();
    }
  }

  /** How long the client has not taken what is written. Any thread. */
  Duration stuckFor() {
    long since = writingNanos;
    return since == 0 ? Duration.ZERO : Duration.ofNanos(System.nanoTime() - since);
  }

  /** What it wants next was given up. Any thread. */
  boolean behind() {
    EventTail.Walk own = walk;
    return own != null && own.behind();
  }

  private boolean ended() {
    return closed || hub.closed();
  }

  /** Something that the client may keep waiting. */
  @FunctionalInterface
  private interface Write {
    void go() throws IOException;
  }

  private void write(Write write) throws IOException {
    writingNanos = System.nanoTime() | 1;
    write.go();
    writingNanos = 0;
    writtenNanos = System.nanoTime();
  }

  /** Null when the stream ends before there is a place. */
  private EventHub.Joined joined(CompletableFuture<EventHub.Joined> place)
      throws IOException, InterruptedException {
    try {
      while (!ended()) {
        try {
          return place.get(STEP.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
          if (!stays()) {
            return null;
          }
        } catch (CancellationException e) {
          return null;
        } catch (ExecutionException e) {
          throw new IllegalStateException("a place is never completed with a failure", e);
        }
      }
      return null;
    } finally {
      place.cancel(false);
    }
  }

  /** What the client missed, up to where its walk begins. */
  private EventPosition missed(EventPosition last, long upTo)
      throws IOException, InterruptedException {
    if (selector.digest()) {
      EventPosition end = EventPosition.endOf(upTo);
      // How many is not known without reading them.
      write(() -> sink.changed(Math.max(end.seq(), last.seq()), end.seq() > last.seq() ? 1 : 0));
      write(sink::flush);
      return end.seq() > last.seq() ? end : last;
    }
    EventPosition done = last;
    long after = last.batch() - 1;
    while (after < upTo && !ended()) {
      List<EventBatch> page = hub.missed(after, upTo);
      if (page.isEmpty()) {
        break;
      }
      for (EventBatch batch : page) {
        for (EventRow row : batch.rows()) {
          done = send(row, done);
        }
      }
      write(sink::flush);
      after = page.getLast().number();
      if (!stays()) {
        break;
      }
    }
    return done;
  }

  private void follow(EventPosition from) throws IOException, InterruptedException {
    EventPosition done = from;
    while (!ended()) {
      EventRow row = walk.next();
      if (row == null) {
        if (walk.behind()) {
          write(() -> sink.end(true));
          return;
        }
        walk.await(STEP);
        if (!stays()) {
          return;
        }
        continue;
      }
      done = selector.digest() ? digest(row, done) : burst(row, done);
      write(sink::flush);
      if (!stays()) {
        return;
      }
    }
    write(() -> sink.end(false));
  }

  private EventPosition burst(EventRow row, EventPosition from) throws IOException {
    EventPosition done = send(row, from);
    for (int rows = 1; rows < BURST_ROWS_MAX && !closed; rows++) {
      EventRow next = walk.next();
      if (next == null) {
        break;
      }
      done = send(next, done);
    }
    return done;
  }

  private EventPosition digest(EventRow row, EventPosition from) throws IOException {
    EventPosition done = from;
    long changes = 0;
    for (EventRow each = row; each != null; each = walk.next()) {
      if (each.seq() > done.seq() && selector.wantsAny(each)) {
        done = new EventPosition(each.seq(), Integer.MAX_VALUE);
        changes++;
      }
    }
    if (changes > 0) {
      long seq = done.seq();
      long rows = changes;
      write(() -> sink.changed(seq, rows));
    }
    return done;
  }

  /** Sends what is above {@code done} of the row, and tells what is done then. */
  private EventPosition send(EventRow row, EventPosition done) throws IOException {
    if (row.seq() < done.seq() || !selector.wants(row)) {
      return done;
    }
    int first = row.seq() == done.seq() ? done.number() : 0;
    if (first >= row.size()) {
      return done;
    }
    for (Event event : row.events().subList(first, row.size())) {
      if (selector.wants(event.type())) {
        write(() -> sink.event(event));
      }
    }
    return new EventPosition(row.seq(), row.size());
  }

  /** While nothing happens: is it still there, and may it still know? */
  private boolean stays() throws IOException {
    long now = System.nanoTime();
    if (now - judgedNanos > STEP.toNanos()) {
      judgedNanos = now;
      String why = denied.get();
      if (why != null) {
        write(() -> sink.denied(why));
        write(sink::flush);
        closed = true;
        return false;
      }
    }
    if (now - writtenNanos > ALIVE_EVERY.toNanos()) {
      write(sink::alive);
      write(sink::flush);
    }
    return true;
  }

  @Override
  public String toString() {
    return name;
  }
}
