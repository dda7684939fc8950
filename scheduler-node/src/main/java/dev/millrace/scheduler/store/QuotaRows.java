package dev.millrace.scheduler.store;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.LocalDate;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/**
 * The tables quota and quota_day: how much a namespace may have, and what of it does not follow
 * from other tables. Stateless; the caller's thread and transaction.
 */
public final class QuotaRows {
  private QuotaRows() {}

  /**
   * The limits of a namespace; null is without one.
   *
   * @param queued runs that have not begun to execute
   * @param running runs that are admitted and have not ended
   * @param minIntervalMillis between two ticks of a trigger
   * @param waits what has no room waits in PENDING, instead of being refused
   */
  public record Row(
      String namespace,
      Integer jobs,
      Integer queued,
      Integer running,
      Integer runsPerDay,
      Integer payloadBytes,
      Long minIntervalMillis,
      boolean waits) {
    public boolean isUnlimited() {
      return jobs == null
          && queued == null
          && running == null
          && runsPerDay == null
          && payloadBytes == null
          && minIntervalMillis == null;
    }
  }

  /** Runs that a namespace was admitted on a day. */
  public record Day(String namespace, long epochDay, int runs) {}

  /** An open run that nobody else's run waits for. */
  public record Open(long run, String namespace, boolean started, int marks) {}

  private static final String COLUMNS =
      """
      select namespace, jobs, queued, running, runs_per_day, payload_bytes, min_interval_millis, when_over = 'wait'
      from quota
      """;

  private static final String FIND = COLUMNS + " where namespace = :namespace";

  private static final String PUT =
      """
      insert into quota (namespace, jobs, queued, running, runs_per_day, payload_bytes, min_interval_millis, when_over,
        actor, changed_at)
      values (:namespace, :jobs, :queued, :running, :runsPerDay, :payloadBytes, :minIntervalMillis,
        case when :waits then 'wait' else 'reject' end, :actor, ts(:now))
      on conflict (namespace) do update set jobs = excluded.jobs, queued = excluded.queued, running = excluded.running,
        runs_per_day = excluded.runs_per_day, payload_bytes = excluded.payload_bytes,
        min_interval_millis = excluded.min_interval_millis, when_over = excluded.when_over, actor = excluded.actor,
        changed_at = excluded.changed_at
      """;

  private static final String DROP = "delete from quota where namespace = :namespace";

  private static final String DAY =
      "select namespace, runs from quota_day where day = cast(:day as date)";

  private static final String TODAY =
      """
      select coalesce((select runs from quota_day
        where namespace = :namespace and day = (clock_timestamp() at time zone 'UTC')::date), 0)
      """;

  private static final String PUT_DAYS =
      """
      insert into quota_day (namespace, day, runs)
      select namespace, cast(day as date), runs from unnest(?, ?, ?) as u (namespace, day, runs)
      on conflict (namespace, day) do update set runs = excluded.runs
      """;

  private static final String SWEEP =
      "delete from quota_day where day < (clock_timestamp() at time zone 'UTC')::date - 31";

  private static final String COUNT_JOBS =
      "select count(*) from job where namespace = :namespace and state <> 'ARCHIVED'";

  private static final String OPEN =
      """
      select r.id, j.namespace, r.started_at is not null, coalesce(r.marks, 0)
      from run r join job j on j.id = r.job
      where r.id = any (:ids) and r.parent is null and r.finished_at is null and j.namespace = any (:namespaces)
      """;

  public static List<Row> all(Handle tx) {
    return tx.createQuery(COLUMNS).map((row, context) -> row(row)).list();
  }

  public static Optional<Row> find(Handle handle, String namespace) {
    return handle
        .createQuery(FIND)
        .bind("namespace", namespace)
        .map((row, context) -> row(row))
        .findOne();
  }

  private static Row row(ResultSet row) throws SQLException {
    return new Row(
        row.getString(1),
        row.getObject(2, Integer.class),
        row.getObject(3, Integer.class),
        row.getObject(4, Integer.class),
        row.getObject(5, Integer.class),
        row.getObject(6, Integer.class),
        row.getObject(7, Long.class),
        row.getBoolean(8));
  }

  /** Without any limit, there is none. */
  public static void put(Handle tx, Row row, String actor, long now) {
    if (row.isUnlimited()) {
      tx.createUpdate(DROP).bind("namespace", row.namespace()).execute();
      return;
    }
    tx.createUpdate(PUT).bindMethods(row).bind("actor", actor).bind("now", now).execute();
  }

  /** Runs of a day by namespace. */
  public static Map<String, Integer> runsOf(Handle handle, long epochDay) {
    return handle
        .createQuery(DAY)
        .bind("day", LocalDate.ofEpochDay(epochDay).toString())
        .map((row, context) -> Map.entry(row.getString(1), row.getInt(2)))
        .collectToMap(Map.Entry::getKey, Map.Entry::getValue);
  }

  /** Runs of today (UTC). */
  public static int today(Handle handle, String namespace) {
    return handle.createQuery(TODAY).bind("namespace", namespace).mapTo(Integer.class).one();
  }

  public static void putDays(Handle tx, Collection<Day> days) {
    if (days.isEmpty()) {
      return;
    }
    Columns columns = new Columns();
    var namespaces = columns.texts();
    var dates = columns.texts();
    var runs = columns.ints();
    for (Day day : days) {
      namespaces.add(day.namespace());
      dates.add(LocalDate.ofEpochDay(day.epochDay()).toString());
      runs.add(day.runs());
    }
    columns.execute(tx, PUT_DAYS);
  }

  /** Forgets days that no quota is about any more. */
  public static int forgetOld(Handle handle) {
    return handle.createUpdate(SWEEP).execute();
  }

  /** Jobs that are not archived. */
  public static int countJobs(Handle handle, String namespace) {
    return handle.createQuery(COUNT_JOBS).bind("namespace", namespace).mapTo(Integer.class).one();
  }

  /** Those of these runs that count, in these namespaces. */
  public static List<Open> open(Handle tx, Collection<Long> ids, Collection<String> namespaces) {
    return tx.createQuery(OPEN)
        .bindArray("ids", Long.class, List.copyOf(ids))
        .bindArray("namespaces", String.class, List.copyOf(namespaces))
        .map(
            (row, context) ->
                new Open(row.getLong(1), row.getString(2), row.getBoolean(3), row.getInt(4)))
        .list();
  }
}
