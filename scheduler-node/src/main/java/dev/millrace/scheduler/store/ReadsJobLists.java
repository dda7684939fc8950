package dev.millrace.scheduler.store;

import java.util.List;
import java.util.Optional;
import java.util.function.ToLongFunction;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.mapper.RowMapper;
import org.jdbi.v3.core.statement.Query;
import org.jdbi.v3.core.statement.SqlStatements;

/**
 * Lists of jobs by name, by whatever filter. Each page reads a bounded number of jobs: one that
 * looks for something rare may have fewer items than asked for, and tells where to go on.
 * Stateless; the caller's thread.
 */
public final class ReadsJobLists {
  /** A page reads at most this many jobs. */
  public static final int SCAN_ROWS_MAX = 20_000;

  private ReadsJobLists() {}

  /** Where a list goes on: after this job. Of living jobs a name is enough. */
  public record Place(String name, long id) {
    public static final Place FIRST = new Place("", 0);
  }

  /**
   * Some of what a list holds.
   *
   * @param next null at the end
   */
  public record Page<T>(List<T> items, Place next) {}

  private static final String BY_NAME =
      """
      (select * from job where namespace = :namespace and (name, id) > (:name, :id) %s
       order by name, id limit :scan)
      """;

  private static final String BY_LABEL =
      """
      (select x.* from (
         select l.job from job_label l
         where l.namespace = :namespace and l.key = :key0 and (l.name, l.job) > (:name, :id) %s
         order by l.name, l.job limit :scan
       ) k join job x on x.id = k.job)
      """;

  /** Jobs after a place, by name. */
  public static Page<ReadsJobs.Job> page(Handle handle, JobFilter filter, Place after, int limit) {
    return page(
        handle,
        filter,
        after,
        limit,
        new Shape<>(
            ReadsJobs.JOB_SELECT,
            ReadsJobs.JOB_JOINS,
            (row, context) -> ReadsJobs.job(row),
            ReadsJobs.Job::id));
  }

  /** Their ids and names only. */
  public static Page<ReadsJobs.Name> names(
      Handle handle, JobFilter filter, Place after, int limit) {
    return page(
        handle,
        filter,
        after,
        limit,
        new Shape<>(
            "select j.id, j.namespace, j.name",
            "",
            (row, context) ->
                new ReadsJobs.Name(row.getLong(1), row.getString(2), row.getString(3)),
            ReadsJobs.Name::id));
  }

  /** What is read of each job. */
  private record Shape<T>(String select, String joins, RowMapper<T> mapper, ToLongFunction<T> id) {}

  private static <T> Page<T> page(
      Handle handle, JobFilter filter, Place after, int limit, Shape<T> shape) {
    String source = source(filter);
    String sql =
        shape.select()
            + " from "
            + source
            + " j "
            + shape.joins()
            + " where true"
            + wanted(filter)
            + " order by j.name, j.id limit :limit";
    List<T> found = bind(handle.createQuery(sql), filter, after, limit).map(shape.mapper()).list();
    if (found.size() == limit) {
      long last = shape.id().applyAsLong(found.getLast());
      return new Page<>(found, place(handle, "select name, id from job where id = " + last));
    }
    String end = "select name, id from " + source + " j order by name, id offset :scan - 1 limit 1";
    Optional<Place> floor =
        bind(handle.createQuery(end), filter, after, limit)
            .map((row, context) -> new Place(row.getString(1), row.getLong(2)))
            .findOne();
    return new Page<>(found, floor.orElse(null));
  }

  private static Place place(Handle handle, String sql) {
    return handle
        .createQuery(sql)
        .map((row, context) -> new Place(row.getString(1), row.getLong(2)))
        .one();
  }

  private static String source(JobFilter filter) {
    if (filter.labels().isEmpty()) {
      return BY_NAME.formatted(living(filter));
    }
    return BY_LABEL.formatted(
        filter.labels().getFirst().value() == null ? "" : "and l.value = :value0");
  }

  /** As the indexes have it. */
  private static String living(JobFilter filter) {
    boolean only = filter.states().size() == 1 && filter.archived();
    return only ? "and state = 'ARCHIVED'" : filter.archived() ? "" : "and state <> 'ARCHIVED'";
  }

  private static String wanted(JobFilter filter) {
    return (filter.states().isEmpty()
            ? " and j.state <> 'ARCHIVED'"
            : " and j.state = any (:states)")
        + ReadsRunLists.labels(filter.labels())
        + (filter.q() == null
            ? ""
            : " and (strpos(lower(j.name), lower(:q)) > 0"
                + " or strpos(lower(j.description), lower(:q)) > 0)")
        + (filter.trigger() == null
            ? ""
            : " and exists (select 1 from trigger t"
                + " where t.job = j.id and t.active and t.kind = :trigger)");
  }

  private static Query bind(Query query, JobFilter filter, Place after, int limit) {
    query.configure(SqlStatements.class, each -> each.setUnusedBindingAllowed(true));
    query
        .bind("namespace", filter.namespace())
        .bindArray("states", String.class, filter.states())
        .bind("q", filter.q())
        .bind("trigger", filter.trigger())
        .bind("name", after.name())
        .bind("id", after.id())
        .bind("scan", filter.picky() ? SCAN_ROWS_MAX : limit)
        .bind("limit", limit);
    ReadsRunLists.bindLabels(query, filter.labels());
    return query;
  }
}
