package dev.millrace.scheduler.store;

import static dev.millrace.scheduler.store.ReadsRows.instant;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jdbi.v3.core.Handle;

/**
 * The tables backfill and backfill_run: what is to be run for past ticks, how far it is, and the
 * runs. Written by the leader, read by all. Stateless; the caller's thread and transaction. Numbers
 * that are instants are microseconds since 1970, 0 for none.
 */
public final class Backfills {
  public static final String RUNNING = "RUNNING";
  public static final String PAUSED = "PAUSED";
  public static final String COMPLETED = "COMPLETED";
  public static final String CANCELLED = "CANCELLED";

  private Backfills() {}

  /**
   * What somebody asks for.
   *
   * @param until the first instant that is out
   * @param params JSON object as text
   * @param rate as it was written, or null
   * @param microsBetween from one run to the next by that rate, 0 for none
   * @param rerun true to run ticks again that have a run
   */
  public record Ask(
      long trigger,
      long from,
      long until,
      String params,
      int maxParallel,
      String rate,
      long microsBetween,
      int priority,
      boolean rerun) {}

  /**
   * One as it stands.
   *
   * @param nextAt ticks before it are dealt with; 0 when all are
   * @param pacedAt the next run comes not before, by the rate
   * @param spec of its trigger
   */
  public record Row(
      long id,
      long job,
      Ask ask,
      String state,
      long nextAt,
      long pacedAt,
      int total,
      int made,
      int skipped,
      String actor,
      String reason,
      Instant createdAt,
      String movedBy,
      String movedReason,
      Instant movedAt,
      Instant endedAt,
      String namespace,
      String jobName,
      String kind,
      String spec) {
    public boolean isOver() {
      return state.equals(COMPLETED) || state.equals(CANCELLED);
    }
  }

  /** One that is not stored yet. */
  public record Fresh(
      long id, long job, Ask ask, long nextAt, int total, String actor, String reason, long now) {}

  /** A run of a backfill. */
  public record Made(long backfill, long plannedAt, long trigger, long run) {}

  /** What some of a backfill's ticks came to. */
  public record Step(
      long id, String state, long nextAt, long pacedAt, int made, int skipped, long now) {}

  /** Somebody's word about it. */
  public record Move(long id, String state, String actor, String reason, long now) {}

  /** A run of a backfill, for people. */
  public record Shown(Instant plannedAt, long run, String state) {}

  private static final String INSERT =
      """
      insert into backfill (id, job, trigger, from_at, until_at, params, max_parallel, rate, micros_between, priority,
        rerun, state, next_at, total, actor, reason, created_at)
      values (:id, :job, :ask.trigger, ts(:ask.from), ts(:ask.until), :ask.params, :ask.maxParallel, :ask.rate,
        :ask.microsBetween, :ask.priority, :ask.rerun, 'RUNNING', ts(:nextAt), :total, :actor, :reason, ts(:now))
      """;

  private static final String ROW =
      """
      select b.id, b.job, b.trigger, micros(b.from_at) as from_at, micros(b.until_at) as until_at, b.params,
        b.max_parallel, b.rate, b.micros_between, b.priority, b.rerun, b.state, micros(b.next_at) as next_at,
        micros(b.paced_at) as paced_at, b.total, b.made, b.skipped, b.actor, b.reason, b.created_at, b.moved_by,
        b.moved_reason, b.moved_at, b.ended_at, j.namespace, j.name, t.kind, t.spec
      from backfill b join job j on j.id = b.job join trigger t on t.id = b.trigger
      """;

  private static final String FIND = ROW + " where b.id = :id";

  private static final String LIVE =
      ROW + " where b.state in ('RUNNING', 'PAUSED') order by b.id limit :limit";

  private static final String PAGE =
      ROW
          + """
            where j.namespace = :namespace and (:job = 0 or b.job = :job) and b.id < :before
            order by b.id desc limit :limit
            """;

  private static final String STEP =
      """
      update backfill
      set state = :state, next_at = ts(:nextAt), paced_at = ts(:pacedAt), made = made + :made,
        skipped = skipped + :skipped, ended_at = case when :state = 'COMPLETED' then ts(:now) end
      where id = :id and state in ('RUNNING', 'PAUSED')
      """;

  private static final String MOVE =
      """
      update backfill
      set state = :state, moved_by = :actor, moved_reason = :reason, moved_at = ts(:now),
        ended_at = case when :state = 'CANCELLED' then ts(:now) end
      where id = :id and state in ('RUNNING', 'PAUSED')
      """;

  private static final String ADD =
      """
      insert into backfill_run (backfill, planned_at, trigger, run)
      select backfill, ts(planned_at), trigger, run
      from unnest(?, ?, ?, ?) as u (backfill, planned_at, trigger, run)
      """;

  private static final String OPEN =
      """
      select m.run, m.backfill from backfill b
      join backfill_run m on m.backfill = b.id
      join run r on r.id = m.run
      where b.state in ('RUNNING', 'PAUSED') and r.finished_at is null
      """;

