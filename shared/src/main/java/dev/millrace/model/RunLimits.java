package dev.millrace.model;

import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * How much a run may do. When one of these is reached nothing new starts, what is under way is told
 * to end, and the run completes with what it has. Immutable.
 *
 * @param runTime from its first start, without pauses; or null
 * @param counters by name, what the attempts of all its stages and items may count together
 */
public record RunLimits(Duration runTime, Map<String, Long> counters) {
  public RunLimits {
    counters = Collections.unmodifiableMap(new TreeMap<>(counters));
  }
}
