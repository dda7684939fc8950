package dev.millrace.scheduler.store;

import dev.millrace.model.RunId;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.mapper.RowMapper;
import org.jdbi.v3.core.statement.Query;
import org.jdbi.v3.core.statement.SqlStatements;
import org.jdbi.v3.core.statement.StatementContext;
import org.jdbi.v3.core.statement.StatementCustomizer;
import org.postgresql.PGStatement;

/**
 * Lists of runs, newest first, by whatever filter. Each page reads a bounded number of rows,
 * however many runs there are: a page that looks for something rare has fewer items than asked for,
 * and tells where to go on. No index serves a filter by state: it would cost every run more than it
 * costs a reader (state is what changes). Stateless; the caller's thread.
 */
public final class ReadsRunLists {
  /** A page reads at most this many runs. */
  public static final int SCAN_ROWS_MAX = 20_000;

  /** The same where the stages of each have to be read. */
  static final int SCAN_ERRORS_MAX = 10_000;

  /** Of the open runs, which are found by their stages. */
  private static final int SCAN_OPEN_MAX = 5_000;

  /** So many of them are looked at by one statement. */
  private static final int OPEN_AT_ONCE = 500;

  /** In which most open runs were made. */
  private static final long RECENT_MILLIS = TimeUnit.DAYS.toMillis(1);

  /** With a label that so many jobs have, the runs of each are read by itself. */
  private static final int JOBS_APART_MAX = 100;

  /** More lanes than this, and looking at each costs more than reading the newest runs. */
  private static final int LANES_MAX = 400;

