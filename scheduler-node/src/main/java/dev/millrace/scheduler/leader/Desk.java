package dev.millrace.scheduler.leader;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.definition.DefinitionJson;
import dev.millrace.definition.JsonReason;
import dev.millrace.definition.ParamValues;
import dev.millrace.definition.StartLimits;
import dev.millrace.lifecycle.JobState;
import dev.millrace.model.JobDefinition;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.command.Outcome;
import dev.millrace.scheduler.engine.Plan;
import dev.millrace.scheduler.store.Jobs;
import dev.millrace.scheduler.trigger.PlannedTriggers;
import dev.millrace.scheduler.trigger.Ticker;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jdbi.v3.core.Handle;

/**
 * Executes commands about jobs inside the leader's transaction; commands about runs are the turn's.
 * A refused command is an outcome, never an exception. The leader's thread.
 */
final class Desk {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Catalog catalog;
  private final Ticker ticker;
  private final Ids ids;

  Desk(Catalog catalog, Ticker ticker, Ids ids) {
    this.catalog = catalog;
    this.ticker = ticker;
    this.ids = ids;
  }

  Outcome applyJob(Handle tx, Command command, long epoch, long now) {
    JobDefinition definition;
    String source;
    try {
      JsonNode body = JSON.readTree(command.body());
      definition = DefinitionJson.fromJson(body.path("definition").toString());
      checkUsable(definition, now);
      source = body.path("source").asText("api");
    } catch (JsonProcessingException | RuntimeException e) {
      return refused(
          422,
          "the definition cannot be read: " + e.getMessage(),
          "send it through POST /api/v1/jobs");
    }
    String hash = DefinitionJson.hash(definition);
    Jobs.Row old = catalog.find(tx, definition.namespace(), definition.id());
    if (old == null) {
      long id =
          Jobs.insert(tx, definition.namespace(), definition.id(), JobState.SCHEDULED, source, now);
      Jobs.insertVersion(tx, id, 1, DefinitionJson.toJson(definition), hash, command.actor(), now);
      Jobs.Row row =
          new Jobs.Row(id, definition.namespace(), definition.id(), JobState.SCHEDULED, 1, source);
      catalog.put(row);
      arm(tx, row, definition, now);
      record(tx, row, epoch, now, moves(command, null, JobState.CREATED, JobState.SCHEDULED));
      return applied(201, row, true);
    }
    boolean handedOver = !old.source().equals(source) && isSameDirectory(old.source(), source);
    if (!handedOver && !old.source().equals(source) && old.source().startsWith("dir:")) {
      return refused(
          409,
          "job '" + old.name() + "' is defined by " + old.source().substring(4),
          "change that file, or remove it first");
    }
    if (!handedOver && !old.source().equals(source) && source.startsWith("dir:")) {
      return refused(
          409,
          "job '" + old.name() + "' was defined through the API",
          "delete it there first, or use another id");
    }
    if (Jobs.hash(tx, old.id(), old.version()).equals(hash)) {
      if (!handedOver) {
        return applied(200, old, false);
      }
      Jobs.update(tx, old.id(), old.state(), old.version(), source, now);
      Jobs.Row moved =
          new Jobs.Row(old.id(), old.namespace(), old.name(), old.state(), old.version(), source);
      catalog.put(moved);
      return applied(200, moved, false);
    }
    int version = old.version() + 1;
    Jobs.insertVersion(
        tx, old.id(), version, DefinitionJson.toJson(definition), hash, command.actor(), now);
    Jobs.update(tx, old.id(), old.state(), version, source, now);
    Jobs.Row row =
        new Jobs.Row(old.id(), old.namespace(), old.name(), old.state(), version, source);
    catalog.put(row);
    arm(tx, row, definition, now);
    return applied(200, row, true);
  }

  /** A renamed file, or the other one of two, may go on with the job. */
  private static boolean isSameDirectory(String oldSource, String source) {
    int end = oldSource.lastIndexOf('/');
    return oldSource.startsWith("dir:")
        && end == source.lastIndexOf('/')
        && source.startsWith(oldSource.substring(0, end + 1));
  }

