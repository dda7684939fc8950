package dev.millrace.cli;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Turns SIGTERM and ctrl-C into an orderly end: the thread that installed it is interrupted, ends
 * its work, and the process exits with 0. Installed by the main thread; signals come on a thread of
 * the JVM.
 */
final class StopSignal implements AutoCloseable {
  /** Longer than any drain should take; a process that cannot end is worse than a hard end. */
  private static final Duration END_WAIT_MAX = Duration.ofMinutes(5);

  private static final CountDownLatch MAIN_ENDED = new CountDownLatch(1);

  private static volatile int mainCode = ExitCode.OK;

  private final CompletableFuture<Void> asked = new CompletableFuture<>();
  private final AtomicBoolean signalled = new AtomicBoolean();
  private final Thread main = Thread.currentThread();
  private final Thread hook = new Thread(this::stop, "millrace-stop");
  private final boolean tells;

  private StopSignal(boolean tells) {
    this.tells = tells;
  }

  /** From now on a signal interrupts the calling thread; the process then ends with 0. */
  static StopSignal install() {
    return install(false);
  }

  /** The same, of a command whose exit code is told although it was stopped. */
  static StopSignal telling() {
    return install(true);
  }

  private static StopSignal install(boolean tells) {
    StopSignal signal = new StopSignal(tells);
    Runtime.getRuntime().addShutdownHook(signal.hook);
    return signal;
  }

  /** Ends the process; the only way out of main. */
  static void endProcess(int code) {
    mainCode = code;
    MAIN_ENDED.countDown();
    System.exit(code);
  }

  /** Was the process asked to end? */
  boolean asked() {
    return signalled.get();
  }

  /**
   * Waits until the process is asked to end, or something else ends the waiting by completing what
   * this returns.
   */
  CompletableFuture<Void> awaited() {
    return asked;
  }

  /** From now on a signal ends the process at once again, unless one came already. */
  @Override
  public void close() {
    if (signalled.get()) {
      return;
    }
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException signalledJustNow) {
      // The hook waits for main's end, which is near.
    }
  }

  private void stop() {
    if (MAIN_ENDED.getCount() == 0) {
      return;
    }
    signalled.set(true);
    // First the interrupt: after the promise is kept the main thread closes things, and must not be
    // disturbed.
    main.interrupt();
    asked.complete(null);
    try {
      if (MAIN_ENDED.await(END_WAIT_MAX.toSeconds(), TimeUnit.SECONDS)) {
        // Main's own exit waits for this hook, and its code would be the signal's otherwise.
        Runtime.getRuntime().halt(tells ? mainCode : ExitCode.OK);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    Runtime.getRuntime().halt(ExitCode.FAILED);
  }
}
