package dev.millrace.scheduler.store;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.Query;
import org.jdbi.v3.core.statement.UnableToExecuteStatementException;

/**
 * Takes many starts in with a handful of statements: ids, keys, and few rows in the inbox.
 * Stateless; the caller's thread and transaction.
 */
public final class BulkAcceptance {
  /** Keys that were given back between two statements are claimed again so often. */
  private static final int TRIES_MAX = 3;

  private BulkAcceptance() {}

  /**
   * One start.
   *
   * @param params a JSON object as text
   * @param key or null
   */
  public record Item(String job, String params, String key) {}

  /** What came of one. */
  public sealed interface Result {
    record Fresh(long run) implements Result {}

    /** An earlier one with that key stands for it. */
    record Replayed(long run) implements Result {}

    /** The key was used with other params, for this run. */
    record KeyUsed(long run) implements Result {}
  }

  /** A row for the inbox: the starts of it as {@code runs.accepted} has them. */
  public record Row(String body, int starts) {}

  private static final String IDS =
      "select next_run_id(clock_timestamp()) from generate_series(1, :count)";

  /** In the order of keys, so that two such calls never wait for each other in a circle. */
  private static final String CLAIM =
      """
      insert into start_key (namespace, job, key, hash, run)
      select :namespace, job, 'k:' || key, sha256(convert_to((params::jsonb)::text, 'UTF8')), run
      from unnest(:jobs, :keys, :params, :runs) as u (job, key, params, run)
      order by job, key, run
      on conflict do nothing
      returning run
      """;

  private static final String LOOK_UP =
      """
      select u.run, k.run, k.hash = sha256(convert_to((u.params::jsonb)::text, 'UTF8'))
      from unnest(:jobs, :keys, :params, :runs) as u (job, key, params, run)
      join start_key k on k.namespace = :namespace and k.job = u.job and k.key = 'k:' || u.key
      """;

  private static final String PUT =
      """
      insert into inbox (kind, namespace, job, body, actor, reason, answer, weight)
      select 'runs.accepted', :namespace, null, body, :actor, :reason, :answer, weight
      from unnest(:bodies, :weights) with ordinality as u (body, weight, place) order by place
      returning id
      """;

  private static final String STATES =
      """
      select name, state from job where namespace = :namespace and name = any (:names) and state <> 'ARCHIVED'
      """;

  /** States by name of those of these jobs that are there. */
  public static Map<String, String> states(Handle handle, String namespace, List<String> names) {
    Map<String, String> states = new HashMap<>();
    handle
        .createQuery(STATES)
        .bind("namespace", namespace)
        .bindArray("names", String.class, names)
        .map((row, context) -> states.put(row.getString(1), row.getString(2)))
        .list();
    return states;
  }

  /** What came of all of them. */
  public sealed interface Claimed {
    /** In the order of the items. */
    record All(List<Result> results) implements Claimed {}

    /** Postgres cannot hold the params of one with a key as JSON. The transaction is over. */
    record NotComparable(String detail) implements Claimed {}
  }

  /** Gives each an id and claims its key. */
  public static Claimed claim(Handle tx, String namespace, List<Item> items) {
    try {
      return new Claimed.All(claimed(tx, namespace, items));
    } catch (UnableToExecuteStatementException e) {
      if (e.getCause() instanceof SQLException sql
          && sql.getSQLState() != null
          && sql.getSQLState().startsWith("22")) {
        return new Claimed.NotComparable(sql.getMessage());
      }
      throw e;
    }
  }

  private static List<Result> claimed(Handle tx, String namespace, List<Item> items) {
    List<Long> ids = tx.createQuery(IDS).bind("count", items.size()).mapTo(Long.class).list();
    List<Result> results = new ArrayList<>(Collections.nCopies(items.size(), null));
    Map<Long, Integer> open = new HashMap<>();
    for (int i = 0; i < items.size(); i++) {
      if (items.get(i).key() == null) {
        results.set(i, new Result.Fresh(ids.get(i)));
      } else {
        open.put(ids.get(i), i);
      }
    }
    for (int tries = 0; !open.isEmpty(); tries++) {
      if (tries == TRIES_MAX) {
        throw new StoreException(
            "keys are given back while they are claimed; nothing was accepted");
      }
      Keyed keyed = new Keyed(namespace, items, open);
      for (Long run : keyed.bind(tx.createQuery(CLAIM)).mapTo(Long.class).list()) {
        results.set(open.remove(run), new Result.Fresh(run));
      }
      if (!open.isEmpty()) {
        new Keyed(namespace, items, open)
            .bind(tx.createQuery(LOOK_UP))
            .map(
                (row, context) ->
                    results.set(
                        open.remove(row.getLong(1)),
                        row.getBoolean(3)
                            ? new Result.Replayed(row.getLong(2))
                            : new Result.KeyUsed(row.getLong(2))))
            .list();
      }
    }
    return results;
  }

  /** The keyed ones that are not settled yet, as arrays. */
  private record Keyed(
      String namespace,
      List<String> jobs,
      List<String> keys,
      List<String> params,
      List<Long> runs) {
    Keyed(String namespace, List<Item> items, Map<Long, Integer> open) {
      this(
          namespace,
          new ArrayList<>(),
          new ArrayList<>(),
          new ArrayList<>(),
          new ArrayList<>(open.keySet()));
      for (Long run : runs) {
        Item item = items.get(open.get(run));
        jobs.add(item.job());
        keys.add(item.key());
        params.add(item.params());
      }
    }

    Query bind(Query query) {
      return query
          .bind("namespace", namespace)
          .bindArray("jobs", String.class, jobs)
          .bindArray("keys", String.class, keys)
          .bindArray("params", String.class, params)
          .bindArray("runs", Long.class, runs);
    }
  }

  /** Their numbers in the inbox, in order. */
  public static List<Long> put(
      Handle tx, String namespace, List<Row> rows, String actor, String reason, boolean answer) {
    return tx
        .createQuery(PUT)
        .bind("namespace", namespace)
        .bind("actor", actor)
        .bind("reason", reason)
        .bind("answer", answer)
        .bindArray("bodies", String.class, rows.stream().map(Row::body).toList())
        .bindArray("weights", Integer.class, rows.stream().map(Row::starts).toList())
        .mapTo(Long.class)
        .stream()
        .sorted() // numbered in the order of the rows; a statement returns in no promised order
        .toList();
  }
}
