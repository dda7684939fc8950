package dev.millrace.scheduler.dispatch;

import dev.millrace.model.Claim;
import dev.millrace.runtime.Loop;
import dev.millrace.runtime.Pulse;
import dev.millrace.scheduler.store.Stages;
import dev.millrace.wire.Start;
import dev.millrace.wire.StartCodec;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Publishes what a turn has committed as QUEUED, and keeps account of what the broker confirmed.
 * Publishing is the leader's thread; fates arrive on the broker connection's thread and only touch
 * concurrent structures. One per term.
 */
public final class Dispatcher {
  /** One committed start and its dispatch number. */
  public record Item(Stages.Key key, Start start, String pool, long dispatch) {}

  /** A start that cannot be written as a message, and why. */
  public record Unwritable(Claim claim, String why) {}

  private static final Logger log = LoggerFactory.getLogger(Dispatcher.class);
  private static final int TRIES_PER_PASS_MAX = 2_000;

  /** Well below the limit of a message: a character may need three bytes. */
  private static final int BUNDLE_CHARS_MAX = Start.CHARS_MAX;

  private static final Duration RETRY_EVERY = Duration.ofMillis(100);

  private final Outbox outbox;
  private final Pools pools;
  private final Runnable nudge;
  private final Counter dispatched;
  private final Counter unroutableCount;
  private final Counter lostCount;
  private final UnaryOperator<Start> granting;

  /** On its way to the broker, oldest first; the publish loop takes, others add. */
  private final ConcurrentLinkedDeque<Bundle> waiting = new ConcurrentLinkedDeque<>();

  private final Pulse pulse = new Pulse();
  private final ConcurrentLinkedQueue<Bundle> returned = new ConcurrentLinkedQueue<>();
  private final List<Claim> putBack = new ArrayList<>();
  private final ConcurrentLinkedQueue<Unwritable> unwritable = new ConcurrentLinkedQueue<>();

  /** Lowest dispatch number of each bundle without a confirm, with how many bundles share it. */
  private final ConcurrentSkipListMap<Long, Integer> open = new ConcurrentSkipListMap<>();

  private volatile long issued;
  private long highest;

  /** Without secrets. */
  public Dispatcher(
      Outbox outbox, Pools pools, Runnable nudge, MeterRegistry metrics, long confirmedAtStart) {
    this(outbox, pools, nudge, metrics, confirmedAtStart, UnaryOperator.identity());
  }

  /**
   * @param granting adds to a start what lets its worker have the secrets that it refers to
   */
  public Dispatcher(
      Outbox outbox,
      Pools pools,
      Runnable nudge,
      MeterRegistry metrics,
      long confirmedAtStart,
      UnaryOperator<Start> granting) {
    this.granting = granting;
    this.outbox = outbox;
    this.pools = pools;
    this.nudge = nudge;
    this.issued = confirmedAtStart;
    this.highest = confirmedAtStart;
    this.dispatched = metrics.counter("millrace.dispatches");
    this.unroutableCount = metrics.counter("millrace.dispatch.unroutable");
    this.lostCount = metrics.counter("millrace.dispatch.republished", "cause", "unconfirmed");
  }

  private final class Bundle implements Outbox.Fated {
    final String pool;
    final List<Start> starts;
    final long low;

    Bundle(String pool, List<Start> starts, long low) {
      this.pool = pool;
      this.starts = starts;
      this.low = low;
    }

    @Override
    public void confirmed() {
      close(this);
    }

    @Override
    public void unroutable() {
      close(this);
      returned.add(this);
      nudge.run();
    }

    @Override
    public void lost() {
      lostCount.increment(starts.size());
      waiting.add(this);
      pulse.nudge();
    }
  }

  /**
   * Publishes what was committed, in bundles per pool. Leader's thread.
   *
   * @param complete no number below these is still to be published: the watermark may pass them
   */
  public void dispatch(List<Item> items, boolean complete) {
    book(items);
    if (complete) {
      // Only now: the watermark may not pass a number whose bundle is not on the books yet.
      issued = highest;
    }
    if (!items.isEmpty()) {
      dispatched.increment(items.size());
      pulse.nudge();
    }
  }