  /**
   * What the inbox holds may come from any SQL client. A definition that cannot be compiled is
   * refused here; thrown later, inside the transaction, it would come again with every pass.
   */
  private static void checkUsable(JobDefinition definition, long now) {
    if (new Plan(0, 1, definition).size() == 0) {
      throw new IllegalArgumentException("it has no stages");
    }
    StartLimits.require(definition);
    PlannedTriggers.of(definition).forEach(trigger -> Ticker.firstTick(trigger.definition(), now));
  }

  Outcome deleteJob(Handle tx, Command command, long epoch, long now) {
    Jobs.Row row = catalog.find(tx, command.namespace(), command.job());
    if (row == null) {
      return noSuchJob(command);
    }
    String source = source(command);
    if (source != null && !row.source().equals(source)) {
      return refused(
          409, "job '" + row.name() + "' is defined by " + row.source(), "nothing was removed");
    }
    for (Jobs.TriggerRow trigger : Jobs.triggers(tx, row.id())) {
      Jobs.disarm(tx, trigger.id());
      ticker.disarm(trigger.id());
    }
    Jobs.Row archived =
        new Jobs.Row(
            row.id(), row.namespace(), row.name(), JobState.ARCHIVED, row.version(), row.source());
    Jobs.update(tx, row.id(), JobState.ARCHIVED, row.version(), row.source(), now);
    catalog.archived(archived);
    record(tx, archived, epoch, now, moves(command, row.state(), JobState.ARCHIVED));
    return applied(200, archived, true);
  }

  /** Its triggers are disarmed for good; its open runs go on. */
  Outcome stopJob(Handle tx, Command command, long epoch, long now) {
    Outcome outcome = moveJob(tx, command, JobState.STOPPED, epoch, now);
    Jobs.Row row = catalog.find(tx, command.namespace(), command.job());
    if (outcome.status() == 200) {
      for (Jobs.TriggerRow trigger : Jobs.triggers(tx, row.id())) {
        Jobs.disarm(tx, trigger.id());
        ticker.disarm(trigger.id());
      }
    }
    return outcome;
  }

  Outcome moveJob(Handle tx, Command command, JobState to, long epoch, long now) {
    Jobs.Row row = catalog.find(tx, command.namespace(), command.job());
    if (row == null) {
      return noSuchJob(command);
    }
    if (row.state() == to) {
      return applied(200, row, false);
    }
    if (!row.state().canBecome(to)) {
      return refused(
          409,
          "job '" + row.name() + "' is " + row.state() + " and cannot become " + to,
          "see GET jobs/" + row.name());
    }
    Jobs.update(tx, row.id(), to, row.version(), row.source(), now);
    Jobs.Row moved =
        new Jobs.Row(row.id(), row.namespace(), row.name(), to, row.version(), row.source());
    catalog.put(moved);
    record(tx, moved, epoch, now, moves(command, row.state(), to));
    return applied(200, moved, true);
  }

  /** Params for a run that is asked for, checked; or the refusal. */
  sealed interface Params {
    record Good(String json) implements Params {}

    record Refused(Outcome outcome) implements Params {}
  }

  /**
   * Checks the params of a RUN_START body; {@code {}} of a job without params is the hot path and
   * is not parsed.
   */
  static Params params(JobDefinition definition, String body) {
    if (definition.params().isEmpty() && body.equals("{}")) {
      return new Params.Good("{}");
    }
    String given;
    try {
      JsonNode params = JSON.readTree(body).path("params");
      if (!params.isMissingNode() && !params.isNull() && !params.isObject()) {
        return new Params.Refused(
            refused(422, "params is not an object", "send {\"params\": {\"name\": value}}"));
      }
      given = params.isObject() ? params.toString() : "{}";
    } catch (JsonProcessingException e) {
      return new Params.Refused(
          refused(422, "the body is not JSON: " + JsonReason.of(e), "send {\"params\": {}}"));
    }
    return switch (ParamValues.check(definition.params(), given)) {
      case ParamValues.Result.Ok ok -> new Params.Good(ok.json());
      case ParamValues.Result.Bad bad ->
          new Params.Refused(
              refused(
                  422,
                  bad.problems().stream()
                      .map(p -> p.path() + ": " + p.message())
                      .reduce((a, b) -> a + "; " + b)
                      .orElse(""),
                  "see the job's params"));
    };
  }

