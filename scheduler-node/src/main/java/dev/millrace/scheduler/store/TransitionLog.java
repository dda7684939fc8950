package dev.millrace.scheduler.store;

import java.sql.Array;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jdbi.v3.core.Handle;
import org.postgresql.PGConnection;

/**
 * Writes the transition log. Runs of one batch mostly move alike, so a batch holds each distinct
 * list of moves once, with the runs and which list each took; followers read whole batches. Where a
 * run's own rows are, its row says for the first and the last, and a row of {@code transition} for
 * each between. Against a row with all its text per run and batch that saves 5 of the 6
 * microseconds that a run's log took (2026-11-24, PG 15). The view {@code history} shows it as one.
 * Stateless; the leader's thread and transaction.
 */
final class TransitionLog {
  /** A seq is the batch's number and the place in it. */
  static final int PLACE_BITS = 16;

  /** Fits the place, and keeps the arrays of one row small. */
  private static final int ROWS_PER_BATCH_MAX = 20_000;

  private TransitionLog() {}

  /**
   * All moves of one run in one transaction; job id and JSON as {@code Draft.movesJson} makes it.
   */
  record Entry(long run, long job, String moves) {}

  private record Story(long job, String moves) {}

  private static final String INSERT_BATCH =
      """
      insert into transition_batch (epoch, at, jobs, moves, runs, which)
      values (?, ts(?), ?, ?, ?, ?) returning batch
      """;

  /**
   * Writes the entries in their order; a run may come once.
   *
   * @return the seq of each
   */
  static long[] write(Handle tx, List<Entry> entries, long epoch, long now) {
    long[] seqs = new long[entries.size()];
    for (int from = 0; from < entries.size(); from += ROWS_PER_BATCH_MAX) {
      int to = Math.min(entries.size(), from + ROWS_PER_BATCH_MAX);
      long batch = writeBatch(tx, entries.subList(from, to), epoch, now);
      for (int i = from; i < to; i++) {
        seqs[i] = batch << PLACE_BITS | (i - from);
      }
    }
    return seqs;
  }

  /** Says where rows are that are neither their run's first nor its last. */
  static void locate(Handle tx, List<Long> runs, List<Long> seqs) {
    Map<Long, List<Integer>> byDay = new HashMap<>();
    for (int i = 0; i < runs.size(); i++) {
      byDay.computeIfAbsent(Days.epochDay(runs.get(i)), any -> new ArrayList<>()).add(i);
    }
    byDay.forEach(
        (day, places) -> {
          Batch rows = new Batch();
          var run = rows.numbers("run", Batch.Kind.LONG);
          var seq = rows.numbers("seq", Batch.Kind.LONG);
          for (int place : places) {
            run.add(runs.get(place));
            seq.add(seqs.get(place));
          }
          rows.insertInto(tx, Days.partition("transition", day), places.size());
        });
  }

  private static long writeBatch(Handle tx, List<Entry> entries, long epoch, long now) {
    Map<Story, Integer> stories = new LinkedHashMap<>();
    long[] runs = new long[entries.size()];
    short[] which = new short[entries.size()];
    for (int i = 0; i < runs.length; i++) {
      Entry entry = entries.get(i);
      Story story = new Story(entry.job(), Columns.storable(entry.moves()));
      runs[i] = entry.run();
      which[i] = (short) (int) stories.computeIfAbsent(story, any -> stories.size() + 1);
    }
    return insertBatch(tx, epoch, now, List.copyOf(stories.keySet()), runs, which);
  }

  /** The number that the batch got. */
  private static long insertBatch(
      Handle tx, long epoch, long now, List<Story> stories, long[] runs, short[] which) {
    var connection = tx.getConnection();
    try (var statement = connection.prepareStatement(INSERT_BATCH)) {
      PGConnection pg = connection.unwrap(PGConnection.class);
      Array[] arrays = {
        pg.createArrayOf("int8", stories.stream().mapToLong(Story::job).toArray()),
        pg.createArrayOf("text", stories.stream().map(Story::moves).toArray(String[]::new)),
        pg.createArrayOf("int8", runs),
        pg.createArrayOf("int2", which)
      };
      statement.setLong(1, epoch);
      statement.setLong(2, now);
      for (int i = 0; i < arrays.length; i++) {
        statement.setArray(i + 3, arrays[i]);
      }
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return row.getLong(1);
      } finally {
        for (Array array : arrays) {
          array.free();
        }
      }
    } catch (SQLException e) {
      throw new StoreException("a batch of the log was refused and rolled back", e);
    }
  }
}
