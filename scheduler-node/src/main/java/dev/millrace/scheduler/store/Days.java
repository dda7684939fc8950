package dev.millrace.scheduler.store;

import dev.millrace.model.RunId;
import java.time.LocalDate;
import java.time.format.DateTimeFormatter;

/** Names of the day partitions, as ensure_partitions makes them. Stateless. */
final class Days {
  private static final long MILLIS_PER_DAY = 86_400_000L;

  private Days() {}

  /** The day that a run's id belongs to, in days since 1970. */
  static long epochDay(long run) {
    return Math.floorDiv((run >> 22) + RunId.EPOCH_MILLIS, MILLIS_PER_DAY);
  }

  /**
   * The partition of a table for a day, such as run_20261124. Hot statements name it: through the
   * parent each row of an update costs a walk over all partitions (17 against 10 microseconds a
   * row, measured 2026-11-22 on PG 15), and a range condition that would prune them makes the
   * planner prefer it to the key.
   */
  static String partition(String table, long epochDay) {
    return table + "_" + LocalDate.ofEpochDay(epochDay).format(DateTimeFormatter.BASIC_ISO_DATE);
  }
}
