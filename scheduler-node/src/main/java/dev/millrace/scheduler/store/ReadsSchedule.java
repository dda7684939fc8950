package dev.millrace.scheduler.store;

import java.util.List;
import org.jdbi.v3.core.Handle;

/** What is read of triggers to say what they will come to. Stateless; the caller's thread. */
public final class ReadsSchedule {
  private ReadsSchedule() {}

  /**
   * A trigger by time that has a next tick.
   *
   * @param definition of its job, for the start of a window; else null
   */
  public record Armed(
      Jobs.TriggerRow row, String namespace, String job, String state, String definition) {}

  private static final String ARMED =
      """
      select g.id, g.job, g.position, g.kind, g.spec, micros(g.next_at), micros(g.catch_up_until),
        coalesce(g.rests_on, 0), j.namespace, j.name, j.state,
        case when g.kind = 'plan' then v.definition end
      from trigger g
      join job j on j.id = g.job
      join job_version v on v.job = j.id and v.version = j.version
      where g.active and g.next_at is not null and g.kind in ('cron', 'at', 'every', 'plan')
        and (cast(:namespace as text) is null or j.namespace = :namespace)
        and (:job = 0 or g.job = :job)
        and (g.job, g.id) > (:afterJob, :afterId)
      order by g.job, g.id
      limit :limit
      """;

  /**
   * Some more of them, by job.
   *
   * @param namespace null for all
   * @param job 0 for all
   * @param after the last one of those before, or null
   */
  public static List<Armed> armed(
      Handle handle, String namespace, long job, Armed after, int limit) {
    return handle
        .createQuery(ARMED)
        .bind("namespace", namespace)
        .bind("job", job)
        .bind("afterJob", after == null ? 0 : after.row().job())
        .bind("afterId", after == null ? 0 : after.row().id())
        .bind("limit", limit)
        .map(
            (row, context) ->
                new Armed(
                    Jobs.triggerRow(row),
                    row.getString(9),
                    row.getString(10),
                    row.getString(11),
                    row.getString(12)))
        .list();
  }
}
