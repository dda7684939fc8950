package dev.millrace.scheduler.leader;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.expression.DidYouMean;
import dev.millrace.lifecycle.JobState;
import dev.millrace.lifecycle.RunState;
import dev.millrace.lifecycle.StageAction;
import dev.millrace.lifecycle.StageState;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.command.Outcome;
import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.Engine;
import dev.millrace.scheduler.engine.Fact;
import dev.millrace.scheduler.engine.Plan;
import dev.millrace.scheduler.engine.Run;
import dev.millrace.scheduler.engine.RunClock;
import dev.millrace.scheduler.engine.Verdict;
import dev.millrace.scheduler.store.Jobs;
import dev.millrace.wire.Wire;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jdbi.v3.core.Handle;

/**
 * Executes what people ask of runs and stages, inside the leader's transaction. A refusal is an
 * outcome that names both states; of two who ask for the same, one is told that the other was
 * first. The leader's thread.
 */
final class RunDesk {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** A hundred years, as for durations: what is to stay open for longer is ended by a person. */
  private static final Duration EXTEND_MAX = Duration.ofDays(36_525);

  private final Catalog catalog;
  private final Drafts drafts;
  private final Gates gates;
  private final Renewal renewal;

  RunDesk(Catalog catalog, Drafts drafts, Gates gates) {
    this.catalog = catalog;
    this.drafts = drafts;
    this.gates = gates;
    this.renewal = new Renewal(catalog, drafts);
  }

  Outcome stop(Handle tx, Pass pass, Command command) {
    return ask(tx, pass, command, run -> new Fact.Stop(command.actor(), command.reason()));
  }

  Outcome kill(Handle tx, Pass pass, Command command) {
    return ask(tx, pass, command, run -> new Fact.Kill(command.actor(), command.reason()));
  }

  Outcome pause(Handle tx, Pass pass, Command command) {
    return ask(
        tx,
        pass,
        command,
        run -> new Fact.Pause(RunClock.BY_RUN, command.actor(), command.reason()));
  }

  Outcome resume(Handle tx, Pass pass, Command command) {
    return ask(
        tx,
        pass,
        command,
        run -> new Fact.Resume(RunClock.BY_RUN, command.actor(), command.reason()));
  }

  Outcome retry(Handle tx, Pass pass, Command command) {
    Outcome outcome =
        ask(tx, pass, command, run -> new Fact.Retry(command.actor(), command.reason()));
    return alignedAfter(tx, pass, command, outcome);
  }

  /** What goes on after its end goes on in whatever is paused now. */
  private Outcome alignedAfter(Handle tx, Pass pass, Command command, Outcome outcome) {
    Draft draft = outcome.status() == 200 ? find(tx, pass, command) : null;
    if (draft != null) {
      gates.align(tx, pass, draft);
    }
    return outcome;
  }

  Outcome rerun(Handle tx, Pass pass, Command command) {
    Draft draft = find(tx, pass, command);
    if (draft == null) {
      return noSuchRun(command);
    }
    String stage = Desk.text(command.body(), "stage");
    int index = stage == null ? -1 : draft.run().plan().indexOf(stage);
    if (index < 0) {
      return noSuchStage(draft, stage);
    }
    Outcome outcome =
        Renewal.isAsked(command)
            ? rerunRenewed(tx, pass, draft, command, index)
            : rerun(tx, pass, draft, command, index, command.reason());
    return alignedAfter(tx, pass, command, outcome);
  }

  private Outcome rerun(
      Handle tx, Pass pass, Draft draft, Command command, int stage, String reason) {
    return apply(tx, pass, draft, command, new Fact.Rerun(stage, command.actor(), reason));
  }

