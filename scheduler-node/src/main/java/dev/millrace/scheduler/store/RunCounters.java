package dev.millrace.scheduler.store;

import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;
import org.jdbi.v3.core.Handle;

/**
 * The table run_counter: what the ended attempts of runs with limits have counted. Stateless; the
 * caller's thread and transaction.
 */
public final class RunCounters {
  private RunCounters() {}

  /** One counter of a run. */
  public record Row(long run, String name, long value) {}

  private static final String OF =
      "select name, value from run_counter where run = :run order by name";

  private static final String PUT =
      """
      insert into run_counter (run, name, value)
      select run, name, value from unnest(?, ?, ?) as u (run, name, value)
      on conflict (run, name) do update set value = excluded.value
      """;

  private static final String SWEEP =
      """
      delete from run_counter where run in (
        select run from run_counter where run < :below order by run limit :limit)
      """;

  public static Map<String, Long> of(Handle handle, long run) {
    return new TreeMap<>(
        handle
            .createQuery(OF)
            .bind("run", run)
            .map((row, context) -> Map.entry(row.getString(1), row.getLong(2)))
            .collectToMap(Map.Entry::getKey, Map.Entry::getValue));
  }

  public static void put(Handle tx, Collection<Row> rows) {
    if (rows.isEmpty()) {
      return;
    }
    Columns columns = new Columns();
    var runs = columns.longs();
    var names = columns.texts();
    var values = columns.longs();
    for (Row row : rows) {
      runs.add(row.run());
      names.add(row.name());
      values.add(row.value());
    }
    columns.execute(tx, PUT);
  }

  /** Forgets those of runs below this id, a bounded number of them. */
  public static int forget(Handle handle, long below, int limit) {
    return handle.createUpdate(SWEEP).bind("below", below).bind("limit", limit).execute();
  }
}
