package dev.millrace.scheduler.store;

import static dev.millrace.scheduler.store.ReadsRows.instant;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/**
 * The tables bulk_operation and bulk_item: an action on many runs or jobs. What it is about is
 * written when it is asked for, by any node; where it is, by the leader only. Stateless; the
 * caller's thread and transaction.
 */
public final class BulkRows {
  public static final String RUNNING = "RUNNING";
  public static final String DONE = "DONE";
  public static final String CANCELLED = "CANCELLED";

  /** What one operation may be about. */
  public static final int ITEMS_MAX = 100_000;

  private BulkRows() {}

  /** What is asked for; the filter is JSON. */
  public record Fresh(
      String namespace, String action, String filter, String actor, String reason) {}

  /**
   * One as it stands; the filter is JSON.
   *
   * @param reached items up to this number were dealt with
   */
  public record Row(
      long id,
      String namespace,
      String action,
      String filter,
      int matched,
      int reached,
      int done,
      int failed,
      long steps,
      String state,
      String actor,
      String reason,
      Instant createdAt,
      Instant endedAt,
      String endedBy) {}

  /**
   * Something that it is about.
   *
   * @param subject a run's id, or a job's
   */
  public record Item(int n, long subject) {}

  /** An item that was refused, and why. */
  public record Failure(int n, long subject, int status, String detail) {}

  /** What one step came to. */
  public record Step(long id, int reached, int done, int failed, boolean over, long now) {}

  /** One that goes on, and how often it was stepped. */
  public record Running(long id, String namespace, long steps) {}

  /** One at a time counts and inserts, so that no two find the same room. */
  private static final String LOCK = "select pg_advisory_xact_lock(7140201)";

  private static final String COUNT =
      """
      select count(*) filter (where namespace = :namespace) as here, count(*) as everywhere
      from bulk_operation where state = 'RUNNING'
      """;

  private static final String INSERT =
      """
      insert into bulk_operation (id, namespace, action, filter, matched, actor, reason)
      values (next_run_id(clock_timestamp()), :namespace, :action, :filter, :matched, :actor, :reason)
      returning id
      """;

  private static final String INSERT_ITEMS =
      """
      insert into bulk_item (bulk, n, subject)
      select :bulk, n, subject from unnest(:subjects) with ordinality as u (subject, n)
      """;

  private static final String ROW =
      """
      select id, namespace, action, filter, matched, reached, done, failed, steps, state, actor, reason, created_at,
        ended_at, ended_by
      from bulk_operation
      """;

  private static final String FIND = ROW + "where id = :id";

  private static final String PAGE =
      ROW
          + """
          where namespace = :namespace and id < :before
            and (cast(:state as text) is null or state = :state)
          order by id desc limit :limit
          """;

  private static final String ALL_RUNNING =
      "select id, namespace, steps from bulk_operation where state = 'RUNNING' order by id limit"
          + " :limit";

  private static final String NEXT =
      "select n, subject from bulk_item where bulk = :id and n > :reached order by n limit :limit";

  private static final String STEP =
      """
      update bulk_operation
      set reached = :reached, done = done + :done, failed = failed + :failed, steps = steps + 1,
        state = case when :over then 'DONE' else state end,
        ended_at = case when :over then ts(:now) end
      where id = :id and state = 'RUNNING'
      """;

  private static final String FAIL =
      """
      update bulk_item i set status = u.status, detail = u.detail
      from unnest(:ns, :statuses, :details) as u (n, status, detail) where i.bulk = :id and i.n = u.n
      """;

  private static final String FAILURES =
      """
      select n, subject, status, detail from bulk_item
      where bulk = :id and n > :after and status is not null order by n limit :limit
      """;

  private static final String CANCEL =
      """
      update bulk_operation set state = 'CANCELLED', ended_at = ts(:now), ended_by = :by
      where id = :id and state = 'RUNNING'
      """;

  private static final String FORGET_ITEMS =
      """
      delete from bulk_item where (bulk, n) in (
        select i.bulk, i.n from bulk_operation o join bulk_item i on i.bulk = o.id
        where o.ended_at is not null and i.status is null limit :limit)
      """;

