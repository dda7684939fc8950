package dev.millrace.scheduler.store;

import static dev.millrace.scheduler.store.ReadsRows.instant;

import java.time.Instant;
import java.util.List;
import org.jdbi.v3.core.Handle;

/** What the API reads of workers, pools and the whole. Stateless; the caller's thread. */
public final class ReadsFleet {
  /** Nobody needs to know a backlog more exactly than this, and counting costs. */
  public static final int COUNT_MAX = 100_000;

  private ReadsFleet() {}

  /** A worker as the leader last wrote it down; {@code pools} and {@code handlers} are JSON. */
  public record Worker(
      String id,
      String host,
      long pid,
      String version,
      String state,
      String pools,
      String handlers,
      boolean draining,
      int open,
      Instant startedAt,
      Instant seenAt) {}

  /** How much of a pool is where; {@code ready} stops at {@link #COUNT_MAX}. */
  public record PoolCount(String name, long ready, long queued, long running) {}

  /** Numbers of the whole; each stops at {@link #COUNT_MAX}. */
  public record Totals(long openRuns, long jobs, long runsOfMinute, long failedOfMinute) {}

  /** How much of a pool's backlog is before a stage. */
  public record Place(String pool, int priority, long run) {}

  private static final String WORKERS =
      """
      select * from worker where id > :after and (:all or state in ('ALIVE', 'SUSPECT'))
      order by id limit :limit
      """;

  /**
   * Pools in which stages wait, one step in the index for each. Table pool holds only those that a
   * worker has served; one that never was is just the one to be seen.
   */
  static final String WAITING_POOLS =
      """
      with recursive waiting as (
        (select pool from stage where state = 'READY' and marks is null order by pool limit 1)
        union all
        select (select s.pool from stage s
          where s.state = 'READY' and s.marks is null and s.pool > w.pool
          order by s.pool limit 1)
        from waiting w where w.pool is not null)
      """;

  private static final String POOLS =
      WAITING_POOLS
          + """
          select p.name, r.ready, coalesce(q.queued, 0) as queued, coalesce(x.running, 0) as running
          from (
            select name from (
              select name from pool where name > :after
              union select pool from waiting where pool > :after) known
            order by name limit :limit
          ) p
          cross join lateral (
            select count(*) as ready from (
              select 1 from stage
              where state = 'READY' and marks is null and pool = p.name limit :countMax) c
          ) r
          left join (
            select pool, count(*) as queued from stage where state = 'QUEUED' group by pool
          ) q on q.pool = p.name
          left join (
            select pool, count(*) as running from stage
            where state in ('QUEUED', 'RUNNING') and state = 'RUNNING' and worker <> 'leader' group by pool
          ) x on x.pool = p.name
          order by p.name
          """;

  private static final String TOTALS =
      """
      select
        (select count(distinct run) from (
           (select run from stage where state in ('QUEUED', 'RUNNING') limit :countMax)
           union all (select run from stage where state = 'READY' and marks is null limit :countMax)
           union all (select run from stage where due_at is not null limit :countMax)) c)
          as open_runs,
        (select count(*) from (select 1 from job where state <> 'ARCHIVED' limit :countMax) c)
          as jobs,
        count(*) as runs_of_minute, count(*) filter (where state = 'FAILED') as failed_of_minute
      from (select state from run where id >= :minuteFrom limit :countMax) m
      """;

  private static final String AHEAD =
      """
      select count(*) from (
        select 1 from stage
        where state = 'READY' and marks is null and pool = :pool
          and (priority > :priority or (priority = :priority and run < :run))
        limit :countMax) c
      """;

  private static final String DATABASE_NOW = "select clock_timestamp() as at";

  public static List<Worker> workers(Handle handle, String after, boolean all, int limit) {
    return handle
        .createQuery(WORKERS)
        .bind("after", after)
        .bind("all", all)
        .bind("limit", limit)
        .map(
            (row, context) ->
                new Worker(
                    row.getString("id"),
                    row.getString("host"),
                    row.getLong("pid"),
                    row.getString("version"),
                    row.getString("state"),
                    row.getString("pools"),
                    row.getString("handlers"),
                    row.getBoolean("draining"),
                    row.getInt("open"),
                    instant(row, "started_at"),
                    instant(row, "seen_at")))
        .list();
  }

  public static List<PoolCount> pools(Handle handle, String after, int limit) {
    return handle
        .createQuery(POOLS)
        .bind("after", after)
        .bind("limit", limit)
        .bind("countMax", COUNT_MAX)
        .map(
            (row, context) ->
                new PoolCount(
                    row.getString("name"),
                    row.getLong("ready"),
                    row.getLong("queued"),
                    row.getLong("running")))
        .list();
  }

  /**
   * @param minuteFrom the first run id that can have been made a minute ago
   */
  public static Totals totals(Handle handle, long minuteFrom) {
    return handle
        .createQuery(TOTALS)
        .bind("minuteFrom", minuteFrom)
        .bind("countMax", COUNT_MAX)
        .map(
            (row, context) ->
                new Totals(
                    row.getLong("open_runs"),
                    row.getLong("jobs"),
                    row.getLong("runs_of_minute"),
                    row.getLong("failed_of_minute")))
        .one();
  }

  /** READY stages that go before one at this place, up to {@link #COUNT_MAX}. */
  public static long ahead(Handle handle, Place place) {
    return handle
        .createQuery(AHEAD)
        .bind("pool", place.pool())
        .bind("priority", place.priority())
        .bind("run", place.run())
        .bind("countMax", COUNT_MAX)
        .mapTo(Long.class)
        .one();
  }

  public static Instant databaseNow(Handle handle) {
    return handle.createQuery(DATABASE_NOW).map((row, context) -> instant(row, "at")).one();
  }
}
