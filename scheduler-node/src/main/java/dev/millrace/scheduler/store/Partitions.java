package dev.millrace.scheduler.store;

import java.time.LocalDate;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import org.jdbi.v3.core.Handle;

/** Day partitions, made ahead. Stateless. */
public final class Partitions {
  private Partitions() {}

  /** Days kept ready ahead of today. */
  public static final int DAYS_AHEAD = 7;

  private static final long MICROS_PER_DAY = 86_400_000_000L;

  private static final String ENSURE =
      "select ensure_partitions((clock_timestamp() at time zone 'UTC')::date - 1, :days)";

  private static final String ENSURE_DAY = "select ensure_partitions(cast(:day as date), 1)";

  /** Makes the partitions of the day that a run's id belongs to, if they are not there. */
  public static void ensureDayOf(Handle tx, long run, long now) {
    long day = Days.epochDay(run);
    long today = Math.floorDiv(now, MICROS_PER_DAY);
    if (day < today - 1 || day > today + 1) {
      String text = LocalDate.ofEpochDay(day).toString();
      tx.createQuery(ENSURE_DAY).bind("day", text).mapTo(Integer.class).one();
    }
  }

  private static final String PRESENT =
      "select day from unnest(:days, :names) as d (day, name) where to_regclass(name) is not null";

  /**
   * Those of these days, since 1970, of which a table still has its partition: days are dropped by
   * hand.
   */
  public static Set<Long> present(Handle handle, String table, Collection<Long> days) {
    if (days.isEmpty()) {
      return Set.of();
    }
    List<Long> each = List.copyOf(days);
    return Set.copyOf(
        handle
            .createQuery(PRESENT)
            .bindArray("days", Long.class, each)
            .bindArray(
                "names",
                String.class,
                each.stream().map(day -> Days.partition(table, day)).toList())
            .mapTo(Long.class)
            .list());
  }

  /**
   * @return how many partitions were made
   */
  public static int ensure(Handle handle) {
    return handle.createQuery(ENSURE).bind("days", DAYS_AHEAD + 2).mapTo(Integer.class).one();
  }
}
