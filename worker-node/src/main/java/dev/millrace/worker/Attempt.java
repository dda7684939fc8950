package dev.millrace.worker;

import dev.millrace.model.Claim;
import dev.millrace.wire.Heartbeat;
import dev.millrace.wire.Start;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * One claim in this worker's hands, from its first sight until the broker has confirmed its end.
 * Thread-safe.
 */
final class Attempt {
  private final Start start;
  private final long startedNanos = System.nanoTime();
  private final List<Consumer<Duration>> hooks = new ArrayList<>(0);
  private final List<Bundle> waiting = new ArrayList<>(1);
  private final CountDownLatch handlerEnded = new CountDownLatch(1);
  private Thread thread;
  private Ending ending;
  private Duration grace;
  private boolean over;
  private boolean firstConfirmed;
  private volatile boolean cancelled;
  private volatile Integer percent;
  private volatile String message;
  private volatile long spokeNanos = startedNanos;
  private volatile boolean slotless;

  /** Guarded by itself. */
  private final Map<String, Long> counters = new LinkedHashMap<>(0);

  Attempt(Start start) {
    this.start = start;
  }

  Start start() {
    return start;
  }

  Claim claim() {
    return start.claim();
  }

  long ranMillis() {
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startedNanos);
  }

  /** Lets the bundle wait for the first confirmed report; false when that has already come. */
  synchronized boolean holds(Bundle bundle) {
    if (firstConfirmed) {
      return false;
    }
    bundle.expectOne();
    waiting.add(bundle);
    return true;
  }

  /** The broker has a report of this attempt: what waited for it, empty from the second time on. */
  synchronized List<Bundle> confirmed() {
    if (firstConfirmed) {
      return List.of();
    }
    firstConfirmed = true;
    return waiting;
  }

  /** The thread that executes the handler; without one the attempt cannot be interrupted. */
  synchronized void runsOn(Thread handlerThread) {
    thread = handlerThread;
    if (ending != null) {
      thread.interrupt();
    }
  }

  /**
   * Ends the attempt early: hooks first, the interrupt after the grace. The first cause stays; a
   * later call may only shorten the grace.
   *
   * @return false when it is already over
   */
  boolean end(Ending why, Duration graceMax) {
    List<Consumer<Duration>> toCall;
    synchronized (this) {
      if (over || (ending != null && graceMax.compareTo(grace) >= 0)) {
        return !over;
      }
      ending = ending == null ? why : ending;
      grace = graceMax;
      cancelled = true;
      toCall = List.copyOf(hooks);
      if (toCall.isEmpty() && thread != null) {
        thread.interrupt();
      }
    }
    for (Consumer<Duration> hook : toCall) {
      Thread.ofVirtual().name("millrace-cancel-" + claim()).start(() -> hook.accept(graceMax));
    }
    return true;
  }

  /** Hooks had their time: the thread is interrupted. */
  synchronized void interrupt() {
    if (thread != null && !over) {
      thread.interrupt();
    }
  }

  void onCancel(Consumer<Duration> hook) {
    Duration at = null;
    synchronized (this) {
      hooks.add(hook);
      at = ending == null ? null : grace;
    }
    if (at != null) {
      hook.accept(at);
    }
  }

  boolean cancelled() {
    return cancelled;
  }

  synchronized Ending ending() {
    return ending;
  }

  /** Whoever gets true reports the end. */
  synchronized boolean close() {
    boolean first = !over;
    over = true;
    return first;
  }

  synchronized boolean isOver() {
    return over;
  }

  void handlerEnded() {
    handlerEnded.countDown();
  }

  boolean awaitHandlerEnd(Duration atMost) throws InterruptedException {
    return handlerEnded.await(atMost.toNanos(), TimeUnit.NANOSECONDS);
  }

  void progress(Integer newPercent, String newMessage) {
    percent = newPercent;
    message = newMessage;
  }

  void counter(String name, long value) {
    if (name == null || name.isEmpty() || name.length() > Heartbeat.COUNTER_NAME_CHARS_MAX) {
      throw new IllegalArgumentException(
          "the counter '%s' needs a name of 1 to %d characters"
              .formatted(JsonText.clean(name, 100), Heartbeat.COUNTER_NAME_CHARS_MAX));
    }
    synchronized (counters) {
      if (counters.size() >= Heartbeat.COUNTERS_MAX && !counters.containsKey(name)) {
        throw new IllegalArgumentException(
            "the counter '%s' is one too many, an attempt has at most %d"
                .formatted(name, Heartbeat.COUNTERS_MAX));
      }
      counters.put(JsonText.clean(name, Heartbeat.COUNTER_NAME_CHARS_MAX), value);
    }
  }

  /** The handler has shown that it lives. */
  void spoke() {
    spokeNanos = System.nanoTime();
  }

  long silentNanos() {
    return System.nanoTime() - spokeNanos;
  }

  /** It only waits, in no slot. */
  void waitsWithoutSlot() {
    slotless = true;
  }

  boolean isSlotless() {
    return slotless;
  }

  /** What its handler has counted so far. */
  Map<String, Long> counters() {
    synchronized (counters) {
      return counters.isEmpty() ? Map.of() : new LinkedHashMap<>(counters);
    }
  }

  /** As a heartbeat names it, with as much as there is room for. */
  Heartbeat.Open open(boolean withMessage, boolean withCounters) {
    Map<String, Long> shown = withCounters ? counters() : Map.of();
    return new Heartbeat.Open(claim(), percent, withMessage ? message : null, shown);
  }
}
