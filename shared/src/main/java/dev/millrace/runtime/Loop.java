package dev.millrace.runtime;

import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owns one thread that calls one bounded pass again and again, and the only catch-all: a failing
 * pass is logged and tried again after a growing delay. Tests call the pass themselves and never
 * start a loop.
 */
public final class Loop implements Service {
  /** One bounded pass. */
  @FunctionalInterface
  public interface Pass {
    /**
     * @return true if there is probably more to do at once
     * @throws Exception ends this pass only; the loop logs it and goes on
     */
    boolean runOnce() throws Exception;
  }

  /** How long to wait after a pass that found nothing more; asked after each such pass. */
  @FunctionalInterface
  public interface Wait {
    long nanos();
  }

  private static final Logger log = LoggerFactory.getLogger(Loop.class);
  private static final Duration FAILURE_DELAY_FIRST = Duration.ofMillis(100);
  private static final Duration FAILURE_DELAY_MAX = Duration.ofSeconds(5);
  private static final Duration CLOSE_WAIT_MAX = Duration.ofSeconds(30);

  private final String name;
  private final Pass pass;
  private final Pulse pulse;
  private final Wait wait;
  private final Delays delays = new Delays(FAILURE_DELAY_FIRST, FAILURE_DELAY_MAX);
  private Thread thread;

  public Loop(String name, Pass pass, Pulse pulse, Wait wait) {
    this.name = name;
    this.pass = pass;
    this.pulse = pulse;
    this.wait = wait;
  }

  public Loop(String name, Pass pass, Pulse pulse, Duration interval) {
    this(name, pass, pulse, interval::toNanos);
  }

  @Override
  public void start() {
    thread = Thread.ofPlatform().name("millrace-" + name).daemon().start(this::run);
  }

  @Override
  public void close() {
    pulse.stop();
    if (thread == null || thread == Thread.currentThread()) {
      return;
    }
    try {
      if (!thread.join(CLOSE_WAIT_MAX)) {
        log.warn(
            "loop did not end in time loop={} waited={}; interrupting it", name, CLOSE_WAIT_MAX);
        thread.interrupt();
        thread.join(Duration.ofSeconds(5));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    while (!pulse.stopping()) {
      try {
        boolean more = pass.runOnce();
        delays.succeeded();
        if (!more) {
          pulse.await(wait.nanos());
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      } catch (Exception | Error e) {
        if (pulse.stopping()) {
          return;
        }
        long delayMillis = delays.nextMillis();
        logFailure(e, delayMillis);
        sleepThroughNudges(delayMillis);
      }
    }
  }

  /** The first failure in a row tells everything, the following ones one line each. */
  private void logFailure(Throwable e, long delayMillis) {
    if (delays.failures() == 1 && !(e instanceof QuietFailure)) {
      log.warn("pass failed loop={}; trying again in {} ms", name, delayMillis, e);
    } else {
      log.warn(
          "pass failed loop={} failuresInARow={} cause={}; trying again in {} ms",
          name,
          delays.failures(),
          rootMessage(e),
          delayMillis);
    }
  }

  private void sleepThroughNudges(long millis) {
    long until = System.nanoTime() + millis * 1_000_000;
    long left = millis * 1_000_000;
    while (left > 0 && !pulse.stopping()) {
      pulse.await(left);
      left = until - System.nanoTime();
    }
  }

  static String rootMessage(Throwable e) {
    Throwable root = e;
    while (root.getCause() != null && root.getCause() != root) {
      root = root.getCause();
    }
    return root.getClass().getSimpleName() + ": " + root.getMessage();
  }

  @Override
  public String toString() {
    return "loop " + name;
  }
}
