package dev.millrace.scheduler.store;

import dev.millrace.model.JobRef;
import java.util.Collection;
import java.util.List;
import org.jdbi.v3.core.Handle;

/**
 * The table dependency: which jobs the current version of a job names, whether there are such jobs
 * or not. Stateless; the caller's transaction.
 */
public final class Dependencies {
  private Dependencies() {}

  /** How a job depends on another one. */
  public enum Kind {
    /** Its trigger waits for it. */
    AFTER,
    /** Its runs wait for it. */
    REQUIRES,
    /** A stage of it starts a run of it. */
    RUN;

    /** As it is stored and shown. */
    public String word() {
      return name().toLowerCase(java.util.Locale.ROOT);
    }

    static Kind of(String word) {
      return valueOf(word.toUpperCase(java.util.Locale.ROOT));
    }
  }

  /** What one job says about another one. */
  public record Edge(Kind kind, JobRef to) {}

  /** An edge and the job that says it. */
  public record Row(long job, JobRef from, Edge edge) {}

  private static final String ALL =
      """
      select d.job, j.namespace, j.name, d.kind, d.namespace, d.name
      from dependency d join job j on j.id = d.job
      where j.state <> 'ARCHIVED'
      order by d.job, d.kind, d.namespace, d.name
      """;

  private static final String DROP = "delete from dependency where job = :job";

  private static final String INSERT =
      """
      insert into dependency (job, kind, namespace, name) select * from unnest(?, ?, ?, ?)
      """;

  /** Those of all jobs that are not archived, job by job. */
  public static List<Row> all(Handle handle) {
    return handle
        .createQuery(ALL)
        .map(
            (row, context) ->
                new Row(
                    row.getLong(1),
                    new JobRef(row.getString(2), row.getString(3)),
                    new Edge(
                        Kind.of(row.getString(4)), new JobRef(row.getString(5), row.getString(6)))))
        .list();
  }

  /** What a job says from now on. */
  public static void put(Handle tx, long job, Collection<Edge> edges) {
    drop(tx, job);
    if (edges.isEmpty()) {
      return;
    }
    Columns columns = new Columns();
    var jobs = columns.longs();
    var kinds = columns.texts();
    var namespaces = columns.texts();
    var names = columns.texts();
    for (Edge edge : edges) {
      jobs.add(job);
      kinds.add(edge.kind().word());
      namespaces.add(edge.to().namespace());
      names.add(edge.to().job());
    }
    columns.execute(tx, INSERT);
  }

  public static void drop(Handle tx, long job) {
    tx.createUpdate(DROP).bind("job", job).execute();
  }
}