  private static final int PRIORITIES = 10;

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
      (select x.* from unnest(:ids) as k (job) cross join lateral (
         select * from run where job = k.job and id < :before and id >= :from and parent is null
         order by id desc limit :scan) x)
      """;

  /** Where the shallowest of them ends. */
  private static final String FLOOR_OF_JOBS =
      """
      select max(x.id) from unnest(:ids) as k (job) cross join lateral (
        select id from run where job = k.job and id < :before and id >= :from and parent is null
        order by id desc offset :scan - 1 limit 1) x
      having max(x.id) is not null
      """;

  /**
   * Every run that goes on has a stage in one of these, or is held up itself. Each of the four is
   * planned for every day of the range, which takes longer than to execute it.
   */
  private static final String OPEN =
      """
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
      """;

  /** The same as a statement of its own, whose plan a connection keeps. */
  private static final String OPEN_BEFORE = OPEN + "-- older\n";

  private static final String KEEP_PLAN = "set local plan_cache_mode = force_generic_plan";
  private static final String AS_USUAL = "set local plan_cache_mode = auto";

  private static final String GIVEN = "(select * from run where id = any (:ids))";

  private static final String NOW = "select micros(clock_timestamp()) / 1000";

  /**
   * Where the rows that a page looks at come from, and what their statement needs.
   *
   * @param ids of jobs, or of runs
   */
  private record Source(String sql, int scan, Map<String, Object> values, List<Long> ids) {}

  /** Runs below {@code before}, newest first. */
  public static Page<ReadsRuns.Run> page(Handle handle, RunFilter filter, long before, int limit) {
    return page(
        handle,
        filter,
        before,
        limit,
        Bounds.USUAL,
        "select " + (filter.children() ? ReadsRuns.RUN_COLUMNS : ReadsRuns.ROOT_COLUMNS),
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
    long below = Math.min(before, filter.to());
    boolean ofJob = filter.job() != null && !filter.children() && bounds.jobFirst();
    boolean elsewhere = ofJob || filter.orchestration() != null;
    if (filter.open() && filter.namespace() != null && !elsewhere) {
      List<String> pools = pools(handle, bounds);
      if (pools.size() * PRIORITIES <= bounds.lanes()) {
        return new Open<>(handle, filter, pools, bounds, select, mapper, id).page(below, limit);
      }
    }
    Optional<Source> from = source(handle, filter, limit, bounds);
    if (from.isEmpty()) {
      return new Page<>(List.of(), null);
    }
    Source source = from.get();
    List<T> found =
        bind(handle.createQuery(select + wantedOf(source, filter)), filter, source, below)
            .bind("limit", limit)
            .map(mapper)
            .list();
    // Several sources are read to different depths: what is below the shallowest is not complete.
    boolean several = !source.ids().isEmpty();
    if (found.size() < limit || several) {
      Optional<Long> floor = floor(handle, filter, source, below);
      if (floor.isPresent()) {
        List<T> whole = found.stream().filter(each -> id.apply(each) >= floor.get()).toList();
        return new Page<>(whole, whole.size() == limit ? id.apply(whole.getLast()) : floor.get());
      }
    }
    return new Page<>(found, found.size() < limit ? null : id.apply(found.getLast()));
  }

  /**
   * Open runs of a namespace: first those of the newest day, which is all that most pages need.
   *
   * @param id of a row
   */
  private record Open<T>(
      Handle handle,
      RunFilter filter,
      List<String> pools,
      Bounds bounds,
      String select,
      RowMapper<T> mapper,
      Function<T, Long> id) {
    Page<T> page(long below, int limit) {
      List<T> found = new ArrayList<>();
      long recent = RunId.firstAt(handle.createQuery(NOW).mapTo(Long.class).one() - RECENT_MILLIS);
      long middle = Math.min(below, Math.max(filter.from(), recent));
      Long next = add(found, ids(OPEN, middle, below), limit);
      if (next == null && filter.from() < middle) {
        next = add(found, older(middle), limit);
      }
      return new Page<>(found, next);
    }

    private int scan() {
      return Math.min(bounds.open(), filter.error() != null ? bounds.errors() : bounds.rows());
    }

    private List<Long> ids(String sql, long from, long before) {
      return from >= before ? List.of() : query(sql, from, before).mapTo(Long.class).list();
    }

    /**
     * Of many days, with a plan that is kept: to make it takes longer than all the rest. The days
     * that had nothing when it was made are not older ones before its connection is closed.
     */
    private List<Long> older(long before) {
      return handle.inTransaction(
          tx -> {
            tx.execute(KEEP_PLAN);
            List<Long> ids =
                query(OPEN_BEFORE, filter.from(), before)
                    .addCustomizer(
                        new StatementCustomizer() {
                          @Override
                          public void beforeExecution(
                              PreparedStatement statement, StatementContext context)
                              throws SQLException {
                            statement.unwrap(PGStatement.class).setPrepareThreshold(1);
                          }
                        })
                    .mapTo(Long.class)
                    .list();
            tx.execute(AS_USUAL);
            return ids;
          });
    }

    private Query query(String sql, long from, long before) {
      return handle
          .createQuery(sql)
          .bindArray("pools", String.class, pools)
          .bind("namespace", filter.namespace())
          .bind("before", before)
          .bind("from", from)
          .bind("scan", scan());
    }

    /** Adds what is wanted of these; returns where to go on, or null when there are no more. */
    private Long add(List<T> found, List<Long> ids, int limit) {
      for (int i = 0; i < ids.size(); i += OPEN_AT_ONCE) {
        List<Long> some = ids.subList(i, Math.min(ids.size(), i + OPEN_AT_ONCE));
        found.addAll(rows(some, limit - found.size()));
        if (found.size() == limit) {
          return id.apply(found.getLast());
        }
      }
      return ids.size() == scan() ? ids.getLast() : null;
    }

    private List<T> rows(List<Long> ids, int limit) {
      Source source = new Source(GIVEN, 0, Map.of(), ids);
      return bind(handle.createQuery(select + wantedOf(source, filter)), filter, source, 0)
          .bind("limit", limit)
          .map(mapper)
          .list();
    }
  }

  /** The last id that was looked at; empty when all were. */
  private static Optional<Long> floor(Handle handle, RunFilter filter, Source source, long below) {
    String sql =
        source.ids().isEmpty()
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

  private static List<String> pools(Handle handle, Bounds bounds) {
    return handle
        .createQuery(POOLS)
        .bind("limit", bounds.lanes() / PRIORITIES + 1)
        .mapTo(String.class)
        .list();
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

  private static String wantedOf(Source source, RunFilter filter) {
    return " from "
        + source.sql()
        + " r join job j on j.id = r.job where true"
        + wanted(filter)
        + " order by r.id desc limit :limit";
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
    query.bindArray("ids", Long.class, source.ids());
    bindLabels(query, filter.labels());
    return query;
  }
}
