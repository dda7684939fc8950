package dev.millrace.scheduler.store;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.Query;
import org.jdbi.v3.core.statement.UnableToExecuteStatementException;

/**
 * Claims keys for runs that the leader makes itself, in the same table as those of {@link
 * Acceptance}: a key means one run, whichever way it was asked for. Stateless; the leader's thread
 * and transaction.
 */
public final class StartKeys {
  /**
   * An application that claims the same key may take its time to commit; the leader must not wait
   * for it.
   */
  private static final String PATIENCE = "50ms";

  private static final String LOCK_NOT_AVAILABLE = "55P03";
  private static final String DEADLOCK = "40P01";
  private static final String DATA_EXCEPTION = "22";
  private static final String SAVEPOINT = "keys";

  private StartKeys() {}

  /**
   * One key.
   *
   * @param params a JSON object as text, to be compared with that of an earlier one
   * @param run that is about to be made
   */
  public record Ask(String namespace, String job, String key, String params, long run) {}

  /** What came of it. */
  public sealed interface Claim {
    /** Nobody had it; it is this run's. */
    record Fresh() implements Claim {}

    /** An earlier start with that key stands for it. */
    record Replayed(long run) implements Claim {}

    /** The key was used with other params, for this run. */
    record KeyUsed(long run) implements Claim {}

    /** Postgres cannot hold these params as JSON, so they cannot be compared. */
    record NotComparable(String detail) implements Claim {}

    /** A transaction that is still open claims it too: ask again soon. */
    record Busy() implements Claim {}
  }

  private static final Claim FRESH = new Claim.Fresh();
  private static final Claim BUSY = new Claim.Busy();

  /** In the order of keys, so that two such transactions do not wait for each other in a circle. */
  private static final String CLAIM =
      """
      insert into start_key (namespace, job, key, hash, run)
      select namespace, job, 'k:' || key, sha256(convert_to((params::jsonb)::text, 'UTF8')), run
      from unnest(:namespaces, :jobs, :keys, :params, :runs) as u (namespace, job, key, params, run)
      order by namespace, job, key, run
      on conflict do nothing
      returning run
      """;

  private static final String LOOK_UP =
      """
      select u.run, k.run, k.hash = sha256(convert_to((u.params::jsonb)::text, 'UTF8'))
      from unnest(:namespaces, :jobs, :keys, :params, :runs) as u (namespace, job, key, params, run)
      join start_key k on k.namespace = u.namespace and k.job = u.job and k.key = 'k:' || u.key
      """;

  private static final String PATIENCE_OF = "select current_setting('lock_timeout')";
  private static final String SET_PATIENCE = "select set_config('lock_timeout', :value, true)";

  /** In the order of what is asked. Two of one key in one call: the lower run has it. */
  public static List<Claim> claim(Handle tx, List<Ask> asks) {
    if (asks.isEmpty()) {
      return List.of();
    }
    String before = tx.createQuery(PATIENCE_OF).mapTo(String.class).one();
    patience(tx, PATIENCE);
    List<Claim> claims = attempt(tx, asks);
    if (claims == null) {
      claims = new ArrayList<>(asks.size());
      for (Ask ask : asks) {
        claims.add(one(tx, ask));
      }
    }
    patience(tx, before); // a transaction that failed forgets it by itself
    return claims;
  }

  private static void patience(Handle tx, String value) {
    tx.createQuery(SET_PATIENCE).bind("value", value).mapTo(String.class).one();
  }

  /** All at once, or null when one of them is in the way of the others. */
  private static List<Claim> attempt(Handle tx, List<Ask> asks) {
    tx.savepoint(SAVEPOINT);
    try {
      List<Claim> all = claimed(tx, asks);
      tx.releaseSavepoint(SAVEPOINT);
      return all;
    } catch (UnableToExecuteStatementException e) {
      if (stateOf(e).isEmpty()) {
        throw e;
      }
      tx.rollbackToSavepoint(SAVEPOINT);
      return null;
    }
  }

  private static Claim one(Handle tx, Ask ask) {
    tx.savepoint(SAVEPOINT);
    try {
      Claim claim = claimed(tx, List.of(ask)).getFirst();
      tx.releaseSavepoint(SAVEPOINT);
      return claim;
    } catch (UnableToExecuteStatementException e) {
      String state = stateOf(e);
      if (state.isEmpty()) {
        throw e;
      }
      tx.rollbackToSavepoint(SAVEPOINT);
      return state.startsWith(DATA_EXCEPTION)
          ? new Claim.NotComparable(e.getCause().getMessage())
          : BUSY;
    }
  }

  /** The SQL state of what one of the asks can be the cause of, else empty. */
  private static String stateOf(UnableToExecuteStatementException e) {
    String state = e.getCause() instanceof SQLException sql ? sql.getSQLState() : null;
    boolean known =
        state != null
            && (state.startsWith(DATA_EXCEPTION)
                || state.equals(LOCK_NOT_AVAILABLE)
                || state.equals(DEADLOCK));
    return known ? state : "";
  }

  private static List<Claim> claimed(Handle tx, List<Ask> asks) {
    Map<Long, Claim> byRun = new HashMap<>();
    for (Long run : bind(tx.createQuery(CLAIM), asks).mapTo(Long.class).list()) {
      byRun.put(run, FRESH);
    }
    List<Ask> open = asks.stream().filter(ask -> !byRun.containsKey(ask.run())).toList();
    if (!open.isEmpty()) {
      bind(tx.createQuery(LOOK_UP), open)
          .map(
              (row, context) ->
                  byRun.put(
                      row.getLong(1),
                      row.getBoolean(3)
                          ? new Claim.Replayed(row.getLong(2))
                          : new Claim.KeyUsed(row.getLong(2))))
          .list();
    }
    // One that was given back between the two statements is free the next time.
    return asks.stream().map(ask -> byRun.getOrDefault(ask.run(), BUSY)).toList();
  }

  private static Query bind(Query query, List<Ask> asks) {
    return query
        .bindArray("namespaces", String.class, asks.stream().map(Ask::namespace).toList())
        .bindArray("jobs", String.class, asks.stream().map(Ask::job).toList())
        .bindArray("keys", String.class, asks.stream().map(Ask::key).toList())
        .bindArray("params", String.class, asks.stream().map(Ask::params).toList())
        .bindArray("runs", Long.class, asks.stream().map(Ask::run).toList());
  }
}
