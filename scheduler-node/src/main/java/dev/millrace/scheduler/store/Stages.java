package dev.millrace.scheduler.store;

import dev.millrace.model.Claim;
import dev.millrace.model.RunId;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jdbi.v3.core.Handle;

/**
 * What the leader scans in the table stage, each by its partial index. The states are written as
 * literals so that the planner can prove the index. Stateless; the caller's thread and transaction.
 */
public final class Stages {
  private Stages() {}

  /** A stage by its key. */
  public record Key(long run, int index) {
    /** Where reading in the order of keys begins. */
    public static final Key BEFORE_ALL = new Key(-1, -1);
  }

  /** What of a pool's work goes in order of age: one namespace's, of one priority. */
  public record Lane(String namespace, int priority) {}

  /** A stage that waits in its lane. */
  public record Ready(Key key, Lane lane) {}

  /** A stage and the number of its latest dispatch. */
  public record Dispatched(Key key, long dispatch) {}

  /** A stage in flight, with the claim it has given out; {@code worker} is null while QUEUED. */
  public record Open(Key key, Claim claim, String worker) {}

  private static final String QUEUED_SINCE =
      """
      select run, idx, name, attempt, worker from stage
      where state in ('QUEUED', 'RUNNING') and state = 'QUEUED' and pool = :pool and queued_at < ts(:before)
      order by dispatch
      limit :limit
      """;

  private static final String RUNNING_SINCE =
      """
      select run, idx, name, attempt, worker from stage
      where state in ('QUEUED', 'RUNNING') and state = 'RUNNING' and worker <> 'leader' and started_at < ts(:before)
        and run >= :run and (run, idx) > (:run, :idx)
      order by run, idx
      limit :limit
      """;

  private static final String RUNNING_OF_STOPPING =
      """
      select s.run, s.idx, s.name, s.attempt, s.worker
      from stage s join run r on r.id = s.run
      where s.state in ('QUEUED', 'RUNNING') and s.state = 'RUNNING' and s.worker <> 'leader' and r.state = 'STOPPING'
        and s.run >= :run and (s.run, s.idx) > (:run, :idx)
      order by s.run, s.idx
      limit :limit
      """;

  /** Of each lane its oldest; the planner walks the index once for each. */
  private static final String READY_OF_LANES =
      """
      select s.run, s.idx, l.namespace, l.priority
      from unnest(:namespaces, :priorities) as l (namespace, priority)
      cross join lateral (
        select run, idx from stage
        where state = 'READY' and marks is null and pool = :pool and namespace = l.namespace
          and priority = l.priority and handler = any (:handlers)
        order by run, idx
        limit :limit
      ) s
      """;

  private static final String QUEUED_ABOVE =
      """
      select run, idx, dispatch from stage
      where state in ('QUEUED', 'RUNNING') and state = 'QUEUED' and dispatch > :above
      order by dispatch
      limit :limit
      """;

  private static final String RUNNING_ON =
      """
      select run, idx from stage
      where state in ('QUEUED', 'RUNNING') and state = 'RUNNING' and worker = :worker
      limit :limit
      """;

  private static final String LOCK_WAITING =
      """
      select run, idx from stage
      where state in ('HELD', 'BACKING_OFF', 'LOCK_WAIT') and state = 'LOCK_WAIT'
      order by run, idx
      """;

  private static final String DUE =
      """
      select run, idx from stage where due_at <= ts(:now) order by due_at limit :limit
      """;

  private static final String NEXT_DUE =
      """
      select micros(min(due_at)) from stage where due_at is not null
      """;

  private static final String COUNT_READY =
      """
      select pool, namespace, priority, count(*) from stage where state = 'READY' and marks is null
      group by pool, namespace, priority
      """;
  private static final String COUNT_QUEUED =
      "select pool, count(*) from stage where state = 'QUEUED' group by pool";
  private static final String COUNT_RUNNING =
      "select pool, count(*) from stage where state = 'RUNNING' and worker <> 'leader' group by pool";
  private static final String RUNNING_WORKERS =
      """
      select distinct worker from stage where state in ('QUEUED', 'RUNNING') and state = 'RUNNING' and worker <> 'leader'
      """;

