package dev.millrace.scheduler.store;

import org.jdbi.v3.core.Handle;

/** The table standing: what the leader finds out, for other nodes to show. Stateless. */
public final class Standing {
  public static final String TICKS_UNACCOUNTED = "ticks.unaccounted";

  /** Of the whole, not of one namespace. */
  private static final String WHOLE = "";

  private Standing() {}

  private static final String PUT =
      """
      insert into standing (name, namespace, value, at) values (:name, :namespace, :value, clock_timestamp())
      on conflict (name, namespace) do update set value = excluded.value, at = excluded.at
      where standing.value <> excluded.value
      """;

  public static void put(Handle handle, String name, long value) {
    handle
        .createUpdate(PUT)
        .bind("name", name)
        .bind("namespace", WHOLE)
        .bind("value", value)
        .execute();
  }
}
