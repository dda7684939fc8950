package dev.millrace.wire;

import dev.millrace.model.Claim;
import java.util.List;

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

  /** A pool that the worker serves. */
  public record PoolSlots(String pool, int slots, int free) {}

  /**
   * A claim in the worker's hands.
   *
   * @param percent 0..100, or null when the handler says nothing
   * @param message what the handler says it is doing, or null
   */
  public record Open(Claim claim, Integer percent, String message) {}
}
