package dev.millrace.scheduler.store;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jdbi.v3.core.Handle;

/**
 * The tables job_day, job_day_stage, run_minute and job_recent, and how far the log is counted in
 * them. Stateless; one follower's transaction.
 */
public final class JobStats {
  private static final String CURSOR_NAME = "runs";
  private static final int MINUTES_KEPT_HOURS = 3;

  private JobStats() {}

  /**
   * How far the log is counted.
   *
   * @param batch batches up to this one are
   * @param begunAfter batches up to this one were there before anybody counted
   * @param history of the runs that ended in those, all up to this id are; null when all are
   */
  public record Cursor(long batch, long begunAfter, Long history) {}

  /**
   * A run that has ended.
   *
   * @param at when, in microseconds
   */
  public record Ended(long run, long job, String state, long at) {}

  /**
   * What its row says of a run that has ended; buckets are 0 where there is nothing to measure.
   *
   * @param whole false for an item of a fan-out
   */
  public record Fact(long run, boolean whole, int duration, int waited) {}

  /** Stages of some runs that ended alike. */
  public record StageCount(
      long job, String stage, boolean failed, int duration, int waited, int count) {}

  /** A job's runs of a day, or one of its stages when {@code stage} is not empty. */
  public record Key(long job, long epochDay, String stage) {}

  /** What is added to a key. */
  public static final class Sum {
    int runs;
    int completed;
    int failed;
    int cancelled;
    int ended;
    final Histogram durations = new Histogram();
    final Histogram waits = new Histogram();

    public void runs(int count) {
      runs += count;
    }

    /** Counts runs under their state; a negative number takes them back. */
    public void state(String state, int count) {
      switch (state) {
        case "COMPLETED" -> completed += count;
        case "FAILED" -> failed += count;
        case "CANCELLED" -> cancelled += count;
        default -> ended += count;
      }
    }

    public void failed(int count) {
      failed += count;
    }

    public void measured(int duration, int waited, int count) {
      durations.add(duration, count);
      waits.add(waited, count);
    }
  }

  /** Runs that ended in a minute, since 1970. */
  public record Minute(String namespace, long minute, int completed, int failed) {}

  /**
   * How a job did lately.
   *
   * @param completed one of its runs did: the failures are those after it
   * @param failedAt microseconds; 0 when none failed
   */
  public record Recent(long job, boolean completed, int failures, long failedAt, long failedRun) {}

  private static final String CURSOR =
      "select batch, begun_after, history from stats_cursor where name = :name";

  private static final String ADVANCE =
      """
      update stats_cursor set batch = :to, at = clock_timestamp()
      where name = :name and batch = :from
      """;

  private static final String HISTORY =
      "update stats_cursor set history = :to where name = :name and history = :from";

  private static final String LOG_END =
      "select case when is_called then last_value else last_value - 1 end from transition_seq";

  private static final String FACTS =
      """
      select r.id, r.part is null as whole,
        case when r.started_at is null then 0 else
          histogram_bucket((e.at / 1e6::float8 - extract(epoch from r.started_at)::float8) * 1000) end as duration,
        case when r.started_at is null then 0 else
          histogram_bucket(extract(epoch from r.started_at - case when r.trigger_kind = 'backfill' then r.created_at
            else least(r.created_at, coalesce(r.scheduled_for, r.created_at)) end)::float8 * 1000) end as wait
      from unnest(:ids, :ats) e (id, at) join %s r on r.id = e.id
      """;

  private static final String STAGES =
      """
      select e.job, s.name, s.state = 'FAILED' as failed,
        histogram_bucket(extract(epoch from s.finished_at - s.started_at)::float8 * 1000) as duration,
        case when s.ready_at is null then 0 else
          histogram_bucket(extract(epoch from s.started_at - s.ready_at)::float8 * 1000) end as wait,
        count(*)
      from unnest(:ids, :jobs) e (id, job) join %s s on s.run = e.id
      where s.finished_at is not null and s.started_at is not null
      group by 1, 2, 3, 4, 5
      """;

