package dev.millrace.scheduler.store;

import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/**
 * The tables event and listener: what was said, and which stages wait to hear it. Stateless; the
 * leader's transaction.
 */
public final class Events {
  private Events() {}

  /**
   * An event.
   *
   * @param environment reaches all namespaces whose jobs name this environment; null for the
   *     event's own namespace only
   * @param data JSON text or null
   */
  public record Event(
      String namespace, String environment, String name, String key, String data, String actor) {}

  /** A stage that waits. */
  public record Listener(
      long run,
      int stage,
      int attempt,
      String namespace,
      String environment,
      String name,
      String key) {}

  private static final String PUT =
      """
      insert into event (namespace, environment, name, key, data, actor, at)
      values (:namespace, :environment, :name, :key, :data, :actor, ts(:now))
      """;

  private static final String LISTEN =
      """
      insert into listener (run, idx, attempt, namespace, environment, name, key)
      values (:run, :stage, :attempt, :namespace, :environment, :name, :key)
      on conflict (run, idx) do update set attempt = excluded.attempt, name = excluded.name, key = excluded.key
      """;

  private static final String FORGET = "delete from listener where run = :run and idx = :stage";

  private static final String WAITING =
      """
      select run, idx, attempt, namespace, environment, name, key from listener
      where name = :name and key = :key
        and (namespace = :namespace and cast(:environment as text) is null or environment = :environment)
      order by run, idx
      """;

  private static final String SINCE =
      """
      select namespace, environment, name, key, data, actor from event
      where name = :name and key = :key and at >= ts(:since)
        and (namespace = :namespace and environment is null or environment = :environment)
      order by at limit 1
      """;

  private static final String SWEEP =
      "delete from event where at < clock_timestamp() - interval '7 days'";

  public static void put(Handle tx, Event event, long now) {
    tx.createUpdate(PUT).bindMethods(event).bind("now", now).execute();
  }

  public static void listen(Handle tx, Listener listener) {
    tx.createUpdate(LISTEN).bindMethods(listener).execute();
  }

  public static void forget(Handle tx, long run, int stage) {
    tx.createUpdate(FORGET).bind("run", run).bind("stage", stage).execute();
  }

  /** Who waits for such an event. */
  public static List<Listener> waiting(Handle tx, Event event) {
    return tx.createQuery(WAITING)
        .bind("name", event.name())
        .bind("key", event.key())
        .bind("namespace", event.namespace())
        .bind("environment", event.environment())
        .map(
            (row, context) ->
                new Listener(
                    row.getLong(1),
                    row.getInt(2),
                    row.getInt(3),
                    row.getString(4),
                    row.getString(5),
                    row.getString(6),
                    row.getString(7)))
        .list();
  }

  /** The first such event since an instant in microseconds. */
  public static Optional<Event> since(Handle tx, Listener listener, long since) {
    return tx.createQuery(SINCE)
        .bind("name", listener.name())
        .bind("key", listener.key())
        .bind("since", since)
        .bind("namespace", listener.namespace())
        .bind("environment", listener.environment())
        .map(
            (row, context) ->
                new Event(
                    row.getString(1),
                    row.getString(2),
                    row.getString(3),
                    row.getString(4),
                    row.getString(5),
                    row.getString(6)))
        .findOne();
  }

  /** Drops events that are so old that no run waits for them. */
  public static int sweep(Handle handle) {
    return handle.createUpdate(SWEEP).execute();
  }
}
