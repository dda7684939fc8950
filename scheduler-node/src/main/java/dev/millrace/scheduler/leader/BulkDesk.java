package dev.millrace.scheduler.leader;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.lifecycle.JobState;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.command.BulkAction;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.command.Outcome;
import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.store.BulkRows;
import dev.millrace.scheduler.store.Inbox;
import dev.millrace.scheduler.store.Jobs;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/**
 * Works off operations on many: each step is a command that does a few of the items, moves the
 * operation's row on, and puts the next step into the inbox, all in the turn's transaction. So no
 * item is done twice or left out, whoever leads. A step carries the number of steps before it: one
 * that comes again finds another number and does nothing. The leader's thread and transaction.
 */
final class BulkDesk {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** What one step does; a turn must not take long. */
  private static final int STEP_MAX = 200;

  private static final String ACTOR = "leader";

  /** How one command about one run or job is executed. */
  @FunctionalInterface
  interface Executor {
    Outcome execute(Handle tx, Pass pass, Command command);
  }

  private final Catalog catalog;
  private final Drafts drafts;
  private final Executor executor;

  BulkDesk(Catalog catalog, Drafts drafts, Executor executor) {
    this.catalog = catalog;
    this.drafts = drafts;
    this.executor = executor;
  }

  /** The command that does the next items. */
  static Command step(BulkRows.Running operation, int max) {
    ObjectNode body = JSON.createObjectNode();
    body.put("step", new RunId(operation.id()).toString());
    body.put("steps", operation.steps()).put("max", max);
    return new Command(
        Command.Kind.BULK, operation.namespace(), null, body.toString(), ACTOR, null);
  }

  /** The same for as many as usual. */
  static Command step(BulkRows.Running operation) {
    return step(operation, STEP_MAX);
  }

  /** A command of the kind: a step, or the end of one before its time. */
  Outcome execute(Handle tx, Pass pass, Command command) {
    JsonNode body = body(command);
    String cancel = body.path("cancel").textValue();
    return cancel != null
        ? cancel(tx, pass, command, RunId.parse(cancel).value())
        : Asked.of(tx, body).map(asked -> step(tx, pass, asked)).orElseGet(BulkDesk::nothing);
  }

  /** A step that is to be done now. */
  private record Asked(BulkRows.Row row, int max) {
    /** Empty when it is over, or was done. */
    static Optional<Asked> of(Handle tx, JsonNode body) {
      long id = RunId.parse(body.path("step").asText()).value();
      return BulkRows.find(tx, id)
          .filter(row -> row.state().equals(BulkRows.RUNNING))
          .filter(row -> row.steps() == body.path("steps").asLong())
          .map(row -> new Asked(row, Math.clamp(body.path("max").asInt(), 1, STEP_MAX)));
    }
  }

  private static JsonNode body(Command command) {
    try {
      return JSON.readTree(command.body());
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a command of the kind is written by this program", e);
    }
  }

  private static Outcome nothing() {
    return new Outcome(200, "{}");
  }

  private static Outcome cancel(Handle tx, Pass pass, Command command, long id) {
    Optional<BulkRows.Row> row = BulkRows.find(tx, id);
    if (row.isEmpty()) {
      return Desk.refused(
          404, "there is no bulk operation " + new RunId(id), "GET /api/v1/bulk lists them");
    }
    if (!BulkRows.cancel(tx, id, command.actor(), pass.now)) {
      return Desk.refused(
          409,
          "bulk operation " + new RunId(id) + " is " + row.get().state(),
          "nothing is left to cancel");
    }
    return nothing();
  }

