package dev.millrace.scheduler.store;

import static dev.millrace.scheduler.store.ReadsRows.instant;
import static dev.millrace.scheduler.store.ReadsRows.number;

import dev.millrace.model.JobRef;
import dev.millrace.scheduler.store.Dependencies.Edge;
import dev.millrace.scheduler.store.Dependencies.Kind;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import org.jdbi.v3.core.Handle;

/** What the API reads of jobs that wait for jobs; bounded. Stateless; the caller's thread. */
public final class ReadsGraph {
  private ReadsGraph() {}

  /**
   * A job in the graph.
   *
   * @param state null when there is no such job
   * @param lastRun its newest run, or null
   * @param nextAt its next tick, or null
   */
  public record Node(
      JobRef job,
      String state,
      Long lastRun,
      String lastState,
      Instant lastCreatedAt,
      Instant lastFinishedAt,
      Instant nextAt) {
    /** One of which nothing is known but its name. */
    public static Node unknown(JobRef job) {
      return new Node(job, null, null, null, null, null, null);
    }
  }

  /** Who says what about whom. */
  public record Said(JobRef from, Edge edge) {}

  private static final String DETAILS =
      """
       , j.state, l.id as last_run, l.state as last_state, l.created_at as last_created_at,
        l.finished_at as last_finished_at, t.next_at
      """;

  private static final String LATERALS =
      """
      left join lateral (
        select r.id, r.state, r.created_at, r.finished_at from run r
        where r.job = j.id and r.parent is null order by r.id desc limit 1
      ) l on true
      left join lateral (select min(next_at) as next_at from trigger g where g.job = j.id and g.active) t on true
      """;

  private static final String OF_NAMESPACE =
      "select j.namespace, j.name"
          + DETAILS
          + " from job j "
          + LATERALS
          + """
          where j.namespace = :namespace and j.state <> 'ARCHIVED'
          order by j.name limit :limit
          """;

  private static final String NAMED =
      "select n.namespace, n.name"
          + DETAILS
          + """
           from unnest(:namespaces, :names) as n (namespace, name)
          left join job j on j.namespace = n.namespace and j.name = n.name and j.state <> 'ARCHIVED'
          """
          + LATERALS
          + " order by n.namespace, n.name";

  private static final String EDGES =
      """
      select j.namespace, j.name, d.kind, d.namespace, d.name
      from dependency d join job j on j.id = d.job
      where j.state <> 'ARCHIVED' and (j.namespace = :namespace or d.namespace = :namespace)
      order by j.namespace, j.name, d.kind, d.namespace, d.name limit :limit
      """;

  private static final String SAID_BY =
      """
      select j.namespace, j.name, d.kind, d.namespace, d.name
      from unnest(:namespaces, :names) as n (namespace, name)
      join job j on j.namespace = n.namespace and j.name = n.name and j.state <> 'ARCHIVED'
      join dependency d on d.job = j.id
      order by j.namespace, j.name, d.kind, d.namespace, d.name limit :limit
      """;

  private static final String SAID_OF =
      """
      select j.namespace, j.name, d.kind, d.namespace, d.name
      from unnest(:namespaces, :names) as n (namespace, name)
      join dependency d on d.namespace = n.namespace and d.name = n.name
      join job j on j.id = d.job and j.state <> 'ARCHIVED'
      order by j.namespace, j.name, d.kind, d.namespace, d.name limit :limit
      """;

  /** The jobs of a namespace that are not archived, by name. */
  public static List<Node> nodes(Handle handle, String namespace, int limit) {
    return handle
        .createQuery(OF_NAMESPACE)
        .bind("namespace", namespace)
        .bind("limit", limit)
        .map((row, context) -> node(row))
        .list();
  }

  /** These jobs, whether there are such or not. */
  public static List<Node> nodes(Handle handle, Collection<JobRef> jobs) {
    return handle
        .createQuery(NAMED)
        .bindArray("namespaces", String.class, jobs.stream().map(JobRef::namespace).toList())
        .bindArray("names", String.class, jobs.stream().map(JobRef::job).toList())
        .map((row, context) -> node(row))
        .list();
  }

  /** What jobs of a namespace say, and what is said about them. */
  public static List<Said> edges(Handle handle, String namespace, int limit) {
    return handle
        .createQuery(EDGES)
        .bind("namespace", namespace)
        .bind("limit", limit)
        .map((row, context) -> said(row))
        .list();
  }

  /** What these jobs say about others. */
  public static List<Said> saidBy(Handle handle, Collection<JobRef> jobs, int limit) {
    return said(handle, SAID_BY, jobs, limit);
  }

  /** What others say about these jobs. */
  public static List<Said> saidOf(Handle handle, Collection<JobRef> jobs, int limit) {
    return said(handle, SAID_OF, jobs, limit);
  }

  private static List<Said> said(Handle handle, String sql, Collection<JobRef> jobs, int limit) {
    return handle
        .createQuery(sql)
        .bindArray("namespaces", String.class, jobs.stream().map(JobRef::namespace).toList())
        .bindArray("names", String.class, jobs.stream().map(JobRef::job).toList())
        .bind("limit", limit)
        .map((row, context) -> said(row))
        .list();
  }

  private static Said said(ResultSet row) throws SQLException {
    return new Said(
        new JobRef(row.getString(1), row.getString(2)),
        new Edge(Kind.of(row.getString(3)), new JobRef(row.getString(4), row.getString(5))));
  }

  private static Node node(ResultSet row) throws SQLException {
    return new Node(
        new JobRef(row.getString(1), row.getString(2)),
        row.getString("state"),
        number(row, "last_run"),
        row.getString("last_state"),
        instant(row, "last_created_at"),
        instant(row, "last_finished_at"),
        instant(row, "next_at"));
  }
}
