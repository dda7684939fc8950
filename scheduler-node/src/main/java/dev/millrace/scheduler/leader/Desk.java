package dev.millrace.scheduler.leader;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.definition.JsonReason;
import dev.millrace.definition.ParamValues;
import dev.millrace.lifecycle.JobState;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.JobRef;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.command.Expectation;
import dev.millrace.scheduler.command.Outcome;
import dev.millrace.scheduler.definition.Owners;
import dev.millrace.scheduler.store.JobBatches;
import dev.millrace.scheduler.store.Jobs;
import dev.millrace.scheduler.trigger.PlannedTriggers;
import dev.millrace.scheduler.trigger.Ticker;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;

/**
 * Executes commands that define jobs, inside the leader's transaction; their states are {@link
 * JobMoves}'s. A refused command is an outcome, never an exception. The leader's thread.
 */
final class Desk {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Catalog catalog;
  private final JobWrites writes;
  private final JobGraph graph;
  private final QuotaDesk quotas;
  private final FileRules files;

  Desk(Catalog catalog, JobWrites writes, JobGraph graph, QuotaDesk quotas, FileRules files) {
    this.catalog = catalog;
    this.writes = writes;
    this.graph = graph;
    this.quotas = quotas;
    this.files = files;
  }

  /**
   * What came of a definition.
   *
   * @param job with its new version, or null when there is none
   * @param definition of that version, or null
   */
  record Applied(Outcome outcome, Jobs.Row job, JobDefinition definition) {}

  Applied applyJob(Handle tx, Command command, long epoch, long now) {
    Wanted wanted;
    String source;
    boolean paused;
    try {
      JsonNode body = Wanted.JSON.readTree(command.body());
      wanted = Wanted.withPatterns(tx, List.of(Wanted.of(body))).getFirst();
      Wanted.checkUsable(wanted.definition(), now);
      source = body.path("source").asText(Owners.API);
      paused = body.path("paused").asBoolean();
    } catch (JsonProcessingException | RuntimeException e) {
      return unchanged(
          refused(
              422,
              "the definition cannot be read: " + e.getMessage(),
              "send it through POST /api/v1/jobs"));
    }
    JobDefinition definition = wanted.definition();
    Optional<Outcome> no = cycle(graph, definition).or(() -> files.refusal(definition));
    if (no.isPresent()) {
      return unchanged(no.get());
    }
    JobBatches.Known known = JobBatches.find(tx, List.of(wanted.name())).get(wanted.name());
    Optional<Outcome> stale =
        stale(command, wanted.name().name(), known == null ? null : known.row());
    if (stale.isPresent()) {
      return unchanged(stale.get());
    }
    if (known == null) {
      Optional<Outcome> forbidden = forbidden(tx, null, wanted.definition(), now);
      if (forbidden.isPresent()) {
        return unchanged(forbidden.get());
      }
      JobState first = paused ? JobState.PAUSED : JobState.SCHEDULED;
      var fresh = JobWrites.Change.fresh(wanted, first, source);
      Jobs.Row row = writes.write(tx, List.of(fresh), command, epoch, now).getFirst();
      return new Applied(
          applied(201, row, true, notes(noteOfNew(tx, row), unknown(tx, wanted.definition()))),
          row,
          wanted.definition());
    }
    Jobs.Row old = known.row();
    var refusal = Owners.refusal("job '" + old.name() + "'", old.source(), source);
    if (refusal != null) {
      return unchanged(refused(409, refusal.detail(), refusal.remedy()));
    }
    String owner = Owners.after(old.source(), source);
    if (wanted.isInForce(known)) {
      if (owner.equals(old.source())) {
        return unchanged(
            applied(200, old, false, notes(noteOf(old), unknown(tx, wanted.definition()))));
      }
      Jobs.Row moved = old.at(old.version(), owner);
      JobBatches.update(tx, List.of(moved), now);
      catalog.put(moved);
      return unchanged(applied(200, moved, false, noteOf(moved)));
    }
    Optional<Outcome> forbidden = forbidden(tx, old, wanted.definition(), now);
    if (forbidden.isPresent()) {
      return unchanged(forbidden.get());
    }
    var change = JobWrites.Change.of(wanted, old, owner, source);
    Jobs.Row row = writes.write(tx, List.of(change), command, epoch, now).getFirst();
    return new Applied(
        applied(200, row, true, notes(note(row, source), unknown(tx, wanted.definition()))),
        row,
        wanted.definition());
  }

