package dev.millrace.worker.file;

import dev.millrace.worker.Result;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks twice a second at the files of everybody who waits, on one thread for all, which is there
 * while somebody waits. Thread-safe.
 */
final class FileScanner {
  private static final Logger log = LoggerFactory.getLogger(FileScanner.class);
  private static final Duration LOOK_EVERY = Duration.ofMillis(500);
  private static final long THREAD_KEPT_SECONDS = 5;

  private final Map<FileWait, CompletableFuture<Result>> waits = new ConcurrentHashMap<>();
  private final ScheduledThreadPoolExecutor thread;

  /** Guarded by this; null while nobody waits. */
  private Future<?> looking;

  FileScanner() {
    thread =
        new ScheduledThreadPoolExecutor(
            1, work -> Thread.ofPlatform().name("millrace-files").daemon().unstarted(work));
    thread.setRemoveOnCancelPolicy(true);
    thread.setKeepAliveTime(THREAD_KEPT_SECONDS, TimeUnit.SECONDS);
    thread.allowCoreThreadTimeOut(true);
  }

  /**
   * Waits until it is over.
   *
   * @throws InterruptedException when it must end early
   */
  Result await(FileWait wait) throws InterruptedException {
    CompletableFuture<Result> result = new CompletableFuture<>();
    waits.put(wait, result);
    lookOn();
    try {
      return result.get();
    } catch (ExecutionException e) {
      throw new IllegalStateException("looking for files failed", e.getCause());
    } finally {
      waits.remove(wait);
      lookNoMoreInVain();
    }
  }

  private synchronized void lookOn() {
    if (looking == null) {
      looking =
          thread.scheduleWithFixedDelay(
              this::look, 0, LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS);
    }
  }

  private synchronized void lookNoMoreInVain() {
    if (waits.isEmpty() && looking != null) {
      looking.cancel(false);
      looking = null;
    }
  }

  private void look() {
    waits.forEach(FileScanner::look);
  }

  /** One that cannot be looked after fails alone: the others, and the thread, go on. */
  private static void look(FileWait wait, CompletableFuture<Result> result) {
    try {
      if (!result.isDone()) {
        wait.look().ifPresent(result::complete);
      }
    } catch (RuntimeException | Error e) {
      log.error("a look for files failed; the stage that waits for them fails", e);
      result.completeExceptionally(e);
    }
  }
}
