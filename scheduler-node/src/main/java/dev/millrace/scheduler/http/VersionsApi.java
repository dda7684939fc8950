package dev.millrace.scheduler.http;

import static dev.millrace.scheduler.http.Route.get;
import static dev.millrace.scheduler.http.Route.json;
import static dev.millrace.scheduler.http.Route.post;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.definition.DefinitionDiff;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.store.ReadsJobs;
import java.util.List;
import java.util.Set;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/** Versions of jobs: what they said, what changed between them, and the way back. Any thread. */
final class VersionsApi {
  static final String TAG = "versions";
  private static final Set<String> ROLLBACK_KEYS = Set.of("version", "reason");

  private final Jdbi jdbi;
  private final Asker asker;

  VersionsApi(Jdbi jdbi, Asker asker) {
    this.jdbi = jdbi;
    this.asker = asker;
  }

  List<Route> routes() {
    return List.of(
        get(
                "/api/v1/jobs/{job}/versions",
                TAG,
                "Versions of a job, newest first",
                "VersionPage",
                this::list)
            .needs(Role.VIEWER, Scope.QUERY)
            .query("namespace", "limit", "after")
            .headers(ETags.OF_READS),
        get("/api/v1/jobs/{job}/versions/{version}", TAG, "One version", "Version", this::one)
            .needs(Role.VIEWER, Scope.QUERY)
            .query("namespace")
            .headers(ETags.OF_READS),
        get("/api/v1/jobs/{job}/diff", TAG, "What changed between two versions", "Diff", this::diff)
            .needs(Role.VIEWER, Scope.QUERY)
            .query("namespace", "from", "to"),
        post(
                "/api/v1/jobs/{job}/rollback",
                TAG,
                "Make a new version that says what an older one said",
                "Rollback",
                List.of(json(200, "RolledBack"), json(202, "Accepted")),
                this::rollback)
            .needs(Role.EDITOR, Scope.QUERY)
            .query("namespace")
            .headers("If-Match"));
  }

  private void list(Call call) {
    int limit = call.limit();
    int before = Math.clamp(call.after(Integer.MAX_VALUE), 0, Integer.MAX_VALUE);
    jdbi.useHandle(
        handle -> {
          ReadsJobs.Job job = JobsApi.find(handle, call.namespace(), call.path("job"));
          List<ReadsJobs.Version> versions = ReadsJobs.versions(handle, job.id(), before, limit);
          ArrayNode items = Json.array();
          versions.forEach(version -> items.add(view(version)));
          ObjectNode page = Json.object();
          page.set("items", items);
          ReadsJobs.Version last = versions.size() < limit ? null : versions.getLast();
          page.put("next", last == null ? null : Integer.toString(last.version()));
          ETags.answer(call, page);
        });
  }

  private void one(Call call) {
    int number = number("version", call.path("version"));
    ETags.answer(
        call,
        jdbi.withHandle(
            handle -> {
              ReadsJobs.Job job = JobsApi.find(handle, call.namespace(), call.path("job"));
              return view(find(handle, job, number));
            }));
  }

  private void diff(Call call) {
    String from = call.query("from");
    String to = call.query("to");
    Integer askedFrom = from == null ? null : number("from", from);
    Integer askedTo = to == null ? null : number("to", to);
    call.answer(
        200,
        jdbi.withHandle(
            handle -> {
              ReadsJobs.Job job = JobsApi.find(handle, call.namespace(), call.path("job"));
              int after = askedTo == null ? job.version() : askedTo;
              int before = askedFrom == null ? after - 1 : askedFrom;
              if (before < 1) {
                throw new Problem.Refused(
                    new Problem(
                        422,
                        "invalid",
                        "Invalid",
                        "version 1 of job '" + job.name() + "' is its first; nothing is before it",
                        "Say which two to compare with ?from= and ?to=."));
              }
              return diff(job, find(handle, job, before), find(handle, job, after));
            }));
  }

  private static ObjectNode diff(
      ReadsJobs.Job job, ReadsJobs.Version before, ReadsJobs.Version after) {
    ObjectNode node = Json.object();
    node.put("job", job.name()).put("namespace", job.namespace());
    node.put("from", before.version()).put("to", after.version());
    node.set("changes", changes(before.definition(), after.definition()));
    return node.put(
        "unified",
        DefinitionDiff.unified(
            before.definition(),
            after.definition(),
            job.name() + "@" + before.version(),
            job.name() + "@" + after.version()));
  }

  /** The structural difference of two definitions; null is none. */
  static ArrayNode changes(String before, String after) {
    ArrayNode items = Json.array();
    for (DefinitionDiff.Change change : DefinitionDiff.changes(before, after)) {
      ObjectNode item = items.addObject().put("path", change.path());
      item.set("before", Json.stored(change.before()));
      item.set("after", Json.stored(change.after()));
    }
    return items;
  }

  private void rollback(Call call) throws InterruptedException {
    ObjectNode asked = call.object(ROLLBACK_KEYS);
    ObjectNode body = Json.object();
    JsonNode version = asked.path("version");
    if (!version.isIntegralNumber() || !version.canConvertToInt() || version.asInt() < 1) {
      throw Problem.badRequest(
          "version is the number of the version to go back to", "Send {\"version\": 3}.");
    }
    body.set("version", version);
    ETags.expect(call, body);
    String name = call.path("job");
    requireRestored(call, name, version.asInt());
    Command command =
        new Command(
            Command.Kind.JOB_ROLLBACK,
            call.namespace(),
            name,
            Json.write(body),
            call.actor(),
            Call.reason(asked));
    asker
        .ask(call, command, "/api/v1/jobs/" + name)
        .ifPresent(outcome -> call.answer(outcome.status(), Json.stored(outcome.body())));
  }

  /** What a version names, its editor of today may not be allowed to name. */
  private void requireRestored(Call call, String name, int version) {
    jdbi.withHandle(
            handle ->
                ReadsJobs.version(
                    handle, JobsApi.find(handle, call.namespace(), name).id(), version))
        .map(found -> Definitions.of(found.definition()))
        .ifPresent(definition -> DefinitionCommands.require(call, definition));
  }

  static int number(String key, String text) {
    if (!text.matches("[1-9][0-9]{0,8}")) {
      throw Problem.badRequest(
          "'" + key + "' is the number of a version, not '" + Call.shortened(text) + "'",
          "GET /api/v1/jobs/{job}/versions lists them.");
    }
    return Integer.parseInt(text);
  }

  private static ReadsJobs.Version find(Handle handle, ReadsJobs.Job job, int version) {
    return ReadsJobs.version(handle, job.id(), version)
        .orElseThrow(
            () ->
                Problem.notFound(
                    "job '"
                        + job.name()
                        + "' has no version "
                        + version
                        + "; its versions are 1 to "
                        + job.version(),
                    "GET /api/v1/jobs/" + job.name() + "/versions lists them."));
  }

  private static ObjectNode view(ReadsJobs.Version version) {
    ObjectNode node = Json.object();
    node.put("version", version.version());
    node.put("hash", version.hash());
    node.put("actor", version.actor());
    node.put("reason", version.reason());
    node.put("source", version.source());
    node.put("createdAt", Json.text(version.createdAt()));
    node.put("restored", version.restored());
    node.set("pattern", Views.pattern(version.pattern()));
    node.set("written", Json.stored(version.written()));
    node.set("definition", Json.stored(version.definition()));
    return node;
  }
}
