package dev.millrace.worker.watch;

import dev.millrace.amqp.AmqpLink;
import dev.millrace.amqp.ConfirmedPublisher;
import dev.millrace.file.FileMark;
import dev.millrace.file.FileMover;
import dev.millrace.file.FilePattern;
import dev.millrace.file.FileRoots;
import dev.millrace.file.FileWalk;
import dev.millrace.file.Sightings;
import dev.millrace.runtime.Loop;
import dev.millrace.runtime.Pulse;
import dev.millrace.runtime.Service;
import dev.millrace.wire.Control;
import dev.millrace.wire.Entities;
import dev.millrace.wire.FileNews;
import dev.millrace.wire.FileNewsCodec;
import dev.millrace.wire.WatchOrder;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks for the files of triggers below this worker's folders, tells the leader which are whole,
 * and moves those that it wants moved. What was lost on the way is told again, so that the leader
 * needs to keep nothing. Walks and moves are done by others, for a folder may hang; everything else
 * on the loop of the files, but {@link #take}.
 */
public final class FileWatch implements Service {
  /** An order that was not renewed for so long is over. */
  static final Duration ORDER_LASTS = Duration.ofSeconds(60);

  /** Something is told so often, so that the leader knows that somebody looks. */
  static final Duration TELL_EVERY = Duration.ofSeconds(20);

  /** Everything is told again so often, whatever was lost. */
  static final Duration TELL_ALL_EVERY = Duration.ofMinutes(5);

  /** Files of one trigger that are watched; the others of a folder with more are not seen. */
  static final int FILES_WATCHED_MAX = 50_000;

  static final int TRIGGERS_MAX = 1_000;
  static final int MOVES_MAX = 1_000;

  private static final Logger log = LoggerFactory.getLogger(FileWatch.class);
  private static final Duration LOOK_EVERY = Duration.ofMillis(250);
  private static final Duration EVERY_MIN = Duration.ofSeconds(1);
  private static final int WALKERS_MAX = 4;

  /** Who it is and where it may look. */
  public record Parts(String worker, List<String> pools, FileRoots roots, LongSupplier nanoTime) {
    public Parts {
      pools = List.copyOf(pools);
    }
  }

  /** One trigger, and what was seen for it. */
  private static final class One {
    private final WatchOrder order;
    private final FilePattern pattern;
    private final String wrong;
    private final Told told;
    private Sightings seen = Sightings.NONE;
    private long orderedNanos;
    private long nextNanos;
    private long toldAllNanos;
    private boolean walking;

    private One(WatchOrder order, long nanos) {
      FilePattern read = null;
      String problem = null;
      try {
        read = FilePattern.of(order.path(), order.depth());
      } catch (IllegalArgumentException e) {
        problem = e.getMessage(); // is told to the leader
      }
      this.order = order;
      this.pattern = read;
      this.wrong = problem;
      this.told = new Told(order.trigger());
      this.nextNanos = nanos;
      this.toldAllNanos = nanos;
    }

    private Duration every() {
      return order.every().compareTo(EVERY_MIN) < 0 ? EVERY_MIN : order.every();
    }
  }

  /** A walk that is over. */
  private record Walked(One one, FileWalk.Found found, long begunNanos, long endedNanos) {}

  private final Parts parts;
  private final ConfirmedPublisher<Long> publisher;
  private final Map<Long, One> ones = new HashMap<>();
  private final ConcurrentLinkedQueue<Control> orders = new ConcurrentLinkedQueue<>();
  private final ConcurrentLinkedQueue<Walked> walked = new ConcurrentLinkedQueue<>();
  private final ConcurrentLinkedQueue<FileNews.Moved> moved = new ConcurrentLinkedQueue<>();

  /** Triggers of which something that was told was lost. */
  private final Set<Long> lost = ConcurrentHashMap.newKeySet();

  private final Set<Long> moving = ConcurrentHashMap.newKeySet();
  private final Pulse pulse = new Pulse();
  private Loop loop;
  private ExecutorService walkers;
  private ExecutorService mover;

  public FileWatch(Parts parts) {
    this.parts = parts;
    this.publisher = new ConfirmedPublisher<>(new Fates());
  }

  public void on(AmqpLink link) {
    publisher.on(link);
  }

  public AmqpLink.Session session() {
    return publisher;
  }

  @Override
  public void start() {
    walkers = Executors.newFixedThreadPool(WALKERS_MAX, work -> daemon("millrace-walk", work));
    mover = Executors.newSingleThreadExecutor(work -> daemon("millrace-move", work));
    loop = new Loop("files", this::runOnce, pulse, LOOK_EVERY);
    loop.start();
  }

  private static Thread daemon(String name, Runnable work) {
    return Thread.ofPlatform().name(name).daemon().unstarted(work);
  }

  @Override
  public void close() {
    if (loop != null) {
      loop.close();
      walkers.shutdownNow(); // a walk that hangs is left behind: it only reads
      mover.shutdown(); // a move is ended where it is; whoever does it again goes on
    }
  }

  /** What the leader says about files; returns at once. Any thread. */
  public void take(Control control) {
    boolean mine =
        switch (control) {
          case Control.Watch watch -> parts.pools.contains(watch.pool());
          case Control.Archive archive -> archive.worker().equals(parts.worker);
          default -> false;
        };
    if (mine && orders.size() < TRIGGERS_MAX + MOVES_MAX) {
      orders.add(control);
    }
  }

  boolean runOnce() {
    long nanos = parts.nanoTime.getAsLong();
    for (Control control = orders.poll(); control != null; control = orders.poll()) {
      if (control instanceof Control.Watch watch) {
        watch(watch, nanos);
      } else if (control instanceof Control.Archive archive) {
        move(archive);
      }
    }
    ones.values().removeIf(one -> nanos - one.orderedNanos > ORDER_LASTS.toNanos());
    for (One one : ones.values()) {
      if (!one.walking && nanos - one.nextNanos >= 0) {
        one.walking = true;
        one.nextNanos = nanos + one.every().toNanos();
        walkers.execute(() -> walk(one));
      }
    }
    for (Walked done = walked.poll(); done != null; done = walked.poll()) {
      done.one.walking = false;
      if (ones.get(done.one.order.trigger()) == done.one) {
        look(done);
      }
    }
    tellMoved();
    return false;
  }

  private void watch(Control.Watch watch, long nanos) {
    for (WatchOrder order : watch.orders()) {
      One one = ones.get(order.trigger());
      if (one == null || !one.order.equals(order)) {
        if (one == null && ones.size() >= TRIGGERS_MAX) {
          log.warn(
              "more than {} triggers by files; this one is not watched {}", TRIGGERS_MAX, order);
          continue;
        }
        one = new One(order, nanos);
        ones.put(order.trigger(), one);
      }
      one.orderedNanos = nanos;
      if (one.told.epoch() != watch.epoch()) {
        one.told.beginAnew(watch.epoch());
        one.nextNanos = nanos;
      }
    }
  }

  private void walk(One one) {
    long begun = parts.nanoTime.getAsLong();
    FileWalk.Found found;
    try {
      found =
          one.pattern == null
              ? new FileWalk.Found(List.of(), FileWalk.State.UNREADABLE, one.wrong)
              : FileWalk.walk(one.pattern, parts.roots, FILES_WATCHED_MAX);
    } catch (RuntimeException e) { // told as the state of the folder, and tried again
      found = new FileWalk.Found(List.of(), FileWalk.State.UNREADABLE, e.toString());
    }
    walked.add(new Walked(one, found, begun, parts.nanoTime.getAsLong()));
    pulse.nudge();
  }

  private void look(Walked walk) {
    One one = walk.one;
    long trigger = one.order.trigger();
    one.seen = one.seen.next(walk.found.files(), walk.endedNanos);
    var rule = new Sightings.Rule(one.order.stableFor(), Duration.ZERO, one.order.minSize());
    List<FileMark> whole = one.seen.whole(rule, walk.begunNanos, Instant.EPOCH);
    if (lost.remove(trigger) || walk.endedNanos - one.toldAllNanos >= TELL_ALL_EVERY.toNanos()) {
      one.told.beginAnew(one.told.epoch());
    }
    if (!one.told.hasBegun()) {
      one.toldAllNanos = walk.endedNanos;
    }
    boolean always = walk.endedNanos - one.told.atNanos() >= TELL_EVERY.toNanos();
    for (FileNews.Seen seen : one.told.news(whole, explained(walk.found), always)) {
      FileNews news = new FileNews(parts.worker, List.of(seen), List.of());
      if (!publish(news, trigger)) {
        return; // the rest is told after the next look
      }
      one.told.said(seen, walk.endedNanos);
    }
  }

  private FileWalk.Found explained(FileWalk.Found found) {
    return found.state() == FileWalk.State.REFUSED
        ? new FileWalk.Found(
            found.files(),
            found.state(),
            found.problem()
                + " of worker "
                + parts.worker
                + "; add the folder to its MILLRACE_FILE_ROOTS")
        : found;
  }

  private boolean publish(FileNews news, long trigger) {
    return publisher.ready()
        && publisher.publish("", Entities.FILES, false, false, FileNewsCodec.encode(news), trigger);
  }

  /** An order that is being done, or whose end is not told yet, is not done twice. */
  private void move(Control.Archive archive) {
    if (moving.size() >= MOVES_MAX || !moving.add(archive.order())) {
      return;
    }
    mover.execute(
        () -> {
          moved.add(moved(archive));
          pulse.nudge();
        });
  }

  private FileNews.Moved moved(Control.Archive archive) {
    try {
      Path folder = FilePattern.plainFolder(archive.to());
      return switch (FileMover.move(archive.file(), folder, parts.roots, parts.worker)) {
        case FileMover.Moved.To to -> new FileNews.Moved(archive.order(), to.path(), null);
        case FileMover.Moved.Gone gone -> new FileNews.Moved(archive.order(), null, null);
        case FileMover.Moved.Refused refused ->
            new FileNews.Moved(archive.order(), null, refused.problem());
      };
    } catch (IOException | RuntimeException e) { // told to the leader, which asks again
      log.warn("a file was not moved path={} to={}", archive.file().path(), archive.to(), e);
      return new FileNews.Moved(archive.order(), null, e.toString());
    }
  }

  private void tellMoved() {
    for (FileNews.Moved next = moved.peek(); next != null; next = moved.peek()) {
      if (!publish(new FileNews(parts.worker, List.of(), List.of(next)), Fates.NO_TRIGGER)) {
        return; // the broker is away: it is told later
      }
      moved.poll();
      moving.remove(next.order());
    }
  }

  /** Told on the connection's threads. A move that was not told of is asked for again. */
  private final class Fates implements ConfirmedPublisher.Fate<Long> {
    private static final long NO_TRIGGER = 0;

    @Override
    public void confirmed(Long trigger) {}

    @Override
    public void unroutable(Long trigger) {
      lost.add(trigger);
    }

    @Override
    public void lost(Long trigger) {
      lost.add(trigger);
    }
  }
}
