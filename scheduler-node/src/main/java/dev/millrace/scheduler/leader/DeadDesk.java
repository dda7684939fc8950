package dev.millrace.scheduler.leader;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.lifecycle.JobState;
import dev.millrace.lifecycle.StageAction;
import dev.millrace.lifecycle.StageState;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.command.Outcome;
import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.Engine;
import dev.millrace.scheduler.engine.Fact;
import dev.millrace.scheduler.engine.Run;
import dev.millrace.scheduler.engine.Stage;
import dev.millrace.scheduler.engine.Verdict;
import dev.millrace.scheduler.store.DeadLetters;
import dev.millrace.scheduler.store.DeadLetters.Closing;
import dev.millrace.scheduler.store.Jobs;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jdbi.v3.core.Handle;

/**
 * What becomes of dead letters: written where a stage fails for good, redriven or discarded where a
 * person asks, closed where the stage is put right in another way. A letter is redriven at most
 * once, because it is closed in the transaction that starts its stage again. The leader's thread
 * and transaction; keeps nothing between passes.
 */
final class DeadDesk {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Letters that one discard by filter takes; the asker repeats it for more. */
  private static final int DISCARD_MAX = 5_000;

  /** Not now, but soon. */
  private static final int BUSY = 503;

  private final Catalog catalog;
  private final Drafts drafts;
  private final Gates gates;
  private final Meters meters;
  private final DeadRecords records;
  private final EditedRedrive edited;
  private final RedriveBatches batches;

  DeadDesk(Catalog catalog, Drafts drafts, Births births, Gates gates, Meters meters) {
    this.catalog = catalog;
    this.drafts = drafts;
    this.gates = gates;
    this.meters = meters;
    this.records = new DeadRecords(births.ids(), meters);
    this.edited = new EditedRedrive(catalog, births, meters);
    this.batches = new RedriveBatches(births.ids());
  }

  /** When the pass has decided everything, and before it is written. */
  void flush(Handle tx, Pass pass) {
    records.flush(tx, pass);
  }

  /**
   * What was done about one letter.
   *
   * @param status as if it had been asked for alone; 503 when it is to be asked again
   * @param closing how the letter is closed, or null when it stays as it is
   */
  record Result(int status, ObjectNode body, Closing closing) {
    /** The letter stays, and why. */
    static Result refused(long id, int status, String detail, String remedy) {
      ObjectNode body = bodyOf(id, status);
      return new Result(status, body.put("detail", detail).put("remedy", remedy), null);
    }

    static Result done(Closing closing, int status, String detail) {
      return new Result(status, bodyOf(closing.id(), status).put("detail", detail), closing);
    }

    private static ObjectNode bodyOf(long id, int status) {
      ObjectNode body = JSON.createObjectNode();
      return body.put("id", new RunId(id).toString()).put("status", status);
    }

    Outcome outcome() {
      return new Outcome(status, body.toString());
    }
  }

  Outcome redrive(Handle tx, Pass pass, Command command) {
    return switch (DeadAsk.of(command)) {
      case DeadAsk.These these -> all(redriven(tx, pass, command, these.ids()));
      case DeadAsk.One one -> one(tx, pass, command, one).outcome();
      case DeadAsk.Matching matching ->
          batches.begin(tx, command, matching.filter(), matching.perSecond(), pass.now);
      case DeadAsk.Cancel cancel -> RedriveBatches.cancel(tx, cancel.id(), pass.now);
      case DeadAsk.Step step ->
          RedriveBatches.step(
              tx, step.id(), pass.now, (asked, rows) -> redrivenRows(tx, pass, asked, rows));
      case DeadAsk.Unclear unclear -> unclear(unclear);
    };
  }

  Outcome discard(Handle tx, Pass pass, Command command) {
    if (command.reason() == null || command.reason().isBlank()) {
      return Desk.refused(
          422, "a discard needs a reason", "say why nobody has to do anything about it any more");
    }
    return switch (DeadAsk.of(command)) {
      case DeadAsk.These these -> all(discarded(tx, pass, command, these.ids()));
      case DeadAsk.One one -> discarded(tx, pass, command, List.of(one.id())).getFirst().outcome();
      case DeadAsk.Matching matching -> discardMatching(tx, pass, command, matching.filter());
      case DeadAsk.Cancel cancel -> unclear(new DeadAsk.Unclear("a discard cannot be cancelled"));
      case DeadAsk.Step step -> unclear(new DeadAsk.Unclear("a discard has no steps"));
      case DeadAsk.Unclear unclear -> unclear(unclear);
    };
  }

