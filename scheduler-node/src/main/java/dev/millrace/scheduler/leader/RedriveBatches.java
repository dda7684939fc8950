package dev.millrace.scheduler.leader;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.command.Outcome;
import dev.millrace.scheduler.store.DeadLetters;
import dev.millrace.scheduler.store.Redrives;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import org.jdbi.v3.core.Handle;

/**
 * Redrives by filter: a row says where each is, and the leader works it off in small steps, as fast
 * as its rate allows by the database's clock. So it goes on where it was after a restart, and a
 * step that comes twice finds nothing to do. The leader's thread and transaction.
 */
final class RedriveBatches {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** What one pass of the turn takes for it. */
  private static final int STEP_MAX = 200;

  private static final int RUNNING_MAX = 20;
  private static final long SECOND_MICROS = TimeUnit.SECONDS.toMicros(1);

  private final Ids ids;

  RedriveBatches(Ids ids) {
    this.ids = ids;
  }

  Outcome begin(Handle tx, Command command, DeadLetters.Filter filter, int perSecond, long now) {
    if (Redrives.running(tx, RUNNING_MAX).size() == RUNNING_MAX) {
      return Desk.refused(
          409,
          RUNNING_MAX + " redrives go on already",
          "wait for one, or cancel one: GET /api/v1/dead-letters/redrives");
    }
    long id = ids.next(now);
    int total = DeadLetters.count(tx, filter, id);
    if (total == 0) {
      return Desk.refused(
          404, "no open dead letter matches", "GET /api/v1/dead-letters shows what there is");
    }
    Redrives.insert(
        tx,
        new Redrives.Fresh(id, filter, perSecond, total, command.actor(), command.reason(), now));
    return outcome(201, id, Redrives.RUNNING);
  }

  static Outcome cancel(Handle tx, long id, long now) {
    Optional<Redrives.Row> batch = Redrives.find(tx, id);
    if (batch.isEmpty()) {
      return Desk.refused(
          404,
          "there is no redrive " + new RunId(id),
          "GET /api/v1/dead-letters/redrives lists them");
    }
    if (!Redrives.cancel(tx, id, now)) {
      return Desk.refused(
          409,
          "redrive " + new RunId(id) + " is " + batch.get().state(),
          "nothing is left to cancel");
    }
    return outcome(200, id, Redrives.CANCELLED);
  }

  /**
   * Does as much as its rate allows now.
   *
   * @param redrive redrives letters for an asker; one result for each until one is to be asked
   *     again
   */
  static Outcome step(
      Handle tx,
      long id,
      long now,
      BiFunction<Command, List<DeadLetters.Row>, List<DeadDesk.Result>> redrive) {
    Redrives.Row batch = Redrives.find(tx, id).orElse(null);
    if (batch == null || !batch.state().equals(Redrives.RUNNING)) {
      return outcome(200, id, batch == null ? Redrives.DONE : batch.state());
    }
    // What was not used for a second, such as while nobody led, is not made up for.
    long from = Math.max(batch.steppedAt(), now - SECOND_MICROS);
    int allowed = Math.clamp((now - from) * batch.perSecond() / SECOND_MICROS, 0, STEP_MAX);
    List<DeadLetters.Row> rows =
        allowed == 0
            ? List.of()
            : DeadLetters.next(tx, batch.filter(), batch.reached(), id, allowed);
    Command asked =
        new Command(
            Command.Kind.DEAD_REDRIVE,
            batch.filter().namespace(),
            null,
            "{}",
            batch.actor(),
            batch.reason());
    List<DeadDesk.Result> results = redrive.apply(asked, rows);
    int taken = results.size();
    int redriven = (int) results.stream().filter(result -> result.status() < 300).count();
    boolean over = rows.size() < allowed && taken == rows.size();
    Redrives.step(
        tx,
        new Redrives.Step(
            id,
            taken == 0 ? batch.reached() : rows.get(taken - 1).id(),
            redriven,
            taken - redriven,
            from + taken * SECOND_MICROS / batch.perSecond(),
            over,
            now));
    return outcome(200, id, over ? Redrives.DONE : Redrives.RUNNING);
  }

  private static Outcome outcome(int status, long id, String state) {
    ObjectNode body = JSON.createObjectNode();
    return new Outcome(
        status, body.put("redrive", new RunId(id).toString()).put("state", state).toString());
  }
}
