package dev.millrace.scheduler.store;

import dev.millrace.model.Claim;
import dev.millrace.model.RunId;
import dev.millrace.wire.DeadStage;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import org.jdbi.v3.core.Handle;

/** Dead letters on their way to the broker. Stateless; the caller's thread and transaction. */
public final class DeadPosts {
  private DeadPosts() {}

  private static final String UNPUBLISHED =
      """
      select id, run, stage, attempt, namespace, job, version, coalesce(item, -1) as item, handler, pool, message,
             reason, error, fingerprint, attempts, worker, first_failed, last_failed
      from dead_letter where not published
      order by id limit :limit
      """;

  private static final String PUBLISHED =
      "update dead_letter set published = true where id = any (:ids)";

  /** The oldest that the broker has not confirmed yet. */
  public static List<DeadStage> unpublished(Handle handle, int limit) {
    return handle
        .createQuery(UNPUBLISHED)
        .bind("limit", limit)
        .map((row, context) -> letter(row))
        .list();
  }

  public static void published(Handle handle, List<Long> ids) {
    if (!ids.isEmpty()) {
      handle.createUpdate(PUBLISHED).bindArray("ids", Long.class, ids).execute();
    }
  }

  private static DeadStage letter(ResultSet row) throws SQLException {
    return new DeadStage(
        new RunId(row.getLong("id")),
        new Claim(new RunId(row.getLong("run")), row.getString("stage"), row.getInt("attempt")),
        row.getString("namespace"),
        row.getString("job"),
        row.getInt("version"),
        row.getInt("item"),
        row.getString("handler"),
        row.getString("pool"),
        row.getString("message"),
        row.getString("reason"),
        row.getString("error"),
        row.getString("fingerprint"),
        row.getInt("attempts"),
        row.getString("worker"),
        ReadsRows.instant(row, "first_failed"),
        ReadsRows.instant(row, "last_failed"));
  }
}