  private static Outcome unclear(DeadAsk.Unclear unclear) {
    return Desk.refused(
        422, "dead letters: " + unclear.why(), "see /api/v1/dead-letters in /openapi.json");
  }

  /** Each for itself: what cannot be done for one is done for the others. */
  private static Outcome all(List<Result> results) {
    ObjectNode body = JSON.createObjectNode();
    ArrayNode items = JSON.createArrayNode();
    results.forEach(result -> items.add(result.body()));
    long done = results.stream().filter(result -> result.status() < 300).count();
    body.put("done", done).put("refused", results.size() - done).set("results", items);
    return new Outcome(200, body.toString());
  }

  private Outcome discardMatching(
      Handle tx, Pass pass, Command command, DeadLetters.Filter filter) {
    if (filter.takesAll()) {
      return Desk.refused(
          422, "the filter names nothing", "name at least one of job, stage, fingerprint, ...");
    }
    int done =
        DeadLetters.discard(tx, filter, command.actor(), command.reason(), DISCARD_MAX, pass.now);
    meters.deadLettersClosed(DeadLetters.DISCARDED, done);
    ObjectNode body = JSON.createObjectNode();
    body.put("done", done).put("refused", 0).put("more", done == DISCARD_MAX);
    body.putArray("results");
    return new Outcome(200, body.toString());
  }

  private List<Result> discarded(Handle tx, Pass pass, Command command, List<Long> ids) {
    List<Result> results = new ArrayList<>(ids.size());
    Map<Long, DeadLetters.Row> rows = find(tx, ids);
    for (long id : ids) {
      DeadLetters.Row row = rows.get(id);
      Result problem = closedOrUnknown(command, id, row);
      results.add(
          problem != null
              ? problem
              : Result.done(
                  new Closing(id, DeadLetters.DISCARDED, command.actor(), command.reason(), 0),
                  200,
                  "discarded"));
    }
    close(tx, pass, results);
    return results;
  }

  private List<Result> redriven(Handle tx, Pass pass, Command command, List<Long> ids) {
    Map<Long, DeadLetters.Row> rows = find(tx, ids);
    drafts.open(tx, pass, rows.values().stream().map(DeadLetters.Row::run).distinct().toList());
    List<Result> results = new ArrayList<>(ids.size());
    for (long id : ids) {
      results.add(redriveOne(tx, pass, command, id, rows.get(id)));
    }
    close(tx, pass, results);
    return results;
  }

  /** One result for each until one is to be asked again. */
  private List<Result> redrivenRows(
      Handle tx, Pass pass, Command command, List<DeadLetters.Row> rows) {
    drafts.open(tx, pass, rows.stream().map(DeadLetters.Row::run).distinct().toList());
    List<Result> results = new ArrayList<>(rows.size());
    for (DeadLetters.Row row : rows) {
      Result result = redriveOne(tx, pass, command, row.id(), row);
      if (result.status() == BUSY) {
        break;
      }
      results.add(result);
    }
    close(tx, pass, results);
    return results;
  }

  private Result one(Handle tx, Pass pass, Command command, DeadAsk.One one) {
    if (one.params() == null) {
      return redriven(tx, pass, command, List.of(one.id())).getFirst();
    }
    DeadLetters.Row row = find(tx, List.of(one.id())).get(one.id());
    Result problem = closedOrUnknown(command, one.id(), row);
    if (problem == null) {
      drafts.open(tx, pass, List.of(row.run()));
      problem = judge(tx, pass, row);
    }
    Result result =
        problem != null
            ? problem
            : edited.start(tx, pass, command, row, pass.drafts.get(row.run()).run(), one.params());
    close(tx, pass, List.of(result));
    return result;
  }

  private Map<Long, DeadLetters.Row> find(Handle tx, List<Long> ids) {
    Map<Long, DeadLetters.Row> rows = new HashMap<>();
    DeadLetters.find(tx, ids).forEach(row -> rows.put(row.id(), row));
    return rows;
  }

  private void close(Handle tx, Pass pass, List<Result> results) {
    List<Closing> closings =
        results.stream().map(Result::closing).filter(Objects::nonNull).toList();
    DeadLetters.close(tx, closings, pass.now);
    closings.forEach(closing -> meters.deadLettersClosed(closing.state(), 1));
  }

