package dev.millrace.scheduler.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/**
 * The table lease: who leads, judged by the database's clock only. Two locks keep terms apart: a
 * leader's transaction holds the row FOR KEY SHARE, renewals are plain updates that pass it, and a
 * takeover locks it FOR UPDATE, so it waits until a transaction of the old term has ended (bounded
 * by idle_in_transaction_session_timeout) and sees all it did. Stateless; the caller's thread.
 */
public final class Leases {
  private Leases() {}

  /**
   * What a look at the lease showed.
   *
   * @param now the database's clock in microseconds
   * @param holder who holds it, or null
   * @param free true when it is expired, resigned, or its holder's session is gone
   */
  public record Look(long now, String holder, long epoch, boolean free) {}

  /** A term just won. */
  public record Won(long epoch, long confirmed, long now) {}

  private static final String LOOK =
      """
      select micros(clock_timestamp()), l.holder, coalesce(l.epoch, 0),
             l.name is null
             or l.expires_at < clock_timestamp()
             or l.expires_at > clock_timestamp() + make_interval(secs => ? + 5)
             or not exists (select 1 from pg_stat_activity a where a.pid = l.pid and a.backend_start = l.backend_start)
      from (select 1) as one left join lease l on l.name = 'leader'
      """;

  /** The check is made again under the lock: another follower may have been faster. */
  private static final String LOCK =
      """
      select l.epoch,
             l.expires_at < clock_timestamp()
             or l.expires_at > clock_timestamp() + make_interval(secs => ? + 5)
             or not exists (select 1 from pg_stat_activity a where a.pid = l.pid and a.backend_start = l.backend_start)
      from lease l where l.name = 'leader' for update
      """;

  private static final String FIRST =
      """
      insert into lease (name, holder, epoch, acquired_at, expires_at)
      values ('leader', '', 0, clock_timestamp(), clock_timestamp() - interval '1 second')
      on conflict (name) do nothing
      """;

  /**
   * Epochs stay ahead even when a restore takes the row back: they are at least the clock's
   * milliseconds.
   */
  private static final String TAKE =
      """
      update lease
      set holder = ?, address = ?, epoch = greatest(epoch + 1, micros(clock_timestamp()) / 1000),
          pid = pg_backend_pid(),
          backend_start = (select backend_start from pg_stat_activity where pid = pg_backend_pid()),
          acquired_at = clock_timestamp(), expires_at = clock_timestamp() + make_interval(secs => ?)
      where name = 'leader'
      returning epoch, confirmed, micros(clock_timestamp())
      """;

  private static final String RENEW =
      """
      update lease
      set expires_at = clock_timestamp() + make_interval(secs => ?), confirmed = greatest(confirmed, ?)
      where name = 'leader' and holder = ? and epoch = ? and expires_at >= clock_timestamp()
      returning micros(clock_timestamp())
      """;

  private static final String RESIGN =
      """
      update lease
      set expires_at = clock_timestamp() - interval '1 second', pid = null, confirmed = greatest(confirmed, ?)
      where name = 'leader' and holder = ? and epoch = ?
      """;

  private static final String FENCE =
      """
      select 1 from lease
      where name = 'leader' and epoch = :epoch and expires_at >= clock_timestamp()
      for key share
      """;

  private static final String WHO =
      "select holder from lease where name = 'leader' and expires_at >= clock_timestamp()";

  public static Look look(Connection connection, double ttlSeconds) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(LOOK)) {
      statement.setDouble(1, ttlSeconds);
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return new Look(row.getLong(1), row.getString(2), row.getLong(3), row.getBoolean(4));
      }
    }
  }

  /**
   * Takes the lease if it is free, in a transaction of its own on a connection that stays open for
   * the whole term: its session is the sign of life.
   *
   * @return empty when somebody else was faster
   */
  public static Optional<Won> take(
      Connection connection, String holder, String address, double ttlSeconds) throws SQLException {
    connection.setAutoCommit(false);
    try {
      try (PreparedStatement first = connection.prepareStatement(FIRST)) {
        first.executeUpdate();
      }
      try (PreparedStatement lock = connection.prepareStatement(LOCK)) {
        lock.setDouble(1, ttlSeconds);
        try (ResultSet row = lock.executeQuery()) {
          if (!row.next() || !row.getBoolean(2)) {
            connection.rollback();
            return Optional.empty();
          }
        }
      }
      Won won;
      try (PreparedStatement take = connection.prepareStatement(TAKE)) {
        take.setString(1, holder);
        take.setString(2, address);
        take.setDouble(3, ttlSeconds);
        try (ResultSet row = take.executeQuery()) {
          row.next();
          won = new Won(row.getLong(1), row.getLong(2), row.getLong(3));
        }
      }
      connection.commit();
      return Optional.of(won);
    } catch (SQLException e) {
      connection.rollback();
      throw e;
    } finally {
      connection.setAutoCommit(true);
    }
  }

  /**
   * @return the database's clock in microseconds; empty when the term is over
   */
  public static Optional<Long> renew(
      Connection connection, String holder, long epoch, double ttlSeconds, long confirmed)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(RENEW)) {
      statement.setDouble(1, ttlSeconds);
      statement.setLong(2, confirmed);
      statement.setString(3, holder);
      statement.setLong(4, epoch);
      try (ResultSet row = statement.executeQuery()) {
        return row.next() ? Optional.of(row.getLong(1)) : Optional.empty();
      }
    }
  }

  public static void resign(Connection connection, String holder, long epoch, long confirmed)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(RESIGN)) {
      statement.setLong(1, confirmed);
      statement.setString(2, holder);
      statement.setLong(3, epoch);
      statement.executeUpdate();
    }
  }

  /**
   * Guards a leader's transaction: it holds the lease row until the end, so no other term can begin
   * under it.
   *
   * @return false when the term is over; then nothing may be written
   */
  public static boolean fence(Handle tx, long epoch) {
    return tx.createQuery(FENCE).bind("epoch", epoch).mapTo(Integer.class).findOne().isPresent();
  }

  /** Who leads now, if anybody. */
  public static Optional<String> holder(Handle handle) {
    return handle.createQuery(WHO).mapTo(String.class).findOne();
  }
}
