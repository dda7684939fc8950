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
import dev.millrace.model.EventTrigger;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.QueueTrigger;
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
 * Executes commands that define jobs, inside the leader's transaction; their states are {@link
 * JobMoves}'s. A refused command is an outcome, never an exception. The leader's thread.
 */
final class Desk {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Catalog catalog;
  private final Arming arming;
  private final JobMoves moves;

  Desk(Catalog catalog, Arming arming, JobMoves moves) {
    this.catalog = catalog;
    this.arming = arming;
    this.moves = moves;
  }

  /**
   * What came of a definition.
   *
   * @param job with its new version, or null when there is none
   * @param definition of that version, or null
   */
  record Applied(Outcome outcome, Jobs.Row job, JobDefinition definition) {}

  Applied applyJob(Handle tx, Command command, long epoch, long now) {
    JobDefinition definition;
    String source;
    boolean paused;
    try {
      JsonNode body = JSON.readTree(command.body());
      definition = DefinitionJson.fromJson(body.path("definition").toString());
      checkUsable(definition, now);
      source = body.path("source").asText("api");
      paused = body.path("paused").asBoolean();
    } catch (JsonProcessingException | RuntimeException e) {
      return unchanged(
          refused(
              422,
              "the definition cannot be read: " + e.getMessage(),
              "send it through POST /api/v1/jobs"));
    }
    String hash = DefinitionJson.hash(definition);
    Jobs.Row old = catalog.find(tx, definition.namespace(), definition.id());
    Outcome conflict = conflict(tx, definition, old == null ? 0 : old.id());
    if (conflict != null) {
      return unchanged(conflict);
    }
    if (old == null) {
      JobState first = paused ? JobState.PAUSED : JobState.SCHEDULED;
      long id = Jobs.insert(tx, definition.namespace(), definition.id(), first, source, now);
      Jobs.insertVersion(tx, id, 1, DefinitionJson.toJson(definition), hash, command.actor(), now);
      Jobs.Row row = new Jobs.Row(id, definition.namespace(), definition.id(), first, 1, source);
      catalog.put(row);
      arming.arm(tx, row, definition, now);
      moves.record(tx, row, command, epoch, now, null, JobState.CREATED, first);
      return new Applied(applied(201, row, true, noteOfNew(tx, row)), row, definition);
    }
    boolean handedOver = !old.source().equals(source) && isSameDirectory(old.source(), source);
    if (!handedOver && !old.source().equals(source) && old.source().startsWith("dir:")) {
      return unchanged(
          refused(
              409,
              "job '" + old.name() + "' is defined by " + old.source().substring(4),
              "change that file, or remove it first"));
    }
    if (!handedOver && !old.source().equals(source) && source.startsWith("dir:")) {
      return unchanged(
          refused(
              409,
              "job '" + old.name() + "' was defined through the API",
              "archive it there first, or use another id"));
    }
    if (Jobs.hash(tx, old.id(), old.version()).equals(hash)) {
      if (!handedOver) {
        return unchanged(applied(200, old, false, noteOf(old)));
      }
      Jobs.update(tx, old.id(), old.state(), old.version(), source, now);
      Jobs.Row moved =
          new Jobs.Row(old.id(), old.namespace(), old.name(), old.state(), old.version(), source);
      catalog.put(moved);
      return unchanged(applied(200, moved, false, noteOf(moved)));
    }
    int version = old.version() + 1;
    Jobs.insertVersion(
        tx, old.id(), version, DefinitionJson.toJson(definition), hash, command.actor(), now);
    Jobs.update(tx, old.id(), old.state(), version, source, now);
    Jobs.Row row =
        new Jobs.Row(old.id(), old.namespace(), old.name(), old.state(), version, source);
    catalog.put(row);
    if (row.state() != JobState.STOPPED) { // else they are armed when it is resumed
      arming.arm(tx, row, definition, now);
    }
    return new Applied(applied(200, row, true, noteOf(row)), row, definition);
  }

  /** What forbids it beside what is written in it, or null. */
  static Outcome conflict(Handle tx, JobDefinition definition, long job) {
    List<QueueTrigger> queues = new ArrayList<>();
    for (EventTrigger event : definition.events()) {
      switch (event) {
        case QueueTrigger queue -> queues.add(queue);
      }
    }
    return QueueBindings.conflict(tx, queues, job);
  }

  private static Applied unchanged(Outcome outcome) {
    return new Applied(outcome, null, null);
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
          new Params.Refused(refused(422, bad.text(), "see the job's params"));
    };
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

  /** What whoever applied it should know, or null. */
  private static String noteOfNew(Handle tx, Jobs.Row row) {
    return Jobs.wasArchived(tx, row.namespace(), row.name())
        ? "an archived job of this id stays as it is, with its versions and runs; this is a new one"
        : null;
  }

  private static String noteOf(Jobs.Row row) {
    return row.state() == JobState.SCHEDULED
        ? null
        : "the job is " + row.state() + " and stays so; resume it to let it start runs";
  }

  private static Outcome applied(int status, Jobs.Row row, boolean changed, String note) {
    ObjectNode body = answer(row, changed);
    body.put("note", note);
    return new Outcome(status, body.toString());
  }

  static ObjectNode answer(Jobs.Row row, boolean changed) {
    ObjectNode body = JSON.createObjectNode();
    body.put("job", row.name()).put("namespace", row.namespace()).put("version", row.version());
    return body.put("state", row.state().name()).put("changed", changed);
  }

  /** A command about a job that has no such name any more, or never had. */
  static Outcome noSuchJob(Handle tx, Command command, String wanted) {
    if (command.job() != null && Jobs.wasArchived(tx, command.namespace(), command.job())) {
      return refused(
          409,
          "job '" + command.job() + "' is ARCHIVED and " + wanted,
          "it is read-only; applying its definition makes a new job of that id");
    }
    return noSuchJob(command);
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
