package dev.millrace.scheduler.store;

import java.sql.SQLException;
import java.time.Instant;
import java.time.ZoneOffset;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.UnableToExecuteStatementException;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/**
 * Takes one start in: gives it the id of its run, claims its key, and puts it into the inbox, or
 * aside until its time. The same function of the database does it for {@code millrace.trigger}.
 * Stateless; the caller's thread and transaction.
 */
public final class Acceptance {
  public static final int KEY_CHARS_MAX = 200;

  /** Keys, and signatures of webhooks, are remembered so long after their run's id was given. */
  public static final int KEY_DAYS = 7;

  private static final String UNIQUE_VIOLATION = "23505";
  private static final String DATA_EXCEPTION = "22";

  private Acceptance() {}

  /**
   * What is asked.
   *
   * @param params a JSON object as text
   * @param key who asks twice with one key gets one run; null for none
   * @param signature of a webhook, which is good for one run; null for none
   * @param notBefore null for at once
   * @param by what the run says started it: manual, webhook
   * @param orchestration the id under which its run belongs to others; null for none
   * @param answer whether somebody waits for the outcome
   */
  public record Ask(
      String namespace,
      String job,
      String params,
      String key,
      String signature,
      Instant notBefore,
      String by,
      String orchestration,
      String actor,
      String reason,
      boolean answer) {}

  /** What came of it. */
  public sealed interface Result {
    /**
     * It is durable when the transaction is.
     *
     * @param run the id that its run has, or will have
     * @param inbox the row in the inbox, 0 when there is none
     * @param replayed true when an earlier one with that key stands for it
     * @param later true when it was put aside until its time
     */
    record Accepted(long run, long inbox, boolean replayed, boolean later) implements Result {}

    /** The key was used with other params. */
    record KeyUsed(String detail) implements Result {}

    /** Postgres cannot hold these params as JSON, so they cannot be compared. */
    record NotComparable(String detail) implements Result {}
  }

  private static final String ACCEPT =
      """
      select run, coalesce(number, 0), replayed, later
      from accept_start(:namespace, :job, :params, :key, :signature, cast(:notBefore as timestamptz), :by, :orchestration,
        :actor, :reason, :answer)
      """;

  private static final String SWEEP =
      """
      delete from start_key where run in (
        select run from start_key where run < :below order by run limit :limit)
      """;

  private static final String FREE = "delete from start_key where run = any (:runs)";

  public static Result put(Handle handle, Ask ask) {
    try {
      return handle
          .createQuery(ACCEPT)
          .bindMethods(ask)
          .bind(
              "notBefore",
              ask.notBefore() == null ? null : ask.notBefore().atOffset(ZoneOffset.UTC))
          .map(
              (row, context) ->
                  (Result)
                      new Result.Accepted(
                          row.getLong(1), row.getLong(2), row.getBoolean(3), row.getBoolean(4)))
          .one();
    } catch (UnableToExecuteStatementException e) {
      return refusal(e);
    }
  }

  private static Result refusal(UnableToExecuteStatementException e) {
    if (e.getCause() instanceof SQLException sql && sql.getSQLState() != null) {
      if (sql.getSQLState().equals(UNIQUE_VIOLATION)) {
        return new Result.KeyUsed(message(sql));
      }
      if (sql.getSQLState().startsWith(DATA_EXCEPTION)) {
        return new Result.NotComparable(message(sql));
      }
    }
    throw e;
  }

  private static String message(SQLException e) {
    ServerErrorMessage said = e instanceof PSQLException pg ? pg.getServerErrorMessage() : null;
    if (said == null) {
      return e.getMessage();
    }
    return said.getDetail() == null
        ? said.getMessage()
        : said.getMessage() + "; " + said.getDetail();
  }

  /** These were accepted and not made: their keys may be used again. */
  public static void free(Handle tx, java.util.Collection<Long> runs) {
    if (!runs.isEmpty()) {
      tx.createUpdate(FREE).bindArray("runs", Long.class, java.util.List.copyOf(runs)).execute();
    }
  }

  /**
   * Forgets keys of runs below this id, a bounded number of them.
   *
   * @return how many
   */
  public static int forgetKeys(Handle handle, long below, int limit) {
    return handle.createUpdate(SWEEP).bind("below", below).bind("limit", limit).execute();
  }
}
