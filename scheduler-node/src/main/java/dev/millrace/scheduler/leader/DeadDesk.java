package dev.millrace.scheduler.leader;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.expression.ExpressionException;
import dev.millrace.lifecycle.StageAction;
import dev.millrace.lifecycle.StageState;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.ParamDefinition;
import dev.millrace.model.RunId;
import dev.millrace.model.StageDefinition;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.command.Outcome;
import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.Engine;
import dev.millrace.scheduler.engine.Fact;
import dev.millrace.scheduler.engine.Run;
import dev.millrace.scheduler.engine.Stage;
import dev.millrace.scheduler.engine.StageInput;
import dev.millrace.scheduler.engine.Verdict;
import dev.millrace.scheduler.store.DeadLetters;
import dev.millrace.scheduler.store.Stages;
import java.util.ArrayList;
import java.util.List;
import org.jdbi.v3.core.Handle;

/**
 * Dead letters inside the leader's transaction: written with the failure that makes them, closed
 * with what makes their stage go on, so that each is executed again at most once. The leader's
 * thread.
 */
final class DeadDesk {
  /** Letters in one command. */
  static final int IDS_MAX = 1_000;

  private static final int MESSAGE_CHARS_MAX = 64 * 1024;
  private static final String HIDDEN = "***";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Drafts drafts;
  private final Gates gates;
  private final Ids ids;

  DeadDesk(Drafts drafts, Gates gates, Ids ids) {
    this.drafts = drafts;
    this.gates = gates;
    this.ids = ids;
  }

  /** Writes the letters of a pass, and closes those whose stage is not failed any more. */
  void write(Handle tx, Pass pass) {
    List<Stages.Key> goneOn = new ArrayList<>();
    for (Draft draft : pass.drafts.values()) {
      var changed = draft.changedStages();
      for (int i = changed.nextSetBit(0); i >= 0 && !draft.isNew(); i = changed.nextSetBit(i + 1)) {
        if (draft.stageBefore(i).state() == StageState.FAILED
            && draft.stage(i).state() != StageState.FAILED) {
          goneOn.add(new Stages.Key(draft.run().id(), i));
        }
      }
    }
    DeadLetters.closeOfStages(tx, goneOn, "operator", pass.now);
    List<DeadLetters.Fresh> letters = new ArrayList<>();
    for (Pass.Dead dead : pass.dead) {
      if (dead.draft().stage(dead.stage()).state() == StageState.FAILED) {
        letters.add(letter(dead.draft(), dead.stage(), pass.now));
      }
    }
    DeadLetters.insert(tx, letters);
  }

  private DeadLetters.Fresh letter(Draft draft, int index, long now) {
    Run run = draft.run();
    JobDefinition job = run.plan().definition();
    StageDefinition stage = run.plan().stage(index);
    Stage failed = draft.stage(index);
    String reason = failed.errorClass() == null ? "failed" : failed.errorClass();
    return new DeadLetters.Fresh(
        ids.next(now),
        run.id(),
        index,
        job.namespace(),
        job.id(),
        run.plan().version(),
        stage.id(),
        run.parent() == null ? -1 : run.parent().item(),
        stage.handler(),
        stage.pool(),
        message(draft, index),
        reason,
        failed.error(),
        Fingerprint.of(job.id(), stage.id(), reason, failed.error()),
        failed.failures() + failed.lost(),
        failed.worker(),
        failed.finishedAt(),
        failed.finishedAt());
  }

  /** What the last attempt was started with. */
  private static String message(Draft draft, int index) {
    Run run = draft.run();
    ObjectNode message = JSON.createObjectNode();
    message.set("params", masked(run));
    try {
      message.set("with", read(StageInput.with(draft, index)));
    } catch (ExpressionException wrong) {
      message.put("with", run.plan().stage(index).withJson()).put("problem", wrong.getMessage());
    }
    message.set("inputs", read(StageInput.inputs(draft, index)));
    if (run.parent() != null && run.parent().itemJson() != null) {
      message.set("item", read(run.parent().itemJson()));
    }
    String text = message.toString();
    return text.length() <= MESSAGE_CHARS_MAX
        ? text
        : "{\"tooLarge\":" + text.length() + ",\"params\":" + masked(run) + "}";
  }

  private static JsonNode masked(Run run) {
    JsonNode params = read(run.params());
    for (ParamDefinition param : run.plan().definition().params()) {
      if (param.secret() && params instanceof ObjectNode object && object.has(param.name())) {
        object.put(param.name(), HIDDEN);
      }
    }
    return params;
  }