  private static final String DONE =
      """
      select micros(planned_at) from tick
      where trigger = :trigger and planned_at between ts(:from) and ts(:until) and disposition = 'FIRED'
      union
      select micros(planned_at) from backfill_run
      where trigger = :trigger and planned_at between ts(:from) and ts(:until)
      """;

  private static final String RUNS =
      """
      select m.planned_at, m.run, coalesce(r.state, 'GONE') as state
      from backfill_run m left join run r on r.id = m.run
      where m.backfill = :id and (:after = 0 or m.planned_at > ts(:after))
      order by m.planned_at limit :limit
      """;

  private static final String STATES =
      """
      select coalesce(r.state, 'GONE'), count(*) from backfill_run m left join run r on r.id = m.run
      where m.backfill = :id group by 1 order by 1
      """;

  public static void insert(Handle tx, Fresh fresh) {
    tx.createUpdate(INSERT).bindMethods(fresh).execute();
  }

  public static Optional<Row> find(Handle handle, long id) {
    return handle.createQuery(FIND).bind("id", id).map((row, context) -> row(row)).findOne();
  }

  /** Those that are not over, the oldest first. */
  public static List<Row> live(Handle handle, int limit) {
    return handle.createQuery(LIVE).bind("limit", limit).map((row, context) -> row(row)).list();
  }

  /**
   * Below an id, newest first.
   *
   * @param job 0 for all of the namespace
   */
  public static List<Row> page(Handle handle, String namespace, long job, long before, int limit) {
    return handle
        .createQuery(PAGE)
        .bind("namespace", namespace)
        .bind("job", job)
        .bind("before", before)
        .bind("limit", limit)
        .map((row, context) -> row(row))
        .list();
  }

  public static void step(Handle tx, Step step) {
    tx.createUpdate(STEP).bindMethods(step).execute();
  }

  /**
   * @return false when it was over already
   */
  public static boolean move(Handle tx, Move move) {
    return tx.createUpdate(MOVE).bindMethods(move).execute() == 1;
  }

  public static void add(Handle tx, List<Made> runs) {
    if (runs.isEmpty()) {
      return;
    }
    Columns columns = new Columns();
    var backfills = columns.longs();
    var planned = columns.longs();
    var triggers = columns.longs();
    var ids = columns.longs();
    for (Made made : runs) {
      backfills.add(made.backfill());
      planned.add(made.plannedAt());
      triggers.add(made.trigger());
      ids.add(made.run());
    }
    columns.execute(tx, ADD);
  }

  /** Runs that are open, with the live backfills that they are of. */
  public static Map<Long, Long> openRuns(Handle tx) {
    Map<Long, Long> open = new LinkedHashMap<>();
    tx.createQuery(OPEN)
        .map((row, context) -> Map.entry(row.getLong(1), row.getLong(2)))
        .forEach(entry -> open.put(entry.getKey(), entry.getValue()));
    return open;
  }

  /** Ticks of a trigger in a range, both ends in it, that have a run of whatever kind. */
  public static Set<Long> done(Handle handle, long trigger, long from, long until) {
    return new HashSet<>(
        handle
            .createQuery(DONE)
            .bind("trigger", trigger)
            .bind("from", from)
            .bind("until", until)
            .mapTo(Long.class)
            .list());
  }

  /** Runs of a backfill by their ticks, after one. */
  public static List<Shown> runs(Handle handle, long id, long after, int limit) {
    return handle
        .createQuery(RUNS)
        .bind("id", id)
        .bind("after", after)
        .bind("limit", limit)
        .map(
            (row, context) ->
                new Shown(instant(row, "planned_at"), row.getLong("run"), row.getString("state")))
        .list();
  }

  /** How many runs of a backfill are in which state. */
  public static Map<String, Integer> states(Handle handle, long id) {
    Map<String, Integer> states = new LinkedHashMap<>();
    handle
        .createQuery(STATES)
        .bind("id", id)
        .map((row, context) -> Map.entry(row.getString(1), row.getInt(2)))
        .forEach(entry -> states.put(entry.getKey(), entry.getValue()));
    return states;
  }

  private static Row row(ResultSet row) throws SQLException {
    return new Row(
        row.getLong("id"),
        row.getLong("job"),
        new Ask(
            row.getLong("trigger"),
            row.getLong("from_at"),
            row.getLong("until_at"),
            row.getString("params"),
            row.getInt("max_parallel"),
            row.getString("rate"),
            row.getLong("micros_between"),
            row.getInt("priority"),
            row.getBoolean("rerun")),
        row.getString("state"),
        row.getLong("next_at"),
        row.getLong("paced_at"),
        row.getInt("total"),
        row.getInt("made"),
        row.getInt("skipped"),
        row.getString("actor"),
        row.getString("reason"),
        instant(row, "created_at"),
        row.getString("moved_by"),
        row.getString("moved_reason"),
        instant(row, "moved_at"),
        instant(row, "ended_at"),
        row.getString("namespace"),
        row.getString("name"),
        row.getString("kind"),
        row.getString("spec"));
  }
}
