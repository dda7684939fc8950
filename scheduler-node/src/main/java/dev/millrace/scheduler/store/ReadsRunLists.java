package dev.millrace.scheduler.store;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.mapper.RowMapper;
import org.jdbi.v3.core.statement.Query;
import org.jdbi.v3.core.statement.SqlStatements;

/**
 * Lists of runs, newest first, by whatever filter. Each page reads a bounded number of rows,
 * however many runs there are: a page that looks for something rare has fewer items than asked for,
 * and tells where to go on. No index serves a filter by state: it would cost every run more than it
 * costs a reader (state is what changes). Stateless; the caller's thread.
 */
public final class ReadsRunLists {
  /** A page reads at most this many runs. */
  public static final int SCAN_ROWS_MAX = 50_000;

  /** The same where the stages of each have to be read. */
  static final int SCAN_ERRORS_MAX = 10_000;

  /** Of the open runs, which are found by their stages. */
  private static final int SCAN_OPEN_MAX = 5_000;

  /** With a label that so many jobs have, the runs of each are read by itself. */
  private static final int JOBS_APART_MAX = 100;

  /** More lanes than this, and looking at each costs more than reading the newest runs. */
  private static final int LANES_MAX = 400;

  private ReadsRunLists() {}

  /**
   * How much a page looks at.
   *
   * @param lanes of pools, each looked at by itself
   * @param jobFirst whether open runs of one job are looked for among its newest, not among all
   *     that are open
   */
  record Bounds(int rows, int errors, int open, int jobsApart, int lanes, boolean jobFirst) {
    static final Bounds USUAL =
        new Bounds(SCAN_ROWS_MAX, SCAN_ERRORS_MAX, SCAN_OPEN_MAX, JOBS_APART_MAX, LANES_MAX, true);

    /** For who wants all of them, however many pages that takes. */
    static final Bounds OF_ALL =
        new Bounds(SCAN_ROWS_MAX, SCAN_ERRORS_MAX, SCAN_OPEN_MAX, JOBS_APART_MAX, LANES_MAX, false);
  }

  /**
   * Some of what a list holds.
   *
   * @param next where to go on: below this id; null at the end
   */
  public record Page<T>(List<T> items, Long next) {}

  /** Pools that have a backlog, each found by one step in the index. */
  private static final String POOLS =
      """
      with recursive p as (
        (select pool from stage where state = 'READY' and marks is null order by pool limit 1)
        union all
        select (select pool from stage where state = 'READY' and marks is null and pool > p.pool order by pool limit 1)
        from p where p.pool is not null
      )
      select pool from p where pool is not null limit :limit
      """;

  private static final String LABELLED =
      """
      select j.id from job_label l join job j on j.id = l.job
      where l.key = :key and (cast(:value as text) is null or l.value = :value)
        and (cast(:namespace as text) is null or l.namespace = :namespace)
      limit :limit
      """;

  private static final String NEWEST =
      """
      (select * from run where id < :before and id >= :from %s
       order by id desc limit :scan)
      """;

  private static final String OF_JOB =
      """
      (select * from run where job = :job and id < :before and id >= :from and parent is null
       order by id desc limit :scan)
      """;

  private static final String OF_ORCHESTRATION =
      """
      (select * from run where orchestration = :orchestration and id < :before and id >= :from
         and item is null %s
       order by id desc limit :scan)
      """;

  private static final String OF_JOBS =
      """
      (select x.* from unnest(:jobs) as k (job) cross join lateral (
         select * from run where job = k.job and id < :before and id >= :from and parent is null
         order by id desc limit :scan) x)
      """;

  /** Where the shallowest of them ends. */
  private static final String FLOOR_OF_JOBS =
      """
      select max(x.id) from unnest(:jobs) as k (job) cross join lateral (
        select id from run where job = k.job and id < :before and id >= :from and parent is null
        order by id desc offset :scan - 1 limit 1) x
      having max(x.id) is not null
      """;