  private static JsonNode read(String json) {
    try {
      return JSON.readTree(json);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("stored JSON cannot be read", e);
    }
  }

  /** Executes the stages of letters again, each letter once. */
  Outcome redrive(Handle tx, Pass pass, Command command) {
    return each(tx, command, (letter, results) -> redrive(tx, pass, command, letter, results));
  }

  /** A run with other parameters stands for these now. */
  Outcome replaced(Handle tx, Pass pass, Command command, Outcome started) {
    return each(
        tx,
        command,
        (letter, results) -> {
          String run = read(started.body()).path("run").asText();
          String note = "edited, as run " + run;
          int closed =
              DeadLetters.close(
                  tx, List.of(letter.id()), "REDRIVEN", command.actor(), note, pass.now);
          told(results, letter.id(), closed == 1, closed == 1 ? note : was(letter));
        });
  }

  Outcome discard(Handle tx, Pass pass, Command command) {
    if (command.reason() == null || command.reason().isBlank()) {
      return Desk.refused(422, "to discard needs a reason", "say why in \"reason\"");
    }
    return each(
        tx,
        command,
        (letter, results) -> {
          int closed =
              DeadLetters.close(
                  tx,
                  List.of(letter.id()),
                  "DISCARDED",
                  command.actor(),
                  command.reason(),
                  pass.now);
          told(results, letter.id(), closed == 1, closed == 1 ? "discarded" : was(letter));
        });
  }

  private interface Deed {
    void on(DeadLetters.Row letter, ArrayNode results);
  }

  private Outcome each(Handle tx, Command command, Deed deed) {
    List<Long> asked = new ArrayList<>();
    ArrayNode results = JSON.createArrayNode();
    for (JsonNode id : read(command.body()).path("ids")) {
      try {
        asked.add(RunId.parse(id.asText()).value());
      } catch (IllegalArgumentException e) {
        results.addObject().put("id", id.asText()).put("done", false).put("detail", "no such id");
      }
    }
    if (asked.isEmpty() || asked.size() > IDS_MAX) {
      return Desk.refused(422, "ids needs 1.." + IDS_MAX + " letters", "send it in parts");
    }
    List<DeadLetters.Row> found = DeadLetters.find(tx, asked);
    for (DeadLetters.Row letter : found) {
      asked.remove(letter.id());
      deed.on(letter, results);
    }
    asked.forEach(id -> told(results, id, false, "there is no such letter"));
    int done = 0;
    for (JsonNode result : results) {
      done += result.path("done").asBoolean() ? 1 : 0;
    }
    ObjectNode body = JSON.createObjectNode();
    body.put("done", done).put("refused", results.size() - done).set("results", results);
    return done == 0
        ? Desk.refused(409, "nothing was done: " + results, "look at each letter's state")
        : new Outcome(200, body.toString());
  }

  private void redrive(
      Handle tx, Pass pass, Command command, DeadLetters.Row letter, ArrayNode results) {
    if (!letter.state().equals("OPEN")) {
      told(results, letter.id(), false, was(letter));
      return;
    }
    drafts.open(tx, pass, List.of(letter.run()));
    Draft draft = pass.drafts.get(letter.run());
    boolean failed =
        draft != null
            && !draft.sealed()
            && draft.stage(letter.index()).state() == StageState.FAILED;
    Fact again =
        new Fact.OnStage(
            letter.index(), StageAction.RESET, command.actor(), command.reason(), null);
    if (!failed || Engine.apply(draft, again, pass.now, 0) != Verdict.ACCEPTED) {
      String what = draft == null ? "gone" : draft.stage(letter.index()).state().name();
      told(results, letter.id(), false, "its stage is " + what + ", not FAILED");
      return;
    }
    gates.align(tx, pass, draft);
    DeadLetters.close(
        tx, List.of(letter.id()), "REDRIVEN", command.actor(), command.reason(), pass.now);
    told(results, letter.id(), true, "run " + new RunId(letter.run()) + " goes on");
  }

  private static String was(DeadLetters.Row letter) {
    return "it is " + letter.state() + " since " + letter.endedAt() + " by " + letter.actor();
  }

  private static void told(ArrayNode results, long id, boolean done, String detail) {
    results.addObject().put("id", new RunId(id).toString()).put("done", done).put("detail", detail);
  }
}
