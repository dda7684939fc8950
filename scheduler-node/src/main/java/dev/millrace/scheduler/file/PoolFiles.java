package dev.millrace.scheduler.file;

import dev.millrace.amqp.QueueConsumer;
import dev.millrace.amqp.Topology;
import dev.millrace.file.FileMark;
import dev.millrace.file.FileWalk;
import dev.millrace.file.Sightings;
import dev.millrace.model.FileTrigger;
import dev.millrace.scheduler.dispatch.Outbox;
import dev.millrace.scheduler.ingest.Quarantine;
import dev.millrace.scheduler.store.DatabaseClock;
import dev.millrace.scheduler.store.FilesSeen;
import dev.millrace.wire.Control;
import dev.millrace.wire.Decoded;
import dev.millrace.wire.Entities;
import dev.millrace.wire.FileNews;
import dev.millrace.wire.FileNewsCodec;
import dev.millrace.wire.WatchOrder;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.LongSupplier;
import org.jdbi.v3.core.Jdbi;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets the workers of pools look for files, hears what they have seen, and has them move what is to
 * be archived. Everything is said again and again, and what is heard twice changes nothing: a lost
 * message costs time. The loop of the pools' files only.
 */
public final class PoolFiles {
  /** How often workers are told what to look for; they look for four times as long. */
  static final Duration ORDER_EVERY = Duration.ofSeconds(15);

  /** A worker that told nothing for so long sees nothing; it tells something twice as often. */
  static final Duration SILENT_AFTER = Duration.ofSeconds(60);

  /** An order to move that was not answered for so long goes to another worker. */
  static final Duration MOVE_WITHIN = Duration.ofSeconds(30);

  static final String UNWATCHED = "UNWATCHED";

  private static final Logger log = LoggerFactory.getLogger(PoolFiles.class);
  private static final int PREFETCH = 100;
  private static final int ORDERS_MAX = 100;

  /** What it works with; all of it belongs to one term. */
  public record Parts(
      FileOffers offers,
      Jdbi jdbi,
      DatabaseClock clock,
      FileLooks looks,
      long epoch,
      LongSupplier nanoTime,
      Runnable nudgeTurn,
      Outbox outbox,
      MeterRegistry metrics) {}

  /** What one worker told of one trigger. */
  private static final class Told {
    private final Map<String, FileMark> whole = new HashMap<>();
    private FileWalk.State state = FileWalk.State.READ;
    private String problem;
    private long heardNanos;
  }

  /** One trigger. */
  private static final class One {
    private final FileOffers.Watch watch;
    private final Sightings.Rule rule;
    private final Map<String, Told> workers = new TreeMap<>();
    private final long begunNanos;
    private long nextNanos;

    private One(FileOffers.Watch watch, long nanos) {
      FileTrigger file = watch.file();
      this.watch = watch;
      this.rule = new Sightings.Rule(file.stableFor(), file.minAge(), file.minSize());
      this.begunNanos = nanos;
      this.nextNanos = nanos;
    }

    private String pool() {
      return watch.file().pool();
    }
  }

  /** An order to move that was given. */
  private record Ordered(String worker, long atNanos) {}

  private final Parts parts;
  private final Offering offering;
  private final QueueConsumer consumer;
  private final ConcurrentLinkedQueue<QueueConsumer.Delivery> deliveries =
      new ConcurrentLinkedQueue<>();
  private final Map<Long, One> ones = new TreeMap<>();
  private final Map<Long, Ordered> ordered = new HashMap<>();
  private final Set<Long> toldFailed = new HashSet<>();
  private boolean toOrder = true;
  private long orderedNanos;
  private long heard;
  private long moveNanos;

  /** Where the next look for what is to be moved goes on. */
  private long movesAfter;

  public PoolFiles(Parts parts) {
    this.parts = parts;
    this.offering = new Offering(parts.offers, parts.jdbi, parts.looks, parts.nudgeTurn);
    this.consumer =
        new QueueConsumer(
            channel -> {
              Topology.declareShared(channel);
              return Entities.FILES;
            },
            PREFETCH,
            deliveries::add);
    this.orderedNanos = parts.nanoTime.getAsLong();
    this.moveNanos = orderedNanos;
  }

  public QueueConsumer consumer() {
    return consumer;
  }

  /** Messages that were taken up. */
  public long heard() {
    return heard;
  }

  /** Takes up news, offers what is whole, and gives the orders that are due. */
  public boolean runOnce() throws InterruptedException {
    long nanos = parts.nanoTime.getAsLong();
    follow(nanos);
    hear();
    for (One one : ones.values()) {
      if (nanos - one.nextNanos >= 0) {
        one.nextNanos = nanos + one.watch.file().every().toNanos();
        look(one, nanos);
      }
    }
    if (toOrder || nanos - orderedNanos >= ORDER_EVERY.toNanos()) {
      orderedNanos = nanos;
      toOrder = false;
      order();
    }
    if (nanos - moveNanos >= 0) {
      moveNanos = nanos + ORDER_EVERY.toNanos() / 5;
      orderMoves(nanos);
    }
    return false;
  }

  /** Takes up what is armed now. */
  private void follow(long nanos) {
    Set<Long> armed = new HashSet<>();
    for (FileOffers.Watch watch : parts.offers.watches()) {
      if (watch.file().pool() == null) {
        continue;
      }
      armed.add(watch.trigger());
      One one = ones.get(watch.trigger());
      if (one == null || !one.watch.equals(watch)) {
        ones.put(watch.trigger(), new One(watch, nanos));
        toOrder = true;
      }
    }
    ones.keySet().retainAll(armed);
  }

