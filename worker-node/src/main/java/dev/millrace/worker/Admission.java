package dev.millrace.worker;

import dev.millrace.wire.Outcome;
import dev.millrace.wire.Report;
import dev.millrace.wire.Start;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * What becomes of one start: it is known already, ends without being executed, or is executed. One
 * for all pools of a worker; each call is the calling intake's.
 */
final class Admission {
  private static final Duration FULL_RETRY_AFTER = Duration.ofSeconds(5);

  private final StageHandlers handlers;
  private final Claims claims;
  private final Reporter reporter;
  private final Runner runner;
  private final WorkerMeters meters;
  private final Waits waits;

  Admission(
      StageHandlers handlers,
      Claims claims,
      Reporter reporter,
      Runner runner,
      WorkerMeters meters,
      Waits waits) {
    this.handlers = handlers;
    this.claims = claims;
    this.reporter = reporter;
    this.runner = runner;
    this.meters = meters;
    this.waits = waits;
  }

  /** Executing it again is out of the question; the bundle waits for what is said of it. */
  boolean alreadyKnown(Start start, Bundle bundle) {
    Attempt held = claims.find(start.claim());
    if (held != null) {
      meters.duplicate();
      held.holds(bundle);
      return true;
    }
    Report.Finished lastWord = claims.lastWord(start.claim());
    if (lastWord == null) {
      return false;
    }
    // The leader asks again for what has ended here: it may not have heard.
    meters.duplicate();
    Attempt again = new Attempt(start);
    again.holds(bundle);
    again.close();
    reporter.finished(again, lastWord);
    return true;
  }

  /** The handler to execute it with, or null when it was ended here. */
  StageHandler handlerOrEnd(Start start, Bundle bundle) {
    StageHandler handler = handlers.find(start.handler());
    if (handler == null) {
      String why =
          "this worker has no handler '"
              + start.handler()
              + "' or does not allow it; it has "
              + handlers.names();
      end(start, bundle, Outcome.UNSUPPORTED, "unsupported", why);
      return null;
    }
    if (claims.wasCancelledEarly(start.claim())) {
      String errorClass = Ending.CANCELLED.errorClass();
      end(start, bundle, Outcome.CANCELLED, errorClass, "cancelled before it started");
      return null;
    }
    return handler;
  }

  /**
   * Executes it in no slot, because it only waits; hands it back when too many wait already. The
   * report tells when to try again, or the two would play ball.
   */
  void executeWaiting(Start start, Bundle bundle, StageHandler handler) {
    if (!waits.tryTake(start.claim())) {
      Result.Failed full =
          Result.failed(
                  Ending.RETURNED.errorClass(),
                  "this worker has no room for one more that waits; it has " + waits.count())
              .withRetryAfter(FULL_RETRY_AFTER);
      holding(start, bundle, attempt -> runner.endUnexecuted(attempt, Outcome.RETURNED, full));
      return;
    }
    boolean begun = false;
    try {
      Runnable giveBack = () -> waits.giveBack(start.claim());
      holding(
          start,
          bundle,
          attempt -> {
            attempt.waitsWithoutSlot();
            runner.run(attempt, handler, giveBack);
          });
      begun = true;
    } finally {
      if (!begun) {
        waits.giveBack(start.claim());
      }
    }
  }

  /** Gives it back by report, because its delivery cannot be: others of it have started. */
  void handBack(Start start, Bundle bundle) {
    Ending returned = Ending.RETURNED;
    end(start, bundle, Outcome.RETURNED, returned.errorClass(), returned.message());
  }

  private void end(Start start, Bundle bundle, Outcome outcome, String errorClass, String message) {
    holding(start, bundle, attempt -> runner.endUnexecuted(attempt, outcome, errorClass, message));
  }

  /**
   * Executes it in a slot that was taken for it.
   *
   * @param giveBackSlot called once, also when it could not begin
   */
  void execute(Start start, Bundle bundle, StageHandler handler, Runnable giveBackSlot) {
    boolean begun = false;
    try {
      if (handler.inline() && !AttemptSecrets.refersTo(start)) {
        holding(start, bundle, attempt -> runner.runInline(attempt, handler));
      } else {
        holding(start, bundle, attempt -> runner.run(attempt, handler, giveBackSlot));
        begun = true;
      }
    } finally {
      if (!begun) {
        giveBackSlot.run();
      }
    }
  }

  /**
   * Holds the claim for what is done with it. When that fails the claim is let go: its start comes
   * again, and would be taken for a duplicate of one that runs.
   */
  private void holding(Start start, Bundle bundle, Consumer<Attempt> use) {
    Attempt attempt = new Attempt(start);
    attempt.holds(bundle);
    claims.hold(attempt);
    boolean done = false;
    try {
      use.accept(attempt);
      done = true;
    } finally {
      if (!done) {
        claims.dropped(attempt.claim());
      }
    }
  }
}
