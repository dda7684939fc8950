package dev.millrace.scheduler.store;

import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.Query;

/**
 * The table dead_letter: stages that failed for good, until somebody has them executed again or
 * discards them. Stateless; the caller's thread and transaction.
 */
public final class DeadLetters {
  /** What a person is shown at once. */
  public static final int GROUPS_MAX = 200;

  private DeadLetters() {}

  /**
   * A letter that is about to be written; instants in microseconds.
   *
   * @param item number of the item whose run it is, or -1
   * @param message what the last attempt was started with, as JSON
   * @param firstFailed of a stage that had one attempt, when that ended
   */
  public record Fresh(
      long id,
      long run,
      int index,
      String namespace,
      String job,
      int version,
      String stage,
      int item,
      String handler,
      String pool,
      String message,
      String reason,
      String error,
      String fingerprint,
      int attempts,
      String worker,
      long firstFailed,
      long lastFailed) {}

  /** A letter as it is stored. */
  public record Row(
      long id,
      long run,
      int index,
      String namespace,
      String job,
      int version,
      String stage,
      Integer item,
      String handler,
      String pool,
      String message,
      String reason,
      String error,
      String fingerprint,
      int attempts,
      String worker,
      Instant firstFailed,
      Instant lastFailed,
      String state,
      String actor,
      String note,
      Instant endedAt) {}

  /** Letters whose errors are alike. */
  public record Group(
      String fingerprint,
      String job,
      String stage,
      String reason,
      long count,
      String sample,
      Instant first,
      Instant last) {}

  /**
   * Which letters; null means any.
   *
   * @param text must occur in the error
   */
  public record Filter(
      String namespace, String job, String stage, String fingerprint, String state, String text) {}

  private static final String INSERT =
      """
      insert into dead_letter (id, run, idx, namespace, job, version, stage, item, handler, pool, message, reason,
        error, fingerprint, attempts, worker, first_failed, last_failed)
      select u.id, u.run, u.idx, u.namespace, u.job, u.version, u.stage, nullif(u.item, -1), u.handler, u.pool,
        u.message, u.reason, u.error, u.fingerprint, u.attempts, u.worker,
        least(ts(u.first_failed), (select min(a.finished_at) from attempt a where a.run = u.run and a.idx = u.idx)),
        ts(u.last_failed)
      from unnest(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        as u (id, run, idx, namespace, job, version, stage, item, handler, pool, message, reason, error,
          fingerprint, attempts, worker, first_failed, last_failed)
      """;

  private static final String CLOSE =
      """
      update dead_letter set state = :state, actor = :actor, note = :note, ended_at = ts(:now)
      where id = any (:ids) and state = 'OPEN'
      """;

  private static final String CLOSE_OF_STAGES =
      """
      update dead_letter d set state = 'REDRIVEN', actor = u.actor, note = 'its stage went on by itself',
        ended_at = ts(u.at)
      from unnest(?, ?, ?, ?) as u (run, idx, actor, at)
      where d.run = u.run and d.idx = u.idx and d.state = 'OPEN'
      """;

  private static final String COLUMNS =
      """
      id, run, idx, namespace, job, version, stage, item, handler, pool, message, reason, error, fingerprint,
        attempts, worker, first_failed, last_failed, state, actor, note, ended_at
      """;

  private static final String WHERE =
      """
      where namespace = :namespace
        and (cast(:job as text) is null or job = :job)
        and (cast(:stage as text) is null or stage = :stage)
        and (cast(:fingerprint as text) is null or fingerprint = :fingerprint)
        and (cast(:state as text) is null or state = :state)
        and (cast(:text as text) is null or strpos(error, :text) > 0)
      """;

  private static final String PAGE =
      "select "
          + COLUMNS
          + " from dead_letter "
          + WHERE
          + " and id < :before order by id desc limit :limit";

  private static final String FIND =
      "select " + COLUMNS + " from dead_letter where id = any (:ids) order by id";

  private static final String GROUPS =
      """
      select fingerprint, min(job) as job, min(stage) as stage, min(reason) as reason, count(*) as count,
        (array_agg(error order by id desc))[1] as sample, min(first_failed) as first, max(last_failed) as last
      from dead_letter
      """
          + WHERE
          + " group by fingerprint order by count(*) desc, fingerprint limit :limit";

  private static final String UNPUBLISHED =
      "select " + COLUMNS + " from dead_letter where not published order by id limit :limit";

  private static final String PUBLISHED =
      "update dead_letter set published = true where id = any (:ids)";

  private static final String COUNT_OPEN =
      "select count(*) from (select 1 from dead_letter where state = 'OPEN' limit 100000) some";