  /** Stages of a pool that are READY, of each lane the oldest {@code limit}. */
  public static List<Ready> readyOf(
      Handle tx, String pool, Collection<Lane> lanes, Collection<String> handlers, int limit) {
    List<Lane> asked = List.copyOf(lanes);
    return tx.createQuery(READY_OF_LANES)
        .bind("pool", pool)
        .bindArray("namespaces", String.class, asked.stream().map(Lane::namespace).toList())
        .bindArray("priorities", Integer.class, asked.stream().map(Lane::priority).toList())
        .bindArray("handlers", String.class, List.copyOf(handlers))
        .bind("limit", limit)
        .map(
            (row, context) ->
                new Ready(
                    new Key(row.getLong(1), row.getInt(2)),
                    new Lane(row.getString(3), row.getInt(4))))
        .list();
  }

  /** Stages that must be with the broker, by dispatch number: what a new leader publishes again. */
  public static List<Dispatched> queuedAbove(Handle tx, long above, int limit) {
    return tx.createQuery(QUEUED_ABOVE)
        .bind("above", above)
        .bind("limit", limit)
        .map(
            (row, context) ->
                new Dispatched(new Key(row.getLong(1), row.getInt(2)), row.getLong(3)))
        .list();
  }

  /**
   * Stages of a pool that have been QUEUED since before an instant in microseconds, oldest dispatch
   * first.
   */
  public static List<Open> queuedSince(Handle handle, String pool, long before, int limit) {
    return handle
        .createQuery(QUEUED_SINCE)
        .bind("pool", pool)
        .bind("before", before)
        .bind("limit", limit)
        .map((row, context) -> open(row))
        .list();
  }

  /** Stages that have been RUNNING since before an instant in microseconds, after a key. */
  public static List<Open> runningSince(Handle handle, long before, Key after, int limit) {
    return handle
        .createQuery(RUNNING_SINCE)
        .bind("before", before)
        .bind("run", after.run)
        .bind("idx", after.index)
        .bind("limit", limit)
        .map((row, context) -> open(row))
        .list();
  }

  /** Stages that still run although their run is to stop, after a key. */
  public static List<Open> runningOfStopping(Handle handle, Key after, int limit) {
    return handle
        .createQuery(RUNNING_OF_STOPPING)
        .bind("run", after.run)
        .bind("idx", after.index)
        .bind("limit", limit)
        .map((row, context) -> open(row))
        .list();
  }

  private static Open open(ResultSet row) throws SQLException {
    Claim claim = new Claim(new RunId(row.getLong(1)), row.getString(3), row.getInt(4));
    return new Open(new Key(row.getLong(1), row.getInt(2)), claim, row.getString(5));
  }

  public static List<Key> runningOn(Handle tx, String worker, int limit) {
    return tx.createQuery(RUNNING_ON)
        .bind("worker", worker)
        .bind("limit", limit)
        .map((row, context) -> new Key(row.getLong(1), row.getInt(2)))
        .list();
  }

  /** Every stage that waits for a lock or a rate, the oldest run first. */
  public static List<Key> lockWaiting(Handle tx) {
    return tx.createQuery(LOCK_WAITING)
        .map((row, context) -> new Key(row.getLong(1), row.getInt(2)))
        .list();
  }

  public static List<Key> due(Handle tx, long now, int limit) {
    return tx.createQuery(DUE)
        .bind("now", now)
        .bind("limit", limit)
        .map((row, context) -> new Key(row.getLong(1), row.getInt(2)))
        .list();
  }

  /** The earliest due instant in microseconds, 0 when nothing is due ever. */
  public static long nextDue(Handle tx) {
    return tx.createQuery(NEXT_DUE).mapTo(Long.class).one();
  }

  /** Workers that hold a RUNNING stage, as the rows say. */
  public static List<String> runningWorkers(Handle tx) {
    return tx.createQuery(RUNNING_WORKERS).mapTo(String.class).list();
  }

  /** By pool and lane. */
  public static Map<String, Map<Lane, Integer>> countReady(Handle tx) {
    Map<String, Map<Lane, Integer>> counts = new HashMap<>();
    tx.createQuery(COUNT_READY)
        .map(
            (row, context) ->
                counts
                    .computeIfAbsent(row.getString(1), any -> new HashMap<>())
                    .put(new Lane(row.getString(2), row.getInt(3)), row.getInt(4)))
        .list();
    return counts;
  }

  public static Map<String, Integer> countQueued(Handle tx) {
    return count(tx, COUNT_QUEUED);
  }

  public static Map<String, Integer> countRunning(Handle tx) {
    return count(tx, COUNT_RUNNING);
  }

  private static Map<String, Integer> count(Handle tx, String sql) {
    Map<String, Integer> counts = new HashMap<>();
    tx.createQuery(sql)
        .map((row, context) -> Map.entry(row.getString(1), row.getInt(2)))
        .forEach(entry -> counts.put(entry.getKey(), entry.getValue()));
    return counts;
  }
}