  /**
   * Makes the triggers of this version the armed ones. A trigger that is written as before keeps
   * its row, so its ledger and its next tick go on.
   */
  private void arm(Handle tx, Jobs.Row job, JobDefinition definition, long now) {
    List<Jobs.TriggerRow> old = new ArrayList<>(Jobs.triggers(tx, job.id()));
    List<PlannedTriggers.Planned> planned = PlannedTriggers.of(definition);
    for (int position = 0; position < planned.size(); position++) {
      PlannedTriggers.Planned trigger = planned.get(position);
      String spec = trigger.spec();
      Jobs.TriggerRow same =
          old.stream()
              .filter(row -> row.spec().equals(spec) && row.kind().equals(trigger.kind()))
              .findFirst()
              .orElse(null);
      if (same != null) {
        old.remove(same);
        Jobs.moveTrigger(tx, same.id(), position);
        ticker.arm(same.id(), job.id(), trigger, same.nextAt());
        continue;
      }
      long next = Ticker.firstTick(trigger.definition(), now);
      long id = Jobs.insertTrigger(tx, job.id(), position, trigger.kind(), spec, next, now);
      ticker.arm(id, job.id(), trigger, next);
    }
    for (Jobs.TriggerRow gone : old) {
      Jobs.disarm(tx, gone.id());
      ticker.disarm(gone.id());
    }
  }

  private void record(Handle tx, Jobs.Row job, long epoch, long now, String moves) {
    Jobs.recordMove(tx, ids.next(now), job.id(), epoch, now, moves);
  }

  /** The job's moves along these states; the first may be null for a job that did not exist. */
  private static String moves(Command command, JobState... states) {
    var list = JSON.createArrayNode();
    int first = states[0] == null ? 1 : 0;
    for (int i = Math.max(1, first); i < states.length; i++) {
      list.addArray()
          .add("@job")
          .add(states[i - 1] == null ? null : states[i - 1].name())
          .add(states[i].name())
          .add("command")
          .add(command.actor())
          .add(command.reason());
    }
    return list.toString();
  }

  private static String source(Command command) {
    return text(command.body(), "source");
  }

  /** A text field of a command's body, or null when the body is unreadable or has no such text. */
  static String text(String body, String field) {
    try {
      JsonNode value = JSON.readTree(body).path(field);
      return value.isTextual() ? value.asText() : null;
    } catch (JsonProcessingException e) {
      return null; // the caller refuses what lacks the field
    }
  }

  private static Outcome applied(int status, Jobs.Row row, boolean changed) {
    ObjectNode body = JSON.createObjectNode();
    body.put("job", row.name()).put("namespace", row.namespace()).put("version", row.version());
    body.put("state", row.state().name()).put("changed", changed);
    return new Outcome(status, body.toString());
  }

  static Outcome noSuchJob(Command command) {
    return refused(
        404,
        "namespace '" + command.namespace() + "' has no job '" + command.job() + "'",
        "list the jobs with GET /api/v1/jobs?namespace=" + command.namespace());
  }

  static Outcome refused(int status, String detail, String remedy) {
    return new Outcome(
        status, JSON.createObjectNode().put("detail", detail).put("remedy", remedy).toString());
  }

  static Outcome unknownKind(Command command) {
    return refused(
        422,
        "command '" + command.kind().toLowerCase(Locale.ROOT) + "' is not known to this version",
        "upgrade the leader");
  }
}
