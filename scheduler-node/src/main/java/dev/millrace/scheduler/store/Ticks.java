package dev.millrace.scheduler.store;

import java.util.List;
import org.jdbi.v3.core.Handle;

/**
 * The table tick: what became of every planned tick. Its primary key (trigger, planned_at) is what
 * no failover can double. Stateless; the leader's transaction.
 */
public final class Ticks {
  private Ticks() {}

  /**
   * One row of the ledger; instants in microseconds.
   *
   * @param plannedUntil equals {@code plannedAt} unless the row stands for a range
   * @param run 0 unless FIRED
   */
  public record Entry(
      long trigger, long plannedAt, long plannedUntil, int ticks, String disposition, long run) {}

  private static final String INSERT =
      """
      insert into tick (trigger, planned_at, planned_until, ticks, disposition, run, epoch, recorded_at)
      select trigger, ts(planned_at), ts(planned_until), ticks, disposition, nullif(run, 0), epoch, ts(recorded_at)
      from unnest(?, ?, ?, ?, ?, ?, ?, ?)
        as u (trigger, planned_at, planned_until, ticks, disposition, run, epoch, recorded_at)
      """;

  public static void insert(Handle tx, List<Entry> entries, long epoch, long now) {
    if (entries.isEmpty()) {
      return;
    }
    Columns columns = new Columns();
    var triggers = columns.longs();
    var planned = columns.longs();
    var until = columns.longs();
    var counts = columns.ints();
    var dispositions = columns.texts();
    var runs = columns.longs();
    var epochs = columns.longs();
    var recorded = columns.longs();
    for (Entry entry : entries) {
      triggers.add(entry.trigger());
      planned.add(entry.plannedAt());
      until.add(entry.plannedUntil());
      counts.add(entry.ticks());
      dispositions.add(entry.disposition());
      runs.add(entry.run());
      epochs.add(epoch);
      recorded.add(now);
    }
    columns.execute(tx, INSERT);
  }
}