  private static Result closedOrUnknown(Command command, long id, DeadLetters.Row row) {
    if (row == null || !row.namespace().equals(command.namespace())) {
      return Result.refused(
          id,
          404,
          "namespace '" + command.namespace() + "' has no dead letter " + new RunId(id),
          "GET /api/v1/dead-letters?state=ALL lists them");
    }
    if (!row.state().equals(DeadLetters.OPEN)) {
      return Result.refused(
          id,
          409,
          "it is "
              + row.state()
              + (row.actor() == null ? "" : " by " + row.actor())
              + (row.note() == null ? "" : ": " + row.note()),
          "nothing is left to do about it");
    }
    return null;
  }

  private Result redriveOne(Handle tx, Pass pass, Command command, long id, DeadLetters.Row row) {
    Result problem = closedOrUnknown(command, id, row);
    problem = problem == null ? judge(tx, pass, row) : problem;
    if (problem != null) {
      return problem;
    }
    Draft draft = pass.drafts.get(row.run());
    String why = "redrive of dead letter " + new RunId(id);
    String reason = command.reason() == null ? why : why + ": " + command.reason();
    Fact reset = new Fact.OnStage(row.index(), StageAction.RESET, command.actor(), reason, null);
    if (Engine.apply(draft, reset, pass.now, 0) != Verdict.ACCEPTED) {
      return Result.refused(
          id,
          409,
          "run "
              + new RunId(row.run())
              + " is "
              + draft.run().state()
              + ": no stage of it can start again",
          "start a new run, or discard the letter");
    }
    Engine.settle(draft, pass.now);
    gates.align(tx, pass, draft);
    Closing closing = new Closing(id, DeadLetters.REDRIVEN, command.actor(), command.reason(), 0);
    Result done = Result.done(closing, 200, "its stage starts again" + unheard(pass, draft));
    done.body()
        .put("run", new RunId(row.run()).toString())
        .put("stage", row.stage())
        .put("state", draft.stage(row.index()).state().name());
    return done;
  }

  /** Null when its stage can be started again as far as the letter is concerned. */
  private Result judge(Handle tx, Pass pass, DeadLetters.Row row) {
    Draft draft = pass.drafts.get(row.run());
    if (draft == null) {
      return stale(row, DeadLetters.DISCARDED, "its run is not there any more");
    }
    if (draft.sealed()) {
      return Result.refused(
          row.id(), BUSY, "its run ends in this very moment", "look at it and ask again");
    }
    Stage stage = draft.stage(row.index());
    if (stage.state() != StageState.FAILED) {
      return stale(
          row, DeadRecords.stateOf(stage.state()), DeadRecords.noteOf(stage.state()) + " already");
    }
    if (stage.finishedAt() != row.lastFailed()) {
      return stale(row, DeadLetters.REDRIVEN, "its stage was started again and failed again");
    }
    Jobs.Row job = catalog.find(tx, draft.run().plan().job());
    if (job.state() == JobState.ARCHIVED && draft.run().state().isFinal()) {
      return Result.refused(
          row.id(),
          409,
          "job '" + job.name() + "' is ARCHIVED: what has ended in it stays as it is",
          "apply the job again and start a run of it, or discard the letter");
    }
    String replaced = replacedBy(tx, pass, draft.run());
    return replaced == null ? null : stale(row, DeadLetters.REDRIVEN, replaced);
  }

  /** Why nobody waits for the run any more: who asked for it has asked for others since. */
  private String replacedBy(Handle tx, Pass pass, Run run) {
    Run.Parent parent = run.parent();
    while (parent != null) {
      drafts.open(tx, pass, List.of(parent.run()));
      Draft above = pass.drafts.get(parent.run());
      if (above == null) {
        return null;
      }
      if (above.stage(parent.stage()).attempt() != parent.attempt()) {
        return "stage '"
            + above.run().plan().stage(parent.stage()).id()
            + "' of run "
            + new RunId(parent.run())
            + " was started again, with other runs";
      }
      parent = above.run().parent();
    }
    return null;
  }

  /** A stage that has ended does not count what comes later; that is said, not hidden. */
  private static String unheard(Pass pass, Draft draft) {
    Run.Parent parent = draft.run().parent();
    Draft above = parent == null ? null : pass.drafts.get(parent.run());
    if (above == null || !above.stage(parent.stage()).state().isFinal()) {
      return "";
    }
    return "; stage '"
        + above.run().plan().stage(parent.stage()).id()
        + "' of run "
        + new RunId(parent.run())
        + " is "
        + above.stage(parent.stage()).state()
        + " and stays so: acknowledge it, or retry that run as a whole";
  }

  private static Result stale(DeadLetters.Row row, String state, String why) {
    Result refused =
        Result.refused(row.id(), 409, why + "; the letter is closed", "look at its run");
    return new Result(
        refused.status(), refused.body(), new Closing(row.id(), state, "leader", why, 0));
  }
}
