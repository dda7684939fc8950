package dev.millrace.scheduler.store;

import java.util.List;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.transaction.TransactionIsolationLevel;

/**
 * The transition log in the order of seq, with what a follower needs to know about writers that
 * have not committed yet. Stateless; the caller's thread.
 */
public final class ReadsEvents {
  private ReadsEvents() {}

  /**
   * One look at the log.
   *
   * @param xmin every transaction below it has ended in this look
   * @param xmax every transaction that had an id at this look is below it
   */
  public record Look(long xmin, long xmax, List<ReadsRuns.Transition> rows) {}

  /** Where the sequence stands: every row written from now on is above. */
  private static final String SEQUENCE_AT =
      "select case when is_called then last_value else last_value - 1 end from transition_seq";

  private static final String SNAPSHOT =
      """
      select pg_snapshot_xmin(s)::text::bigint as xmin, pg_snapshot_xmax(s)::text::bigint as xmax
      from pg_current_snapshot() s
      """;

  private static final String BETWEEN =
      """
      select seq, run, job, epoch, at, moves from transition
      where seq > :after and seq <= :upTo order by seq limit :limit
      """;

  public static long sequenceAt(Handle handle) {
    return handle.createQuery(SEQUENCE_AT).mapTo(Long.class).one();
  }

  /** Rows above {@code after} and the writers still open, of one and the same moment. */
  public static Look look(Handle handle, long after, int limit) {
    return handle.inTransaction(
        TransactionIsolationLevel.REPEATABLE_READ,
        tx -> {
          long[] snapshot =
              tx.createQuery(SNAPSHOT)
                  .map((row, context) -> new long[] {row.getLong("xmin"), row.getLong("xmax")})
                  .one();
          return new Look(snapshot[0], snapshot[1], between(tx, after, Long.MAX_VALUE, limit));
        });
  }

  public static List<ReadsRuns.Transition> between(
      Handle handle, long after, long upTo, int limit) {
    return handle
        .createQuery(BETWEEN)
        .bind("after", after)
        .bind("upTo", upTo)
        .bind("limit", limit)
        .map((row, context) -> ReadsRuns.transition(row))
        .list();
  }
}
