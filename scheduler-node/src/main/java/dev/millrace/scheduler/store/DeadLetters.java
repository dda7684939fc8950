package dev.millrace.scheduler.store;

import dev.millrace.scheduler.store.Batch.Kind;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.SqlStatement;

/**
 * The table dead_letter, as the leader writes it and looks things up in it. Stateless; the leader's
 * thread and transaction, but where a method says otherwise.
 */
public final class DeadLetters {
  public static final String OPEN = "OPEN";
  public static final String REDRIVEN = "REDRIVEN";
  public static final String DISCARDED = "DISCARDED";

  /** Nobody needs to know more exactly how many there are, and counting costs. */
  public static final int COUNT_MAX = 100_000;

  /** Closed letters that one round of housekeeping forgets at the most. */
  private static final int FORGET_MAX = 10_000;

  /** The item of a letter whose run is no item's. */
  public static final int NO_ITEM = -1;

  private DeadLetters() {}

  /**
   * A letter that is not stored yet. Instants are microseconds since 1970.
   *
   * @param message JSON text, bounded, without secrets
   * @param reason the class of the error
   */
  public record Fresh(
      long id,
      Place place,
      String namespace,
      String job,
      int version,
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

  /**
   * Where a letter comes from.
   *
   * @param parent the run whose stage waits for this one, 0 for none
   * @param item number of the item that the run is for, or {@link #NO_ITEM}
   */
  public record Place(
      long run, int index, String stage, int attempt, long parent, int parentIndex, int item) {}

  /** What is needed to judge a letter; {@code endedAt} is 0 while it is OPEN. */
  public record Row(
      long id,
      String namespace,
      long run,
      int index,
      String stage,
      long lastFailed,
      String state,
      String actor,
      String note,
      long endedAt) {}

  /**
   * How a letter is closed.
   *
   * @param successor the run that was started instead, 0 for none
   */
  public record Closing(long id, String state, String actor, String note, long successor) {}

  /** A stage that left FAILED, and what becomes of its letter. */
  public record Left(long run, int index, String state, String actor, String note) {}

  /**
   * Which letters are meant; null and 0 mean any. Instants are microseconds since 1970.
   *
   * @param error part of the error's text, whatever its case
   * @param until exclusive
   */
  public record Filter(
      String namespace,
      long run,
      String job,
      String stage,
      String fingerprint,
      String error,
      long since,
      long until) {
    /** True when nothing but the namespace is asked for. */
    public boolean takesAll() {
      return run == 0
          && job == null
          && stage == null
          && fingerprint == null
          && error == null
          && since == 0
          && until == 0;
    }
  }

  /** Where the failures before the last one are looked for. */
  public record Earlier(long run, int index, int beforeAttempt, int count) {}

  /** Goes with {@link #bind}. */
  static final String MATCHES =
      """
      and (:run = 0 or run = :run)
      and (cast(:job as text) is null or job = :job)
      and (cast(:stage as text) is null or stage = :stage)
      and (cast(:fingerprint as text) is null or fingerprint = :fingerprint)
      and (cast(:error as text) is null or strpos(lower(error), lower(:error)) > 0)
      and (:since = 0 or last_failed >= ts(:since))
      and (:until = 0 or last_failed < ts(:until))
      """;

  private static final String ROW =
      """
      select id, namespace, run, idx, stage, micros(last_failed), state, actor, note, micros(ended_at)
      from dead_letter
      """;

  private static final String FIND = ROW + "where id = any (:ids) order by id";

  private static final String NEXT =
      ROW
          + "where state = 'OPEN' and namespace = :namespace and id > :after and id < :before\n"
          + MATCHES
          + "order by id limit :limit";

  private static final String COUNT =
      "select count(*) from (select 1 from dead_letter where state = 'OPEN' and namespace ="
          + " :namespace and id < :before\n"
          + MATCHES
          + "limit :limit) c";

  private static final String COUNT_OPEN =
      "select count(*) from (select 1 from dead_letter where state = 'OPEN' limit :limit) c";

  private static final String CLOSE =
      """
      update dead_letter d
      set state = u.state, actor = u.actor, note = u.note, successor = nullif(u.successor, 0), ended_at = ts(:now)
      from unnest(:ids, :states, :actors, :notes, :successors) as u (id, state, actor, note, successor)
      where d.id = u.id and d.state = 'OPEN'
      """;

  private static final String CLOSE_OF_STAGES =
      """
      update dead_letter d
      set state = u.state, actor = u.actor, note = u.note, ended_at = ts(:now)
      from unnest(:runs, :indexes, :states, :actors, :notes) as u (run, idx, state, actor, note)
      where d.run = u.run and d.idx = u.idx and d.state = 'OPEN'
      """;

  private static final String CLOSE_OF_PARENTS =
      """
      update dead_letter d
      set state = u.state, actor = u.actor, note = u.note, ended_at = ts(:now)
      from unnest(:runs, :indexes, :states, :actors, :notes) as u (run, idx, state, actor, note)
      where d.parent = u.run and d.parent_idx = u.idx and d.state = 'OPEN' and d.parent is not null
      """;

  private static final String DISCARD =
      "update dead_letter set state = 'DISCARDED', actor = :actor, note = :note, ended_at = ts(:now)"
          + " where id = any (array(select id from dead_letter where state = 'OPEN' and namespace ="
          + " :namespace\n"
          + MATCHES
          + "order by id limit :limit))";

  /** The attempts table holds those that a later one replaced; the last one is the stage's own. */
  private static final String FIRST_FAILURES =
      """
      select u.nr, micros(min(f.finished_at)) as at
      from unnest(:runs, :indexes, :befores, :counts) with ordinality as u (run, idx, before, count, nr)
      cross join lateral (
        select a.finished_at from attempt a
        where a.run = u.run and a.idx = u.idx and a.attempt < u.before
          and a.outcome in ('failed', 'timed-out', 'lost')
        order by a.attempt desc limit u.count
      ) f
      group by u.nr
      """;

  private static final String FORGET =
      """
      delete from dead_letter where id = any (array(
        select id from dead_letter
        where ended_at < clock_timestamp() - interval '30 days' and published
        order by ended_at limit :limit))
      """;

  public static void insert(Handle tx, List<Fresh> letters) {
    Batch rows = new Batch();
    var id = rows.numbers("id", Kind.LONG);
    var run = rows.numbers("run", Kind.LONG);
    var index = rows.numbers("idx", Kind.INT);
    var attempt = rows.numbers("attempt", Kind.INT);
    var parent = rows.numbers("parent", Kind.LONG_OR_NULL);
    var parentIndex = rows.numbers("parent_idx", Kind.LONG_UNLESS_NEGATIVE);
    var item = rows.numbers("item", Kind.LONG_UNLESS_NEGATIVE);
    var version = rows.numbers("version", Kind.INT);
    var attempts = rows.numbers("attempts", Kind.INT);
    var first = rows.numbers("first_failed", Kind.INSTANT);
    var last = rows.numbers("last_failed", Kind.INSTANT);
    TextColumns texts = new TextColumns(rows);
    for (Fresh letter : letters) {
      Place place = letter.place();
      id.add(letter.id());
      run.add(place.run());
      index.add(place.index());
      attempt.add(place.attempt());
      parent.add(place.parent());
      parentIndex.add(place.parent() == 0 ? NO_ITEM : place.parentIndex());
      item.add(place.item());
      version.add(letter.version());
      attempts.add(letter.attempts());
      first.add(letter.firstFailed());
      last.add(letter.lastFailed());
      texts.add(letter);
    }
    rows.insertInto(tx, "dead_letter", letters.size());
  }

  /** The columns of a new letter that hold texts. */
  private static final class TextColumns {
    private final Batch.Texts namespace;
    private final Batch.Texts job;
    private final Batch.Texts stage;
    private final Batch.Texts handler;
    private final Batch.Texts pool;
    private final Batch.Texts message;
    private final Batch.Texts reason;
    private final Batch.Texts error;
    private final Batch.Texts fingerprint;
    private final Batch.Texts worker;

    TextColumns(Batch rows) {
      namespace = rows.texts("namespace");
      job = rows.texts("job");
      stage = rows.texts("stage");
      handler = rows.texts("handler");
      pool = rows.texts("pool");
      message = rows.texts("message");
      reason = rows.texts("reason");
      error = rows.texts("error");
      fingerprint = rows.texts("fingerprint");
      worker = rows.texts("worker");
    }

    void add(Fresh letter) {
      namespace.add(letter.namespace());
      job.add(letter.job());
      stage.add(letter.place().stage());
      handler.add(letter.handler());
      pool.add(letter.pool());
      message.add(letter.message());
      reason.add(letter.reason());
      error.add(letter.error());
      fingerprint.add(letter.fingerprint());
      worker.add(letter.worker());
    }
  }

  /**
   * When the first of so many stored failures was.
   *
   * @return in the order asked, 0 where none is stored
   */
  public static long[] firstFailures(Handle tx, List<Earlier> asked) {
    long[] first = new long[asked.size()];
    if (asked.isEmpty()) {
      return first;
    }
    tx.createQuery(FIRST_FAILURES)
        .bindArray("runs", Long.class, asked.stream().map(Earlier::run).toList())
        .bindArray("indexes", Integer.class, asked.stream().map(Earlier::index).toList())
        .bindArray("befores", Integer.class, asked.stream().map(Earlier::beforeAttempt).toList())
        .bindArray("counts", Integer.class, asked.stream().map(Earlier::count).toList())
        .map((row, context) -> new long[] {row.getLong(1), row.getLong(2)})
        .forEach(found -> first[(int) found[0] - 1] = found[1]);
    return first;
  }

  /** By id; ids that do not exist are missing. */
  public static List<Row> find(Handle tx, List<Long> ids) {
    return tx.createQuery(FIND)
        .bindArray("ids", Long.class, ids)
        .map((row, context) -> row(row))
        .list();
  }

  /** OPEN ones between two ids, both exclusive, oldest first. */
  public static List<Row> next(Handle tx, Filter filter, long after, long before, int limit) {
    return bind(tx.createQuery(NEXT), filter)
        .bind("after", after)
        .bind("before", before)
        .bind("limit", limit)
        .map((row, context) -> row(row))
        .list();
  }

  /** OPEN ones below an id, up to {@link #COUNT_MAX}. */
  public static int count(Handle tx, Filter filter, long before) {
    return bind(tx.createQuery(COUNT), filter)
        .bind("before", before)
        .bind("limit", COUNT_MAX)
        .mapTo(Integer.class)
        .one();
  }

  /** All OPEN ones, up to {@link #COUNT_MAX}. Any transaction. */
  public static int countOpen(Handle handle) {
    return handle.createQuery(COUNT_OPEN).bind("limit", COUNT_MAX).mapTo(Integer.class).one();
  }

  /**
   * Closes letters; those that are closed already stay as they are.
   *
   * @return how many were OPEN
   */
  public static int close(Handle tx, List<Closing> closings, long now) {
    if (closings.isEmpty()) {
      return 0;
    }
    return tx.createUpdate(CLOSE)
        .bindArray("ids", Long.class, closings.stream().map(Closing::id).toList())
        .bindArray("states", String.class, closings.stream().map(Closing::state).toList())
        .bindArray("actors", String.class, closings.stream().map(Closing::actor).toList())
        .bindArray("notes", String.class, closings.stream().map(Closing::note).toList())
        .bindArray("successors", Long.class, closings.stream().map(Closing::successor).toList())
        .bind("now", now)
        .execute();
  }

  /** Closes the letters of stages that are not FAILED any more as they were. */
  public static int closeOfStages(Handle tx, List<Left> left, long now) {
    return close(tx, CLOSE_OF_STAGES, left, now);
  }

  /** The same for the runs that these stages waited for: nobody waits for them any more. */
  public static int closeOfParents(Handle tx, List<Left> left, long now) {
    return close(tx, CLOSE_OF_PARENTS, left, now);
  }

  private static int close(Handle tx, String sql, List<Left> left, long now) {
    if (left.isEmpty()) {
      return 0;
    }
    return tx.createUpdate(sql)
        .bindArray("runs", Long.class, left.stream().map(Left::run).toList())
        .bindArray("indexes", Integer.class, left.stream().map(Left::index).toList())
        .bindArray("states", String.class, left.stream().map(Left::state).toList())
        .bindArray("actors", String.class, left.stream().map(Left::actor).toList())
        .bindArray("notes", String.class, left.stream().map(Left::note).toList())
        .bind("now", now)
        .execute();
  }

  /**
   * Discards the oldest OPEN ones that match.
   *
   * @return how many
   */
  public static int discard(
      Handle tx, Filter filter, String actor, String note, int limit, long now) {
    return bind(tx.createUpdate(DISCARD), filter)
        .bind("actor", actor)
        .bind("note", note)
        .bind("limit", limit)
        .bind("now", now)
        .execute();
  }

  /** Drops letters that were closed a month ago. Any transaction. */
  public static int forgetOld(Handle handle) {
    return handle.createUpdate(FORGET).bind("limit", FORGET_MAX).execute();
  }

  static <S extends SqlStatement<S>> S bind(S statement, Filter filter) {
    return statement
        .bind("namespace", filter.namespace())
        .bind("run", filter.run())
        .bind("job", filter.job())
        .bind("stage", filter.stage())
        .bind("fingerprint", filter.fingerprint())
        .bind("error", filter.error())
        .bind("since", filter.since())
        .bind("until", filter.until());
  }

  private static Row row(ResultSet row) throws SQLException {
    return new Row(
        row.getLong(1),
        row.getString(2),
        row.getLong(3),
        row.getInt(4),
        row.getString(5),
        row.getLong(6),
        row.getString(7),
        row.getString(8),
        row.getString(9),
        row.getLong(10));
  }
}
