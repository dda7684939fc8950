package dev.millrace.scheduler.store;

import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jdbi.v3.core.Handle;

/**
 * The table start_reply: answers that are owed to senders of messages. Stateless; the caller's
 * thread and transaction.
 */
public final class Replies {
  private Replies() {}

  /**
   * One that is to be written.
   *
   * @param answer what is to be sent now, JSON text
   * @param outcome whether the end of the run is told too
   */
  public record Fresh(String queue, String correlation, long run, String answer, boolean outcome) {}

  /** One that is to be sent. */
  public record Due(long id, String queue, String correlation, long run, String answer) {}

  /** A run that has ended and whose end somebody wants to hear of. */
  public record Ended(
      long id,
      long run,
      String namespace,
      String job,
      String state,
      String reason,
      Instant finishedAt) {}

  private static final String INSERT =
      """
      insert into start_reply (queue, correlation, run, answer, outcome)
      select queue, correlation, run, answer, outcome
      from unnest(:queues, :correlations, :runs, :answers, :outcomes) with ordinality
        as u (queue, correlation, run, answer, outcome, place)
      order by place
      """;

  private static final String DUE =
      """
      select id, queue, correlation, run, answer from start_reply
      where answer is not null and id > :after order by id limit :limit
      """;

  private static final String SENT_FIRST =
      """
      update start_reply set answer = null where id = any (:ids) and outcome
      """;

  private static final String SENT_LAST =
      "delete from start_reply where id = any (:ids) and not outcome";

  private static final String AWAITED =
      "select distinct run from start_reply where outcome order by run limit :limit";

  /** A subquery by run, so that each looks into the one partition that has it. */
  private static final String ENDED =
      """
      select s.id, r.id, j.namespace, j.name, r.state, r.stop_reason, r.finished_at
      from start_reply s
      cross join lateral (
        select id, job, state, stop_reason, finished_at from run where run.id = s.run) r
      join job j on j.id = r.job
      where s.run = any (:runs) and s.outcome and s.answer is null and r.finished_at is not null
      """;

  private static final String TELL =
      """
      update start_reply s set answer = u.answer, outcome = false
      from unnest(:ids, :answers) as u (id, answer)
      where s.id = u.id and s.outcome and s.answer is null
      """;

  private static final String FORGET =
      "delete from start_reply where created_at < clock_timestamp() - interval '30 days'";

  private static final String STATES = "select id, state from run where id = any (:ids)";

  public static void insert(Handle tx, List<Fresh> replies) {
    if (replies.isEmpty()) {
      return;
    }
    tx.createUpdate(INSERT)
        .bindArray("queues", String.class, replies.stream().map(Fresh::queue).toList())
        .bindArray("correlations", String.class, replies.stream().map(Fresh::correlation).toList())
        .bindArray("runs", Long.class, replies.stream().map(Fresh::run).toList())
        .bindArray("answers", String.class, replies.stream().map(Fresh::answer).toList())
        .bindArray("outcomes", Boolean.class, replies.stream().map(Fresh::outcome).toList())
        .execute();
  }

  /** Those that are to be sent, in order. */
  public static List<Due> due(Handle handle, long after, int limit) {
    return handle
        .createQuery(DUE)
        .bind("after", after)
        .bind("limit", limit)
        .map(
            (row, context) ->
                new Due(
                    row.getLong(1),
                    row.getString(2),
                    row.getString(3),
                    row.getLong(4),
                    row.getString(5)))
        .list();
  }

  /** The broker has these answers. */
  public static void sent(Handle tx, List<Long> ids) {
    tx.createUpdate(SENT_LAST).bindArray("ids", Long.class, ids).execute();
    tx.createUpdate(SENT_FIRST).bindArray("ids", Long.class, ids).execute();
  }

  /** Runs whose end somebody waits for. */
  public static List<Long> awaited(Handle handle, int limit) {
    return handle.createQuery(AWAITED).bind("limit", limit).mapTo(Long.class).list();
  }

  /** Those of these runs that have ended, once for each who waits and knows of the run already. */
  public static List<Ended> ended(Handle handle, List<Long> runs) {
    return handle
        .createQuery(ENDED)
        .bindArray("runs", Long.class, runs)
        .map(
            (row, context) ->
                new Ended(
                    row.getLong(1),
                    row.getLong(2),
                    row.getString(3),
                    row.getString(4),
                    row.getString(5),
                    row.getString(6),
                    row.getTimestamp(7).toInstant()))
        .list();
  }

  /** What is to be sent of ended runs, by the ids of the replies. */
  public static void tell(Handle tx, List<Long> ids, List<String> answers) {
    tx.createUpdate(TELL)
        .bindArray("ids", Long.class, ids)
        .bindArray("answers", String.class, answers)
        .execute();
  }

  /** Drops what nobody can be waiting for any more. */
  public static int forgetOld(Handle handle) {
    return handle.createUpdate(FORGET).execute();
  }

  /** The states of those of these runs that are there. */
  public static Map<Long, String> states(Handle tx, List<Long> runs) {
    Map<Long, String> states = new HashMap<>();
    if (!runs.isEmpty()) {
      tx.createQuery(STATES)
          .bindArray("ids", Long.class, runs)
          .map((row, context) -> states.put(row.getLong(1), row.getString(2)))
          .list();
    }
    return states;
  }
}