  /** Every run that goes on has a stage in one of these, or is held up itself. */
  private static final String OPEN =
      """
      (select run.* from (
         select distinct run from (
           (select s.run
            from unnest(:pools) as p (pool) cross join generate_series(0, 9) as l (priority)
            cross join lateral (
              select distinct run from stage
              where state = 'READY' and marks is null and pool = p.pool and namespace = :namespace
                and priority = l.priority and run < :before and run >= :from
              order by run desc limit :scan) s)
           union all
           (select distinct run from stage
            where state in ('QUEUED', 'RUNNING') and run < :before and run >= :from
            order by run desc limit :scan)
           union all
           (select distinct run from stage
            where state in ('HELD', 'BACKING_OFF', 'LOCK_WAIT') and run < :before and run >= :from
            order by run desc limit :scan)
           union all
           (select id from run
            where (pauses is not null or marks is not null) and finished_at is null
              and id < :before and id >= :from
            order by id desc limit :scan)
         ) found order by run desc limit :scan
       ) o join run on run.id = o.run)
      """;

  /** Where the rows that a page looks at come from, and what their statement needs. */
  private record Source(String sql, int scan, Map<String, Object> values, List<Long> jobs) {}

  /** Runs below {@code before}, newest first. */
  public static Page<ReadsRuns.Run> page(Handle handle, RunFilter filter, long before, int limit) {
    return page(
        handle,
        filter,
        before,
        limit,
        Bounds.USUAL,
        "select " + ReadsRuns.RUN_COLUMNS,
        (row, context) -> ReadsRuns.run(row),
        ReadsRuns.Run::id);
  }

  /** Their ids only. */
  public static Page<Long> ids(Handle handle, RunFilter filter, long before, int limit) {
    return ids(handle, filter, before, limit, Bounds.OF_ALL);
  }

  static Page<Long> ids(Handle handle, RunFilter filter, long before, int limit, Bounds bounds) {
    return page(
        handle,
        filter,
        before,
        limit,
        bounds,
        "select r.id",
        (row, context) -> row.getLong(1),
        Function.identity());
  }

  private static <T> Page<T> page(
      Handle handle,
      RunFilter filter,
      long before,
      int limit,
      Bounds bounds,
      String select,
      RowMapper<T> mapper,
      Function<T, Long> id) {
    Optional<Source> known = source(handle, filter, limit, bounds);
    if (known.isEmpty()) {
      return new Page<>(List.of(), null);
    }
    Source source = known.get();
    long below = Math.min(before, filter.to());
    String sql =
        select
            + " from "
            + source.sql()
            + " r join job j on j.id = r.job where true"
            + wanted(filter)
            + " order by r.id desc limit :limit";
    List<T> found =
        bind(handle.createQuery(sql), filter, source, below)
            .bind("limit", limit)
            .map(mapper)
            .list();
    // Several sources are read to different depths: what is below the shallowest is not complete.
    boolean several = !source.jobs().isEmpty();
    if (found.size() < limit || several) {
      Optional<Long> floor = floor(handle, filter, source, below);
      if (floor.isPresent()) {
        List<T> whole = found.stream().filter(each -> id.apply(each) >= floor.get()).toList();
        return new Page<>(whole, whole.size() == limit ? id.apply(whole.getLast()) : floor.get());
      }
    }
    return new Page<>(found, found.size() < limit ? null : id.apply(found.getLast()));
  }

  /** The last id that was looked at; empty when all were. */
  private static Optional<Long> floor(Handle handle, RunFilter filter, Source source, long below) {
    String sql =
        source.jobs().isEmpty()
            ? "select id from " + source.sql() + " r order by id desc offset :scan - 1 limit 1"
            : FLOOR_OF_JOBS;
    return bind(handle.createQuery(sql), filter, source, below).mapTo(Long.class).findOne();
  }

