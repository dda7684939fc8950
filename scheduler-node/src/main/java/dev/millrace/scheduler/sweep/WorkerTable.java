package dev.millrace.scheduler.sweep;

import dev.millrace.amqp.QueueConsumer;
import dev.millrace.model.Claim;
import dev.millrace.scheduler.dispatch.Outbox;
import dev.millrace.scheduler.dispatch.Pools;
import dev.millrace.scheduler.store.DatabaseClock;
import dev.millrace.settings.WorkerTimeouts;
import dev.millrace.wire.Control;
import dev.millrace.wire.Decoded;
import dev.millrace.wire.Entities;
import dev.millrace.wire.Heartbeat;
import dev.millrace.wire.HeartbeatCodec;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BiPredicate;
import org.jdbi.v3.core.Jdbi;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who is alive, as heartbeats tell. Heartbeats come over the broker, so a broker outage silences
 * every worker at once: expiry is frozen while the leader's own message through the same queue does
 * not come back, and afterwards everybody has a full period of grace. Beats arrive on the
 * connection's thread, {@link #sweepOnce} is its own loop's. One per term.
 */
public final class WorkerTable {
  /** A worker that was given up; its stages are the turn's. */
  public record LostWorker(String worker, String why) {}

  enum Life {
    ALIVE,
    SUSPECT,
    LOST,
    GONE
  }

  /** What is known of one worker. */
  static final class View {
    volatile Heartbeat beat;
    volatile long seenNanos;
    volatile Set<Claim> open = Set.of();
    volatile Life life = Life.ALIVE;
  }

  private static final Logger log = LoggerFactory.getLogger(WorkerTable.class);
  private static final int PREFETCH = 500;
  private static final long STORE_EVERY_NANOS = TimeUnit.SECONDS.toNanos(4);
  private static final long CANARY_OVERDUE_FACTOR = 2;

  /** So long a lost worker is remembered, with what it held; one that comes later is a new one. */
  private static final long REMEMBERED_NANOS = TimeUnit.HOURS.toNanos(1);

  private final Map<String, View> workers = new ConcurrentHashMap<>();
  private final ConcurrentLinkedQueue<LostWorker> lost = new ConcurrentLinkedQueue<>();
  private final GivenUp givenUp = new GivenUp();
  private final WorkerTimeouts timeouts;
  private final Outbox outbox;
  private final Pools pools;
  private final WorkerRecords records;
  private final String node;
  private final Runnable nudge;
  private final Counter lostCount;
  private final QueueConsumer consumer;
  private volatile long canaryBackNanos;
  private volatile long canarySentNanos;
  private long canaryNumber;
  private volatile boolean frozen = true;
  private long storedNanos;
  private volatile boolean changed;
  private volatile BiPredicate<Claim, Map<String, Long>> counters = (claim, counted) -> false;

  public WorkerTable(
      WorkerTimeouts timeouts,
      Outbox outbox,
      Pools pools,
      Jdbi jdbi,
      DatabaseClock clock,
      Identity identity) {
    this.timeouts = timeouts;
    this.outbox = outbox;
    this.pools = pools;
    this.records = new WorkerRecords(jdbi, clock);
    this.node = identity.node;
    this.nudge = identity.nudge;
    this.lostCount = identity.metrics.counter("millrace.workers.lost");
    this.consumer = new QueueConsumer(channel -> Entities.HEARTBEATS, PREFETCH, this::on);
    this.storedNanos = System.nanoTime();
  }

  /** Who asks, whom to wake, where to count. */
  public record Identity(String node, Runnable nudge, MeterRegistry metrics) {}

  public QueueConsumer consumer() {
    return consumer;
  }

  /** Workers that the tables know as alive or as holding stages get a full period to speak up. */
  public void expect(List<String> known) {
    long now = System.nanoTime();
    for (String worker : known) {
      View view = new View();
      view.seenNanos = now;
      workers.putIfAbsent(worker, view);
    }
  }

  void on(QueueConsumer.Delivery delivery) {
    consumer.ack(delivery.generation(), delivery.tag(), false);
    switch (HeartbeatCodec.decode(delivery.body())) {
      case Decoded.Ok<HeartbeatCodec.Beat> ok -> {
        switch (ok.value()) {
          case HeartbeatCodec.Beat.Canary canary -> {
            if (canary.node().equals(node)) {
              canaryBackNanos = System.nanoTime();
            }
          }
          case HeartbeatCodec.Beat.Worker worker -> beat(worker.heartbeat());
        }
      }
      // Heartbeats are transient and repeated: one that cannot be read is told, not kept.
      case Decoded.Bad<HeartbeatCodec.Beat> bad ->
          log.warn("unreadable heartbeat cause={}; ignored", bad.cause());
    }
  }