  private static final String ADD_DAYS =
      """
      insert into job_day as t (job, day, runs, completed, failed, cancelled, ended, durations, waits)
      select u.job, date '1970-01-01' + u.day::int, u.runs, u.completed, u.failed, u.cancelled, u.ended,
        u.durations::int[], u.waits::int[]
      from unnest(?, ?, ?, ?, ?, ?, ?, ?, ?)
        as u (job, day, runs, completed, failed, cancelled, ended, durations, waits)
      on conflict (job, day) do update set runs = t.runs + excluded.runs, completed = t.completed + excluded.completed,
        failed = t.failed + excluded.failed, cancelled = t.cancelled + excluded.cancelled,
        ended = t.ended + excluded.ended, durations = histogram_sum(t.durations, excluded.durations),
        waits = histogram_sum(t.waits, excluded.waits)
      """;

  private static final String ADD_STAGES =
      """
      insert into job_day_stage as t (job, day, stage, runs, failed, durations, waits)
      select u.job, date '1970-01-01' + u.day::int, u.stage, u.runs, u.failed, u.durations::int[], u.waits::int[]
      from unnest(?, ?, ?, ?, ?, ?, ?) as u (job, day, stage, runs, failed, durations, waits)
      on conflict (job, day, stage) do update set runs = t.runs + excluded.runs, failed = t.failed + excluded.failed,
        durations = histogram_sum(t.durations, excluded.durations), waits = histogram_sum(t.waits, excluded.waits)
      """;

  private static final String ADD_MINUTES =
      """
      insert into run_minute as t (namespace, minute, completed, failed)
      select u.namespace, to_timestamp(u.minute * 60), u.completed, u.failed
      from unnest(?, ?, ?, ?) as u (namespace, minute, completed, failed)
      where to_timestamp(u.minute * 60) > clock_timestamp() - interval '3 hours'
      on conflict (namespace, minute) do update set completed = t.completed + excluded.completed,
        failed = t.failed + excluded.failed
      """;

  private static final String FORGET_MINUTES =
      "delete from run_minute where minute < clock_timestamp() - make_interval(hours => :hours)";

  private static final String FAILED_LATELY =
      """
      insert into job_recent as t (job, failures, last_failed_at, last_failed_run, last_completed_at)
      select u.job, u.failures, ts(u.failed_at), u.run, case when u.completed then clock_timestamp() end
      from unnest(?, ?, ?, ?, ?) as u (job, completed, failures, failed_at, run)
      on conflict (job) do update set
        failures = case when excluded.last_completed_at is null then t.failures else 0 end + excluded.failures,
        last_failed_at = excluded.last_failed_at, last_failed_run = excluded.last_failed_run,
        last_completed_at = coalesce(excluded.last_completed_at, t.last_completed_at)
      """;

  private static final String COMPLETED_LATELY =
      """
      update job_recent set failures = 0, last_completed_at = clock_timestamp()
      where job = any (:jobs) and failures > 0
      """;

  private static final String REOPENED = "select run from job_day_reopened where run = any (:runs)";

  private static final String REOPEN =
      "insert into job_day_reopened select unnest(:runs) on conflict do nothing";

  private static final String CLOSE = "delete from job_day_reopened where run = any (:runs)";

  private static final String WHOLE = "select id from run where id = any (:runs) and part is null";

  /** Where the last thing before a row is, that the log has of a run: its end, when it goes on. */
  private static final String BEFORE =
      """
      select greatest(
        (select max(seq) from transition where run = :run and seq < :seq),
        (select born from run where id = :run))
      """;

  private static final String ENDED_BEFORE =
      """
      select id, job, state, finished_at is not null and part is null
          and coalesce(ended, born) >> 16 <= :batch as counts, micros(finished_at) as at
      from run where id > :after order by id limit :limit
      """;

  /** Empty before the schema has it. */
  public static Optional<Cursor> cursor(Handle handle) {
    return handle
        .createQuery(CURSOR)
        .bind("name", CURSOR_NAME)
        .map(
            (row, context) ->
                new Cursor(
                    row.getLong("batch"),
                    row.getLong("begun_after"),
                    ReadsRows.number(row, "history")))
        .findOne();
  }

  /** The newest batch that anybody has a number for. */
  public static long logEnd(Handle handle) {
    return handle.createQuery(LOG_END).mapTo(Long.class).one();
  }

  /**
   * @return false when somebody else has counted meanwhile
   */
  public static boolean advance(Handle tx, long from, long to) {
    return tx.createUpdate(ADVANCE)
            .bind("name", CURSOR_NAME)
            .bind("from", from)
            .bind("to", to)
            .execute()
        == 1;
  }