  private void order() {
    Map<String, List<WatchOrder>> byPool = new TreeMap<>();
    for (One one : ones.values()) {
      FileTrigger file = one.watch.file();
      byPool
          .computeIfAbsent(one.pool(), any -> new ArrayList<>())
          .add(
              new WatchOrder(
                  one.watch.trigger(),
                  file.path(),
                  file.depth(),
                  file.stableFor(),
                  file.minSize(),
                  file.every()));
    }
    byPool.forEach(
        (pool, orders) -> {
          for (int from = 0; from < orders.size(); from += WatchOrder.BATCH_MAX) {
            int until = Math.min(orders.size(), from + WatchOrder.BATCH_MAX);
            parts.outbox.control(new Control.Watch(pool, parts.epoch, orders.subList(from, until)));
          }
        });
  }

  private void hear() throws InterruptedException {
    for (var delivery = deliveries.poll(); delivery != null; delivery = deliveries.poll()) {
      switch (FileNewsCodec.decode(delivery.body())) {
        case Decoded.Ok<FileNews> ok -> {
          ok.value().seen().forEach(seen -> hear(ok.value().worker(), seen));
          ok.value().moved().forEach(this::hear);
        }
        case Decoded.Bad<FileNews> bad -> {
          Quarantine.put(parts.outbox, Entities.FILES, bad.cause(), delivery.body());
          parts.metrics.counter("millrace.messages.quarantined").increment();
        }
      }
      consumer.ack(delivery.generation(), delivery.tag(), false);
      heard++;
    }
  }

  private void hear(String worker, FileNews.Seen seen) {
    One one = ones.get(seen.trigger());
    if (one == null || seen.epoch() != parts.epoch) {
      return; // it was told before this leader asked, and is told again
    }
    Told told = one.workers.computeIfAbsent(worker, any -> new Told());
    if (seen.begins()) {
      told.whole.clear();
    }
    told.heardNanos = parts.nanoTime.getAsLong();
    told.state = state(seen.state());
    told.problem = seen.problem();
    for (FileMark mark : offering.storable(one.watch, seen.found())) {
      if (told.whole.size() < FileScan.FILES_WATCHED_MAX) {
        told.whole.put(mark.path(), mark);
      }
    }
    seen.gone().forEach(told.whole::remove);
    if (!seen.found().isEmpty()) {
      one.nextNanos = told.heardNanos;
    }
  }

  private static FileWalk.State state(String name) {
    for (FileWalk.State state : FileWalk.State.values()) {
      if (state.name().equals(name)) {
        return state;
      }
    }
    return FileWalk.State.UNREADABLE;
  }

  private void look(One one, long nanos) {
    one.workers.values().removeIf(told -> nanos - told.heardNanos > SILENT_AFTER.toNanos());
    if (one.workers.isEmpty()) {
      if (nanos - one.begunNanos > SILENT_AFTER.toNanos()) {
        parts.looks.unwatched(
            one.watch,
            "no worker of pool '"
                + one.pool()
                + "' looks; start one whose worker.file-roots has the folder");
      }
      return;
    }
    Map<String, FileMark> whole = new TreeMap<>();
    Told best = null;
    for (Told told : one.workers.values()) {
      whole.putAll(told.whole);
      best = best == null || told.state.compareTo(best.state) < 0 ? told : best;
    }
    List<FileMark> all = List.copyOf(whole.values());
    Instant now = Instant.EPOCH.plusNanos(parts.clock.micros() * 1_000);
    List<FileMark> old = all.stream().filter(mark -> one.rule.isOld(mark, now)).toList();
    offering.looked(one.watch, new FileWalk.Found(all, best.state, best.problem), old);
  }

  private void orderMoves(long nanos) {
    List<FilesSeen.Owed> owed =
        parts.jdbi.withHandle(handle -> FilesSeen.owed(handle, true, movesAfter, ORDERS_MAX));
    movesAfter = owed.size() == ORDERS_MAX ? owed.getLast().id() : 0;
    ordered
        .values()
        .removeIf(order -> nanos - order.atNanos > 10 * MOVE_WITHIN.toNanos()); // long done
    for (FilesSeen.Owed one : owed) {
      Ordered before = ordered.get(one.id());
      if (before != null && nanos - before.atNanos < MOVE_WITHIN.toNanos()) {
        continue;
      }
      String worker = next(workers(one.whose().pool()), before == null ? null : before.worker);
      if (worker != null) {
        ordered.put(one.id(), new Ordered(worker, nanos));
        parts.outbox.control(new Control.Archive(worker, one.id(), one.mark(), one.archiveTo()));
      }
    }
  }

  private NavigableSet<String> workers(String pool) {
    NavigableSet<String> workers = new TreeSet<>();
    ones.values().stream()
        .filter(one -> one.pool().equals(pool))
        .forEach(one -> workers.addAll(one.workers.keySet()));
    return workers;
  }

  /** The one after, in a round; null when there is none at all. */
  private static String next(NavigableSet<String> workers, String before) {
    if (workers.isEmpty()) {
      return null;
    }
    String higher = before == null ? null : workers.higher(before);
    return higher == null ? workers.first() : higher;
  }

  private void hear(FileNews.Moved moved) {
    if (moved.problem() != null) {
      count("failed");
      if (toldFailed.add(moved.order())) {
        log.warn(
            "a worker cannot archive a file order={} cause=\"{}\"; it is tried again",
            moved.order(),
            moved.problem());
      }
      return;
    }
    FileArchive.crossOff(parts.jdbi, parts.epoch, moved.order(), moved.as(), parts.clock.micros());
    toldFailed.remove(moved.order());
    count(moved.as() == null ? "gone" : "moved");
  }

  private void count(String how) {
    parts.metrics.counter("millrace.files.archived", "how", how).increment();
  }
}
