package dev.millrace.worker;

import dev.millrace.wire.Outcome;
import dev.millrace.wire.Report;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Executes attempts with their handlers and says how they ended. Handlers run on a virtual thread
 * each, inline ones on the caller's.
 */
final class Runner implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Runner.class);
  private static final int ERROR_CHARS_MAX = 4_000;
  private static final int TRACE_LINES_MAX = 60;

  /** After grace and interrupt a handler has this long; then its thread is left behind. */
  private static final Duration ABANDON_AFTER = Duration.ofSeconds(5);

  static final Duration TIMEOUT_GRACE = Duration.ofSeconds(5);

  private final Claims claims;
  private final Reporter reporter;
  private final LogShipper shipper;
  private final ArtifactClient artifacts;
  private final WorkerMeters meters;
  private final Path workDirs;
  private final int logBytesMax;
  private final ScheduledThreadPoolExecutor timer;

  Runner(
      Claims claims,
      Reporter reporter,
      LogShipper shipper,
      ArtifactClient artifacts,
      WorkerMeters meters,
      WorkerNodeConfig config) {
    this.claims = claims;
    this.reporter = reporter;
    this.shipper = shipper;
    this.artifacts = artifacts;
    this.meters = meters;
    this.workDirs = config.workDir();
    this.logBytesMax = config.logBytesMax();
    this.timer =
        new ScheduledThreadPoolExecutor(
            1, work -> Thread.ofPlatform().name("millrace-timeouts").daemon().unstarted(work));
    timer.setRemoveOnCancelPolicy(true);
  }

  /** Executes on this thread. */
  void runInline(Attempt attempt, StageHandler handler) {
    execute(attempt, handler);
  }

  /** Executes on a thread of its own; the slot is given back when the handler has ended. */
  void run(Attempt attempt, StageHandler handler, Runnable giveBackSlot) {
    reporter.started(attempt);
    Thread thread =
        Thread.ofVirtual()
            .name("millrace-stage-" + attempt.claim())
            .unstarted(
                () -> {
                  Future<?> timeout = timeout(attempt);
                  try {
                    execute(attempt, handler);
                  } finally {
                    if (timeout != null) {
                      timeout.cancel(false);
                    }
                    attempt.handlerEnded();
                    giveBackSlot.run();
                  }
                });
    attempt.runsOn(thread);
    thread.start();
  }

  /** Says how an attempt ended that was never executed. */
  void endUnexecuted(Attempt attempt, Outcome outcome, String errorClass, String message) {
    if (attempt.close()) {
      report(attempt, outcome, null, errorClass, message, null);
    }
  }

  /**
   * Ends an attempt early and makes sure that it is reported even when its handler does not stop.
   */
  void end(Attempt attempt, Ending why, Duration grace) {
    if (!attempt.end(why, grace)) {
      return;
    }
    Thread.ofVirtual()
        .name("millrace-end-" + attempt.claim())
        .start(
            () -> {
              try {
                if (attempt.awaitHandlerEnd(grace)) {
                  return;
                }
                attempt.interrupt();
                if (!attempt.awaitHandlerEnd(ABANDON_AFTER)) {
                  abandon(attempt, why);
                }
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
  }

  private void abandon(Attempt attempt, Ending why) {
    if (!attempt.close()) {
      return;
    }
    log.error(
        "handler does not stop claim={} handler={} cause={}; the attempt is reported, its slot stays"
            + " taken until the handler returns",
        attempt.claim(),
        attempt.start().handler(),
        why);
    reportEnding(attempt, why, "; its handler did not stop and was left behind");
  }

  private Future<?> timeout(Attempt attempt) {
    Duration timeout = attempt.start().timeout();
    return timeout == null
        ? null
        : timer.schedule(
            () -> end(attempt, Ending.TIMED_OUT, TIMEOUT_GRACE),
            timeout.toMillis(),
            TimeUnit.MILLISECONDS);
  }

  private void execute(Attempt attempt, StageHandler handler) {
    StageLog stageLog = new StageLog(attempt.claim(), shipper, logBytesMax);
    AttemptContext context = new AttemptContext(attempt, reporter, stageLog, artifacts, workDirs);
    long startedNanos = System.nanoTime();
    Result result = resultOf(handler, context);
    meters.executed(handler.name(), System.nanoTime() - startedNanos);
    stageLog.end();
    shipper.hurry();
    context.removeWorkDir();
    if (!attempt.close()) {
      return; // it was left behind and reported meanwhile
    }
    Ending ending = attempt.ending();
    if (ending != null) {
      reportEnding(attempt, ending, "");
      return;
    }
    switch (checked(result)) {
      case Result.Completed completed ->
          report(
              attempt, Outcome.COMPLETED, completed.exitCode(), null, null, completed.outputJson());
      case Result.Failed failed ->
          report(
              attempt,
              Outcome.FAILED,
              failed.exitCode(),
              failed.errorClass(),
              failed.message(),
              null);
    }
  }

  private static Result resultOf(StageHandler handler, AttemptContext context) {
    try {
      Result result = handler.execute(context);
      return result == null ? Result.failed("crash", "the handler returned null") : result;
    } catch (Exception | Error e) {
      // Whatever it is, the attempt must end: its claim would be held for ever.
      if (!context.cancelled()) {
        traceLines(e, context);
      }
      return Result.failed(
          "crash",
          e.getClass().getSimpleName() + (e.getMessage() == null ? "" : ": " + e.getMessage()));
    }
  }

  private static void traceLines(Throwable e, AttemptContext context) {
    StringWriter trace = new StringWriter();
    e.printStackTrace(new PrintWriter(trace));
    trace.toString().lines().limit(TRACE_LINES_MAX).forEach(l -> context.log(StageLog.SYSTEM, l));
  }

  private static Result checked(Result result) {
    if (result instanceof Result.Completed completed && completed.outputJson() != null) {
      var problem = JsonText.problem("the output", completed.outputJson());
      if (problem.isPresent()) {
        return new Result.Failed("config", problem.get(), completed.exitCode());
      }
    }
    return result;
  }

  private void reportEnding(Attempt attempt, Ending ending, String more) {
    if (ending == Ending.DROPPED) {
      claims.dropped(attempt.claim());
      return;
    }
    report(attempt, ending.outcome(), null, ending.errorClass(), ending.message() + more, null);
  }

  private void report(
      Attempt attempt,
      Outcome outcome,
      Integer exitCode,
      String errorClass,
      String error,
      String output) {
    meters.finished(outcome);
    reporter.finished(
        attempt,
        new Report.Finished(
            attempt.claim(),
            outcome,
            attempt.ranMillis(),
            exitCode,
            JsonText.clean(errorClass, 100),
            JsonText.clean(error, ERROR_CHARS_MAX),
            output));
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }
}
