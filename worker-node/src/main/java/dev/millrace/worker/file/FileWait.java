package dev.millrace.worker.file;

import dev.millrace.worker.Result;
import dev.millrace.worker.StageContext;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;

/** One stage that waits for files: what it has seen so far. The scanner's thread only. */
final class FileWait {
  /** Files of one wait that are watched at the same time; a folder with more shows others later. */
  private static final int WATCHED_MAX = 10_000;

  /** Entries of folders that one look of one wait goes through. */
  private static final int ENTRIES_MAX = 100_000;

  /** A file as it was found. */
  record Found(Path path, long size, FileTime modified) {}

  /** Since when a file looks as it does. */
  private record Seen(Found found, long sinceNanos) {}

  private final FileSpec spec;
  private final FileRoots roots;
  private final StageContext context;
  private final LongSupplier nanoTime;
  private final long startedNanos;
  private final Instant startedAt;
  private Map<Path, Seen> seen = Map.of();
  private int entries;
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
    if (!roots.allow(spec.folder())) {
      return Optional.of(WaitFileHandler.refused(spec.folder() + " leads out of them"));
    }
    seen = found(now);
    List<Found> stable =
        seen.values().stream().filter(one -> isStable(one, now)).map(Seen::found).toList();
    if (!stable.isEmpty()) {
      return Optional.of(Result.completed(FoundFiles.json(stable)));
    }
    if (spec.timeout() != null && now - startedNanos >= spec.timeout().toNanos()) {
      return Optional.of(
          Result.failed(
              "timeout",
              "no file like %s was complete within %s, %d are being written"
                  .formatted(spec.pattern(), spec.timeout(), seen.size())));
    }
    context.progress(
        null, "waiting for " + spec.pattern() + "; " + seen.size() + " not yet stable");
    return Optional.empty();
  }

  private boolean isStable(Seen one, long now) {
    // Ages are differences of dates by one clock: durations since the start, the file's before it.
    Duration age =
        Duration.between(one.found().modified().toInstant(), startedAt)
            .plusNanos(now - startedNanos);
    return now - one.sinceNanos() >= spec.stableFor().toNanos()
        && age.compareTo(spec.minAge()) >= 0;
  }

  private Map<Path, Seen> found(long now) {
    Map<Path, Seen> found = new HashMap<>();
    entries = 0;
    try {
      walk(spec.folder(), spec.depth(), found, now);
    } catch (NoSuchFileException | NotDirectoryException e) {
      tellOnce(spec.folder() + " is not there; waiting for it");
    } catch (IOException | DirectoryIteratorException e) {
      tellOnce(spec.folder() + " cannot be read (" + e.getMessage() + "); waiting for it");
    }
    if (!toldTooMany && (entries > ENTRIES_MAX || found.size() >= WATCHED_MAX)) {
      toldTooMany = true;
      context.log(
          "system",
          "%s has more than %d entries or %d such files; the others are not looked at"
              .formatted(spec.folder(), ENTRIES_MAX, WATCHED_MAX));
    }
    return found;
  }

  private void tellOnce(String what) {
    if (!toldMissing) {
      toldMissing = true;
      context.log("system", what);
    }
  }

  private void walk(Path folder, int levels, Map<Path, Seen> found, long now) throws IOException {
    try (DirectoryStream<Path> inside = Files.newDirectoryStream(folder)) {
      for (Path path : inside) {
        if (++entries > ENTRIES_MAX || found.size() >= WATCHED_MAX) {
          return;
        }
        if (levels > 1 && Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
          walkOn(path, levels - 1, found, now);
        } else if (spec.files().matches(path)) {
          look(path, now).ifPresent(one -> found.put(path, one));
        }
      }
    }
  }

  /** A folder below may go, or be closed to us, while the others are looked at. */
  private void walkOn(Path folder, int levels, Map<Path, Seen> found, long now) {
    try {
      walk(folder, levels, found, now);
    } catch (NoSuchFileException e) {
      // it went since it was listed
    } catch (IOException | DirectoryIteratorException e) {
      tellOnce(folder + " cannot be read (" + e.getMessage() + "); looking at the others");
    }
  }

  /** A regular file that may be looked at, and since when it is as it is. */
  private Optional<Seen> look(Path path, long now) {
    try {
      var attributes = Files.readAttributes(path, BasicFileAttributes.class);
      if (!attributes.isRegularFile() || (Files.isSymbolicLink(path) && !roots.allow(path))) {
        return Optional.empty();
      }
      Found found = new Found(path, attributes.size(), attributes.lastModifiedTime());
      Seen before = seen.get(path);
      return Optional.of(
          before != null && before.found().equals(found) ? before : new Seen(found, now));
    } catch (IOException e) {
      return Optional.empty(); // gone since it was listed
    }
  }
}