  private void beat(Heartbeat beat) {
    View view = workers.computeIfAbsent(beat.worker(), any -> new View());
    boolean news =
        view.beat == null || view.life != Life.ALIVE || !view.beat.pools().equals(beat.pools());
    if (view.life == Life.LOST) {
      log.info(
          "a lost worker is back worker={} host={}; its old claims stay lost, it is told to drop them",
          beat.worker(),
          beat.host());
    }
    Set<Claim> open = HashSet.newHashSet(beat.open().size());
    boolean counted = false;
    for (Heartbeat.Open one : beat.open()) {
      open.add(one.claim());
      counted |= !one.counters().isEmpty() && counters.test(one.claim(), one.counters());
    }
    view.open = open;
    givenUp.heard(beat.worker(), open);
    boolean first = view.beat == null;
    view.beat = beat;
    view.seenNanos = System.nanoTime();
    view.life = Life.ALIVE;
    if (news) {
      changed = true;
    }
    if (first || news) {
      refreshCapacity();
    }
    if (first || news || counted) {
      nudge.run();
    }
  }

  /**
   * Whom to tell what attempts count; it is told on the connection's thread and says whether the
   * leader has to look at it.
   */
  public void countersTo(BiPredicate<Claim, Map<String, Long>> listener) {
    counters = listener;
  }

  /** True while nobody's silence is believed. */
  public boolean frozen() {
    return frozen;
  }

  /** Workers given up since the last call. Leader's thread. */
  public List<LostWorker> takeLost() {
    List<LostWorker> all = new ArrayList<>();
    for (LostWorker one = lost.poll(); one != null; one = lost.poll()) {
      all.add(one);
    }
    return all;
  }

  /** Gives a verdict back: its stages were not written. Leader's thread. */
  public void putBack(List<LostWorker> verdicts) {
    lost.addAll(verdicts);
  }

  public boolean hasLost() {
    return !lost.isEmpty();
  }

  /** True when a live worker says that it holds this claim. Any thread. */
  public boolean isHeld(Claim claim) {
    for (View view : workers.values()) {
      if (view.open.contains(claim)) {
        return true;
      }
    }
    return false;
  }

  /**
   * True when this worker has spoken since the given monotonic instant and is alive. Any thread.
   */
  public boolean spokeSince(String worker, long nanos) {
    View view = workers.get(worker);
    return view != null
        && view.life == Life.ALIVE
        && view.beat != null
        && view.seenNanos - nanos > 0;
  }

  /** True when some live worker of the pool has room. Any thread. */
  public boolean idleIn(String pool) {
    for (View view : workers.values()) {
      Heartbeat beat = view.beat;
      if (view.life == Life.ALIVE && beat != null && !beat.draining()) {
        for (Heartbeat.PoolSlots slots : beat.pools()) {
          if (slots.pool().equals(pool) && slots.free() > 0) {
            return true;
          }
        }
      }
    }
    return false;
  }

  /**
   * True when some live worker of the pool has no room. Such a worker may have taken starts from
   * the queue that it has not started yet, and those are in no heartbeat. Any thread.
   */
  public boolean fullIn(String pool) {
    for (View view : workers.values()) {
      Heartbeat beat = view.beat;
      if (view.life == Life.ALIVE && beat != null) {
        for (Heartbeat.PoolSlots slots : beat.pools()) {
          if (slots.pool().equals(pool) && slots.free() == 0) {
            return true;
          }
        }
      }
    }
    return false;
  }

  public Map<String, Integer> countByState() {
    Map<String, Integer> counts = new HashMap<>();
    for (View view : workers.values()) {
      counts.merge(view.life.name(), 1, Integer::sum);
    }
    return counts;
  }

