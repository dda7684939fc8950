package dev.millrace.scheduler.file;

import dev.millrace.file.FileMover;
import dev.millrace.file.FileRoots;
import dev.millrace.runtime.QuietFailure;
import dev.millrace.scheduler.store.DatabaseClock;
import dev.millrace.scheduler.store.FilesSeen;
import dev.millrace.scheduler.store.Leases;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.jdbi.v3.core.Jdbi;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Moves files whose runs are COMPLETED to where their triggers want them. The table says which; a
 * file is moved first and crossed off then, and to move one that has been moved does nothing. On a
 * loop of its own, for to copy may take long.
 */
public final class FileArchive {
  private static final Logger log = LoggerFactory.getLogger(FileArchive.class);
  private static final int PER_PASS_MAX = 200;

  /** What it works with; all of it belongs to one term. */
  public record Parts(
      FileRoots roots,
      Jdbi jdbi,
      DatabaseClock clock,
      long epoch,
      BooleanSupplier trusted,
      MeterRegistry metrics) {}

  private final Parts parts;

  /** Where the next pass goes on; those that could not be moved come again with the next round. */
  private long after;

  private final Set<Long> told = new HashSet<>();

  public FileArchive(Parts parts) {
    this.parts = parts;
  }

  /** Moves some. */
  public boolean runOnce() {
    List<FilesSeen.Owed> owed =
        parts.jdbi.withHandle(handle -> FilesSeen.owed(handle, false, after, PER_PASS_MAX));
    for (FilesSeen.Owed one : owed) {
      if (!parts.trusted.getAsBoolean()) {
        return false; // whoever leads next does it
      }
      move(one);
    }
    boolean more = owed.size() == PER_PASS_MAX;
    after = more ? owed.getLast().id() : 0;
    if (!more) {
      told.retainAll(owed.stream().map(FilesSeen.Owed::id).toList());
    }
    return more;
  }

  private void move(FilesSeen.Owed one) {
    FileMover.Moved moved;
    try {
      moved = FileMover.move(one.mark(), Path.of(one.archiveTo()), parts.roots, "scheduler");
    } catch (IOException e) {
      failed(one, e.toString());
      return;
    }
    switch (moved) {
      case FileMover.Moved.To to -> done(one, to.path(), "moved");
      case FileMover.Moved.Gone gone -> done(one, null, "gone");
      case FileMover.Moved.Refused refused -> failed(one, refused.problem());
    }
  }

  private void failed(FilesSeen.Owed one, String problem) {
    count("failed");
    if (told.add(one.id())) {
      log.warn(
          "a file cannot be archived path={} to={} cause=\"{}\"; it is tried again, and starts no"
              + " other run",
          one.mark().path(),
          one.archiveTo(),
          problem);
    }
  }

  private void done(FilesSeen.Owed one, String as, String how) {
    crossOff(parts.jdbi, parts.epoch, one.id(), as, parts.clock.micros());
    told.remove(one.id());
    count(how);
  }

  /** Nothing is owed for a file any more. */
  static void crossOff(Jdbi jdbi, long epoch, long id, String as, long now) {
    jdbi.useTransaction(
        tx -> {
          if (!Leases.fence(tx, epoch)) {
            throw new QuietFailure("epoch " + epoch + " is over; nothing was written");
          }
          FilesSeen.archived(tx, id, as, now);
        });
  }

  private void count(String how) {
    parts.metrics.counter("millrace.files.archived", "how", how).increment();
  }
}