  /**
   * The refusal of a change of a job that is not what its asker has read.
   *
   * @param job as it is, or null
   */
  static Optional<Outcome> stale(Command command, String name, Jobs.Row job) {
    return stale(
        command,
        "job '" + name + "'",
        job == null ? null : Expectation.version(job.id(), job.version()));
  }

  /**
   * The same of anything with versions.
   *
   * @param version of now, or null
   */
  static Optional<Outcome> stale(Command command, String what, String version) {
    if (!command.body().contains(Expectation.MATCH)
        && !command.body().contains(Expectation.NONE_MATCH)) {
      return Optional.empty(); // the usual case, without reading it again
    }
    String why =
        new Expectation(
                text(command.body(), Expectation.MATCH),
                text(command.body(), Expectation.NONE_MATCH))
            .refusal(what, version);
    if (why == null) {
      return Optional.empty();
    }
    ObjectNode body = JSON.createObjectNode().put("detail", why);
    body.put("remedy", "read it again, make your change to what it says now, and send its ETag");
    body.put("etag", version == null ? null : "\"" + version + "\"");
    return Optional.of(new Outcome(412, body.toString()));
  }

  /** Jobs that wait for each other would wait for ever. */
  static Optional<Outcome> cycle(JobGraph graph, JobDefinition definition) {
    return graph
        .cycle(definition, Map.of())
        .map(
            path ->
                refused(
                    422,
                    cycle(definition, path),
                    "remove '"
                        + path.get(1).seenFrom(definition.namespace())
                        + "' from "
                        + JobGraph.place(definition, path.get(1))
                        + " of '"
                        + definition.id()
                        + "', or one of the others; see GET /api/v1/jobs/"
                        + definition.id()
                        + "/graph"));
  }

  static String cycle(JobDefinition definition, List<JobRef> path) {
    return "jobs would wait for each other (each waits for the next): "
        + path.stream()
            .map(job -> job.seenFrom(definition.namespace()))
            .collect(Collectors.joining(" → "));
  }

  /** Jobs that it waits for in vain, or null. */
  private String unknown(Handle tx, JobDefinition definition) {
    List<JobRef> unknown = JobGraph.unknown(tx, catalog, definition);
    return unknown.isEmpty()
        ? null
        : "there is no job "
            + JobGraph.names(unknown, definition.namespace())
            + " yet; it waits until there is, and until that has run";
  }

  private static String notes(String one, String other) {
    if (one == null || other == null) {
      return one == null ? other : one;
    }
    return one + "; " + other;
  }

  static final String PAST_REMEDY =
      "give it an instant to come, or write `past: run` to run it now";

  static Applied unchanged(Outcome outcome) {
    return new Applied(outcome, null, null);
  }

  /**
   * What forbids a definition beside what is written in it: the time, the queues of others, the
   * quota.
   *
   * @param job as it is, or null for a new one
   */
  private Optional<Outcome> forbidden(Handle tx, Jobs.Row job, JobDefinition definition, long now) {
    return past(tx, job, definition, now)
        .map(why -> refused(422, why, PAST_REMEDY))
        .or(() -> QueueBindings.conflict(tx, definition, job == null ? 0 : job.id()))
        .or(() -> quotas.judge(tx, definition, job == null, now));
  }

  /**
   * Whether a trigger that is new wants to be refused now; the triggers are only read when one is.
   *
   * @param job as it is, or null for a new one
   */
  static Optional<String> past(Handle tx, Jobs.Row job, JobDefinition definition, long now) {
    List<Jobs.TriggerRow> known = null;
    for (PlannedTriggers.Planned trigger : PlannedTriggers.of(definition)) {
      Optional<String> refusal = trigger.refusal(Ticker.instantOf(now));
      if (refusal.isPresent()) {
        String spec = trigger.spec();
        known = known != null ? known : job == null ? List.of() : Arming.known(tx, job);
        if (known.stream().noneMatch(row -> row.spec().equals(spec))) {
          return refusal;
        }
      }
    }
    return Optional.empty();
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

  private static String note(Jobs.Row row, String source) {
    return Owners.isSet(row.source()) && source.equals(Owners.API)
        ? "the job belongs to "
            + Owners.named(row.source())
            + ", whose next apply puts back what its files say"
        : noteOf(row);
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
