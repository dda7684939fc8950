package dev.millrace.scheduler.file;

import dev.millrace.file.FileMark;
import dev.millrace.file.FilePattern;
import dev.millrace.file.FileRoots;
import dev.millrace.file.FileWalk;
import dev.millrace.file.Sightings;
import dev.millrace.model.FileTrigger;
import dev.millrace.scheduler.store.DatabaseClock;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import org.jdbi.v3.core.Jdbi;

/**
 * Looks for the files of triggers on the leader's own file system. It begins to watch when a term
 * begins, so that no file is whole before this leader has seen it unchanged for long enough. The
 * walks are done by others, for a folder may hang; everything else on the loop of the files.
 */
public final class FileScan {
  /** Files of one trigger that are watched; the others of a folder with more are not seen. */
  static final int FILES_WATCHED_MAX = 50_000;

  /** What it works with; all of it belongs to one term. */
  public record Parts(
      FileOffers offers,
      FileRoots roots,
      Jdbi jdbi,
      DatabaseClock clock,
      FileLooks looks,
      LongSupplier nanoTime,
      Runnable nudgeTurn) {}

  /** One trigger, and what was seen for it. */
  private static final class One {
    private final FileOffers.Watch watch;
    private final FilePattern pattern;
    private final Sightings.Rule rule;
    private Sightings seen = Sightings.NONE;
    private boolean walking;
    private long nextNanos;

    private One(FileOffers.Watch watch, long nanos) {
      FileTrigger file = watch.file();
      this.watch = watch;
      this.pattern = FilePattern.of(file.path(), file.depth());
      this.rule = new Sightings.Rule(file.stableFor(), file.minAge(), file.minSize());
      this.nextNanos = nanos;
    }
  }

  /** A walk that is over. */
  private record Walked(long trigger, FileWalk.Found found, long begunNanos, long endedNanos) {}

  private final Parts parts;
  private final Offering offering;
  private final Executor walkers;
  private final Map<Long, One> ones = new HashMap<>();
  private final ConcurrentLinkedQueue<Walked> walked = new ConcurrentLinkedQueue<>();

  /**
   * @param walkers execute walks, each of which may take for ever
   */
  public FileScan(Parts parts, Executor walkers) {
    this.parts = parts;
    this.offering = new Offering(parts.offers, parts.jdbi, parts.looks, parts.nudgeTurn);
    this.walkers = walkers;
  }

  /** Begins the walks that are due and takes up those that are over. */
  public boolean runOnce() {
    follow();
    long nanos = parts.nanoTime.getAsLong();
    for (One one : ones.values()) {
      if (!one.walking && nanos - one.nextNanos >= 0) {
        one.walking = true;
        one.nextNanos = nanos + one.watch.file().every().toNanos();
        walkers.execute(() -> walk(one));
      }
    }
    for (Walked done = walked.poll(); done != null; done = walked.poll()) {
      One one = ones.get(done.trigger);
      if (one != null) {
        one.walking = false;
        look(one, done);
      }
    }
    return false;
  }

  /** Takes up what is armed now. */
  private void follow() {
    Set<Long> armed = new HashSet<>();
    for (FileOffers.Watch watch : parts.offers.watches()) {
      if (watch.file().pool() != null) {
        continue; // its workers look
      }
      armed.add(watch.trigger());
      One one = ones.get(watch.trigger());
      if (one == null || !one.watch.equals(watch)) {
        ones.put(watch.trigger(), new One(watch, parts.nanoTime.getAsLong()));
      }
    }
    ones.keySet().retainAll(armed);
    parts.looks.keepOnly(parts.offers.watches());
  }

  private void walk(One one) {
    long begun = parts.nanoTime.getAsLong();
    FileWalk.Found found;
    try {
      found = FileWalk.walk(one.pattern, parts.roots, FILES_WATCHED_MAX);
    } catch (RuntimeException e) { // told as the state of the folder, and tried again
      found = new FileWalk.Found(List.of(), FileWalk.State.UNREADABLE, e.toString());
    }
    walked.add(new Walked(one.watch.trigger(), found, begun, parts.nanoTime.getAsLong()));
  }

  /** What a walk means. It was a look at some time between its begin and its end. */
  private void look(One one, Walked walk) {
    List<FileMark> files = offering.storable(one.watch, walk.found.files());
    one.seen = one.seen.next(files, walk.endedNanos);
    Instant now = Instant.EPOCH.plusNanos(parts.clock.micros() * 1_000);
    List<FileMark> whole = one.seen.whole(one.rule, walk.begunNanos, now);
    var found = new FileWalk.Found(files, walk.found.state(), walk.found.problem());
    offering.looked(one.watch, found, whole);
  }
}
