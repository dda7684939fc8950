package dev.millrace.scheduler.store;

import java.util.List;
import org.jdbi.v3.core.Handle;

/**
 * The tables worker, pool and progress: coarse, batched copies of what heartbeats say. Stateless.
 */
public final class Workers {
  private Workers() {}

  /** One worker as the leader sees it; instants in microseconds, lists as JSON text. */
  public record Row(
      String id,
      String host,
      long pid,
      String version,
      String state,
      String poolsJson,
      String handlersJson,
      boolean draining,
      int open,
      long startedAt,
      long seenAt) {}

  /** What an attempt says of itself. */
  public record Progress(long run, String stage, int attempt, Integer percent, String message) {}

  private static final String UPSERT =
      """
      insert into worker (id, host, pid, version, state, pools, handlers, draining, open, started_at, seen_at)
      select id, host, pid, version, state, pools, handlers, draining = 1, open, ts(started_at), ts(seen_at)
      from unnest(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        as u (id, host, pid, version, state, pools, handlers, draining, open, started_at, seen_at)
      on conflict (id) do update
      set state = excluded.state, pools = excluded.pools, handlers = excluded.handlers, draining = excluded.draining,
          open = excluded.open, seen_at = excluded.seen_at
      """;

  private static final String ALIVE =
      """
      select id, host, pid, version, state, pools, handlers, draining, open, micros(started_at), micros(seen_at)
      from worker where state in ('ALIVE', 'SUSPECT')
      """;

  private static final String LOST =
      "update worker set state = 'LOST' where id = any (:ids) and state in ('ALIVE', 'SUSPECT')";

  private static final String FORGET =
      "delete from worker where state in ('LOST', 'GONE') and seen_at < clock_timestamp() - interval '1 day'";

  private static final String POOLS =
      """
      insert into pool (name, created_at) select name, clock_timestamp() from unnest(:names) as u (name)
      on conflict (name) do nothing
      """;

  private static final String PROGRESS =
      """
      insert into progress (run, stage, attempt, percent, message, at)
      select run, stage, attempt, nullif(percent, -1), message, clock_timestamp()
      from unnest(?, ?, ?, ?, ?) as u (run, stage, attempt, percent, message)
      on conflict (run, stage) do update
      set attempt = excluded.attempt, percent = excluded.percent, message = excluded.message, at = excluded.at
      """;

  private static final String FORGET_PROGRESS =
      "delete from progress where at < clock_timestamp() - interval '10 minutes'";

  public static void upsert(Handle handle, List<Row> rows) {
    if (rows.isEmpty()) {
      return;
    }
    Columns columns = new Columns();
    var ids = columns.texts();
    var hosts = columns.texts();
    var pids = columns.longs();
    var versions = columns.texts();
    var states = columns.texts();
    var pools = columns.texts();
    var handlers = columns.texts();
    var draining = columns.ints();
    var open = columns.ints();
    var started = columns.longs();
    var seen = columns.longs();
    for (Row row : rows) {
      ids.add(row.id());
      hosts.add(row.host());
      pids.add(row.pid());
      versions.add(row.version());
      states.add(row.state());
      pools.add(row.poolsJson());
      handlers.add(row.handlersJson());
      draining.add(row.draining() ? 1 : 0);
      open.add(row.open());
      started.add(row.startedAt());
      seen.add(row.seenAt());
    }
    columns.execute(handle, UPSERT);
  }

  public static List<Row> alive(Handle handle) {
    return handle
        .createQuery(ALIVE)
        .map(
            (r, c) ->
                new Row(
                    r.getString(1),
                    r.getString(2),
                    r.getLong(3),
                    r.getString(4),
                    r.getString(5),
                    r.getString(6),
                    r.getString(7),
                    r.getBoolean(8),
                    r.getInt(9),
                    r.getLong(10),
                    r.getLong(11)))
        .list();
  }

  /** Marks workers that an earlier leader knew and this one never heard. */
  public static void lost(Handle handle, List<String> ids) {
    if (!ids.isEmpty()) {
      handle.createUpdate(LOST).bindArray("ids", String.class, ids).execute();
    }
  }

  public static void ensurePools(Handle handle, List<String> names) {
    if (!names.isEmpty()) {
      handle.createUpdate(POOLS).bindArray("names", String.class, names).execute();
    }
  }

  public static void progress(Handle handle, List<Progress> all) {
    if (all.isEmpty()) {
      return;
    }
    Columns columns = new Columns();
    var runs = columns.longs();
    var stages = columns.texts();
    var attempts = columns.ints();
    var percents = columns.ints();
    var messages = columns.texts();
    for (Progress one : all) {
      runs.add(one.run());
      stages.add(one.stage());
      attempts.add(one.attempt());
      percents.add(one.percent() == null ? -1 : one.percent());
      messages.add(one.message());
    }
    columns.execute(handle, PROGRESS);
  }

  /** Drops what nobody asks for any more. */
  public static void forgetOld(Handle handle) {
    handle.createUpdate(FORGET).execute();
    handle.createUpdate(FORGET_PROGRESS).execute();
  }
}
