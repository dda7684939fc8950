package dev.millrace.scheduler.store;

import static dev.millrace.scheduler.store.ReadsRows.instant;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/**
 * The table redrive_batch: redrives by filter, worked off at a rate. Written by the leader, read by
 * all. Stateless; the caller's thread and transaction.
 */
public final class Redrives {
  public static final String RUNNING = "RUNNING";
  public static final String DONE = "DONE";
  public static final String CANCELLED = "CANCELLED";

  private Redrives() {}

  /** One that is not stored yet; its id is above those of all letters that belong to it. */
  public record Fresh(
      long id,
      DeadLetters.Filter filter,
      int perSecond,
      int total,
      String actor,
      String reason,
      long now) {}

  /** One as it stands; {@code steppedAt} in microseconds since 1970. */
  public record Row(
      long id,
      DeadLetters.Filter filter,
      int perSecond,
      long reached,
      int total,
      int redriven,
      int refused,
      long steps,
      long steppedAt,
      String state,
      String actor,
      String reason,
      Instant createdAt,
      Instant endedAt) {}

  /** What one step came to. */
  public record Step(
      long id, long reached, int redriven, int refused, long steppedAt, boolean over, long now) {}

  /** One that goes on, and how often it was stepped. */
  public record Running(long id, String namespace, long steps) {}

  private static final String INSERT =
      """
      insert into redrive_batch (id, namespace, run, job, stage, fingerprint, error, since, until, per_second, total,
        stepped_at, actor, reason, created_at)
      values (:id, :namespace, nullif(:run, 0), :job, :stage, :fingerprint, :error, ts(:since), ts(:until), :perSecond,
        :total, ts(:now - 1000000 / :perSecond), :actor, :reason, ts(:now))
      """;

  private static final String ROW =
      """
      select id, namespace, coalesce(run, 0) as run, job, stage, fingerprint, error, micros(since) as since,
             micros(until) as until, per_second, reached, total, redriven, refused, steps,
             micros(stepped_at) as stepped_at, state, actor, reason, created_at, ended_at
      from redrive_batch
      """;

  private static final String FIND = ROW + "where id = :id";

  private static final String PAGE =
      ROW + "where namespace = :namespace and id < :before order by id desc limit :limit";

  private static final String ALL_RUNNING =
      "select id, namespace, steps from redrive_batch where state = 'RUNNING' order by id limit :limit";

  private static final String STEP =
      """
      update redrive_batch
      set reached = :reached, redriven = redriven + :redriven, refused = refused + :refused, steps = steps + 1,
        stepped_at = ts(:steppedAt),
        state = case when :over then 'DONE' else state end,
        ended_at = case when :over then ts(:now) end
      where id = :id and state = 'RUNNING'
      """;

  private static final String CANCEL =
      """
      update redrive_batch set state = 'CANCELLED', ended_at = ts(:now) where id = :id and state = 'RUNNING'
      """;

  private static final String FORGET =
      "delete from redrive_batch where ended_at < clock_timestamp() - interval '30 days'";

  public static void insert(Handle tx, Fresh fresh) {
    DeadLetters.bind(tx.createUpdate(INSERT), fresh.filter())
        .bind("id", fresh.id())
        .bind("perSecond", fresh.perSecond())
        .bind("total", fresh.total())
        .bind("actor", fresh.actor())
        .bind("reason", fresh.reason())
        .bind("now", fresh.now())
        .execute();
  }

  public static Optional<Row> find(Handle handle, long id) {
    return handle.createQuery(FIND).bind("id", id).map((row, context) -> row(row)).findOne();
  }

  /** Below an id, newest first. */
  public static List<Row> page(Handle handle, String namespace, long before, int limit) {
    return handle
        .createQuery(PAGE)
        .bind("namespace", namespace)
        .bind("before", before)
        .bind("limit", limit)
        .map((row, context) -> row(row))
        .list();
  }

  /** Those that go on, the oldest first. */
  public static List<Running> running(Handle handle, int limit) {
    return handle
        .createQuery(ALL_RUNNING)
        .bind("limit", limit)
        .map((row, context) -> new Running(row.getLong(1), row.getString(2), row.getLong(3)))
        .list();
  }

  public static void step(Handle tx, Step step) {
    tx.createUpdate(STEP).bindMethods(step).execute();
  }

  /**
   * @return false when it was over already
   */
  public static boolean cancel(Handle tx, long id, long now) {
    return tx.createUpdate(CANCEL).bind("id", id).bind("now", now).execute() == 1;
  }

  /** Drops those that were over a month ago. */
  public static int forgetOld(Handle handle) {
    return handle.createUpdate(FORGET).execute();
  }

  private static Row row(ResultSet row) throws SQLException {
    return new Row(
        row.getLong("id"),
        new DeadLetters.Filter(
            row.getString("namespace"),
            row.getLong("run"),
            row.getString("job"),
            row.getString("stage"),
            row.getString("fingerprint"),
            row.getString("error"),
            row.getLong("since"),
            row.getLong("until")),
        row.getInt("per_second"),
        row.getLong("reached"),
        row.getInt("total"),
        row.getInt("redriven"),
        row.getInt("refused"),
        row.getLong("steps"),
        row.getLong("stepped_at"),
        row.getString("state"),
        row.getString("actor"),
        row.getString("reason"),
        instant(row, "created_at"),
        instant(row, "ended_at"));
  }
}