  /** With the version in force; a refusal leaves the run with its own. */
  private Outcome rerunRenewed(Handle tx, Pass pass, Draft draft, Command command, int stage) {
    Outcome refused = readOnly(tx, draft.run());
    refused = refused == null ? renewal.renew(tx, pass, draft) : refused;
    if (refused != null) {
      return refused;
    }
    int old = draft.run().plan().version();
    Draft renewed = find(tx, pass, command);
    int now = renewed.run().plan().version();
    String note = now == old ? "" : "with version " + now + " instead of " + old;
    String said = command.reason() == null ? "" : command.reason();
    String reason = said + (said.isEmpty() || note.isEmpty() ? "" : ", ") + note;
    Outcome outcome = rerun(tx, pass, renewed, command, stage, reason.isEmpty() ? null : reason);
    if (outcome.status() != 200 && now != old) {
      renewal.give(tx, pass, draft.run().id(), old);
    }
    return outcome;
  }

  Outcome extend(Handle tx, Pass pass, Command command) {
    String until = Desk.text(command.body(), "until");
    Instant now = Instant.EPOCH.plus(pass.now, ChronoUnit.MICROS);
    Instant instant;
    try {
      instant = until == null ? null : Instant.parse(until);
    } catch (DateTimeException wrong) {
      return badUntil("'" + until + "' is not an instant", now);
    }
    if (instant != null && !instant.isAfter(now)) {
      return badUntil(instant + " is over", now);
    }
    if (instant != null && instant.isAfter(now.plus(EXTEND_MAX))) {
      return badUntil(instant + " is too far away", now);
    }
    long endsAt = instant == null ? 0 : instant.toEpochMilli() * 1_000;
    return ask(
        tx, pass, command, run -> new Fact.Extend(endsAt, command.actor(), command.reason()));
  }

  private static Outcome badUntil(String why, Instant now) {
    Instant from = now.truncatedTo(ChronoUnit.SECONDS);
    return Desk.refused(
        422,
        "until: " + why,
        "write an instant after "
            + from
            + " and up to "
            + from.plus(EXTEND_MAX)
            + ", or null for \"until manually ended\"");
  }

  private Outcome ask(Handle tx, Pass pass, Command command, Function<Draft, Fact> fact) {
    Draft draft = find(tx, pass, command);
    return draft == null ? noSuchRun(command) : apply(tx, pass, draft, command, fact.apply(draft));
  }

  private Draft find(Handle tx, Pass pass, Command command) {
    try {
      long id = RunId.parse(Desk.text(command.body(), "run")).value();
      drafts.open(tx, pass, List.of(id));
      return pass.drafts.get(id);
    } catch (IllegalArgumentException e) {
      return null; // answered like one that does not exist
    }
  }

  private static Outcome noSuchRun(Command command) {
    String id = Desk.text(command.body(), "run");
    return Desk.refused(404, "there is no run " + id, "list the runs with GET /api/v1/runs");
  }

  private static Outcome noSuchStage(Draft draft, String stage) {
    Plan plan = draft.run().plan();
    List<String> known = IntStream.range(0, plan.size()).mapToObj(i -> plan.stage(i).id()).toList();
    RunId id = new RunId(draft.run().id());
    return Desk.refused(
        404,
        "run "
            + id
            + " has no stage '"
            + stage
            + "'"
            + (stage == null ? "" : DidYouMean.phrase(stage, known)),
        "GET /api/v1/runs/" + id + " lists its stages");
  }

  private Outcome apply(Handle tx, Pass pass, Draft draft, Command command, Fact fact) {
    RunId id = new RunId(draft.run().id());
    RunState before = draft.run().state();
    if (draft.sealed()) {
      return Desk.refused(
          409, "run " + id + " ended in this very moment as " + before, "look at it and ask again");
    }
    Outcome readOnly = readOnly(tx, draft.run());
    if (readOnly != null) {
      return readOnly;
    }
    Verdict verdict = Engine.apply(draft, fact, pass.now, 0);
    if (verdict != Verdict.ACCEPTED) {
      String wanted = command.kind().substring(command.kind().indexOf('.') + 1);
      return Desk.refused(
          409,
          "run " + id + " is " + before + " and cannot become " + target(command),
          "GET /api/v1/runs/"
              + id
              + "/why tells what it does; '"
              + wanted
              + "' needs another state");
    }
    Engine.settle(draft, pass.now);
    return new Outcome(200, "{\"run\":\"" + id + "\",\"state\":\"" + draft.run().state() + "\"}");
  }

