package dev.millrace.scheduler.leader;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.lifecycle.JobState;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.engine.Plan;
import dev.millrace.scheduler.engine.Run;
import dev.millrace.scheduler.store.DeadLetters;
import dev.millrace.scheduler.store.DeadLetters.Closing;
import dev.millrace.scheduler.store.Jobs;
import java.util.Map;
import org.jdbi.v3.core.Handle;

/**
 * Redrives with other params: a version is immutable and so is what a run was started with, so that
 * is a new run of the same version. The old one stays as it failed. The leader's thread.
 */
final class EditedRedrive {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Catalog catalog;
  private final Births births;
  private final Meters meters;

  EditedRedrive(Catalog catalog, Births births, Meters meters) {
    this.catalog = catalog;
    this.births = births;
    this.meters = meters;
  }

  DeadDesk.Result start(
      Handle tx, Pass pass, Command command, DeadLetters.Row row, Run old, ObjectNode given) {
    if (old.parent() != null) {
      return DeadDesk.Result.refused(
          row.id(),
          422,
          "its run was started by run "
              + new RunId(old.parent().run())
              + ", which says what its params are",
          "redrive it as it is, or start a run of the job above with other params");
    }
    Plan plan = old.plan();
    Jobs.Row job = catalog.find(tx, plan.job());
    if (job.state() == JobState.ARCHIVED || job.state() == JobState.STOPPED) {
      return DeadDesk.Result.refused(
          row.id(),
          409,
          "job '" + job.name() + "' is " + job.state() + "; it starts no runs",
          "resume a stopped job, apply an archived one again, or discard the letter");
    }
    ObjectNode body = JSON.createObjectNode();
    body.set("params", merged(read(old.params()), given));
    return switch (Desk.params(plan.definition(), body.toString())) {
      case Desk.Params.Refused refused -> {
        JsonNode why = read(refused.outcome().body());
        yield DeadDesk.Result.refused(
            row.id(),
            refused.outcome().status(),
            why.path("detail").asText(),
            why.path("remedy").asText());
      }
      case Desk.Params.Good good -> started(tx, pass, command, row, old, good.json());
    };
  }

  private DeadDesk.Result started(
      Handle tx, Pass pass, Command command, DeadLetters.Row row, Run old, String params) {
    String why = "redrive of dead letter " + new RunId(row.id()) + " of run " + new RunId(old.id());
    String reason = command.reason() == null ? why : why + ": " + command.reason();
    Run fresh =
        births
            .asked(old.plan(), "manual", params, command.actor(), reason, pass.now)
            .inOrchestration(old.orchestration());
    return switch (births.make(tx, pass, fresh, "command")) {
      case Births.Birth.Skipped skipped ->
          DeadDesk.Result.refused(
              row.id(),
              409,
              "no run was made: " + skipped.why(),
              "wait for the other run, or stop it");
      case Births.Birth.Made made -> {
        meters.runCreated("manual");
        RunId id = new RunId(made.draft().run().id());
        String note =
            "run "
                + id
                + " with other params"
                + (command.reason() == null ? "" : ": " + command.reason());
        DeadDesk.Result done =
            DeadDesk.Result.done(
                new Closing(row.id(), DeadLetters.REDRIVEN, command.actor(), note, fresh.id()),
                201,
                "a new run of version " + old.plan().version() + " starts");
        done.body().put("run", id.toString()).put("state", made.draft().run().state().name());
        yield done;
      }
    };
  }

  private static JsonNode read(String json) {
    try {
      return JSON.readTree(json);
    } catch (JsonProcessingException e) {
      return JSON.createObjectNode();
    }
  }

  /** What a person gave, over what the run has; null takes the default again. */
  static ObjectNode merged(JsonNode has, ObjectNode given) {
    ObjectNode merged = has instanceof ObjectNode object ? object.deepCopy() : given.objectNode();
    for (Map.Entry<String, JsonNode> field : given.properties()) {
      if (field.getValue().isNull()) {
        merged.remove(field.getKey());
      } else if (!field.getValue().asText().equals(SecretMask.HIDDEN)) {
        merged.set(field.getKey(), field.getValue()); // what is shown hidden stays what it is
      }
    }
    return merged;
  }
}
