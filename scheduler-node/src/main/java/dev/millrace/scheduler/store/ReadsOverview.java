package dev.millrace.scheduler.store;

import static dev.millrace.scheduler.store.ReadsRows.instant;
import static dev.millrace.scheduler.store.ReadsRows.integer;

import java.time.Instant;
import java.util.List;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.mapper.RowMapper;
import org.jdbi.v3.core.statement.SqlStatements;

/**
 * What a look at the whole reads: every query is bounded, whatever is in the tables, and none reads
 * history. Stateless; the caller's thread.
 */
public final class ReadsOverview {
  /** Nobody needs to know more exactly how much there is of something, and counting costs. */
  public static final int COUNT_MAX = 10_000;

  private static final int POOLS_MAX = 200;
  private static final int LIST_MAX = 200;
  private static final int LATE_RUNS_MAX = 5_000;

  private ReadsOverview() {}

  /** The term; nulls when nobody ever led. */
  public record Leader(Instant now, String holder, long epoch, Instant since, Instant until) {}

  /** Work of a pool and namespace that waits for room; {@code oldest} is of its first run. */
  public record Ready(String pool, String namespace, long count, Instant oldest) {}

  /**
   * Stages that are with the broker or under way.
   *
   * @param approval they wait for a person's decision
   * @param led no worker has them
   * @param since when the first of them began, or null
   * @param first the oldest run of them
   */
  public record InFlight(
      String pool,
      String namespace,
      String state,
      boolean approval,
      boolean led,
      long count,
      Instant since,
      long first) {}

  /** A number of a namespace. */
  public record Count(String namespace, long count) {}

  /** Runs that ended in a minute. */
  public record Minute(String namespace, Instant at, long completed, long failed) {}

  /** A job whose newest runs failed. */
  public record Failing(String namespace, String job, int failures, Instant at, long run) {}

  /** A job of which ticks were missed. */
  public record Missed(String namespace, String job, long ticks, Instant at) {}

  /** Something that the leader has found out. */
  public record Standing(String name, String namespace, long value) {}

  /** What is paused; scope all, namespace, pool or job. */
  public record Paused(
      String scope, String namespace, String name, long count, Instant since, String reason) {}

  /** How late a run was made. */
  public record Late(String namespace, String job, long millis) {}

  /** A quota and what is used of it; limits are null where there are none. */
  public record Quota(String namespace, Integer runsPerDay, long runsToday, Integer running) {}

  /** A stage that waits for a lock. */
  public record LockWait(
      String namespace, String stage, long run, String subject, Instant askedAt) {}

  /** A trigger that cannot do its work. */
  public record Broken(String namespace, String job, String kind, String problem) {}

  private static final String LEADER =
      """
      select clock_timestamp() as now, nullif(l.holder, '') as holder, coalesce(l.epoch, 0) as epoch,
        l.acquired_at, l.expires_at
      from (select 1) as one left join lease l on l.name = 'leader'
      """;

  private static final String READY =
      ReadsFleet.WAITING_POOLS
          + """
          select p.name as pool, c.namespace, c.ready,
            (select min(s.ready_at) from stage s
             where s.run = c.first and s.state = 'READY' and s.pool = p.name) as oldest
          from (
            select name from pool union select pool from waiting where pool is not null
            order by name limit :pools) p
          cross join lateral (
            select namespace, count(*) as ready, min(run) as first from (
              select namespace, run from stage
              where state = 'READY' and marks is null and pool = p.name limit :max) s
            group by namespace
          ) c
          """;

  private static final String IN_FLIGHT =
      """
      select pool, namespace, state, handler = 'wait.approval' as approval,
        coalesce(worker = 'leader', false) as led, count(*), min(started_at) as since, min(run) as first
      from (
        select pool, namespace, state, handler, worker, started_at, run from stage
        where state in ('QUEUED', 'RUNNING') limit :max) s
      group by 1, 2, 3, 4, 5
      """;

  private static final String OPEN =
      """
      select namespace, count(distinct run) from (
        (select namespace, run from stage where state in ('QUEUED', 'RUNNING') limit :max)
        union all (select namespace, run from stage where state = 'READY' and marks is null limit :max)
        union all (select namespace, run from stage where due_at is not null limit :max)
        union all (select namespace, run from stage
          where state in ('HELD', 'BACKING_OFF', 'LOCK_WAIT') limit :max)) s
      group by namespace
      """;