  private Outcome step(Handle tx, Pass pass, Asked asked) {
    BulkRows.Row row = asked.row();
    List<BulkRows.Item> items = BulkRows.next(tx, row.id(), row.reached(), asked.max());
    BulkAction action = BulkAction.of(row.action()).orElseThrow();
    if (!action.ofJobs()) {
      drafts.open(tx, pass, items.stream().map(BulkRows.Item::subject).toList());
    }
    List<BulkRows.Failure> failures = new ArrayList<>();
    int taken = 0;
    for (BulkRows.Item item : items) {
      Outcome outcome = action.ofJobs() ? ofJob(tx, pass, row, item) : ofRun(tx, pass, row, item);
      if (outcome == null) {
        break; // in the next step
      }
      taken++;
      if (outcome.status() >= 400) {
        failures.add(
            new BulkRows.Failure(item.n(), item.subject(), outcome.status(), detail(outcome)));
      }
    }
    move(tx, pass, asked, items.subList(0, taken), failures, items.isEmpty());
    return nothing();
  }

  /** Moves the operation on, and asks for its next step. */
  private static void move(
      Handle tx,
      Pass pass,
      Asked asked,
      List<BulkRows.Item> taken,
      List<BulkRows.Failure> failures,
      boolean none) {
    BulkRows.Row row = asked.row();
    int reached = taken.isEmpty() ? row.reached() : taken.getLast().n();
    boolean over = none || reached >= row.matched();
    BulkRows.step(
        tx,
        new BulkRows.Step(
            row.id(), reached, taken.size() - failures.size(), failures.size(), over, pass.now),
        failures);
    if (!over) {
      var next = new BulkRows.Running(row.id(), row.namespace(), row.steps() + 1);
      Inbox.put(tx, step(next, asked.max() * 2), false);
      pass.asksAgain = true;
    }
  }

  private static String detail(Outcome outcome) {
    String detail = Desk.text(outcome.body(), "detail");
    return detail == null ? "it was refused" : detail;
  }

  private Command command(BulkRows.Row row, String job, String body) {
    BulkAction action = BulkAction.of(row.action()).orElseThrow();
    String why = "bulk operation " + new RunId(row.id());
    return new Command(
        action.kind(),
        row.namespace(),
        job,
        body,
        row.actor(),
        row.reason() == null ? why : why + ": " + row.reason());
  }

  /** Null when it is to be asked again. */
  private Outcome ofRun(Handle tx, Pass pass, BulkRows.Row row, BulkRows.Item item) {
    Draft draft = pass.drafts.get(item.subject());
    if (draft != null && draft.sealed()) {
      return null;
    }
    String body =
        JSON.createObjectNode().put("run", new RunId(item.subject()).toString()).toString();
    return executor.execute(tx, pass, command(row, null, body));
  }

  private Outcome ofJob(Handle tx, Pass pass, BulkRows.Row row, BulkRows.Item item) {
    Jobs.Row job = catalog.find(tx, item.subject());
    if (job == null || job.state() == JobState.ARCHIVED) {
      return Desk.refused(409, "the job is ARCHIVED", "apply it again");
    }
    return executor.execute(tx, pass, command(row, job.name(), "{}"));
  }

  /**
   * Every pass with this step failed. Of many items one is to blame: they are taken one by one; the
   * one that fails alone is refused, and the others go on.
   */
  static void setAside(Handle tx, Pass pass, Command command, String cause) {
    JsonNode body = body(command);
    Asked asked = body.has("step") ? Asked.of(tx, body).orElse(null) : null;
    if (asked == null) {
      return;
    }
    BulkRows.Row row = asked.row();
    if (asked.max() > 1) {
      Inbox.put(tx, step(new BulkRows.Running(row.id(), row.namespace(), row.steps()), 1), false);
      pass.asksAgain = true;
      return;
    }
    List<BulkRows.Item> items = BulkRows.next(tx, row.id(), row.reached(), 1);
    List<BulkRows.Failure> failures =
        items.stream()
            .map(item -> new BulkRows.Failure(item.n(), item.subject(), 500, cause))
            .toList();
    move(tx, pass, asked, items, failures, items.isEmpty());
  }
}