  /**
   * @param to null when all history is counted
   * @return false when somebody else has counted meanwhile
   */
  public static boolean advanceHistory(Handle tx, long from, Long to) {
    return tx.createUpdate(HISTORY)
            .bind("name", CURSOR_NAME)
            .bind("from", from)
            .bind("to", to)
            .execute()
        == 1;
  }

  /** What the rows of runs say, each run once; their days have to be there. */
  public static List<Fact> facts(Handle tx, Collection<Ended> ended) {
    List<Fact> facts = new ArrayList<>(ended.size());
    byDay(ended)
        .forEach(
            (day, some) ->
                tx.createQuery(FACTS.formatted(Days.partition("run", day)))
                    .bindArray("ids", Long.class, some.stream().map(Ended::run).toList())
                    .bindArray("ats", Long.class, some.stream().map(Ended::at).toList())
                    .map(
                        (row, context) ->
                            facts.add(
                                new Fact(
                                    row.getLong("id"),
                                    row.getBoolean("whole"),
                                    row.getInt("duration"),
                                    row.getInt("wait"))))
                    .list());
    return facts;
  }

  /** Stages of runs that were executed, by the day of the runs; none of a dropped day. */
  public static Map<Long, List<StageCount>> stages(Handle tx, Collection<Ended> ended) {
    Map<Long, List<StageCount>> counts = new HashMap<>();
    Map<Long, List<Ended>> byDay = byDay(ended);
    byDay.keySet().retainAll(Partitions.present(tx, "stage", byDay.keySet()));
    byDay.forEach(
        (day, some) ->
            counts.put(
                day,
                tx.createQuery(STAGES.formatted(Days.partition("stage", day)))
                    .bindArray("ids", Long.class, some.stream().map(Ended::run).toList())
                    .bindArray("jobs", Long.class, some.stream().map(Ended::job).toList())
                    .map(
                        (row, context) ->
                            new StageCount(
                                row.getLong("job"),
                                row.getString("name"),
                                row.getBoolean("failed"),
                                row.getInt("duration"),
                                row.getInt("wait"),
                                row.getInt("count")))
                    .list()));
    return counts;
  }

  private static Map<Long, List<Ended>> byDay(Collection<Ended> ended) {
    Map<Long, List<Ended>> byDay = new HashMap<>();
    ended.forEach(
        one -> byDay.computeIfAbsent(dayOf(one.run()), any -> new ArrayList<>()).add(one));
    return byDay;
  }

  /** The day on which a run was made, in days since 1970, UTC. */
  public static long dayOf(long run) {
    return Days.epochDay(run);
  }

  public static void add(Handle tx, Map<Key, Sum> sums) {
    Map<Key, Sum> days = new HashMap<>();
    Map<Key, Sum> stages = new HashMap<>();
    sums.forEach((key, sum) -> (key.stage().isEmpty() ? days : stages).put(key, sum));
    addDays(tx, days);
    addStages(tx, stages);
  }

  private static void addDays(Handle tx, Map<Key, Sum> sums) {
    if (sums.isEmpty()) {
      return;
    }
    Columns columns = new Columns();
    var jobs = columns.longs();
    var days = columns.longs();
    var runs = columns.ints();
    var completed = columns.ints();
    var failed = columns.ints();
    var cancelled = columns.ints();
    var ended = columns.ints();
    var durations = columns.texts();
    var waits = columns.texts();
    sums.forEach(
        (key, sum) -> {
          jobs.add(key.job());
          days.add(key.epochDay());
          runs.add(sum.runs);
          completed.add(sum.completed);
          failed.add(sum.failed);
          cancelled.add(sum.cancelled);
          ended.add(sum.ended);
          durations.add(sum.durations.text());
          waits.add(sum.waits.text());
        });
    columns.execute(tx, ADD_DAYS);
  }

  private static void addStages(Handle tx, Map<Key, Sum> sums) {
    if (sums.isEmpty()) {
      return;
    }
    Columns columns = new Columns();
    var jobs = columns.longs();
    var days = columns.longs();
    var stages = columns.texts();
    var runs = columns.ints();
    var failed = columns.ints();
    var durations = columns.texts();
    var waits = columns.texts();
    sums.forEach(
        (key, sum) -> {
          jobs.add(key.job());
          days.add(key.epochDay());
          stages.add(key.stage());
          runs.add(sum.runs);
          failed.add(sum.failed);
          durations.add(sum.durations.text());
          waits.add(sum.waits.text());
        });
    columns.execute(tx, ADD_STAGES);
  }

