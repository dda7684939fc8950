package dev.millrace.scheduler.http;

import static dev.millrace.scheduler.http.Route.json;
import static dev.millrace.scheduler.http.Route.post;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.definition.DefinitionDiff;
import dev.millrace.definition.DefinitionJson;
import dev.millrace.definition.DefinitionReader;
import dev.millrace.definition.DefinitionYaml;
import dev.millrace.definition.PatternSource;
import dev.millrace.definition.Preview;
import dev.millrace.definition.Schedule;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.StageDefinition;
import dev.millrace.model.TriggerDefinition;
import dev.millrace.scheduler.store.ReadsFleet;
import dev.millrace.scheduler.store.ReadsJobs;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.List;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/**
 * What a text would be if it were applied: every problem with its place, or the stages, the next
 * ticks, and what differs from the version in force. For editors, as one types; changes nothing.
 * Any thread.
 */
final class CheckApi {
  private static final int TICKS_SHOWN = 5;
  private static final int TRIGGERS_SHOWN = 10;

  private final Jdbi jdbi;
  private final PatternSource patterns;

  CheckApi(Jdbi jdbi, PatternSource patterns) {
    this.jdbi = jdbi;
    this.patterns = patterns;
  }

  List<Route> routes() {
    return List.of(
        post(
                "/api/v1/jobs/check",
                "jobs",
                "What a definition says, what is wrong with it, and what it would change",
                "JobText",
                List.of(json(200, "JobCheck")),
                this::check)
            .query("namespace")
            .needs(Role.VIEWER, Scope.BODY));
  }

  private void check(Call call) {
    String namespace = DefinitionCommands.namespace(call);
    switch (DefinitionCommands.reader(call, patterns).read(call.body(), "body", namespace)) {
      case DefinitionReader.Result.Bad bad -> {
        ObjectNode body = Json.object().put("valid", false);
        body.set("problems", DefinitionCommands.problems(bad.problems()));
        call.answer(200, body);
      }
      case DefinitionReader.Result.Ok ok -> {
        JobDefinition job = JobsApi.inNamespace(ok.job(), call.query("namespace"));
        call.require(job.namespace());
        call.answer(200, jdbi.withHandle(handle -> good(handle, job, ok.origin())));
      }
    }
  }

  private static ObjectNode good(Handle handle, JobDefinition job, DefinitionReader.Origin origin) {
    String after = DefinitionJson.toJson(job);
    ObjectNode body = Json.object().put("valid", true);
    body.putArray("problems");
    body.put("id", job.id()).put("namespace", job.namespace());
    body.put("yaml", DefinitionYaml.of(origin == null ? after : origin.writtenJson()));
    body.set("definition", Json.stored(after));
    ReadsJobs.Job now = ReadsJobs.find(handle, job.namespace(), job.id()).orElse(null);
    String before = now == null ? null : now.definition();
    body.put("version", now == null ? null : now.version());
    body.put("state", now == null ? null : now.state());
    body.put("source", now == null ? null : now.source());
    body.set("changes", now == null ? Json.array() : VersionsApi.changes(before, after));
    body.put(
        "unified",
        DefinitionDiff.unified(
            before,
            after,
            now == null ? "/dev/null" : job.id() + "@" + now.version(),
            job.id() + " as written here"));
    body.set("graph", graph(job));
    body.set("triggers", triggers(job, ReadsFleet.databaseNow(handle)));
    return body;
  }

  /** The stages as a picture needs them. */
  static ArrayNode graph(JobDefinition job) {
    ArrayNode graph = Json.array();
    for (StageDefinition stage : job.stages()) {
      ObjectNode item = graph.addObject().put("id", stage.id()).put("handler", stage.handler());
      item.put("pool", stage.pool().isEmpty() ? null : stage.pool());
      Views.graph(item, stage);
    }
    return graph;
  }

  private static ArrayNode triggers(JobDefinition job, Instant now) {
    ArrayNode shown = Json.array();
    for (TriggerDefinition trigger : job.triggers().stream().limit(TRIGGERS_SHOWN).toList()) {
      ObjectNode item = shown.addObject();
      item.put("timezone", trigger.zone().getId());
      ArrayNode ticks = Json.array();
      JsonNode problem = NullNode.instance;
      try {
        Preview preview = Preview.of(trigger, Schedule.seed(job), now, TICKS_SHOWN);
        item.put("resolved", preview.resolved());
        preview.lines().forEach(line -> ticks.add(SchedulePreview.item(line)));
      } catch (DateTimeException | ArithmeticException e) {
        problem = Json.object().textNode("its ticks go beyond the calendar: " + e.getMessage());
        item.putNull("resolved");
      }
      item.set("items", ticks);
      item.set("problem", problem);
    }
    return shown;
  }
}