  /** One pass: sends the canary, judges silence, stores what changed. */
  public boolean sweepOnce() {
    long now = System.nanoTime();
    if (now - canarySentNanos >= timeouts.heartbeatEvery().toNanos() || canaryNumber == 0) {
      outbox.heartbeatQueue(HeartbeatCodec.encodeCanary(node, ++canaryNumber));
      canarySentNanos = now;
    }
    judge(now);
    takeDrops().forEach(outbox::control);
    if (changed || now - storedNanos > STORE_EVERY_NANOS) {
      storedNanos = now;
      changed = false;
      records.store(workers, now);
    }
    return false;
  }

  /**
   * What the next term would otherwise not know, such as workers that said goodbye just now. After
   * the loop has ended and before the lease is given away.
   *
   * @param epoch of this term; nothing is stored when it is over
   * @throws org.jdbi.v3.core.JdbiException when the database is away; the next term hears for
   *     itself
   */
  public void storeLast(long epoch) {
    records.storeLast(workers, System.nanoTime(), epoch);
  }

  /** Who is silent and since when, as of a monotonic instant. */
  void judge(long now) {
    judgeFreeze(now);
    if (!frozen) {
      judgeSilence(now);
    }
    refreshCapacity();
  }

  /** What workers that came back are to be told. */
  List<Control> takeDrops() {
    return givenUp.takeDrops();
  }

  private void judgeFreeze(long now) {
    long overdue = timeouts.heartbeatEvery().multipliedBy(CANARY_OVERDUE_FACTOR).toNanos();
    boolean back = canaryBackNanos != 0 && now - canaryBackNanos <= overdue;
    if (back && frozen) {
      // Everybody was silent for as long as we were deaf.
      workers.values().forEach(view -> view.seenNanos = now);
      frozen = false;
    } else if (!back && !frozen) {
      frozen = true;
      log.warn(
          "the leader's own message did not come back through the broker; nobody's silence counts until it does");
    }
  }

  private void forgetOld(long now) {
    workers.forEach(
        (worker, view) -> {
          boolean over = view.life == Life.LOST || view.life == Life.GONE;
          if (over && now - view.seenNanos > REMEMBERED_NANOS) {
            workers.remove(worker);
            givenUp.forget(worker);
          }
        });
  }

  private void judgeSilence(long now) {
    forgetOld(now);
    for (Map.Entry<String, View> entry : workers.entrySet()) {
      View view = entry.getValue();
      long silentNanos = now - view.seenNanos;
      if (view.life == Life.LOST || view.life == Life.GONE) {
        continue;
      }
      if (silentNanos > timeouts.lostAfter().toNanos()) {
        giveUp(entry.getKey(), view, silentNanos);
      } else if (view.life == Life.ALIVE && silentNanos > timeouts.suspectAfter().toNanos()) {
        view.life = Life.SUSPECT;
        changed = true;
        log.warn(
            "a worker is silent worker={} silentMillis={}; suspect",
            entry.getKey(),
            silentNanos / 1_000_000);
      }
    }
  }

  private void giveUp(String worker, View view, long silentNanos) {
    boolean said = view.beat != null && view.beat.draining() && view.open.isEmpty();
    view.life = said ? Life.GONE : Life.LOST;
    changed = true;
    if (said) {
      log.info("a drained worker is gone worker={}", worker);
    } else {
      lostCount.increment();
      log.warn(
          "a worker is lost worker={} silentMillis={}; its attempts end",
          worker,
          silentNanos / 1_000_000);
    }
    givenUp.add(worker, view.open);
    view.open = Set.of();
    lost.add(new LostWorker(worker, "worker was silent for " + silentNanos / 1_000_000 + " ms"));
    nudge.run();
  }

  private void refreshCapacity() {
    Map<String, int[]> sums = new HashMap<>();
    Map<String, Set<String>> handlers = new HashMap<>();
    for (View view : workers.values()) {
      Heartbeat beat = view.beat;
      if (beat == null || view.life != Life.ALIVE || beat.draining()) {
        continue;
      }
      for (Heartbeat.PoolSlots slots : beat.pools()) {
        int[] sum = sums.computeIfAbsent(slots.pool(), any -> new int[2]);
        sum[0]++;
        sum[1] += slots.slots();
        handlers.computeIfAbsent(slots.pool(), any -> new HashSet<>()).addAll(beat.handlers());
      }
    }
    Map<String, Pools.Capacity> capacities = new HashMap<>();
    sums.forEach(
        (pool, sum) ->
            capacities.put(
                pool, new Pools.Capacity(sum[0], sum[1], Set.copyOf(handlers.get(pool)))));
    pools.capacities(capacities);
  }
}
