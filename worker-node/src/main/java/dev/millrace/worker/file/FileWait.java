package dev.millrace.worker.file;

import dev.millrace.file.FileMark;
import dev.millrace.file.FileRoots;
import dev.millrace.file.FileWalk;
import dev.millrace.file.Sightings;
import dev.millrace.wire.FoundFiles;
import dev.millrace.worker.Result;
import dev.millrace.worker.StageContext;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;

/** One stage that waits for files: what it has seen so far. The scanner's thread only. */
final class FileWait {
  /** Files of one wait that are watched at the same time; a folder with more shows others later. */
  private static final int WATCHED_MAX = 10_000;

  private final FileSpec spec;
  private final FileRoots roots;
  private final StageContext context;
  private final LongSupplier nanoTime;
  private final long startedNanos;
  private final Instant startedAt;
  private Sightings seen = Sightings.NONE;
  private boolean toldMissing;
  private boolean toldTooMany;

  /**
   * @param startedAt now, by the clock that dates files
   * @param nanoTime for durations
   */
  FileWait(
      FileSpec spec,
      FileRoots roots,
      StageContext context,
      Instant startedAt,
      LongSupplier nanoTime) {
    this.spec = spec;
    this.roots = roots;
    this.context = context;
    this.startedAt = startedAt;
    this.nanoTime = nanoTime;
    this.startedNanos = nanoTime.getAsLong();
  }

  /** Looks once; the result when the wait is over. */
  Optional<Result> look() {
    long now = nanoTime.getAsLong();
    FileWalk.Found found = FileWalk.walk(spec.pattern(), roots, WATCHED_MAX);
    if (found.state() == FileWalk.State.REFUSED) {
      return Optional.of(WaitFileHandler.refused(spec.pattern().folder() + " leads out of them"));
    }
    tell(found);
    seen = seen.next(found.files(), now);
    // Ages are differences of dates by one clock: durations since the start, the file's before it.
    List<FileMark> whole = seen.whole(spec.rule(), now, startedAt.plusNanos(now - startedNanos));
    if (!whole.isEmpty()) {
      return Optional.of(Result.completed(FoundFiles.json(whole)));
    }
    if (spec.timeout() != null && now - startedNanos >= spec.timeout().toNanos()) {
      return Optional.of(
          Result.failed(
              "timeout",
              "no file like %s was complete within %s, %d are being written"
                  .formatted(spec.pattern().text(), spec.timeout(), seen.size())));
    }
    context.progress(
        null, "waiting for " + spec.pattern().text() + "; " + seen.size() + " not yet stable");
    return Optional.empty();
  }

  private void tell(FileWalk.Found found) {
    switch (found.state()) {
      case MISSING -> tellOnce(found.problem() + "; waiting for it");
      case UNREADABLE -> tellOnce(found.problem() + "; waiting for it, and looking at the others");
      case CROWDED -> {
        if (!toldTooMany) {
          toldTooMany = true;
          context.log("system", found.problem());
        }
      }
      case READ, REFUSED -> {}
    }
  }

  private void tellOnce(String what) {
    if (!toldMissing) {
      toldMissing = true;
      context.log("system", what);
    }
  }
}
