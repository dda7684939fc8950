package dev.millrace.scheduler.file;

import dev.millrace.file.FileMark;
import dev.millrace.file.FileWalk;
import dev.millrace.runtime.QuietFailure;
import dev.millrace.scheduler.store.DatabaseClock;
import dev.millrace.scheduler.store.FileWatches;
import dev.millrace.scheduler.store.FilesSeen;
import dev.millrace.scheduler.store.Leases;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How looks at files went: told in the log and the table when that changes, and what was found
 * remembered for as long as it is there. Thread-safe, but one trigger belongs to one loop.
 */
public final class FileLooks {
  private static final Logger log = LoggerFactory.getLogger(FileLooks.class);

  /** A file that is gone so long may come again; what is only out of sight does so sooner. */
  static final Duration FORGET_AFTER = Duration.ofDays(32);

  /** How exactly it is known when a file was last there. */
  private static final Duration REMEMBER_EVERY = Duration.ofDays(1);

  /** Nothing is forgotten before a leader has looked for so long: a mount may come late. */
  static final Duration FORGET_NOT_BEFORE = Duration.ofHours(1);

  private static final int FORGET_MAX = 10_000;

  private final Jdbi jdbi;
  private final DatabaseClock clock;
  private final long epoch;
  private final Map<Long, FileWatches.Look> told = new ConcurrentHashMap<>();
  private final Map<Long, Long> rememberAt = new ConcurrentHashMap<>();

  public FileLooks(Jdbi jdbi, DatabaseClock clock, long epoch) {
    this.jdbi = jdbi;
    this.clock = clock;
    this.epoch = epoch;
  }

  /** How many triggers are in a state. Any thread. */
  public long countIn(String state) {
    return told.values().stream().filter(look -> look.state().equals(state)).count();
  }

  /** These are armed; of the others nothing is told any more. */
  void keepOnly(Collection<FileOffers.Watch> watches) {
    Set<Long> armed = watches.stream().map(FileOffers.Watch::trigger).collect(Collectors.toSet());
    told.keySet().retainAll(armed);
    rememberAt.keySet().retainAll(armed);
  }

  /**
   * A look is over.
   *
   * @param waiting whole files that the look before has found and that started no run
   * @param why what keeps them from it, or null
   */
  void looked(FileOffers.Watch watch, FileWalk.Found found, int waiting, String why) {
    tell(watch, new FileWatches.Look(found.state().name(), found.problem(), waiting, why));
  }

  /** Nobody looks. */
  void unwatched(FileOffers.Watch watch, String problem) {
    tell(watch, new FileWatches.Look(PoolFiles.UNWATCHED, problem, 0, null));
  }

  private void tell(FileOffers.Watch watch, FileWatches.Look look) {
    FileWatches.Look before = told.get(watch.trigger());
    if (look.equals(before)) {
      return;
    }
    inTerm(tx -> FileWatches.put(tx, watch.trigger(), look, clock.micros()));
    told.put(watch.trigger(), look);
    boolean well = look.problem() == null;
    boolean same = before != null && before.state().equals(look.state());
    if (!well && !same) {
      log.warn(
          "files cannot be looked for as they should job={}/{} path={} state={} problem=\"{}\"; it"
              + " is tried again every {}",
          watch.namespace(),
          watch.name(),
          watch.file().path(),
          look.state(),
          look.problem(),
          watch.file().every());
    } else if (well && before != null && !same) {
      log.info(
          "files are looked for again job={}/{} path={} was={}",
          watch.namespace(),
          watch.name(),
          watch.file().path(),
          before.state());
    }
    String why = look.why();
    if (why != null && (before == null || !Objects.equals(before.why(), why))) {
      log.info(
          "whole files wait job={}/{} path={} files={} why=\"{}\"; they are tried again every {}",
          watch.namespace(),
          watch.name(),
          watch.file().path(),
          look.waiting(),
          why,
          watch.file().every());
    }
  }

  /** These files are there; once a day that is written down, and what is long gone forgotten. */
  void remember(FileOffers.Watch watch, List<FileMark> files) {
    long now = clock.micros();
    long every = REMEMBER_EVERY.toNanos() / 1_000;
    Long due = rememberAt.get(watch.trigger());
    if (due != null && now < due) {
      return;
    }
    for (List<FileMark> page : Offering.pages(files)) {
      inTerm(tx -> FilesSeen.touch(tx, watch.whose(), watch.trigger(), page, now - every / 2, now));
    }
    if (due == null) {
      rememberAt.put(watch.trigger(), now + FORGET_NOT_BEFORE.toNanos() / 1_000);
      return;
    }
    long before = now - FORGET_AFTER.toNanos() / 1_000;
    inTerm(tx -> FilesSeen.forget(tx, watch.trigger(), before, FORGET_MAX));
    rememberAt.put(watch.trigger(), now + every);
  }

  private void inTerm(Consumer<Handle> write) {
    jdbi.useTransaction(
        tx -> {
          if (!Leases.fence(tx, epoch)) {
            throw new QuietFailure("epoch " + epoch + " is over; nothing was written");
          }
          write.accept(tx);
        });
  }
}