  private static final String PENDING =
      """
      select j.namespace, count(*) from (
        select job, state from run where pauses is not null or marks is not null
        order by id desc limit :max) r
      join job j on j.id = r.job
      where r.state = 'PENDING' group by j.namespace
      """;

  private static final String MINUTES =
      """
      select namespace, minute, completed, failed from run_minute
      where minute > clock_timestamp() - interval '60 minutes'
      """;

  private static final String FAILING =
      """
      select j.namespace, j.name, r.failures, r.last_failed_at, r.last_failed_run
      from (
        select * from job_recent
        where failures > 0 and last_failed_at > clock_timestamp() - interval '1 hour'
        order by last_failed_at desc limit :list) r
      join job j on j.id = r.job
      where j.state <> 'ARCHIVED'
      order by r.failures desc, r.last_failed_at desc
      """;

  private static final String DEAD =
      """
      select namespace, count(*) from (
        select namespace from dead_letter where state = 'OPEN' limit :max) d group by namespace
      """;

  private static final String MISSED =
      """
      select j.namespace, j.name, sum(t.ticks) as ticks, max(t.recorded_at) as at
      from (
        select trigger, ticks, recorded_at from tick
        where disposition = 'MISSED' and recorded_at > clock_timestamp() - interval '1 hour'
        order by recorded_at desc limit :max) t
      join trigger g on g.id = t.trigger join job j on j.id = g.job
      where j.state <> 'ARCHIVED'
      group by j.namespace, j.name order by at desc limit :list
      """;

  private static final String STANDING = "select name, namespace, value from standing";

  private static final String PAUSED =
      """
      (select scope, case when scope = 'namespace' then name end as namespace, name, 1 as count, since,
         reason
       from pause order by scope, name limit :list)
      union all
      select 'job', namespace, min(name), count(*), null, null from (
        select namespace, name from job where state = 'PAUSED' limit :max) j
      group by namespace
      """;

  private static final String LATE =
      """
      select j.namespace, j.name, (extract(epoch from r.created_at - r.scheduled_for) * 1000)::bigint as millis
      from (select job, created_at, scheduled_for, trigger_kind, parent from run
        where id >= :from order by id desc limit :max) r
      join job j on j.id = r.job
      where r.scheduled_for is not null and r.parent is null and r.trigger_kind <> 'backfill'
      """;

  private static final String QUOTAS =
      """
      select q.namespace, q.runs_per_day, coalesce(d.runs, 0) as today, q.running
      from quota q
      left join quota_day d on d.namespace = q.namespace
        and d.day = (clock_timestamp() at time zone 'UTC')::date
      where q.runs_per_day is not null or q.running is not null limit :max
      """;

  private static final String LOCKS =
      """
      select s.namespace, s.name, s.run, a.subject, a.asked_at
      from (
        select namespace, name, run, idx, state from stage
        where state in ('HELD', 'BACKING_OFF', 'LOCK_WAIT') order by run limit :max) s
      cross join lateral (
        select min(subject) as subject, min(asked_at) as asked_at from seat
        where run = s.run and idx = s.idx and not held) a
      where s.state = 'LOCK_WAIT' and a.asked_at < clock_timestamp() - make_interval(secs => :longer)
      order by a.asked_at limit :list
      """;

  private static final String BROKEN =
      """
      select j.namespace, j.name, g.kind, g.problem from trigger g join job j on j.id = g.job
      where g.active and g.problem is not null
      union all
      select j.namespace, j.name, g.kind, coalesce(f.problem, lower(f.state))
      from file_watch f join trigger g on g.id = f.trigger join job j on j.id = g.job
      where g.active and f.state <> 'READ' and j.state <> 'ARCHIVED'
      limit :list
      """;

  private static <T> List<T> list(Handle handle, String sql, RowMapper<T> mapper) {
    var query = handle.createQuery(sql).bind("max", COUNT_MAX).bind("list", LIST_MAX);
    query.getConfig(SqlStatements.class).setUnusedBindingAllowed(true);
    return query.map(mapper).list();
  }

  public static Leader leader(Handle handle) {
    return handle
        .createQuery(LEADER)
        .map(
            (row, context) ->
                new Leader(
                    instant(row, "now"),
                    row.getString("holder"),
                    row.getLong("epoch"),
                    instant(row, "acquired_at"),
                    instant(row, "expires_at")))
        .one();
  }

