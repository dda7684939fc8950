package dev.millrace.scheduler.store;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jdbi.v3.core.Handle;

/**
 * What the table trigger has of those that are not of time. Stateless; the caller's thread and
 * transaction.
 */
public final class EventTriggers {
  private EventTriggers() {}

  /** A job that consumes a queue. */
  public record Owner(String queue, long job, String namespace, String name) {}

  private static final String OWNERS =
      """
      select g.queue, j.id, j.namespace, j.name from trigger g join job j on j.id = g.job
      where g.active and g.queue = any (:queues)
      """;

  private static final String PROBLEM =
      "update trigger set problem = :problem where id = :id and problem is distinct from :problem";

  /** The jobs that consume these queues, by queue. */
  public static Map<String, Owner> owners(Handle tx, Collection<String> queues) {
    return queues.isEmpty()
        ? Map.of()
        : tx.createQuery(OWNERS)
            .bindArray("queues", String.class, List.copyOf(queues))
            .map(
                (row, context) ->
                    new Owner(row.getString(1), row.getLong(2), row.getString(3), row.getString(4)))
            .collectToMap(Owner::queue, owner -> owner);
  }

  /** What people are shown; null for that all is well. */
  public static void problem(Handle handle, long trigger, String problem) {
    handle.createUpdate(PROBLEM).bind("id", trigger).bind("problem", problem).execute();
  }
}
