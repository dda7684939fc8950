package dev.millrace.scheduler.store;

import static dev.millrace.scheduler.store.ReadsRows.instant;
import static dev.millrace.scheduler.store.ReadsRows.number;

import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/** The table session. Stateless; the caller's thread and transaction. */
public final class Sessions {
  private Sessions() {}

  /**
   * A session that goes on.
   *
   * @param token whose roles it has, or null
   * @param roles JSON, when it has its own, or null
   */
  public record Row(String name, String kind, Long token, String roles, Instant endsAt) {}

  private static final String PUT =
      """
      insert into session (hash, name, kind, token, roles, ip, ends_at)
      values (:hash, :name, :kind, :token, :roles, :ip, least(
        clock_timestamp() + cast(:seconds as bigint) * interval '1 second', cast(:until as timestamptz)))
      """;

  private static final String FIND =
      """
      select name, kind, token, roles, ends_at from session
      where hash = :hash and ended_at is null and ends_at > clock_timestamp()
        and seen_at > clock_timestamp() - cast(:idle as bigint) * interval '1 second'
      """;

  private static final String SEEN =
      "update session set seen_at = clock_timestamp() where hash = any (:hashes)";

  private static final String END =
      "update session set ended_at = clock_timestamp() where hash = :hash and ended_at is null";

  private static final String FORGET =
      "delete from session where ends_at < clock_timestamp() - interval '1 day'";

  /**
   * @param until when what it was made of expires, or null
   */
  public static void put(Handle tx, byte[] hash, Row row, String ip, Duration most, Instant until) {
    tx.createUpdate(PUT)
        .bind("hash", hash)
        .bind("name", row.name())
        .bind("kind", row.kind())
        .bind("token", row.token())
        .bind("roles", row.roles())
        .bind("ip", ip)
        .bind("seconds", most.toSeconds())
        .bind("until", until)
        .execute();
  }

  public static Optional<Row> find(Handle handle, byte[] hash, Duration idle) {
    return handle
        .createQuery(FIND)
        .bind("hash", hash)
        .bind("idle", idle.toSeconds())
        .map(
            (row, context) ->
                new Row(
                    row.getString("name"),
                    row.getString("kind"),
                    number(row, "token"),
                    row.getString("roles"),
                    instant(row, "ends_at")))
        .findOne();
  }

  public static void seen(Handle tx, Collection<byte[]> hashes) {
    tx.createUpdate(SEEN).bindArray("hashes", byte[].class, hashes.toArray()).execute();
  }

  public static void end(Handle tx, byte[] hash) {
    tx.createUpdate(END).bind("hash", hash).execute();
  }

  public static void forget(Handle tx) {
    tx.execute(FORGET);
  }
}
