package dev.millrace.scheduler.store;

import static dev.millrace.scheduler.store.ReadsRows.instant;
import static dev.millrace.scheduler.store.ReadsRows.integer;
import static dev.millrace.scheduler.store.ReadsRows.number;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/** What the API reads of dead letters. Stateless; the caller's thread. */
public final class ReadsDead {
  private ReadsDead() {}

  /** A letter; {@code message} is null in lists. */
  public record Letter(
      long id,
      long run,
      String stage,
      int attempt,
      Long parent,
      Integer item,
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
      Instant firstFailed,
      Instant lastFailed,
      String state,
      String actor,
      String note,
      Instant endedAt,
      Long successor) {}

  /** Letters that look alike, with the newest of them. */
  public record Group(long count, Instant firstFailed, Instant lastFailed, Letter newest) {}

  private static final String COLUMNS =
      """
      id, run, stage, attempt, parent, item, namespace, job, version, handler, pool, reason, error, fingerprint,
        attempts, worker, first_failed, last_failed, state, actor, note, ended_at, successor
      """;

  private static final String FIND =
      "select message, " + COLUMNS + " from dead_letter where id = :id";

  /** The state as a literal, so that the planner can prove the index of the OPEN ones. */
  private static final String OPEN_PAGE =
      "select null as message, "
          + COLUMNS
          + " from dead_letter where state = 'OPEN' and namespace = :namespace and id < :before\n"
          + DeadLetters.MATCHES
          + "order by id desc limit :limit";

  private static final String PAGE =
      "select null as message, "
          + COLUMNS
          + " from dead_letter where namespace = :namespace and id < :before\n"
          + "and (cast(:state as text) is null or state = :state)\n"
          + DeadLetters.MATCHES
          + "order by id desc limit :limit";

  private static final String GROUPS =
      """
      select g.count, g.first, g.last, null as message, d.*
      from (
        select count(*) as count, min(first_failed) as first, max(last_failed) as last, max(id) as newest
        from dead_letter where state = 'OPEN' and namespace = :namespace
      """
          + DeadLetters.MATCHES
          + """
              group by fingerprint having max(id) < :before
              order by newest desc limit :limit
            ) g
            join lateral (select\s"""
          + COLUMNS
          + """
             from dead_letter where id = g.newest) d on true
            order by d.id desc
            """;

  public static Optional<Letter> find(Handle handle, long id) {
    return handle.createQuery(FIND).bind("id", id).map((row, context) -> letter(row)).findOne();
  }

  /**
   * Letters below an id, newest first.
   *
   * @param state null for any
   */
  public static List<Letter> page(
      Handle handle, DeadLetters.Filter filter, String state, long before, int limit) {
    boolean open = DeadLetters.OPEN.equals(state);
    var query = DeadLetters.bind(handle.createQuery(open ? OPEN_PAGE : PAGE), filter);
    return (open ? query : query.bind("state", state))
        .bind("before", before)
        .bind("limit", limit)
        .map((row, context) -> letter(row))
        .list();
  }

  /** Groups of OPEN letters whose newest is below an id, the one with the newest letter first. */
  public static List<Group> groups(
      Handle handle, DeadLetters.Filter filter, long before, int limit) {
    return DeadLetters.bind(handle.createQuery(GROUPS), filter)
        .bind("before", before)
        .bind("limit", limit)
        .map(
            (row, context) ->
                new Group(
                    row.getLong("count"), instant(row, "first"), instant(row, "last"), letter(row)))
        .list();
  }

  private static Letter letter(ResultSet row) throws SQLException {
    return new Letter(
        row.getLong("id"),
        row.getLong("run"),
        row.getString("stage"),
        row.getInt("attempt"),
        number(row, "parent"),
        integer(row, "item"),
        row.getString("namespace"),
        row.getString("job"),
        row.getInt("version"),
        row.getString("handler"),
        row.getString("pool"),
        row.getString("message"),
        row.getString("reason"),
        row.getString("error"),
        row.getString("fingerprint"),
        row.getInt("attempts"),
        row.getString("worker"),
        instant(row, "first_failed"),
        instant(row, "last_failed"),
        row.getString("state"),
        row.getString("actor"),
        row.getString("note"),
        instant(row, "ended_at"),
        number(row, "successor"));
  }
}
