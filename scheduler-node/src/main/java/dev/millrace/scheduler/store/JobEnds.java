package dev.millrace.scheduler.store;

import dev.millrace.lifecycle.RunState;
import dev.millrace.scheduler.engine.JobEnd;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jdbi.v3.core.Handle;

/**
 * The table job_end: runs that ended of jobs that others wait for. Stateless; the caller's
 * transaction.
 */
public final class JobEnds {
  /** Of each job and outcome so many are kept; a matching looks no further back. */
  public static final int KEPT_MAX = 10_000;

  /** Runs that are looked at when a job is waited for that nobody waited for before. */
  private static final int SEEDED_MAX = 100;

  private JobEnds() {}

  private static final String COLUMNS =
      "job, run, outcome, micros(planned_at), micros(day_at), micros(ended_at), number";

  private static final String LAST_NUMBER = "select coalesce(max(number), 0) from job_end";

  private static final String NEWEST =
      "select "
          + COLUMNS
          + """
             from (values ('COMPLETED'), ('FAILED'), ('CANCELLED'), ('ENDED')) as o (kind)
            cross join lateral (
              select * from job_end
              where job = :job and outcome = o.kind and number <= :upTo
              order by number desc limit 1
            ) e
            """;

  private static final String BETWEEN =
      "select "
          + COLUMNS
          + """
             from job_end
            where job = any (:jobs) and day_at >= ts(:from) and day_at < ts(:until) and number <= :upTo
              and (planned_at is not null or not :planned)
            order by number
            """;

  /** A run that ended again in the same way is not new. */
  private static final String INSERT =
      """
      insert into job_end as e (job, run, outcome, planned_at, day_at, ended_at, number)
      select job, run, outcome, ts(planned), ts(day), ts(ended), number
      from unnest(?, ?, ?, ?, ?, ?, ?) as u (job, run, outcome, planned, day, ended, number)
      on conflict (job, run) do update
      set outcome = excluded.outcome, ended_at = excluded.ended_at, number = excluded.number
      where e.outcome <> excluded.outcome
      """;

  private static final String KNOWN = "select number from job_end where number = any (:numbers)";

  private static final String SEED =
      """
      insert into job_end (job, run, outcome, planned_at, day_at, ended_at, number)
      select :job, id, state, scheduled_for, coalesce(scheduled_for, created_at), finished_at,
        :after + row_number() over (order by finished_at, id)
      from (
        select id, state, scheduled_for, created_at, finished_at from run
        where job = :job and parent is null order by id desc limit :limit
      ) newest
      where finished_at is not null
      on conflict (job, run) do nothing
      """;

  private static final String HAS = "select exists (select 1 from job_end where job = :job)";

  private static final String TRIM =
      """
      delete from job_end where job = :job and outcome = :outcome and number < (
        select number from job_end where job = :job and outcome = :outcome
        order by number desc offset :kept limit 1)
      """;

  public static long lastNumber(Handle tx) {
    return tx.createQuery(LAST_NUMBER).mapTo(Long.class).one();
  }

  /**
   * The newest end of a job of each outcome.
   *
   * @param upTo those with a greater number are not there yet
   */
  public static List<JobEnd> newest(Handle handle, long job, long upTo) {
    return handle
        .createQuery(NEWEST)
        .bind("job", job)
        .bind("upTo", upTo)
        .map((row, context) -> end(row))
        .list();
  }

  /**
   * Ends of runs that are for an instant between two, in the order of their numbers.
   *
   * @param planned true for those only that a schedule planned
   */
  public static List<JobEnd> between(
      Handle handle, Collection<Long> jobs, long from, long until, boolean planned, long upTo) {
    return handle
        .createQuery(BETWEEN)
        .bindArray("jobs", Long.class, List.copyOf(jobs))
        .bind("from", from)
        .bind("until", until)
        .bind("planned", planned)
        .bind("upTo", upTo)
        .map((row, context) -> end(row))
        .list();
  }

  /**
   * Keeps these.
   *
   * @return the numbers of those that are new: a run that had ended in the same way before is not
   */
  public static Set<Long> insert(Handle tx, List<JobEnd> ends) {
    Columns columns = new Columns();
    var jobs = columns.longs();
    var runs = columns.longs();
    var outcomes = columns.texts();
    var planned = columns.longs();
    var days = columns.longs();
    var ended = columns.longs();
    var numbers = columns.longs();
    for (JobEnd end : ends) {
      jobs.add(end.job());
      runs.add(end.run());
      outcomes.add(end.outcome().name());
      planned.add(end.plannedAt());
      days.add(end.dayAt());
      ended.add(end.endedAt());
      numbers.add(end.number());
    }
    List<Long> all = ends.stream().map(JobEnd::number).toList();
    if (columns.execute(tx, INSERT) == ends.size()) {
      return new HashSet<>(all);
    }
    return new HashSet<>(
        tx.createQuery(KNOWN).bindArray("numbers", Long.class, all).mapTo(Long.class).list());
  }

  /**
   * The newest runs of a job that nobody waited for before, as far as they have ended.
   *
   * @param after the last number that was given
   * @return how many there are now that were not there
   */
  public static int seed(Handle tx, long job, long after) {
    boolean known = tx.createQuery(HAS).bind("job", job).mapTo(Boolean.class).one();
    return known
        ? 0
        : tx.createUpdate(SEED)
            .bind("job", job)
            .bind("after", after)
            .bind("limit", SEEDED_MAX)
            .execute();
  }

  /** Forgets those of a job beyond {@link #KEPT_MAX}. */
  public static void trim(Handle tx, long job, RunState outcome) {
    tx.createUpdate(TRIM)
        .bind("job", job)
        .bind("outcome", outcome.name())
        .bind("kept", KEPT_MAX)
        .execute();
  }

  private static JobEnd end(ResultSet row) throws SQLException {
    return new JobEnd(
        row.getLong(1),
        row.getLong(2),
        RunState.valueOf(row.getString(3)),
        row.getLong(4),
        row.getLong(5),
        row.getLong(6),
        row.getLong(7));
  }
}