  private void book(List<Item> items) {
    Map<String, List<Item>> byPool = new java.util.LinkedHashMap<>();
    for (Item item : items) {
      byPool.computeIfAbsent(item.pool, any -> new ArrayList<>()).add(item);
      highest = Math.max(highest, item.dispatch);
    }
    byPool.forEach(
        (pool, due) -> {
          int size = pools.of(pool).bundle(due.size());
          int from = 0;
          int chars = 0;
          for (int i = 0; i < due.size(); i++) {
            int more = due.get(i).start.chars();
            if (i - from == size || (i > from && chars + more > BUNDLE_CHARS_MAX)) {
              waiting.add(bundle(pool, due.subList(from, i)));
              from = i;
              chars = 0;
            }
            chars += more;
          }
          waiting.add(bundle(pool, due.subList(from, due.size())));
        });
  }

  /** The loop that publishes: encoding and the broker's socket stay off the leader's thread. */
  public Loop loop() {
    return new Loop("publish", this::pump, pulse, RETRY_EVERY);
  }

  /**
   * Publishes what waits, in order. The publish loop's thread.
   *
   * @return true when there is probably more to publish at once; false too when the broker is away
   */
  boolean pump() {
    for (int tries = 0; tries < TRIES_PER_PASS_MAX; tries++) {
      Bundle bundle = waiting.poll();
      if (bundle == null) {
        return false;
      }
      byte[] message = encoded(bundle);
      if (message == null) {
        continue;
      }
      if (!outbox.publishStarts(bundle.pool, message, bundle)) {
        waiting.addFirst(bundle);
        return false;
      }
    }
    return true;
  }

  /** Null when it cannot be written: then its starts come next, each by itself, or it is told. */
  private byte[] encoded(Bundle bundle) {
    try {
      return StartCodec.encode(bundle.starts.stream().map(granting).toList());
    } catch (RuntimeException wrong) {
      if (bundle.starts.size() == 1) {
        Claim claim = bundle.starts.getFirst().claim();
        log.error("a start cannot be written claim={}; its stage fails", claim, wrong);
        close(bundle);
        unwritable.add(new Unwritable(claim, wrong.getMessage()));
        nudge.run();
        return null;
      }
      open.merge(bundle.low, bundle.starts.size() - 1, Integer::sum);
      for (Start start : bundle.starts.reversed()) {
        waiting.addFirst(new Bundle(bundle.pool, List.of(start), bundle.low));
      }
      return null;
    }
  }

  /** Starts that cannot be written, since the last call. Leader's thread. */
  public List<Unwritable> takeUnwritable() {
    List<Unwritable> taken = new ArrayList<>();
    for (Unwritable one = unwritable.poll(); one != null; one = unwritable.poll()) {
      taken.add(one);
    }
    return taken;
  }

  /** Gives those back whose failure was not written. Leader's thread. */
  public void putBackUnwritable(List<Unwritable> taken) {
    unwritable.addAll(taken);
  }

  /** Claims that no queue took since the last call. Leader's thread. */
  public List<Claim> takeUnroutable() {
    if (returned.isEmpty() && putBack.isEmpty()) {
      return List.of();
    }
    List<Claim> claims = new ArrayList<>(putBack);
    putBack.clear();
    for (Bundle bundle = returned.poll(); bundle != null; bundle = returned.poll()) {
      unroutableCount.increment(bundle.starts.size());
      pools.of(bundle.pool).rest(250);
      bundle.starts.forEach(start -> claims.add(start.claim()));
    }
    return claims;
  }

  /** Gives claims back whose return was not written. Leader's thread. */
  public void putBackUnroutable(List<Claim> claims) {
    putBack.addAll(claims);
  }

  /** True when the leader's thread has something to do here. */
  public boolean hasNews() {
    return !returned.isEmpty() || !putBack.isEmpty() || !unwritable.isEmpty();
  }

  /** Every dispatch up to this number is confirmed. Any thread. */
  public long confirmedUpTo() {
    long upTo =
        issued; // before looking at the open ones: a bundle is opened before its number is issued
    Map.Entry<Long, Integer> first = open.firstEntry();
    return first == null ? upTo : Math.min(upTo, first.getKey() - 1);
  }

  private Bundle bundle(String pool, List<Item> items) {
    List<Start> starts = new ArrayList<>(items.size());
    long low = Long.MAX_VALUE;
    for (Item item : items) {
      starts.add(item.start);
      low = Math.min(low, item.dispatch);
    }
    open.merge(low, 1, Integer::sum);
    return new Bundle(pool, starts, low);
  }

  private void close(Bundle bundle) {
    open.computeIfPresent(bundle.low, (low, count) -> count == 1 ? null : count - 1);
  }
}
