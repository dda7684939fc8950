package dev.millrace.scheduler.store;

import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.command.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.Query;

/** The tables inbox and outcome. Stateless; the caller's thread and transaction. */
public final class Inbox {
  private Inbox() {}

  /**
   * A command as it lies in the inbox; {@code answer} tells that somebody waits for its outcome.
   */
  public record Row(long id, Command command, boolean answer, int weight) {}

  private static final String PUT =
      """
      insert into inbox (kind, namespace, job, body, actor, reason, answer, weight)
      values (:kind, :namespace, :job, :body, :actor, :reason, :answer, :weight)
      returning id
      """;

  private static final String PUT_ALL =
      """
      insert into inbox (kind, namespace, job, body, actor, reason, answer, weight)
      select kind, namespace, job, body, actor, reason, false, weight
      from unnest(:kinds, :namespaces, :jobs, :bodies, :actors, :reasons, :weights)
        as u (kind, namespace, job, body, actor, reason, weight)
      """;

  /** Skips rows that another transaction still writes or holds; they come with a later pass. */
  private static final String TAKE =
      """
      delete from inbox
      where id = any (array(
        select id from (
          select id, sum(weight) over (order by id) - weight as before
          from (select id, weight from inbox order by id limit :limit for update skip locked) as oldest
        ) as counted
        where before < :limit))
      returning id, kind, namespace, job, body, actor, reason, answer, weight
      """;

  /** The same without those that wait for something. */
  private static final String TAKE_OTHERS =
      """
      delete from inbox
      where id = any (array(
        select id from (
          select id, sum(weight) over (order by id) - weight as before
          from (
            select id, weight from inbox where id <> all (:except) order by id limit :limit
            for update skip locked
          ) as oldest
        ) as counted
        where before < :limit))
      returning id, kind, namespace, job, body, actor, reason, answer, weight
      """;

  private static final String PUT_BACK =
      """
      insert into inbox (id, kind, namespace, job, body, actor, reason, answer, weight)
      overriding system value
      values (:id, :kind, :namespace, :job, :body, :actor, :reason, :answer, :weight)
      """;

  private static final String ANSWER =
      """
      insert into outcome (inbox, status, body, at)
      select inbox, status, body, clock_timestamp() from unnest(:ids, :statuses, :bodies) as u (inbox, status, body)
      """;

  private static final String OUTCOME = "select status, body from outcome where inbox = :id";

  private static final String SWEEP =
      "delete from outcome where at < clock_timestamp() - interval '1 hour'";

  private static final String LOOK =
      """
      select exists (select 1 from inbox), (select micros(min(due_at)) from start_later where taken_back_at is null)
      """;

  private static final String LEAVE = "update inbox set answer = false where id = :id and answer";

  /**
   * What there is to take.
   *
   * @param any whether a command is there
   * @param laterAt when the first start is due that was asked for later, in microseconds; 0 for
   *     none
   */
  public record Look(boolean any, long laterAt) {}

  /** One cheap look, outside any transaction. */
  public static Look look(Handle handle) {
    return handle
        .createQuery(LOOK)
        .map((row, context) -> new Look(row.getBoolean(1), row.getLong(2)))
        .one();
  }

  /**
   * Nobody waits for the outcome of this command any more.
   *
   * @return false when it was taken already: its outcome is there, or comes at once
   */
  public static boolean leave(Handle handle, long id) {
    return handle.createUpdate(LEAVE).bind("id", id).execute() == 1;
  }

  public static long put(Handle handle, Command command, boolean answer) {
    return handle
        .createQuery(PUT)
        .bindMethods(command)
        .bind("answer", answer)
        .mapTo(Long.class)
        .one();
  }

  public static void putAll(Handle handle, List<Command> commands) {
    handle
        .createUpdate(PUT_ALL)
        .bindArray("kinds", String.class, commands.stream().map(Command::kind).toList())
        .bindArray("namespaces", String.class, commands.stream().map(Command::namespace).toList())
        .bindArray("jobs", String.class, commands.stream().map(Command::job).toList())
        .bindArray("bodies", String.class, commands.stream().map(Command::body).toList())
        .bindArray("actors", String.class, commands.stream().map(Command::actor).toList())
        .bindArray("reasons", String.class, commands.stream().map(Command::reason).toList())
        .bindArray("weights", Integer.class, commands.stream().map(Command::weight).toList())
        .execute();
  }

  /**
   * Takes the oldest commands out of the inbox, in order; they are gone when the caller's
   * transaction commits.
   */
  public static List<Row> take(Handle tx, int limit) {
    return take(tx, limit, Set.of());
  }

  /** The same, but for those that wait for something. */
  public static List<Row> take(Handle tx, int limit, Set<Long> except) {
    Query query =
        except.isEmpty()
            ? tx.createQuery(TAKE)
            : tx.createQuery(TAKE_OTHERS).bindArray("except", Long.class, List.copyOf(except));
    List<Row> rows =
        new ArrayList<>(
            query
                .bind("limit", limit)
                .map(
                    (row, context) ->
                        new Row(
                            row.getLong(1),
                            new Command(
                                row.getString(2),
                                row.getString(3),
                                row.getString(4),
                                row.getString(5),
                                row.getString(6),
                                row.getString(7)),
                            row.getBoolean(8),
                            row.getInt(9)))
                .list());
    rows.sort((a, b) -> Long.compare(a.id(), b.id())); // a delete returns in no promised order
    return rows;
  }

  /** Puts a command that was taken where it was. */
  public static void putBack(Handle tx, Row row) {
    tx.createUpdate(PUT_BACK)
        .bind("id", row.id())
        .bindMethods(row.command())
        .bind("answer", row.answer())
        .bind("weight", row.weight())
        .execute();
  }

  public static void answer(Handle tx, List<Long> ids, List<Outcome> outcomes) {
    if (ids.isEmpty()) {
      return;
    }
    tx.createUpdate(ANSWER)
        .bindArray("ids", Long.class, ids)
        .bindArray("statuses", Integer.class, outcomes.stream().map(Outcome::status).toList())
        .bindArray("bodies", String.class, outcomes.stream().map(Outcome::body).toList())
        .execute();
  }

  public static Optional<Outcome> outcome(Handle handle, long id) {
    return handle
        .createQuery(OUTCOME)
        .bind("id", id)
        .map((row, context) -> new Outcome(row.getInt(1), row.getString(2)))
        .findOne();
  }

  /** Drops outcomes that nobody can be waiting for any more. */
  public static int sweepOutcomes(Handle handle) {
    return handle.createUpdate(SWEEP).execute();
  }
}
