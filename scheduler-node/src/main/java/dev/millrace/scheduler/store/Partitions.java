package dev.millrace.scheduler.store;

import org.jdbi.v3.core.Handle;

/** Day partitions, made ahead. Stateless. */
public final class Partitions {
  private Partitions() {}

  /** Days kept ready ahead of today. */
  public static final int DAYS_AHEAD = 7;

  private static final String ENSURE =
      "select ensure_partitions((clock_timestamp() at time zone 'UTC')::date - 1, :days)";

  /**
   * @return how many partitions were made
   */
  public static int ensure(Handle handle) {
    return handle.createQuery(ENSURE).bind("days", DAYS_AHEAD + 2).mapTo(Integer.class).one();
  }
}