  public static void insert(Handle tx, Collection<Fresh> letters) {
    if (letters.isEmpty()) {
      return;
    }
    Columns columns = new Columns();
    var ids = columns.longs();
    var runs = columns.longs();
    var indexes = columns.ints();
    var namespaces = columns.texts();
    var jobs = columns.texts();
    var versions = columns.ints();
    var stages = columns.texts();
    var items = columns.ints();
    var handlers = columns.texts();
    var pools = columns.texts();
    var messages = columns.texts();
    var reasons = columns.texts();
    var errors = columns.texts();
    var fingerprints = columns.texts();
    var attempts = columns.ints();
    var workers = columns.texts();
    var first = columns.longs();
    var last = columns.longs();
    for (Fresh letter : letters) {
      ids.add(letter.id());
      runs.add(letter.run());
      indexes.add(letter.index());
      namespaces.add(letter.namespace());
      jobs.add(letter.job());
      versions.add(letter.version());
      stages.add(letter.stage());
      items.add(letter.item());
      handlers.add(letter.handler());
      pools.add(letter.pool());
      messages.add(letter.message());
      reasons.add(letter.reason());
      errors.add(letter.error());
      fingerprints.add(letter.fingerprint());
      attempts.add(letter.attempts());
      workers.add(letter.worker());
      first.add(letter.firstFailed());
      last.add(letter.lastFailed());
    }
    columns.execute(tx, INSERT);
  }

  /**
   * Closes letters that are open; how many of them were.
   *
   * @param state REDRIVEN or DISCARDED
   */
  public static int close(
      Handle tx, List<Long> ids, String state, String actor, String note, long now) {
    return tx.createUpdate(CLOSE)
        .bindArray("ids", Long.class, ids)
        .bind("state", state)
        .bind("actor", actor)
        .bind("note", note)
        .bind("now", now)
        .execute();
  }

  /** These stages are not failed any more, by other ways than their letters. */
  public static void closeOfStages(Handle tx, Collection<Stages.Key> keys, String actor, long now) {
    if (keys.isEmpty()) {
      return;
    }
    Columns columns = new Columns();
    var runs = columns.longs();
    var indexes = columns.ints();
    var actors = columns.texts();
    var at = columns.longs();
    for (Stages.Key key : keys) {
      runs.add(key.run());
      indexes.add(key.index());
      actors.add(actor);
      at.add(now);
    }
    columns.execute(tx, CLOSE_OF_STAGES);
  }

  public static List<Row> page(Handle handle, Filter filter, long before, int limit) {
    return bind(handle.createQuery(PAGE), filter)
        .bind("before", before)
        .bind("limit", limit)
        .map((row, context) -> row(row))
        .list();
  }

  public static List<Row> find(Handle handle, Collection<Long> ids) {
    return handle
        .createQuery(FIND)
        .bindArray("ids", Long.class, List.copyOf(ids))
        .map((row, context) -> row(row))
        .list();
  }

  public static Optional<Row> find(Handle handle, long id) {
    return find(handle, List.of(id)).stream().findFirst();
  }

  /** The largest groups first, at most {@link #GROUPS_MAX}. */
  public static List<Group> groups(Handle handle, Filter filter) {
    return bind(handle.createQuery(GROUPS), filter)
        .bind("limit", GROUPS_MAX)
        .map(
            (row, context) ->
                new Group(
                    row.getString("fingerprint"),
                    row.getString("job"),
                    row.getString("stage"),
                    row.getString("reason"),
                    row.getLong("count"),
                    row.getString("sample"),
                    ReadsRows.instant(row, "first"),
                    ReadsRows.instant(row, "last")))
        .list();
  }

  private static Query bind(Query query, Filter filter) {
    return query
        .bind("namespace", filter.namespace())
        .bind("job", filter.job())
        .bind("stage", filter.stage())
        .bind("fingerprint", filter.fingerprint())
        .bind("state", filter.state())
        .bind("text", filter.text());
  }

  /** Letters that the broker has not confirmed yet, the oldest first. */
  public static List<Row> unpublished(Handle handle, int limit) {
    return handle
        .createQuery(UNPUBLISHED)
        .bind("limit", limit)
        .map((row, context) -> row(row))
        .list();
  }

  public static void published(Handle handle, List<Long> ids) {
    handle.createUpdate(PUBLISHED).bindArray("ids", Long.class, ids).execute();
  }

  /** Up to 100,000. */
  public static int countOpen(Handle handle) {
    return handle.createQuery(COUNT_OPEN).mapTo(Integer.class).one();
  }

  private static Row row(java.sql.ResultSet row) throws java.sql.SQLException {
    return new Row(
        row.getLong("id"),
        row.getLong("run"),
        row.getInt("idx"),
        row.getString("namespace"),
        row.getString("job"),
        row.getInt("version"),
        row.getString("stage"),
        ReadsRows.integer(row, "item"),
        row.getString("handler"),
        row.getString("pool"),
        row.getString("message"),
        row.getString("reason"),
        row.getString("error"),
        row.getString("fingerprint"),
        row.getInt("attempts"),
        row.getString("worker"),
        ReadsRows.instant(row, "first_failed"),
        ReadsRows.instant(row, "last_failed"),
        row.getString("state"),
        row.getString("actor"),
        row.getString("note"),
        ReadsRows.instant(row, "ended_at"));
  }
}
