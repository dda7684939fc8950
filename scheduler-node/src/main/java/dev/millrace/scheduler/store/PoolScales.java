package dev.millrace.scheduler.store;

import java.util.HashMap;
import java.util.Map;
import org.jdbi.v3.core.Handle;

/**
 * The table pool_scale: how many workers somebody wants a pool to have. Millrace starts none; it is
 * for whoever does. Stateless; any thread.
 */
public final class PoolScales {
  public static final int DESIRED_MAX = 100_000;
  private static final int POOLS_MAX = 500;

  private PoolScales() {}

  private static final String PUT =
      """
      insert into pool_scale (pool, desired, actor, reason) values (:pool, :desired, :actor, :reason)
      on conflict (pool) do update
      set desired = excluded.desired, actor = excluded.actor, reason = excluded.reason, at = clock_timestamp()
      """;

  private static final String ALL =
      "select pool, desired from pool_scale order by pool limit :limit";

  private static final String EXISTS = "select exists (select 1 from pool where name = :pool)";

  /**
   * @return false when there is no such pool
   */
  public static boolean put(Handle handle, String pool, int desired, String actor, String reason) {
    boolean known = handle.createQuery(EXISTS).bind("pool", pool).mapTo(Boolean.class).one();
    if (known) {
      handle
          .createUpdate(PUT)
          .bind("pool", pool)
          .bind("desired", desired)
          .bind("actor", actor)
          .bind("reason", reason)
          .execute();
    }
    return known;
  }

  /** All of them, up to a bound. */
  public static Map<String, Integer> all(Handle handle) {
    Map<String, Integer> desired = new HashMap<>();
    handle
        .createQuery(ALL)
        .bind("limit", POOLS_MAX)
        .map((row, context) -> desired.put(row.getString(1), row.getInt(2)))
        .list();
    return desired;
  }
}
