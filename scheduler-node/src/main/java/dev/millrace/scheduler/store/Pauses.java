package dev.millrace.scheduler.store;

import java.util.List;
import org.jdbi.v3.core.Handle;

/** The table pause: what is paused as a whole. Stateless; the leader's transaction. */
public final class Pauses {
  private Pauses() {}

  /**
   * A pause.
   *
   * @param name empty for everything
   * @param since microseconds since 1970
   */
  public record Row(String scope, String name, String actor, String reason, long since) {}

  /** A pause of a pool that is over; instants in microseconds since 1970. */
  public record Rest(String pool, long since, long until) {}

  private static final String ALL = "select scope, name, actor, reason, micros(since) from pause";

  private static final String RESTS =
      "select pool, micros(since), micros(until) from pool_rest order by pool, since";

  private static final String REST =
      """
      insert into pool_rest (pool, since, until) values (:pool, ts(:since), ts(:until))
      on conflict do nothing
      """;

  /** Nothing stands in line for a quarter of a year and then asks how long it rested. */
  private static final String FORGET_RESTS =
      "delete from pool_rest where until < ts(:now) - interval '90 days'";

  private static final String PUT =
      """
      insert into pause (scope, name, since, actor, reason) values (:scope, :name, ts(:since), :actor, :reason)
      on conflict do nothing
      """;

  private static final String DROP = "delete from pause where scope = :scope and name = :name";

  public static List<Row> all(Handle tx) {
    return tx.createQuery(ALL)
        .map(
            (row, context) ->
                new Row(
                    row.getString(1),
                    row.getString(2),
                    row.getString(3),
                    row.getString(4),
                    row.getLong(5)))
        .list();
  }

  /** By pool and beginning. */
  public static List<Rest> rests(Handle tx) {
    return tx.createQuery(RESTS)
        .map((row, context) -> new Rest(row.getString(1), row.getLong(2), row.getLong(3)))
        .list();
  }

  public static void rested(Handle tx, Rest rest) {
    tx.createUpdate(REST).bindMethods(rest).execute();
    tx.createUpdate(FORGET_RESTS).bind("now", rest.until()).execute();
  }

  /**
   * @return false when it was paused already
   */
  public static boolean put(Handle tx, Row row) {
    return tx.createUpdate(PUT).bindMethods(row).execute() == 1;
  }

  /**
   * @return false when it was not paused
   */
  public static boolean drop(Handle tx, String scope, String name) {
    return tx.createUpdate(DROP).bind("scope", scope).bind("name", name).execute() == 1;
  }
}
