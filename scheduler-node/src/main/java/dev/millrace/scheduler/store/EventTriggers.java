package dev.millrace.scheduler.store;

import java.util.Optional;
import org.jdbi.v3.core.Handle;

/**
 * Rows of the table trigger that are not of time: they have no next tick. Stateless; the caller's
 * thread and transaction.
 */
public final class EventTriggers {
  private EventTriggers() {}

  /** A job, by its name. */
  public record Owner(String namespace, String job) {}

  private static final String INSERT =
      """
      insert into trigger (job, position, kind, spec, active, created_at, queue)
      values (:job, :position, :kind, :spec, true, ts(:now), :queue)
      returning id
      """;

  private static final String OWNER =
      """
      select j.namespace, j.name from trigger g join job j on j.id = g.job
      where g.active and g.queue = :queue and g.job <> :except
      """;

  private static final String PROBLEM =
      "update trigger set problem = :problem where id = :id and problem is distinct from :problem";

  /**
   * @param queue that it consumes, null for one that consumes none
   */
  public static long insert(
      Handle tx, long job, int position, String kind, String spec, String queue, long now) {
    return tx.createQuery(INSERT)
        .bind("job", job)
        .bind("position", position)
        .bind("kind", kind)
        .bind("spec", spec)
        .bind("queue", queue)
        .bind("now", now)
        .mapTo(Long.class)
        .one();
  }

  /**
   * The other job that consumes this queue.
   *
   * @param except the job that wants to; 0 for a new one
   */
  public static Optional<Owner> ownerOf(Handle tx, String queue, long except) {
    return tx.createQuery(OWNER)
        .bind("queue", queue)
        .bind("except", except)
        .map((row, context) -> new Owner(row.getString(1), row.getString(2)))
        .findOne();
  }

  /** What people are shown; null for that all is well. */
  public static void problem(Handle handle, long trigger, String problem) {
    handle.createUpdate(PROBLEM).bind("id", trigger).bind("problem", problem).execute();
  }
}
