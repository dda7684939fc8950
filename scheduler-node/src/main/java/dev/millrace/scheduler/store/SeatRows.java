package dev.millrace.scheduler.store;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jdbi.v3.core.Handle;

/**
 * The tables seat, named_lock, share and pool_rate: who holds and who waits for what there is only
 * so much of. Stateless; the leader's transaction.
 */
public final class SeatRows {
  private SeatRows() {}

  /**
   * One seat, held or waited for.
   *
   * @param index of the stage, -1 for the run
   * @param number the order of those who wait
   */
  public record Row(
      String subject,
      long run,
      int index,
      int weight,
      boolean exclusive,
      boolean held,
      long number) {}

  /** A rate of starts of a pool. */
  public record Rate(int starts, long perMillis) {}

  private static final String ALL =
      "select subject, run, idx, weight, exclusive, held, number from seat order by number";

  private static final String PUT =
      """
      insert into seat (subject, run, idx, weight, exclusive, held, number, asked_at)
      select subject, run, idx, weight, exclusive, held, number, ts(asked_at)
      from unnest(?, ?, ?, ?, ?, ?, ?, ?) as u (subject, run, idx, weight, exclusive, held, number, asked_at)
      on conflict (subject, run, idx) do update set held = excluded.held, weight = excluded.weight,
        exclusive = excluded.exclusive, number = excluded.number
      """;

  private static final String DROP =
      """
      delete from seat s using unnest(?, ?) as u (run, idx) where s.run = u.run and s.idx = u.idx
      """;

  private static final String LOCKS = "select namespace || '/' || name, capacity from named_lock";

  private static final String PUT_LOCK =
      """
      insert into named_lock (namespace, name, capacity) values (:namespace, :name, :capacity)
      on conflict (namespace, name) do update set capacity = excluded.capacity
      """;

  private static final String SHARES = "select namespace, weight from share";

  private static final String PUT_SHARE =
      """
      insert into share (namespace, weight) values (:namespace, :weight)
      on conflict (namespace) do update set weight = excluded.weight
      """;

  private static final String RATES = "select pool, starts, per_millis from pool_rate";

  private static final String PUT_RATE =
      """
      insert into pool_rate (pool, starts, per_millis) values (:pool, :starts, :per)
      on conflict (pool) do update set starts = excluded.starts, per_millis = excluded.per_millis
      """;

  private static final String DROP_RATE = "delete from pool_rate where pool = :pool";

  public static List<Row> all(Handle tx) {
    return tx.createQuery(ALL)
        .map(
            (row, context) ->
                new Row(
                    row.getString(1),
                    row.getLong(2),
                    row.getInt(3),
                    row.getInt(4),
                    row.getBoolean(5),
                    row.getBoolean(6),
                    row.getLong(7)))
        .list();
  }

  public static void put(Handle tx, Collection<Row> rows, long now) {
    if (rows.isEmpty()) {
      return;
    }
    Columns columns = new Columns();
    var subjects = columns.texts();
    var runs = columns.longs();
    var indexes = columns.ints();
    var weights = columns.ints();
    var exclusives = columns.bools();
    var held = columns.bools();
    var numbers = columns.longs();
    var asked = columns.longs();
    for (Row row : rows) {
      subjects.add(row.subject());
      runs.add(row.run());
      indexes.add(row.index());
      weights.add(row.weight());
      exclusives.add(row.exclusive());
      held.add(row.held());
      numbers.add(row.number());
      asked.add(now);
    }
    columns.execute(tx, PUT);
  }

  /** Takes all seats of these (run, stage) away. */
  public static void drop(Handle tx, Collection<Stages.Key> owners) {
    if (owners.isEmpty()) {
      return;
    }
    Columns columns = new Columns();
    var runs = columns.longs();
    var indexes = columns.ints();
    for (Stages.Key owner : owners) {
      runs.add(owner.run());
      indexes.add(owner.index());
    }
    columns.execute(tx, DROP);
  }

  /** Capacities by {@code namespace/name}; a lock that is not there has 1. */
  public static Map<String, Integer> capacities(Handle tx) {
    return tx.createQuery(LOCKS)
        .map((row, context) -> Map.entry(row.getString(1), row.getInt(2)))
        .collectToMap(Map.Entry::getKey, Map.Entry::getValue);
  }

  public static void putLock(Handle tx, String namespace, String name, int capacity) {
    tx.createUpdate(PUT_LOCK)
        .bind("namespace", namespace)
        .bind("name", name)
        .bind("capacity", capacity)
        .execute();
  }

  /** Weights by namespace; one that is not there has 1. */
  public static Map<String, Integer> shares(Handle tx) {
    return tx.createQuery(SHARES)
        .map((row, context) -> Map.entry(row.getString(1), row.getInt(2)))
        .collectToMap(Map.Entry::getKey, Map.Entry::getValue);
  }

  public static void putShare(Handle tx, String namespace, int weight) {
    tx.createUpdate(PUT_SHARE).bind("namespace", namespace).bind("weight", weight).execute();
  }

  public static Map<String, Rate> rates(Handle tx) {
    return tx.createQuery(RATES)
        .map((row, context) -> Map.entry(row.getString(1), new Rate(row.getInt(2), row.getLong(3))))
        .collectToMap(Map.Entry::getKey, Map.Entry::getValue);
  }

  /** A null rate lifts it. */
  public static void putRate(Handle tx, String pool, Rate rate) {
    if (rate == null) {
      tx.createUpdate(DROP_RATE).bind("pool", pool).execute();
      return;
    }
    tx.createUpdate(PUT_RATE)
        .bind("pool", pool)
        .bind("starts", rate.starts())
        .bind("per", rate.perMillis())
        .execute();
  }
}
