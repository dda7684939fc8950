package dev.millrace.scheduler.store;

import static dev.millrace.scheduler.store.ReadsRows.instant;
import static dev.millrace.scheduler.store.ReadsRows.integer;
import static dev.millrace.scheduler.store.ReadsRows.number;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import org.jdbi.v3.core.Handle;

/** Runs that belong together, by the id they were started under. Stateless; any thread. */
public final class ReadsTrace {
  private ReadsTrace() {}

  /**
   * A run of an orchestration.
   *
   * @param parent the run whose stage waits for this one, or null
   * @param stage that stage, or null
   * @param item the number of the item that this run is for, or null
   * @param pattern null where none was used
   */
  public record Run(
      long id,
      Long parent,
      String stage,
      Integer item,
      String namespace,
      String job,
      int version,
      ReadsJobs.PatternVersion pattern,
      String state,
      String trigger,
      String actor,
      String reason,
      Instant createdAt,
      Instant startedAt,
      Instant finishedAt) {}

  private static final String COLUMNS =
      """
      select r.id, r.parent, (
          select a.name from stage a where a.run = r.parent and a.idx = r.parent_idx
        ) as stage, r.item, j.namespace, j.name, r.version, r.state, r.trigger_kind, r.actor, r.reason,
        r.created_at, r.started_at, r.finished_at, v.pattern_version, p.namespace as pattern_namespace,
        p.name as pattern_name
      from run r
      join job j on j.id = r.job
      left join job_version v on v.job = r.job and v.version = r.version
      left join pattern p on p.id = v.pattern
      """;

  private static final String OF_ORCHESTRATION =
      COLUMNS
          + """
          where r.orchestration = :orchestration and r.item is null
          order by r.id limit :limit
          """;

  private static final String OF_IDS = COLUMNS + " where r.id = any (:ids) order by r.id";

  /** Runs of an orchestration in every namespace, oldest first; never those of items. */
  public static List<Run> of(Handle handle, String orchestration, int limit) {
    return handle
        .createQuery(OF_ORCHESTRATION)
        .bind("orchestration", orchestration)
        .bind("limit", limit)
        .map((row, context) -> run(row))
        .list();
  }

  /** Runs by their ids, such as the items that others of a trace belong to. */
  public static List<Run> of(Handle handle, List<Long> ids) {
    return handle
        .createQuery(OF_IDS)
        .bindArray("ids", Long.class, ids)
        .map((row, context) -> run(row))
        .list();
  }

  private static Run run(ResultSet row) throws SQLException {
    return new Run(
        row.getLong("id"),
        number(row, "parent"),
        row.getString("stage"),
        integer(row, "item"),
        row.getString("namespace"),
        row.getString("name"),
        row.getInt("version"),
        ReadsJobs.pattern(row),
        row.getString("state"),
        row.getString("trigger_kind"),
        row.getString("actor"),
        row.getString("reason"),
        instant(row, "created_at"),
        instant(row, "started_at"),
        instant(row, "finished_at"));
  }
}
