package dev.millrace.worker;

import dev.millrace.wire.Outcome;
import dev.millrace.wire.Report;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Executes attempts with their handlers and says how they ended. Handlers run on a virtual thread
 * each, inline ones on the caller's.
 */
final class Runner implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Runner.class);
  private static final int ERROR_CHARS_MAX = 4_000;
  private static final int ERROR_CLASS_CHARS_MAX = 100;
  private static final int TRACE_LINES_MAX = 60;

  /** After grace and interrupt a handler has this long; then its thread is left behind. */
  private static final Duration ABANDON_AFTER = Duration.ofSeconds(5);

  static final Duration TIMEOUT_GRACE = Duration.ofSeconds(5);

  private final Claims claims;
  private final Reporter reporter;
  private final LogShipper shipper;
  private final ArtifactClient artifacts;
  private final SecretClient secretClient;
  private final SecretSources secretSources;
  private final WorkerMeters meters;
  private final Path workDirs;
  private final int logBytesMax;
  private final Deadlines deadlines;

  Runner(
      Claims claims,
      Reporter reporter,
      LogShipper shipper,
      ArtifactClient artifacts,
      SecretClient secretClient,
      WorkerMeters meters,
      WorkerNodeConfig config) {
    this.claims = claims;
    this.reporter = reporter;
    this.shipper = shipper;
    this.artifacts = artifacts;
    this.secretClient = secretClient;
    this.secretSources = config.secrets();
    this.meters = meters;
    this.workDirs = config.workDir();
    this.logBytesMax = config.logBytesMax();
    this.deadlines = new Deadlines((attempt, why) -> end(attempt, why, TIMEOUT_GRACE));
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
                  try {
                    executeWatched(attempt, handler);
                  } finally {
                    attempt.handlerEnded();
                    giveBackSlot.run();
                  }
                });
    attempt.runsOn(thread);
    thread.start();
  }

  private void executeWatched(Attempt attempt, StageHandler handler) {
    Deadlines.Watch watch = deadlines.watch(attempt);
    try {
      execute(attempt, handler);
    } finally {
      watch.close();
    }
  }

  /** Says how an attempt ended that was never executed. */
  void endUnexecuted(Attempt attempt, Outcome outcome, String errorClass, String message) {
    endUnexecuted(attempt, outcome, Result.failed(errorClass, message));
  }

  /** Says how an attempt ended that was never executed, and when another one makes sense. */
  void endUnexecuted(Attempt attempt, Outcome outcome, Result.Failed why) {
    if (attempt.close()) {
      report(attempt, outcome, why);
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
        "handler does not stop claim={} handler={} cause={}; the attempt is reported, its slot"
            + " stays taken until the handler returns",
        attempt.claim(),
        attempt.start().handler(),
        why);
    reportEnding(attempt, why, "; its handler did not stop and was left behind");
  }

  private void execute(Attempt attempt, StageHandler handler) {
    StageLog stageLog = new StageLog(attempt.claim(), shipper, logBytesMax);
    Result failed = null;
    AttemptSecrets secrets = AttemptSecrets.NONE;
    try {
      secrets = AttemptSecrets.fetch(attempt.start(), secretSources, secretClient);
    } catch (SecretException e) {
      failed = new Result.Failed("secret", e.getMessage(), null, e.isRetryable(), null);
    } catch (InterruptedException e) {
      failed = Result.failed("cancelled", "ended before its secrets were there");
    }
    AttemptContext context =
        new AttemptContext(attempt, reporter, stageLog, artifacts, secrets, workDirs);
    for (String reference : secrets.notHidden()) {
      context.log(StageLog.SYSTEM, reference + " is too short to be hidden in logs and outputs");
    }
    long startedNanos = System.nanoTime();
    Result result = failed == null ? resultOf(handler, context) : failed;
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
    switch (checked(secrets.hidden(result))) {
      case Result.Completed completed -> report(attempt, completed);
      case Result.Failed why -> report(attempt, Outcome.FAILED, why);
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
        return new Result.Failed("config", problem.get(), completed.exitCode()).notRetryable();
      }
    }
    return result;
  }

  private void reportEnding(Attempt attempt, Ending ending, String more) {
    if (ending == Ending.DROPPED) {
      claims.dropped(attempt.claim());
      return;
    }
    report(attempt, ending.outcome(), Result.failed(ending.errorClass(), ending.message() + more));
  }

  private void report(Attempt attempt, Result.Completed completed) {
    report(
        attempt,
        new Report.Finished(
            attempt.claim(),
            Outcome.COMPLETED,
            attempt.ranMillis(),
            completed.exitCode(),
            null,
            null,
            completed.outputJson(),
            true,
            null,
            attempt.counters()));
  }

  private void report(Attempt attempt, Outcome outcome, Result.Failed failed) {
    report(
        attempt,
        new Report.Finished(
            attempt.claim(),
            outcome,
            attempt.ranMillis(),
            failed.exitCode(),
            JsonText.clean(failed.errorClass(), ERROR_CLASS_CHARS_MAX),
            JsonText.clean(failed.message(), ERROR_CHARS_MAX),
            null,
            failed.retryable(),
            failed.retryAfter(),
            attempt.counters()));
  }

  private void report(Attempt attempt, Report.Finished finished) {
    meters.finished(finished.outcome());
    reporter.finished(attempt, finished);
  }

  @Override
  public void close() {
    deadlines.close();
  }
}
