package dev.millrace.scheduler.store;

import static dev.millrace.scheduler.store.ReadsRows.instant;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.UnableToExecuteStatementException;

/** The table api_token. Stateless; the caller's thread and transaction. */
public final class Tokens {
  private static final String UNIQUE_VIOLATION = "23505";

  private Tokens() {}

  /**
   * A token without its secret.
   *
   * @param roles JSON
   * @param ended true when it was revoked or has expired, by the database's clock
   */
  public record Row(
      long id,
      String name,
      byte[] hash,
      String roles,
      String createdBy,
      Instant createdAt,
      Instant expiresAt,
      Instant revokedAt,
      String revokedBy,
      String revokedReason,
      Instant usedAt,
      boolean ended) {}

  private static final String ROW =
      """
      select id, name, hash, roles, created_by, created_at, expires_at, revoked_at, revoked_by, revoked_reason,
        used_at, revoked_at is not null or coalesce(expires_at <= clock_timestamp(), false) as ended
      from api_token
      """;

  private static final String PUT =
      """
      insert into api_token (name, hash, roles, created_by, expires_at)
      values (:name, :hash, :roles, :by, clock_timestamp() + cast(:seconds as bigint) * interval '1 second')
      returning id
      """;

  /** The lock makes one of several nodes that start together the one that makes it. */
  private static final String LOCK = "lock table api_token in share row exclusive mode";

  private static final String NONE = "select not exists (select from api_token)";

  private static final String REVOKE =
      """
      update api_token set revoked_at = clock_timestamp(), revoked_by = :by, revoked_reason = :reason
      where id = :id and revoked_at is null
      """;

  private static final String USED =
      """
      update api_token set used_at = clock_timestamp()
      where id = any (:ids) and (used_at is null or used_at < clock_timestamp() - interval '50 seconds')
      """;

  /**
   * @param seconds until it expires, or null
   * @return its id; empty when a token of this name is in use
   */
  public static Optional<Long> put(
      Handle tx, String name, byte[] hash, String roles, String by, Long seconds) {
    try {
      return Optional.of(
          tx.createQuery(PUT)
              .bind("name", name)
              .bind("hash", hash)
              .bind("roles", roles)
              .bind("by", by)
              .bind("seconds", seconds)
              .mapTo(Long.class)
              .one());
    } catch (UnableToExecuteStatementException e) {
      if (e.getCause() instanceof SQLException sql && UNIQUE_VIOLATION.equals(sql.getSQLState())) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /** The same when there has never been any token; only one of those who ask together gets it. */
  public static Optional<Long> putFirst(
      Handle tx, String name, byte[] hash, String roles, String by) {
    tx.execute(LOCK);
    return tx.createQuery(NONE).mapTo(Boolean.class).one()
        ? put(tx, name, hash, roles, by, null)
        : Optional.empty();
  }

  public static Optional<Row> find(Handle handle, long id) {
    return handle.createQuery(ROW + "where id = :id").bind("id", id).map(Tokens::row).findOne();
  }

  /** Newest first. */
  public static List<Row> page(Handle handle, long before, int limit) {
    return handle
        .createQuery(ROW + "where id < :before order by id desc limit :limit")
        .bind("before", before)
        .bind("limit", limit)
        .map(Tokens::row)
        .list();
  }

  /**
   * @return false when there is no such token, or it was revoked already
   */
  public static boolean revoke(Handle tx, long id, String by, String reason) {
    return tx.createUpdate(REVOKE).bind("id", id).bind("by", by).bind("reason", reason).execute()
        == 1;
  }

  /** Remembers that they were used just now. */
  public static void used(Handle tx, List<Long> ids) {
    tx.createUpdate(USED).bindArray("ids", Long.class, ids).execute();
  }

  private static Row row(ResultSet row, Object context) throws SQLException {
    return new Row(
        row.getLong("id"),
        row.getString("name"),
        row.getBytes("hash"),
        row.getString("roles"),
        row.getString("created_by"),
        instant(row, "created_at"),
        instant(row, "expires_at"),
        instant(row, "revoked_at"),
        row.getString("revoked_by"),
        row.getString("revoked_reason"),
        instant(row, "used_at"),
        row.getBoolean("ended"));
  }
}