  private static final String FORGET =
      """
      delete from bulk_operation where id in (
        select id from bulk_operation where ended_at < clock_timestamp() - interval '30 days' limit :limit)
      """;

  /** How many go on. */
  public record Open(int here, int everywhere) {}

  /** How many go on in a namespace and at all; until the transaction ends there are no more. */
  public static Open open(Handle tx, String namespace) {
    tx.createQuery(LOCK).mapToMap().list();
    return tx.createQuery(COUNT)
        .bind("namespace", namespace)
        .map((row, context) -> new Open(row.getInt(1), row.getInt(2)))
        .one();
  }

  /** Writes one with everything that it is about, in this order. */
  public static long insert(Handle tx, Fresh fresh, List<Long> subjects) {
    long id =
        tx.createQuery(INSERT)
            .bindMethods(fresh)
            .bind("matched", subjects.size())
            .mapTo(Long.class)
            .one();
    tx.createUpdate(INSERT_ITEMS)
        .bind("bulk", id)
        .bindArray("subjects", Long.class, subjects)
        .execute();
    return id;
  }

  public static Optional<Row> find(Handle handle, long id) {
    return handle.createQuery(FIND).bind("id", id).map((row, context) -> row(row)).findOne();
  }

  /**
   * Below an id, newest first.
   *
   * @param state null for any
   */
  public static List<Row> page(
      Handle handle, String namespace, String state, long before, int limit) {
    return handle
        .createQuery(PAGE)
        .bind("namespace", namespace)
        .bind("state", state)
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

  /** What comes after a number, in order. */
  public static List<Item> next(Handle tx, long id, int reached, int limit) {
    return tx.createQuery(NEXT)
        .bind("id", id)
        .bind("reached", reached)
        .bind("limit", limit)
        .map((row, context) -> new Item(row.getInt(1), row.getLong(2)))
        .list();
  }

  /** Moves it on. */
  public static void step(Handle tx, Step step, List<Failure> failures) {
    tx.createUpdate(STEP).bindMethods(step).execute();
    if (!failures.isEmpty()) {
      tx.createUpdate(FAIL)
          .bind("id", step.id())
          .bindArray("ns", Integer.class, failures.stream().map(Failure::n).toList())
          .bindArray("statuses", Integer.class, failures.stream().map(Failure::status).toList())
          .bindArray(
              "details",
              String.class,
              failures.stream().map(each -> Columns.storable(each.detail())).toList())
          .execute();
    }
  }

  /** Items that were refused, after a number. */
  public static List<Failure> failures(Handle handle, long id, int after, int limit) {
    return handle
        .createQuery(FAILURES)
        .bind("id", id)
        .bind("after", after)
        .bind("limit", limit)
        .map(
            (row, context) ->
                new Failure(row.getInt(1), row.getLong(2), row.getInt(3), row.getString(4)))
        .list();
  }

  /**
   * @return false when it was over already
   */
  public static boolean cancel(Handle tx, long id, String by, long now) {
    return tx.createUpdate(CANCEL).bind("id", id).bind("by", by).bind("now", now).execute() == 1;
  }

  /** Drops what nobody asks for any more: items of what is over, and what was over a month ago. */
  public static void forgetOld(Handle handle, int itemsMax, int operationsMax) {
    handle.createUpdate(FORGET_ITEMS).bind("limit", itemsMax).execute();
    handle.createUpdate(FORGET).bind("limit", operationsMax).execute();
  }

  private static Row row(ResultSet row) throws SQLException {
    return new Row(
        row.getLong("id"),
        row.getString("namespace"),
        row.getString("action"),
        row.getString("filter"),
        row.getInt("matched"),
        row.getInt("reached"),
        row.getInt("done"),
        row.getInt("failed"),
        row.getLong("steps"),
        row.getString("state"),
        row.getString("actor"),
        row.getString("reason"),
        instant(row, "created_at"),
        instant(row, "ended_at"),
        row.getString("ended_by"));
  }
}
