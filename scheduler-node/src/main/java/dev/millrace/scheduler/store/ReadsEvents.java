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

  /** Where the sequence of batches stands: every row written from now on is above. */
  private static final String SEQUENCE_AT =
      "select case when is_called then last_value else last_value - 1 end from transition_seq";

  private static final String SNAPSHOT =
      """
      select pg_snapshot_xmin(s)::text::bigint as xmin, pg_snapshot_xmax(s)::text::bigint as xmax
      from pg_current_snapshot() s
      """;

  /**
   * The rows of whole batches, put together again; followers never touch the rows' own table. A
   * batch has a row at least, so that many rows are in that many batches, and one that is half
   * read. The lists of moves are unnested once per batch: picked by subscript, each row would
   * unpack all of them. In this order the batches come from the index and are sorted one by one,
   * until the limit.
   */
  private static final String BETWEEN =
      """
      select (b.batch << 16) + r.place - 1 as seq, r.run, r.job, b.epoch, b.at, r.moves
      from (
        select * from transition_batch
        where batch >= :after >> 16 and batch <= :upTo >> 16 order by batch limit :limit + 1
      ) b cross join lateral (
        select r.run, r.place, s.job, s.moves
        from unnest(b.runs, b.which) with ordinality as r (run, which, place)
        join unnest(b.jobs, b.moves) with ordinality as s (job, moves, story) on s.story = r.which
      ) r
      where (b.batch << 16) + r.place - 1 > :after and (b.batch << 16) + r.place - 1 <= :upTo
      order by b.batch, r.place limit :limit
      """;

  /** A number that every row written from now on is above. */
  public static long sequenceAt(Handle handle) {
    long batch = handle.createQuery(SEQUENCE_AT).mapTo(Long.class).one();
    return ((batch + 1) << TransitionLog.PLACE_BITS) - 1;
  }

  /** True when nothing can be between two rows: of one batch, or of two that follow each other. */
  public static boolean follows(long seq, long before) {
    long batches = (seq >> TransitionLog.PLACE_BITS) - (before >> TransitionLog.PLACE_BITS);
    return batches == 0 || batches == 1;
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
