package dev.millrace.scheduler.store;

import java.util.List;
import org.jdbi.v3.core.Handle;

/** The table file_wait: which stages wait for files. Stateless; the leader's transaction. */
public final class FileWaitRows {
  private FileWaitRows() {}

  /**
   * A stage that waits.
   *
   * @param spec its {@code with} as JSON
   */
  public record Row(long run, int stage, int attempt, String spec) {}

  private static final String PUT =
      """
      insert into file_wait (run, idx, attempt, spec) values (:run, :stage, :attempt, :spec)
      on conflict (run, idx) do update set attempt = excluded.attempt, spec = excluded.spec
      """;

  private static final String FORGET = "delete from file_wait where run = :run and idx = :stage";

  private static final String ALL =
      "select run, idx, attempt, spec from file_wait order by run, idx";

  public static void put(Handle tx, Row row) {
    tx.createUpdate(PUT).bindMethods(row).execute();
  }

  public static void forget(Handle tx, long run, int stage) {
    tx.createUpdate(FORGET).bind("run", run).bind("stage", stage).execute();
  }

  public static List<Row> all(Handle tx) {
    return tx.createQuery(ALL)
        .map(
            (row, context) ->
                new Row(row.getLong(1), row.getInt(2), row.getInt(3), row.getString(4)))
        .list();
  }
}
