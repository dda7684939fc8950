package dev.millrace.wire;

import dev.millrace.model.Claim;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One message on {@code millrace.heartbeats}: who is alive, what it can do, and every claim it
 * holds. Immutable.
 *
 * @param worker the worker's id, new at each start of the process
 * @param startedAgoMillis how long the worker has been up
 * @param handlers the handlers it has and allows
 * @param draining true when it takes no new starts
 * @param open every claim whose end this worker still has to report, reports not yet confirmed by
 *     the broker included
 */
public record Heartbeat(
    String worker,
    String host,
    long pid,
    String version,
    long startedAgoMillis,
    List<PoolSlots> pools,
    List<String> handlers,
    boolean draining,
    List<Open> open) {
  /** Counters of one claim at the most; more are not read. */
  public static final int COUNTERS_MAX = 20;

  /** A counter with a longer name is not read. */
  public static final int COUNTER_NAME_CHARS_MAX = 40;

  /** A pool that the worker serves. */
  public record PoolSlots(String pool, int slots, int free) {}

  /**
   * A claim in the worker's hands.
   *
   * @param percent 0..100, or null when the handler says nothing
   * @param message what the handler says it is doing, or null
   * @param counters what the handler counts, in the order it began to; at most {@link
   *     #COUNTERS_MAX}
   */
  public record Open(Claim claim, Integer percent, String message, Map<String, Long> counters) {
    public Open {
      counters = Collections.unmodifiableMap(new LinkedHashMap<>(counters));
    }

    /** Of a handler that counts nothing. */
    public Open(Claim claim, Integer percent, String message) {
      this(claim, percent, message, Map.of());
    }
  }
}