  private static Optional<Source> source(
      Handle handle, RunFilter filter, int limit, Bounds bounds) {
    int scan = filter.error() != null ? bounds.errors() : bounds.rows();
    Map<String, Object> values = new HashMap<>();
    String ofParents = filter.children() ? "" : "and parent is null";
    if (filter.orchestration() != null) {
      values.put("orchestration", filter.orchestration());
      return Optional.of(
          new Source(OF_ORCHESTRATION.formatted(ofParents), scan, values, List.of()));
    }
    boolean ofJob = filter.job() != null && !filter.children() && bounds.jobFirst();
    if (filter.open() && filter.namespace() != null && !ofJob) {
      List<String> pools =
          handle
              .createQuery(POOLS)
              .bind("limit", bounds.lanes() / 10 + 1)
              .mapTo(String.class)
              .list();
      if (pools.size() * 10 <= bounds.lanes()) {
        values.put("pools", pools);
        return Optional.of(new Source(OPEN, Math.min(scan, bounds.open()), values, List.of()));
      }
    }
    if (filter.job() != null && !filter.children()) {
      values.put("job", filter.job());
      return Optional.of(new Source(OF_JOB, scan, values, List.of()));
    }
    if (!filter.labels().isEmpty() && filter.job() == null && !filter.children()) {
      List<Long> jobs = labelled(handle, filter, bounds.jobsApart() + 1);
      if (jobs.isEmpty()) {
        return Optional.empty();
      }
      if (jobs.size() <= bounds.jobsApart()) {
        int each = filter.picky() ? Math.max(limit, scan / jobs.size()) : limit;
        return Optional.of(new Source(OF_JOBS, each, values, jobs));
      }
    }
    return Optional.of(new Source(NEWEST.formatted(ofParents), scan, values, List.of()));
  }

  private static List<Long> labelled(Handle handle, RunFilter filter, int limit) {
    RunFilter.Label first = filter.labels().getFirst();
    return handle
        .createQuery(LABELLED)
        .bind("key", first.key())
        .bind("value", first.value())
        .bind("namespace", filter.namespace())
        .bind("limit", limit)
        .mapTo(Long.class)
        .list();
  }

  private static String wanted(RunFilter filter) {
    StringBuilder sql = new StringBuilder();
    sql.append(filter.namespace() == null ? "" : " and j.namespace = :namespace");
    sql.append(filter.job() == null ? "" : " and r.job = :job");
    sql.append(filter.states().isEmpty() ? "" : " and r.state = any (:states)");
    sql.append(filter.open() ? " and r.finished_at is null" : "");
    sql.append(filter.children() ? "" : " and r.parent is null");
    sql.append(filter.trigger() == null ? "" : " and r.trigger_kind = :trigger");
    sql.append(labels(filter.labels()));
    sql.append(
        filter.error() == null
            ? ""
            : " and exists (select 1 from stage s where s.run = r.id and s.error is not null"
                + " and strpos(lower(s.error), lower(:error)) > 0)");
    return sql.toString();
  }

  /** For a statement that has the job as {@code j}. */
  static String labels(List<RunFilter.Label> labels) {
    StringBuilder sql = new StringBuilder();
    for (int i = 0; i < labels.size(); i++) {
      sql.append(" and exists (select 1 from job_label l where l.job = j.id and l.key = :key");
      sql.append(i).append(labels.get(i).value() == null ? "" : " and l.value = :value" + i);
      sql.append(")");
    }
    return sql.toString();
  }

  static void bindLabels(Query query, List<RunFilter.Label> labels) {
    for (int i = 0; i < labels.size(); i++) {
      query.bind("key" + i, labels.get(i).key());
      if (labels.get(i).value() != null) {
        query.bind("value" + i, labels.get(i).value());
      }
    }
  }

  private static Query bind(Query query, RunFilter filter, Source source, long below) {
    Map<String, Object> values = new HashMap<>(source.values());
    values.put("before", below);
    values.put("from", filter.from());
    values.put("scan", source.scan());
    values.put("namespace", filter.namespace());
    values.put("job", filter.job());
    values.put("trigger", filter.trigger());
    values.put("error", filter.error());
    query.configure(SqlStatements.class, each -> each.setUnusedBindingAllowed(true));
    values.forEach(
        (name, value) -> {
          if (value instanceof List<?> list) {
            query.bindArray(name, String.class, new ArrayList<>(list));
          } else {
            query.bind(name, value);
          }
        });
    query.bindArray("states", String.class, filter.states());
    query.bindArray("jobs", Long.class, source.jobs());
    bindLabels(query, filter.labels());
    return query;
  }
}
