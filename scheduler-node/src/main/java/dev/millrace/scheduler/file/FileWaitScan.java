package dev.millrace.scheduler.file;

import dev.millrace.file.FileMark;
import dev.millrace.file.FileRoots;
import dev.millrace.file.FileWalk;
import dev.millrace.file.Sightings;
import dev.millrace.scheduler.store.DatabaseClock;
import dev.millrace.wire.FoundFiles;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks for the files that stages wait for on the leader's own file system. The walks are done by
 * others; everything else on the loop of the waits.
 */
public final class FileWaitScan {
  /** Files of one wait that are watched; the others of a folder with more are not seen. */
  static final int FILES_WATCHED_MAX = 10_000;

  static final Duration EVERY = Duration.ofSeconds(1);

  private static final Logger log = LoggerFactory.getLogger(FileWaitScan.class);

  /** What it works with; all of it belongs to one term. */
  public record Parts(
      FileWaits waits,
      FileRoots roots,
      DatabaseClock clock,
      LongSupplier nanoTime,
      Runnable nudgeTurn) {}

  /** One wait, and what was seen for it. */
  private static final class One {
    private final FileWaits.Wait wait;
    private Sightings seen = Sightings.NONE;
    private FileWalk.State told = FileWalk.State.READ;
    private boolean walking;
    private long nextNanos;

    private One(FileWaits.Wait wait, long nanos) {
      this.wait = wait;
      this.nextNanos = nanos;
    }
  }

  /** A walk that is over. */
  private record Walked(One one, FileWalk.Found found, long begunNanos, long endedNanos) {}

  private final Parts parts;
  private final Executor walkers;
  private final Map<FileWaits.Key, One> ones = new HashMap<>();
  private final ConcurrentLinkedQueue<Walked> walked = new ConcurrentLinkedQueue<>();

  /**
   * @param walkers execute walks, each of which may take for ever
   */
  public FileWaitScan(Parts parts, Executor walkers) {
    this.parts = parts;
    this.walkers = walkers;
  }

  /** Begins the walks that are due and takes up those that are over. */
  public boolean runOnce() {
    long nanos = parts.nanoTime.getAsLong();
    Set<FileWaits.Key> waiting = new HashSet<>();
    for (FileWaits.Wait wait : parts.waits.all()) {
      waiting.add(wait.key());
      ones.computeIfAbsent(wait.key(), any -> new One(wait, nanos));
    }
    ones.keySet().retainAll(waiting);
    for (One one : ones.values()) {
      if (!one.walking && nanos - one.nextNanos >= 0) {
        one.walking = true;
        one.nextNanos = nanos + EVERY.toNanos();
        walkers.execute(() -> walk(one));
      }
    }
    for (Walked done = walked.poll(); done != null; done = walked.poll()) {
      done.one.walking = false;
      if (ones.get(done.one.wait.key()) == done.one) {
        look(done);
      }
    }
    return false;
  }

  private void walk(One one) {
    long begun = parts.nanoTime.getAsLong();
    FileWalk.Found found;
    try {
      found = FileWalk.walk(one.wait.pattern(), parts.roots, FILES_WATCHED_MAX);
    } catch (RuntimeException e) { // told as the state of the folder, and tried again
      found = new FileWalk.Found(List.of(), FileWalk.State.UNREADABLE, e.toString());
    }
    walked.add(new Walked(one, found, begun, parts.nanoTime.getAsLong()));
  }

  private void look(Walked walk) {
    One one = walk.one;
    FileWaits.Wait wait = one.wait;
    if (walk.found.state() == FileWalk.State.REFUSED) {
      end(
          new FileWaits.End(
              wait.key(),
              null,
              "wait.file looks only below the folders of scheduler.file-roots: "
                  + walk.found.problem()
                  + "; add the folder to MILLRACE_SCHEDULER_FILE_ROOTS of all scheduler nodes, or"
                  + " let workers of a pool look"));
      return;
    }
    if (walk.found.state() != one.told) {
      one.told = walk.found.state();
      log.info(
          "a stage waits for files run={} stage={} path={} state={} problem=\"{}\"",
          new dev.millrace.model.RunId(wait.key().run()),
          wait.key().stage(),
          wait.pattern().text(),
          one.told,
          walk.found.problem());
    }
    one.seen = one.seen.next(walk.found.files(), walk.endedNanos);
    Instant now = Instant.EPOCH.plusNanos(parts.clock.micros() * 1_000);
    List<FileMark> whole = one.seen.whole(wait.rule(), walk.begunNanos, now);
    if (!whole.isEmpty()) {
      end(new FileWaits.End(wait.key(), FoundFiles.json(whole), null));
    }
  }

  private void end(FileWaits.End end) {
    parts.waits.ended(end);
    parts.nudgeTurn.run();
  }
}
