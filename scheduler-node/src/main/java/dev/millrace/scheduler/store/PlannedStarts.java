package dev.millrace.scheduler.store;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/**
 * The table start_later: starts that were accepted and wait for their time, judged by the
 * database's clock. Stateless; the caller's thread and transaction.
 */
public final class PlannedStarts {
  private PlannedStarts() {}

  /**
   * One of them, as the API shows it.
   *
   * @param takenBackBy who took it back, and why; null while it waits
   */
  public record Planned(
      long run,
      Instant dueAt,
      String namespace,
      String job,
      String actor,
      String reason,
      String takenBackBy) {}

  /** Skips what somebody is about to take back. Ids carry the instant: in the order of time. */
  private static final String MOVE_DUE =
      """
      with due as (
        delete from start_later
        where run = any (array(
          select run from start_later where due_at <= ts(:now) and taken_back_at is null
          order by due_at limit :limit for update skip locked))
        returning run, namespace, job, body, actor, reason
      )
      insert into inbox (kind, namespace, job, body, actor, reason, answer)
      select 'run.start', namespace, job, body, actor, reason, false from due order by run
      """;

  private static final String COLUMNS =
      "select run, due_at, namespace, job, actor, reason, taken_back_by from start_later";

  private static final String PAGE =
      COLUMNS
          + """
             where namespace = :namespace and taken_back_at is null and run > :after order by run limit :limit
            """;

  private static final String FIND = COLUMNS + " where run = :run";

  private static final String SWEEP =
      "delete from start_later where taken_back_at < clock_timestamp() - make_interval(days => :days)";

  private static final String TAKE_BACK = "select take_back_start(:run, :actor, :reason)";

  /**
   * Puts what is due into the inbox, as commands for which nobody waits.
   *
   * @return how many
   */
  public static int moveDue(Handle tx, long now, int limit) {
    return tx.createUpdate(MOVE_DUE).bind("now", now).bind("limit", limit).execute();
  }

  /** Those of a namespace in the order of their time. */
  public static List<Planned> page(Handle handle, String namespace, long after, int limit) {
    return handle
        .createQuery(PAGE)
        .bind("namespace", namespace)
        .bind("after", after)
        .bind("limit", limit)
        .map((row, context) -> planned(row))
        .list();
  }

  public static Optional<Planned> find(Handle handle, long run) {
    return handle.createQuery(FIND).bind("run", run).map((row, context) -> planned(row)).findOne();
  }

  /** Forgets who took what back, some days after. */
  public static int forgetTakenBack(Handle handle) {
    return handle.createUpdate(SWEEP).bind("days", Acceptance.KEY_DAYS).execute();
  }

  /**
   * It never starts; its key may be used again.
   *
   * @return false when it does not wait any more
   */
  public static boolean takeBack(Handle handle, long run, String actor, String reason) {
    return handle
        .createQuery(TAKE_BACK)
        .bind("run", run)
        .bind("actor", actor)
        .bind("reason", reason)
        .mapTo(Boolean.class)
        .one();
  }

  private static Planned planned(java.sql.ResultSet row) throws java.sql.SQLException {
    return new Planned(
        row.getLong(1),
        ReadsRows.instant(row, "due_at"),
        row.getString(3),
        row.getString(4),
        row.getString(5),
        row.getString(6),
        row.getString(7));
  }
}
