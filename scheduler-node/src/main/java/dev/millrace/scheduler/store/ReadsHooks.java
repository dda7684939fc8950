package dev.millrace.scheduler.store;

import java.time.Instant;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/** What the call of a webhook needs to know of its job. Stateless; the caller's thread. */
public final class ReadsHooks {
  private ReadsHooks() {}

  /**
   * A living job.
   *
   * @param definition canonical JSON
   * @param now the database's clock
   */
  public record Job(String definition, Instant now) {}

  private static final String FIND =
      """
      select v.definition, clock_timestamp() as now
      from job j join job_version v on v.job = j.id and v.version = j.version
      where j.namespace = :namespace and j.name = :name and j.state <> 'ARCHIVED'
      """;

  public static Optional<Job> find(Handle handle, String namespace, String name) {
    return handle
        .createQuery(FIND)
        .bind("namespace", namespace)
        .bind("name", name)
        .map((row, context) -> new Job(row.getString(1), ReadsRows.instant(row, "now")))
        .findOne();
  }
}
