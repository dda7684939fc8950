package dev.millrace.definition;

import dev.millrace.model.RunLimits;
import dev.millrace.wire.Heartbeat;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Reads {@code limits}: how much a run may do. Stateless. */
final class RunLimitsReader {
  private static final String RUN_TIME = "run-time";
  private static final Duration RUN_TIME_MIN = Duration.ofMillis(1);

  private RunLimitsReader() {}

  /** Null when there are none. */
  static RunLimits read(Fields job) {
    Fields limits = job.fields("limits");
    if (limits == null) {
      return null;
    }
    Duration runTime = limits.duration("run-time", RUN_TIME_MIN);
    Map<String, Long> counters = new TreeMap<>();
    limits.eachKey(
        entry -> {
          if (!entry.key().equals(RUN_TIME)) {
            counter(limits, entry.key(), counters);
          }
        });
    limits.finish(Set.of());
    if (limits.map().entries().isEmpty()) {
      limits.problem("is empty; write for example {pages: 100, run-time: 10m}");
    }
    return new RunLimits(runTime, counters);
  }

  private static void counter(Fields limits, String name, Map<String, Long> counters) {
    Integer most = limits.integer(name, 1, Integer.MAX_VALUE);
    if (name.isEmpty() || name.length() > Heartbeat.COUNTER_NAME_CHARS_MAX) {
      limits.problem(
          limits.map().get(name),
          name,
          "a counter has a name of 1 to " + Heartbeat.COUNTER_NAME_CHARS_MAX + " characters");
    } else if (most != null) {
      counters.put(name, most.longValue());
    }
    if (counters.size() > Heartbeat.COUNTERS_MAX) {
      limits.problem(
          limits.map().get(name),
          name,
          "is one too many; an attempt has at most " + Heartbeat.COUNTERS_MAX + " counters");
    }
  }
}
