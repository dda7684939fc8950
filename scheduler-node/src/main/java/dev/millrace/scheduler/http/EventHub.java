package dev.millrace.scheduler.http;

import dev.millrace.runtime.Loop;
import dev.millrace.runtime.Pulse;
import dev.millrace.runtime.Service;
import dev.millrace.scheduler.event.EventBatch;
import dev.millrace.scheduler.event.EventNames;
import dev.millrace.scheduler.event.LogFollower;
import dev.millrace.scheduler.store.ReadsEvents;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jdbi.v3.core.Jdbi;

/**
 * Follows the transition log once for all clients of this node. One thread of its own: it asks the
 * database nothing without clients, once a second while nothing happens, and at most twenty times a
 * second otherwise, however many clients there are.
 */
final class EventHub implements Service {
  private static final long LOOK_EVERY_MILLIS = 50;
  private static final long BUSY_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
  private static final long QUIET_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final long GAP_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
  private static final long IDLE_NANOS = TimeUnit.HOURS.toNanos(1);

  /** So long after something has happened, more is looked for often. */
  private static final long BUSY_FOR_NANOS = TimeUnit.SECONDS.toNanos(5);

  private static final long FRESH_NANOS = TimeUnit.SECONDS.toNanos(2);

  /** So many clients read what they have missed at the same time; the others wait. */
  private static final int REPLAYS_MAX = 4;

  private static final int REPLAY_BATCHES = 8;

  /**
   * A client's place.
   *
   * @param above the walk brings every row above this batch
   */
  record Joined(EventTail.Walk walk, long above) {}

  private record Joining(EventPosition last, CompletableFuture<Joined> place) {}

  private final Jdbi jdbi;
  private final EventNames names;
  private final LogFollower follower;
  private final EventTail tail = new EventTail();
  private final EventClients clients;
  private final Semaphore replays = new Semaphore(REPLAYS_MAX, true);
  private final Pulse pulse = new Pulse();
  private final Pulse pace = new Pulse();
  private final Loop loop;
  private final ConcurrentLinkedQueue<Joining> joining = new ConcurrentLinkedQueue<>();
  private volatile boolean closed;
  private boolean following;
  private long lookedNanos;
  private volatile long busyNanos;

  /** When the database has answered last, and up to which batch. */
  private volatile long answeredNanos = System.nanoTime() - FRESH_NANOS;

  private volatile long passed = -1;

  EventHub(Jdbi jdbi, EventClients clients) {
    this.jdbi = jdbi;
    this.names = new EventNames(jdbi);
    this.follower = new LogFollower(jdbi, names);
    this.clients = clients;
    this.loop = new Loop("events", this::runOnce, pulse, this::waitNanos);
  }

  @Override
  public void start() {
    loop.start();
    clients.start();
  }

  @Override
  public void close() {
    closed = true;
    pace.stop();
    loop.close();
    tail.wake();
    clients.close();
    joining.forEach(one -> one.place().cancel(false));
  }

  boolean closed() {
    return closed;
  }

  EventClients clients() {
    return clients;
  }

  /**
   * True when the database has answered just now, and has given this batch. Any thread.
   *
   * @param batch or 0
   */
  boolean knows(long batch) {
    return System.nanoTime() - answeredNanos < FRESH_NANOS && batch <= passed;
  }

  /** Something was probably written. Any thread. */
  void nudge() {
    if (clients.count() > 0) {
      busyNanos = System.nanoTime();
      pulse.nudge();
    }
  }

  /**
   * Asks for a place. It is given once it is settled: every row up to it is committed or will never
   * be. If what the client has missed is still in memory, the place is there.
   *
   * @param last what the client has, or null for whatever comes from now on
   */
  CompletableFuture<Joined> join(EventPosition last) {
    CompletableFuture<Joined> place = new CompletableFuture<>();
    joining.add(new Joining(last, place));
    pulse.nudge();
    return place;
  }

  /** A page of what is above a batch, read for one client. */
  List<EventBatch> missed(long after, long upTo) throws InterruptedException {
    replays.acquire();
    try {
      List<EventBatch> page = new ArrayList<>();
      List<ReadsEvents.LogBatch> read =
          jdbi.withHandle(handle -> ReadsEvents.between(handle, after, upTo, REPLAY_BATCHES));
      for (ReadsEvents.LogBatch batch : read) {
        page.add(EventBatch.of(batch, names));
      }
      return page;
    } finally {
      replays.release();
    }
  }

  private long waitNanos() {
    if (!following && joining.isEmpty()) {
      return IDLE_NANOS;
    }
    if (follower.waiting()) {
      return follower.waitNanos();
    }
    if (!joining.isEmpty()) {
      return GAP_NANOS;
    }
    return System.nanoTime() - busyNanos < BUSY_FOR_NANOS ? BUSY_NANOS : QUIET_NANOS;
  }

  private boolean runOnce() {
    joining.removeIf(one -> one.place().isDone());
    if (clients.count() == 0 && joining.isEmpty()) {
      following = false;
      tail.startAbove(follower.cursor());
      return false;
    }
    keepPace();
    if (!following) {
      follower.startAtEnd();
      tail.startAbove(follower.cursor());
      following = true;
    }
    List<EventBatch> batches = follower.next();
    passed = follower.cursor();
    answeredNanos = System.nanoTime();
    for (EventBatch batch : batches) {
      tail.append(batch.rows());
    }
    if (batches.isEmpty()) {
      tail.trim();
    } else {
      busyNanos = System.nanoTime();
    }
    if (follower.settled()) {
      takeIn();
    }
    return follower.more();
  }

  /** A leader nudges after each of its transactions. */
  private void keepPace() {
    long since = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - lookedNanos);
    if (following && !follower.waiting() && !follower.more() && since < LOOK_EVERY_MILLIS) {
      pace.awaitMillis(LOOK_EVERY_MILLIS - since);
    }
    lookedNanos = System.nanoTime();
  }

  private void takeIn() {
    for (Joining one = joining.poll(); one != null; one = joining.poll()) {
      boolean inMemory = one.last() != null && tail.above() < one.last().batch();
      one.place()
          .complete(
              inMemory
                  ? new Joined(tail.new Walk(tail.start()), tail.above())
                  : new Joined(tail.new Walk(tail.end()), follower.cursor()));
    }
  }
}
