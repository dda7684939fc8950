package dev.millrace.settings;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** How many slots of a worker serve one pool. Immutable. */
public record PoolSlots(String pool, int slots) {
  private static final String KEY = "worker.pools";
  private static final int SLOTS_MAX = 10_000;

  static List<PoolSlots> read(Values values) {
    List<PoolSlots> pools = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    for (String part : values.text(KEY).split(",", -1)) {
      PoolSlots one = one(part.strip());
      if (one == null) {
        values.problem(
            KEY, "'" + part.strip() + "' is not pool=slots with 1.." + SLOTS_MAX + " slots");
      } else if (!seen.add(one.pool)) {
        values.problem(KEY, "pool '" + one.pool + "' is there twice");
      } else {
        pools.add(one);
      }
    }
    return List.copyOf(pools);
  }

  private static PoolSlots one(String part) {
    if (!part.matches("[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}=\\d{1,5}")) {
      return null;
    }
    int equals = part.indexOf('=');
    int slots = Integer.parseInt(part.substring(equals + 1));
    return slots < 1 || slots > SLOTS_MAX ? null : new PoolSlots(part.substring(0, equals), slots);
  }
}
