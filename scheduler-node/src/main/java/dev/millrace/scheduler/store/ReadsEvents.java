package dev.millrace.scheduler.store;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jdbi.v3.core.Handle;

/**
 * The transition log by its batches, as they are written: followers read each distinct list of
 * moves once, however many runs took it, and never touch the runs' own tables. Stateless; the
 * caller's thread.
 */
public final class ReadsEvents {
  private ReadsEvents() {}

  /**
   * One batch of the log: all that one transaction moved.
   *
   * @param jobs of each list of moves, the job
   * @param moves lists of moves as JSON
   * @param runs in the order in which they are in the batch
   * @param which of each run, its list of moves, from 1
   */
  @SuppressWarnings("ArrayRecordComponent") // read once, never compared
  public record LogBatch(
      long number,
      long epoch,
      Instant at,
      long[] jobs,
      String[] moves,
      long[] runs,
      short[] which) {
    /** The number of the event's row in the log: of the batch and the place in it. */
    public long seq(int place) {
      return number << TransitionLog.PLACE_BITS | place;
    }
  }

  /**
   * One look at the log.
   *
   * @param xmin every transaction below it has ended in this look
   * @param xmax every transaction that had an id at this look is below it
   */
  public record Look(long xmin, long xmax, List<LogBatch> batches) {}

  /** Where the sequence of batches stands: every batch written from now on is above. */
  private static final String SEQUENCE_AT =
      "select case when is_called then last_value else last_value - 1 end from transition_seq";

  /**
   * The batches above one and the writers still open, of one and the same moment: a statement has
   * one snapshot, so this is one question to the database and not four.
   */
  private static final String LOOK =
      """
      select pg_snapshot_xmin(s)::text::bigint as low, pg_snapshot_xmax(s)::text::bigint as high,
        b.batch, b.epoch, b.at, b.jobs, b.moves, b.runs, b.which
      from pg_current_snapshot() s left join lateral (
        select * from transition_batch where batch > :after order by batch limit :limit
      ) b on true
      order by b.batch
      """;

  private static final String BETWEEN =
      """
      select batch, epoch, at, jobs, moves, runs, which from transition_batch
      where batch > :after and batch <= :upTo order by batch limit :limit
      """;

  /** The number of the batch that a row of the log is in. */
  public static long batchOf(long seq) {
    return seq >> TransitionLog.PLACE_BITS;
  }

  /** A number that every batch written from now on is above. */
  public static long sequenceAt(Handle handle) {
    return handle.createQuery(SEQUENCE_AT).mapTo(Long.class).one();
  }

  /** Batches above {@code after} and the writers still open, of one and the same moment. */
  public static Look look(Handle handle, long after, int limit) {
    List<LogBatch> batches = new ArrayList<>();
    long[] bounds = new long[2];
    handle
        .createQuery(LOOK)
        .bind("after", after)
        .bind("limit", limit)
        .map(
            (row, context) -> {
              bounds[0] = row.getLong("low");
              bounds[1] = row.getLong("high");
              return row.getObject("batch") == null || batches.add(batch(row));
            })
        .list();
    return new Look(bounds[0], bounds[1], batches);
  }

  /** Batches above {@code after}, up to {@code upTo}, in their order. */
  public static List<LogBatch> between(Handle handle, long after, long upTo, int limit) {
    return handle
        .createQuery(BETWEEN)
        .bind("after", after)
        .bind("upTo", upTo)
        .bind("limit", limit)
        .map((row, context) -> batch(row))
        .list();
  }

  private static LogBatch batch(ResultSet row) throws SQLException {
    Long[] jobs = (Long[]) row.getArray("jobs").getArray();
    Long[] runs = (Long[]) row.getArray("runs").getArray();
    Short[] which = (Short[]) row.getArray("which").getArray();
    long[] plainJobs = new long[jobs.length];
    for (int i = 0; i < jobs.length; i++) {
      plainJobs[i] = jobs[i];
    }
    long[] plainRuns = new long[runs.length];
    short[] plainWhich = new short[which.length];
    for (int i = 0; i < runs.length; i++) {
      plainRuns[i] = runs[i];
      plainWhich[i] = which[i];
    }
    return new LogBatch(
        row.getLong("batch"),
        row.getLong("epoch"),
        row.getTimestamp("at").toInstant(),
        plainJobs,
        (String[]) row.getArray("moves").getArray(),
        plainRuns,
        plainWhich);
  }
}
