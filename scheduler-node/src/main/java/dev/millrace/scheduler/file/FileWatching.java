package dev.millrace.scheduler.file;

import dev.millrace.amqp.QueueConsumer;
import dev.millrace.file.FileRoots;
import dev.millrace.runtime.Loop;
import dev.millrace.runtime.Pulse;
import dev.millrace.runtime.Service;
import dev.millrace.runtime.Services;
import dev.millrace.scheduler.dispatch.Outbox;
import dev.millrace.scheduler.store.DatabaseClock;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.BooleanSupplier;
import org.jdbi.v3.core.Jdbi;

/** Everything a leader does about files, for one term. Read it as the table of contents. */
public final class FileWatching implements Service {
  private static final Duration LOOK_EVERY = Duration.ofMillis(250);
  private static final Duration ARCHIVE_EVERY = Duration.ofSeconds(2);

  /** Folders that are walked at the same time; so many may hang and the others go on. */
  private static final int WALKERS_MAX = 8;

  /** What it needs of its term and node. */
  public record Parts(
      FileRoots roots,
      Jdbi jdbi,
      DatabaseClock clock,
      long epoch,
      BooleanSupplier trusted,
      Runnable nudgeTurn,
      Outbox outbox,
      MeterRegistry metrics) {}

  private final Parts parts;

  /**
   * What passes between the loops and the turn.
   *
   * @param roots where triggers may look on this node
   */
  public record Hubs(FileOffers offers, FileWaits waits, FileRoots roots) {
    /** Empty ones; triggers may look below these folders. */
    public static Hubs of(List<Path> roots) {
      return new Hubs(new FileOffers(), new FileWaits(), new FileRoots(roots));
    }
  }

  private final Hubs hubs;
  private final FileLooks looks;
  private final PoolFiles pools;
  private final Services services = new Services();
  private ExecutorService walkers;

  public FileWatching(Parts parts) {
    this.parts = parts;
    this.hubs = new Hubs(new FileOffers(), new FileWaits(), parts.roots);
    this.looks = new FileLooks(parts.jdbi, parts.clock, parts.epoch);
    this.pools =
        new PoolFiles(
            new PoolFiles.Parts(
                hubs.offers,
                parts.jdbi,
                parts.clock,
                looks,
                parts.epoch,
                System::nanoTime,
                parts.nudgeTurn,
                parts.outbox,
                parts.metrics));
  }

  public Hubs hubs() {
    return hubs;
  }

  /** Hears what workers have seen. */
  public QueueConsumer consumer() {
    return pools.consumer();
  }

  public FileLooks looks() {
    return looks;
  }

  @Override
  public void start() throws Exception {
    walkers =
        Executors.newFixedThreadPool(
            WALKERS_MAX,
            work -> Thread.ofPlatform().name("millrace-walk").daemon().unstarted(work));
    FileScan scan =
        new FileScan(
            new FileScan.Parts(
                hubs.offers,
                parts.roots,
                parts.jdbi,
                parts.clock,
                looks,
                System::nanoTime,
                parts.nudgeTurn),
            walkers);
    FileArchive archive =
        new FileArchive(
            new FileArchive.Parts(
                parts.roots, parts.jdbi, parts.clock, parts.epoch, parts.trusted, parts.metrics));
    services.start(new Loop("files", scan::runOnce, new Pulse(), LOOK_EVERY));
    FileWaitScan waits =
        new FileWaitScan(
            new FileWaitScan.Parts(
                hubs.waits, parts.roots, parts.clock, System::nanoTime, parts.nudgeTurn),
            walkers);
    services.start(new Loop("file-waits", waits::runOnce, new Pulse(), LOOK_EVERY));
    services.start(new Loop("pool-files", pools::runOnce, new Pulse(), LOOK_EVERY));
    services.start(new Loop("file-archive", archive::runOnce, new Pulse(), ARCHIVE_EVERY));
  }

  @Override
  public void close() {
    services.close();
    if (walkers != null) {
      walkers.shutdownNow(); // a walk that hangs is left behind: it only reads
    }
  }
}