  public static List<Ready> ready(Handle handle) {
    return handle
        .createQuery(READY)
        .bind("pools", POOLS_MAX)
        .bind("max", COUNT_MAX)
        .map(
            (row, context) ->
                new Ready(
                    row.getString("pool"),
                    row.getString("namespace"),
                    row.getLong("ready"),
                    instant(row, "oldest")))
        .list();
  }

  public static List<InFlight> inFlight(Handle handle) {
    return list(
        handle,
        IN_FLIGHT,
        (row, context) ->
            new InFlight(
                row.getString("pool"),
                row.getString("namespace"),
                row.getString("state"),
                row.getBoolean("approval"),
                row.getBoolean("led"),
                row.getLong("count"),
                instant(row, "since"),
                row.getLong("first")));
  }

  private static List<Count> counts(Handle handle, String sql) {
    return list(handle, sql, (row, context) -> new Count(row.getString(1), row.getLong(2)));
  }

  /** Runs of which a stage is ready, under way, or waits for a time, a lock or a person. */
  public static List<Count> open(Handle handle) {
    return counts(handle, OPEN);
  }

  /** Runs that are not admitted yet. */
  public static List<Count> pending(Handle handle) {
    return counts(handle, PENDING);
  }

  public static List<Count> deadLetters(Handle handle) {
    return counts(handle, DEAD);
  }

  /** Of the last hour; minutes in which nothing ended are not there. */
  public static List<Minute> minutes(Handle handle) {
    return list(
        handle,
        MINUTES,
        (row, context) ->
            new Minute(
                row.getString("namespace"),
                instant(row, "minute"),
                row.getLong("completed"),
                row.getLong("failed")));
  }

  /** Jobs that failed in the last hour and have not completed since, the worst first. */
  public static List<Failing> failing(Handle handle) {
    return list(
        handle,
        FAILING,
        (row, context) ->
            new Failing(
                row.getString("namespace"),
                row.getString("name"),
                row.getInt("failures"),
                instant(row, "last_failed_at"),
                row.getLong("last_failed_run")));
  }

  /** Jobs of which ticks of the last hour were recorded as missed, the newest first. */
  public static List<Missed> missed(Handle handle) {
    return list(
        handle,
        MISSED,
        (row, context) ->
            new Missed(
                row.getString("namespace"),
                row.getString("name"),
                row.getLong("ticks"),
                instant(row, "at")));
  }

  public static List<Standing> standing(Handle handle) {
    return list(
        handle,
        STANDING,
        (row, context) ->
            new Standing(row.getString("name"), row.getString("namespace"), row.getLong("value")));
  }

  public static List<Paused> paused(Handle handle) {
    return list(
        handle,
        PAUSED,
        (row, context) ->
            new Paused(
                row.getString("scope"),
                row.getString("namespace"),
                row.getString("name"),
                row.getLong("count"),
                instant(row, "since"),
                row.getString("reason")));
  }

  /**
   * The newest runs that time has started, with how late they were made.
   *
   * @param from not older than this run
   */
  public static List<Late> late(Handle handle, long from) {
    return handle
        .createQuery(LATE)
        .bind("from", from)
        .bind("max", LATE_RUNS_MAX)
        .map(
            (row, context) ->
                new Late(row.getString("namespace"), row.getString("name"), row.getLong("millis")))
        .list();
  }

  public static List<Quota> quotas(Handle handle) {
    return list(
        handle,
        QUOTAS,
        (row, context) ->
            new Quota(
                row.getString("namespace"),
                integer(row, "runs_per_day"),
                row.getLong("today"),
                integer(row, "running")));
  }

  /**
   * Stages that have waited for a lock for longer than this, the longest first.
   *
   * @param longer seconds
   */
  public static List<LockWait> lockWaits(Handle handle, int longer) {
    return handle
        .createQuery(LOCKS)
        .bind("max", COUNT_MAX)
        .bind("list", LIST_MAX)
        .bind("longer", longer)
        .map(
            (row, context) ->
                new LockWait(
                    row.getString("namespace"),
                    row.getString("name"),
                    row.getLong("run"),
                    row.getString("subject"),
                    instant(row, "asked_at")))
        .list();
  }

  public static List<Broken> broken(Handle handle) {
    return list(
        handle,
        BROKEN,
        (row, context) ->
            new Broken(
                row.getString("namespace"),
                row.getString("name"),
                row.getString("kind"),
                row.getString("problem")));
  }
}