  /** What has ended in a job that is archived stays as it is; null when it is not so. */
  private Outcome readOnly(Handle tx, Run run) {
    Jobs.Row job = catalog.find(tx, run.plan().job());
    if (job.state() != JobState.ARCHIVED || !run.state().isFinal()) {
      return null;
    }
    return Desk.refused(
        409,
        "run "
            + new RunId(run.id())
            + " is "
            + run.state()
            + " and its job '"
            + job.name()
            + "' is ARCHIVED: what has ended in it stays as it is",
        "apply its definition, which makes a new job of that id, and start a run of that");
  }

  private static String target(Command command) {
    return switch (command.kind()) {
      case Command.Kind.RUN_STOP, Command.Kind.RUN_KILL -> "STOPPING";
      case Command.Kind.RUN_PAUSE -> "PAUSED";
      case Command.Kind.RUN_RESUME -> "RUNNING by this pause's end";
      case Command.Kind.RUN_RETRY -> "SCHEDULED: nothing in it failed, or it is not to be retried";
      case Command.Kind.RUN_RERUN ->
          "SCHEDULED: that stage or one after it is under way, or its window is over";
      default -> "one with that end";
    };
  }

  Outcome actOnStage(Handle tx, Pass pass, Command command) {
    Draft draft = find(tx, pass, command);
    if (draft == null) {
      return noSuchRun(command);
    }
    String id = Desk.text(command.body(), "stage");
    int index = id == null ? -1 : draft.run().plan().indexOf(id);
    if (index < 0) {
      return noSuchStage(draft, id);
    }
    StageAction action = action(Desk.text(command.body(), "action"));
    if (action == null) {
      return Desk.refused(
          422,
          "'" + Desk.text(command.body(), "action") + "' is nothing that can be done with a stage",
          "possible: " + List.of(StageAction.values()).stream().map(StageAction::word).toList());
    }
    String output = output(command.body());
    if (output != null && output.length() > Wire.VALUE_BYTES_MAX) {
      return Desk.refused(
          422,
          "the output has " + output.length() + " characters, the limit is " + Wire.VALUE_BYTES_MAX,
          "pass large values by reference");
    }
    Outcome readOnly = readOnly(tx, draft.run());
    if (readOnly != null) {
      return readOnly;
    }
    RunState run = draft.run().state();
    StageState before = draft.stage(index).state();
    Verdict verdict =
        draft.sealed()
            ? Verdict.ILLEGAL
            : Engine.apply(
                draft,
                new Fact.OnStage(index, action, command.actor(), command.reason(), output),
                pass.now,
                0);
    if (verdict != Verdict.ACCEPTED) {
      return Desk.refused(
          409,
          "stage '"
              + id
              + "' is "
              + before
              + " in a run that is "
              + run
              + ": '"
              + action.word()
              + "' is not possible",
          remedy(action));
    }
    Engine.settle(draft, pass.now);
    gates.align(tx, pass, draft);
    return new Outcome(
        200,
        JSON.createObjectNode()
            .put("run", new RunId(draft.run().id()).toString())
            .put("stage", id)
            .put("state", draft.stage(index).state().name())
            .put("runState", draft.run().state().name())
            .toString());
  }

  private static StageAction action(String word) {
    for (StageAction action : StageAction.values()) {
      if (action.word().equals(word == null ? null : word.toLowerCase(Locale.ROOT))) {
        return action;
      }
    }
    return null;
  }

  private static String remedy(StageAction action) {
    StringBuilder from = new StringBuilder();
    for (StageState state : StageState.values()) {
      if (action.possibleIn(state)) {
        from.append(from.length() > 0 ? ", " : "").append(state);
      }
    }
    return "it is possible in " + from + ", while the run allows it";
  }

  /** JSON text of the output that goes with a completion, or null. */
  private static String output(String body) {
    try {
      JsonNode output = JSON.readTree(body).path("output");
      return output.isMissingNode() || output.isNull() ? null : output.toString();
    } catch (JsonProcessingException e) {
      return null;
    }
  }
}