  public static void addMinutes(Handle tx, Collection<Minute> minutes) {
    if (minutes.isEmpty()) {
      return;
    }
    Columns columns = new Columns();
    var namespaces = columns.texts();
    var at = columns.longs();
    var completed = columns.ints();
    var failed = columns.ints();
    minutes.forEach(
        minute -> {
          namespaces.add(minute.namespace());
          at.add(minute.minute());
          completed.add(minute.completed());
          failed.add(minute.failed());
        });
    columns.execute(tx, ADD_MINUTES);
  }

  public static void forgetMinutes(Handle handle) {
    handle.createUpdate(FORGET_MINUTES).bind("hours", MINUTES_KEPT_HOURS).execute();
  }

  public static void recent(Handle tx, Collection<Recent> jobs) {
    Columns columns = new Columns();
    var ids = columns.longs();
    var completed = columns.bools();
    var failures = columns.ints();
    var failedAt = columns.longs();
    var runs = columns.longs();
    List<Long> well = new ArrayList<>();
    boolean any = false;
    for (Recent job : jobs) {
      if (job.failedAt() == 0) {
        well.add(job.job());
        continue;
      }
      any = true;
      ids.add(job.job());
      completed.add(job.completed());
      failures.add(job.failures());
      failedAt.add(job.failedAt());
      runs.add(job.failedRun());
    }
    if (any) {
      columns.execute(tx, FAILED_LATELY);
    }
    if (!well.isEmpty()) {
      tx.createUpdate(COMPLETED_LATELY).bindArray("jobs", Long.class, well).execute();
    }
  }

  /** Those of these runs that were counted, and went on. */
  public static Set<Long> reopened(Handle tx, Collection<Long> runs) {
    return select(tx, REOPENED, runs);
  }

  /** Those of these that are no items of fan-outs. */
  public static Set<Long> whole(Handle tx, Collection<Long> runs) {
    return select(tx, WHOLE, runs);
  }

  private static Set<Long> select(Handle tx, String sql, Collection<Long> runs) {
    return runs.isEmpty()
        ? Set.of()
        : Set.copyOf(
            tx.createQuery(sql)
                .bindArray("runs", Long.class, List.copyOf(runs))
                .mapTo(Long.class)
                .list());
  }

  public static void reopen(Handle tx, Collection<Long> runs) {
    if (!runs.isEmpty()) {
      tx.createUpdate(REOPEN).bindArray("runs", Long.class, List.copyOf(runs)).execute();
    }
  }

  public static void close(Handle tx, Collection<Long> runs) {
    if (!runs.isEmpty()) {
      tx.createUpdate(CLOSE).bindArray("runs", Long.class, List.copyOf(runs)).execute();
    }
  }

  /** The batch with the last thing before a row that the log has of a run. */
  public static long batchBefore(Handle tx, long run, long seq) {
    return tx.createQuery(BEFORE)
            .bind("run", run)
            .bind("seq", seq)
            .mapTo(Long.class)
            .findOne()
            .orElse(0L)
        >> TransitionLog.PLACE_BITS;
  }

  /**
   * A page of runs by id.
   *
   * @param ended those that ended up to a batch, and are no items of fan-outs
   * @param last the last one looked at; null when there are no more
   */
  public record HistoryPage(List<Ended> ended, Long last) {}

  public static HistoryPage endedBefore(Handle tx, long batch, long after, int limit) {
    List<Ended> ended = new ArrayList<>();
    List<Long> ids =
        tx.createQuery(ENDED_BEFORE)
            .bind("batch", batch)
            .bind("after", after)
            .bind("limit", limit)
            .map(
                (row, context) -> {
                  if (row.getBoolean("counts")) {
                    ended.add(
                        new Ended(
                            row.getLong("id"),
                            row.getLong("job"),
                            row.getString("state"),
                            row.getLong("at")));
                  }
                  return row.getLong("id");
                })
            .list();
    return new HistoryPage(ended, ids.size() < limit ? null : ids.getLast());
  }
}
