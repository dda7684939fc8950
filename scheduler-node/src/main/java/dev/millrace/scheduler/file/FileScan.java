package dev.millrace.scheduler.file;

import dev.millrace.file.FileMark;
import dev.millrace.file.FilePattern;
import dev.millrace.file.FileRoots;
import dev.millrace.file.FileWalk;
import dev.millrace.file.Sightings;
import dev.millrace.model.FileTrigger;
import dev.millrace.scheduler.store.DatabaseClock;
import dev.millrace.scheduler.store.FilesSeen;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import org.jdbi.v3.core.Jdbi;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks for the files of triggers on the leader's own file system. It begins to watch when a term
 * begins, so that no file is whole before this leader has seen it unchanged for long enough. The
 * walks are done by others, for a folder may hang; everything else on the loop of the files.
 */
public final class FileScan {
  /** Files of one trigger that are watched; the others of a folder with more are not seen. */
  static final int FILES_WATCHED_MAX = 50_000;

  /** Files that one look offers to the turn; further ones follow with the next. */
  static final int FILES_PER_LOOK_MAX = 1_000;

  private static final Logger log = LoggerFactory.getLogger(FileScan.class);
  private static final int KEYS_PER_STATEMENT_MAX = 5_000;

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
    private boolean toldMore;
    private boolean toldLong;

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
  private final Executor walkers;
  private final Map<Long, One> ones = new HashMap<>();
  private final ConcurrentLinkedQueue<Walked> walked = new ConcurrentLinkedQueue<>();

  /**
   * @param walkers execute walks, each of which may take for ever
   */
  public FileScan(Parts parts, Executor walkers) {
    this.parts = parts;
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
    walked.add(
        new Walked(one.watch.trigger(), found, begun, parts.nanoTime.getAsLong()));
  }

  /** What a walk means. It was a look at some time between its begin and its end. */
  private void look(One one, Walked walk) {
    List<FileMark> files = storable(one, walk.found.files());
    boolean readable = walk.found.state() == FileWalk.State.READ;
    one.seen = one.seen.next(files, walk.endedNanos);
    long trigger = one.watch.trigger();
    int waited = parts.offers.waiting(trigger);
    String why = parts.offers.why(trigger);
    Instant now = Instant.EPOCH.plusNanos(parts.clock.micros() * 1_000);
    List<FileMark> whole = one.seen.whole(one.rule, walk.begunNanos, now);
    List<FileMark> fresh = fresh(one, whole);
    if (fresh.size() > FILES_PER_LOOK_MAX && !one.toldMore) {
      log.info(
          "many files are whole at once job={}/{} path={} files={}; {} start runs with each look",
          one.watch.namespace(),
          one.watch.name(),
          one.watch.file().path(),
          fresh.size(),
          FILES_PER_LOOK_MAX);
    }
    one.toldMore = fresh.size() > FILES_PER_LOOK_MAX;
    List<FileMark> offered =
        fresh.size() > FILES_PER_LOOK_MAX ? fresh.subList(0, FILES_PER_LOOK_MAX) : fresh;
    parts.offers.offer(trigger, offered, files);
    if (!offered.isEmpty()) {
      parts.nudgeTurn.run();
    }
    parts.looks.looked(one.watch, walk.found, waited, why);
    if (readable) {
      parts.looks.remember(one.watch, whole);
    }
  }

  /** Of these, those that the table does not have. */
  private List<FileMark> fresh(One one, List<FileMark> whole) {
    long trigger = one.watch.trigger();
    List<FileMark> unknown = parts.offers.unknown(trigger, whole);
    for (Collection<FileMark> page : pages(unknown)) {
      parts.offers.know(
          trigger,
          parts.jdbi.withHandle(handle -> FilesSeen.known(handle, one.watch.whose(), page)));
    }
    return parts.offers.unknown(trigger, unknown);
  }

  static List<List<FileMark>> pages(List<FileMark> marks) {
    List<List<FileMark>> pages = new ArrayList<>();
    for (int from = 0; from < marks.size(); from += KEYS_PER_STATEMENT_MAX) {
      pages.add(marks.subList(from, Math.min(marks.size(), from + KEYS_PER_STATEMENT_MAX)));
    }
    return pages;
  }

  private static List<FileMark> storable(One one, List<FileMark> files) {
    List<FileMark> storable =
        files.stream()
            .filter(
                mark ->
                    mark.path().getBytes(StandardCharsets.UTF_8).length
                        <= FilesSeen.PATH_BYTES_MAX)
            .toList();
    if (storable.size() < files.size() && !one.toldLong) {
      one.toldLong = true;
      log.warn(
          "paths of files are too long job={}/{} path={} files={}; with more than {} bytes they"
              + " start no runs",
          one.watch.namespace(),
          one.watch.name(),
          one.watch.file().path(),
          files.size() - storable.size(),
          FilesSeen.PATH_BYTES_MAX);
    }
    return storable;
  }
}
