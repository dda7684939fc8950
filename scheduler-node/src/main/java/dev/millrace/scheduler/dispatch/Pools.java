package dev.millrace.scheduler.dispatch;

import dev.millrace.scheduler.store.Stages;
import dev.millrace.settings.EngineSettings;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * What the leader knows of each pool: how much waits, how much is with the broker, how fast it
 * finishes, and who is there to do it. Counts are kept by the turn as it commits; capacity comes
 * from heartbeats. The counts belong to the leader's thread; gauges may read them from any.
 */
public final class Pools {
  /** Live capacity, replaced as a whole by the sweep of workers. */
  public record Capacity(int workers, int slots, Set<String> handlers) {
    public static final Capacity NONE = new Capacity(0, 0, Set.of());
  }

  private static final int RATE_BUCKETS = 10;
  private static final long RATE_BUCKET_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
  private static final long UNSERVED_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final double MEAN_WEIGHT = 0.05;
  private static final double LONG_STAGE_MILLIS = 100;
  private static final int SLOTS_FACTOR = 4;

  /** One pool's books. */
  public static final class Pool {
    private final String name;
    private final EngineSettings settings;
    private volatile int ready;

    /** What of ready stands in which lane; the leader's thread. */
    private final Map<Stages.Lane, Integer> lanes = new HashMap<>();

    private volatile int queued;
    private volatile int running;
    private volatile Capacity capacity = Capacity.NONE;
    private volatile double meanMillis;
    private final int[] finished = new int[RATE_BUCKETS];
    private long bucket;
    private volatile int unserved;
    private volatile long unservedUntilNanos;
    private long restUntilNanos = System.nanoTime();

    private Pool(String name, EngineSettings settings) {
      this.name = name;
      this.settings = settings;
    }

    public String name() {
      return name;
    }

    public int ready() {
      return ready;
    }

    /** The lanes in which something stands. The leader's thread. */
    public Set<Stages.Lane> lanes() {
      return lanes.keySet();
    }

    private void stand(Stages.Lane lane, int delta) {
      lanes.merge(lane, delta, (a, b) -> a + b <= 0 ? null : (Integer) (a + b));
      if (delta < 0) {
        lanes.computeIfPresent(lane, (any, count) -> count <= 0 ? null : count);
      }
      ready = Math.max(0, ready + delta);
    }

    public int queued() {
      return queued;
    }

    public int running() {
      return running;
    }

    public Capacity capacity() {
      return capacity;
    }

    /**
     * How many stages may be with the broker: the larger of 4x the live slots and what the pool
     * finished in the last 500 ms, so that no-op stages flow at full speed and hour-long ones do
     * not pile up. None without a live worker.
     */
    public int window() {
      Capacity now = capacity;
      if (now.workers == 0) {
        return 0;
      }
      int bySlots = Math.max(settings.windowMin(), SLOTS_FACTOR * now.slots);
      return Math.min(settings.windowMax(), Math.max(bySlots, finishedLately()));
    }

    public int free() {
      return free(0);
    }

    /**
     * @param used what a pass has taken beyond the committed count; negative where it gave back
     */
    public int free(int used) {
      return System.nanoTime() - restUntilNanos < 0 ? 0 : Math.max(0, window() - queued - used);
    }

    /**
     * Stages that wait and that some live worker can do. Those whose handler nobody has are left
     * out, so that they do not stand in the way of the others.
     */
    public int backlog() {
      boolean known = unserved > 0 && unservedUntilNanos - System.nanoTime() > 0;
      return known ? Math.max(0, ready - unserved) : ready;
    }

    /** So many of those that wait need a handler that nobody has; believed for a second. */
    public void unserved(int stages) {
      unservedUntilNanos = System.nanoTime() + UNSERVED_NANOS;
      unserved = stages;
    }

    private void serve(Capacity live) {
      if (!live.handlers.equals(capacity.handlers)) {
        unserved = 0;
      }
      capacity = live;
    }

    /** Starts per message: more only when many short stages are due at once. */
    int bundle(int due) {
      if (meanMillis > LONG_STAGE_MILLIS) {
        return 1;
      }
      int share = Math.max(due, window() - queued) / (2 * Math.max(1, capacity.workers));
      return Math.clamp(share, 1, settings.bundleMax());
    }

    /** Nothing is dispatched for a moment: its queue was not there. */
    public void rest(long millis) {
      restUntilNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    }

    private void finishedOne(double millis) {
      roll();
      finished[(int) (bucket % RATE_BUCKETS)]++;
      meanMillis += MEAN_WEIGHT * (millis - meanMillis);
    }

    private int finishedLately() {
      roll();
      int sum = 0;
      for (int count : finished) {
        sum += count;
      }
      return sum;
    }

    private void roll() {
      long now = System.nanoTime() / RATE_BUCKET_NANOS;
      if (now - bucket >= RATE_BUCKETS) {
        java.util.Arrays.fill(finished, 0);
        bucket = now;
      }
      while (bucket < now) {
        bucket++;
        finished[(int) (bucket % RATE_BUCKETS)] = 0;
      }
    }
  }

  private final Map<String, Pool> pools = new ConcurrentHashMap<>();
  private final EngineSettings settings;

  public Pools(EngineSettings settings) {
    this.settings = settings;
  }

  public Pool of(String name) {
    return pools.computeIfAbsent(name, any -> new Pool(any, settings));
  }

  public Collection<Pool> all() {
    return pools.values();
  }

  /**
   * Sets the books as the tables have them, at the start of a term and after a failed transaction.
   */
  public void load(
      Map<String, Map<Stages.Lane, Integer>> ready,
      Map<String, Integer> queued,
      Map<String, Integer> running) {
    for (Pool pool : pools.values()) {
      pool.ready = 0;
      pool.lanes.clear();
      pool.queued = 0;
      pool.running = 0;
      pool.unserved = 0;
    }
    ready.forEach((name, lanes) -> lanes.forEach(of(name)::stand));
    queued.forEach((name, count) -> of(name).queued = count);
    running.forEach((name, count) -> of(name).running = count);
  }

  /** Replaces what is known of live workers. */
  public void capacities(Map<String, Capacity> live) {
    for (String name : live.keySet()) {
      of(name);
    }
    pools.forEach((name, pool) -> pool.serve(live.getOrDefault(name, Capacity.NONE)));
  }

  /** Books what a turn has committed. */
  public static final class Booking {
    private final Map<Pool, int[]> deltas = new HashMap<>();
    private final Map<Pool, Map<Stages.Lane, Integer>> lanes = new HashMap<>();

    public void ready(Pool pool, Stages.Lane lane, int delta) {
      lanes.computeIfAbsent(pool, any -> new HashMap<>()).merge(lane, delta, Integer::sum);
    }

    public void queued(Pool pool, int delta) {
      deltas.computeIfAbsent(pool, any -> new int[2])[0] += delta;
    }

    public void running(Pool pool, int delta) {
      deltas.computeIfAbsent(pool, any -> new int[2])[1] += delta;
    }

    public void finished(Pool pool, double millis) {
      pool.finishedOne(millis);
    }

    public void commit() {
      deltas.forEach(
          (pool, delta) -> {
            pool.queued = Math.max(0, pool.queued + delta[0]);
            pool.running = Math.max(0, pool.running + delta[1]);
          });
      lanes.forEach((pool, changes) -> changes.forEach(pool::stand));
    }
  }
}
