package dev.millrace.scheduler.store;

import java.util.List;
import org.jdbi.v3.core.Handle;

/** The table pause: what is paused as a whole. Stateless; the leader's transaction. */
public final class Pauses {
  private Pauses() {}

  /** A pause; the name is empty for everything. */
  public record Row(String scope, String name, String actor, String reason) {}

  private static final String ALL = "select scope, name, actor, reason from pause";

  private static final String PUT =
      """
      insert into pause (scope, name, since, actor, reason) values (:scope, :name, ts(:now), :actor, :reason)
      on conflict do nothing
      """;

  private static final String DROP = "delete from pause where scope = :scope and name = :name";

  public static List<Row> all(Handle tx) {
    return tx.createQuery(ALL)
        .map(
            (row, context) ->
                new Row(row.getString(1), row.getString(2), row.getString(3), row.getString(4)))
        .list();
  }

  /**
   * @return false when it was paused already
   */
  public static boolean put(Handle tx, Row row, long now) {
    return tx.createUpdate(PUT).bindMethods(row).bind("now", now).execute() == 1;
  }

  /**
   * @return false when it was not paused
   */
  public static boolean drop(Handle tx, String scope, String name) {
    return tx.createUpdate(DROP).bind("scope", scope).bind("name", name).execute() == 1;
  }
}
