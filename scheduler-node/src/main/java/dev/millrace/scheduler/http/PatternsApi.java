package dev.millrace.scheduler.http;

import static dev.millrace.scheduler.http.Route.get;
import static dev.millrace.scheduler.http.Route.json;
import static dev.millrace.scheduler.http.Route.post;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.definition.PatternDefinition;
import dev.millrace.definition.PatternReader;
import dev.millrace.definition.PatternSource;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.ParamDefinition;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.definition.DefinitionSet;
import dev.millrace.scheduler.definition.Owners;
import dev.millrace.scheduler.definition.StoredPatterns;
import dev.millrace.scheduler.store.ReadsPatterns;
import java.util.List;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/** Patterns: jobs with parameters, kept for other jobs to be made of. Any thread. */
final class PatternsApi {
  static final String TAG = "patterns";
  private static final int USERS_SHOWN_MAX = 1_000;

  private final Jdbi jdbi;
  private final Asker asker;
  private final StoredPatterns patterns;

  PatternsApi(Jdbi jdbi, Asker asker, StoredPatterns patterns) {
    this.jdbi = jdbi;
    this.asker = asker;
    this.patterns = patterns;
  }

  List<Route> routes() {
    List<Route.Answer> changed = List.of(json(200, "PatternChanged"), json(202, "Accepted"));
    return List.of(
        get("/api/v1/patterns", TAG, "Patterns by name", "PatternPage", this::list)
            .needs(Role.VIEWER, Scope.QUERY)
            .query("namespace", "limit", "after"),
        post(
                "/api/v1/patterns",
                TAG,
                "Register a pattern, or make a new version of it, from YAML or JSON",
                "JobText",
                List.of(json(201, "Pattern"), json(200, "Pattern"), json(202, "Accepted")),
                this::put)
            .needs(Role.EDITOR, Scope.BODY)
            .query("namespace", "reason")
            .headers(ETags.OF_CHANGES),
        get("/api/v1/patterns/{pattern}", TAG, "A pattern, and who uses it", "Pattern", this::one)
            .needs(Role.VIEWER, Scope.QUERY)
            .query("namespace")
            .headers(ETags.OF_READS),
        post(
                "/api/v1/patterns/{pattern}",
                TAG,
                "Delete a pattern that nobody uses",
                null,
                changed,
                this::delete)
            .needs(Role.EDITOR, Scope.QUERY)
            .as("DELETE")
            .query("namespace", "reason")
            .headers("If-Match"),
        get(
                "/api/v1/patterns/{pattern}/versions",
                TAG,
                "Versions of a pattern, newest first",
                "PatternVersionPage",
                this::versions)
            .needs(Role.VIEWER, Scope.QUERY)
            .query("namespace", "limit", "after"),
        get(
                "/api/v1/patterns/{pattern}/versions/{version}",
                TAG,
                "One version of a pattern, as it was written",
                "PatternVersion",
                this::version)
            .needs(Role.VIEWER, Scope.QUERY)
            .query("namespace"));
  }

  private void list(Call call) {
    int limit = call.limit();
    String after = call.query("after");
    jdbi.useHandle(
        handle -> {
          List<ReadsPatterns.Row> rows =
              ReadsPatterns.page(handle, call.namespace(), after == null ? "" : after, limit);
          ArrayNode items = Json.array();
          rows.forEach(row -> items.add(view(row)));
          call.page(items, rows.size() < limit ? null : rows.getLast().name());
        });
  }

  private void put(Call call) throws InterruptedException {
    String text = call.body();
    String reason = Call.reason(Json.object().put("reason", call.query("reason")));
    PatternDefinition read =
        switch (new PatternReader().read(text, "body")) {
          case PatternReader.Result.Ok ok -> ok.pattern();
          case PatternReader.Result.Bad bad ->
              throw DefinitionCommands.refused(
                  bad.problems(),
                  "the pattern has " + bad.problems().size() + " problem(s); nothing was changed");
        };
    String namespace =
        read.namespace().equals(JobDefinition.DEFAULT_NAMESPACE)
            ? DefinitionCommands.namespace(call)
            : read.namespace();
    call.require(namespace);
    ObjectNode body = Json.object();
    body.put("namespace", namespace).put("name", read.name()).put("text", text);
    body.put("format", text.stripLeading().startsWith("{") ? "json" : "yaml");
    body.put("source", Owners.API);
    ETags.expect(call, body);
    Command command =
        new Command(
            Command.Kind.PATTERN_PUT, namespace, null, Json.write(body), call.actor(), reason);
    asker
        .ask(call, command, "/api/v1/patterns/" + read.name())
        .ifPresent(
            outcome -> {
              ObjectNode made =
                  jdbi.withHandle(
                      handle -> {
                        ReadsPatterns.Row row = find(handle, namespace, read.name());
                        ObjectNode shown = read(handle, row);
                        call.http().header("ETag", ETags.of(row.id(), row.version(), shown));
                        return shown;
                      });
              made.set("changed", Json.stored(outcome.body()).path("changed"));
              call.answer(outcome.status(), made);
            });
  }

  /** A pattern of a set as the leader takes it. */
  static ObjectNode command(DefinitionSet.Pattern pattern) {
    return Json.object()
        .put("namespace", pattern.definition().namespace())
        .put("name", pattern.definition().name())
        .put("version", pattern.version())
        .put("text", pattern.text())
        .put("format", pattern.format())
        .put("file", pattern.file());
  }

  private void one(Call call) {
    jdbi.useHandle(
        handle -> {
          ReadsPatterns.Row row = find(handle, call.namespace(), call.path("pattern"));
          ObjectNode body = read(handle, row);
          ETags.answer(call, ETags.of(row.id(), row.version(), body), body);
        });
  }

  private ObjectNode read(Handle handle, ReadsPatterns.Row row) {
    ObjectNode node = view(row);
    PatternDefinition pattern = definition(row);
    node.put("description", pattern.description());
    ObjectNode params = node.putObject("params");
    for (ParamDefinition param : pattern.params()) {
      ObjectNode item = params.putObject(param.name());
      item.put("type", param.type()).put("required", param.required());
      item.set("default", Json.stored(param.defaultJson()));
      item.put("secret", param.secret());
      item.put("read", pattern.loadTime().contains(param.name()) ? "load" : "run");
    }
    ReadsPatterns.Version newest =
        ReadsPatterns.version(handle, row.id(), row.version()).orElseThrow();
    node.put("text", newest.text()).put("format", newest.format());
    ArrayNode users = node.putArray("usedBy");
    for (ReadsPatterns.User user : ReadsPatterns.users(handle, row.id(), USERS_SHOWN_MAX)) {
      users
          .addObject()
          .put("namespace", user.namespace())
          .put("job", user.job())
          .put("jobVersion", user.jobVersion())
          .put("version", user.patternVersion())
          .put("behind", user.patternVersion() < row.version());
    }
    return node;
  }

  private PatternDefinition definition(ReadsPatterns.Row row) {
    PatternSource.Found found =
        patterns.find(row.namespace(), row.name(), row.version()).orElse(null);
    if (found == null || found.pattern() == null) {
      throw Problem.notFound("the pattern was deleted just now", "List the others.");
    }
    return found.pattern();
  }

  private void versions(Call call) {
    int limit = call.limit();
    int before = Math.clamp(call.after(Integer.MAX_VALUE), 0, Integer.MAX_VALUE);
    jdbi.useHandle(
        handle -> {
          ReadsPatterns.Row row = find(handle, call.namespace(), call.path("pattern"));
          List<ReadsPatterns.Version> versions =
              ReadsPatterns.versions(handle, row.id(), before, limit);
          ArrayNode items = Json.array();
          versions.forEach(version -> items.add(view(version)));
          call.page(
              items,
              versions.size() < limit ? null : Integer.toString(versions.getLast().version()));
        });
  }

  private void version(Call call) {
    int number = VersionsApi.number("version", call.path("version"));
    call.answer(
        200,
        jdbi.withHandle(
            handle -> {
              ReadsPatterns.Row row = find(handle, call.namespace(), call.path("pattern"));
              return ReadsPatterns.version(handle, row.id(), number)
                  .map(PatternsApi::view)
                  .orElseThrow(
                      () ->
                          Problem.notFound(
                              "pattern '"
                                  + row.name()
                                  + "' has no version "
                                  + number
                                  + "; its versions are 1 to "
                                  + row.version(),
                              "GET /api/v1/patterns/" + row.name() + "/versions lists them."));
            }));
  }

  private void delete(Call call) throws InterruptedException {
    String name = call.path("pattern");
    String reason = Call.reason(Json.object().put("reason", call.query("reason")));
    ObjectNode body = Json.object().put("name", name);
    ETags.expect(call, body);
    Command command =
        new Command(
            Command.Kind.PATTERN_DELETE,
            call.namespace(),
            null,
            Json.write(body),
            call.actor(),
            reason);
    asker
        .ask(call, command, "/api/v1/patterns/" + name)
        .ifPresent(outcome -> call.answer(outcome.status(), Json.stored(outcome.body())));
  }

  private static ReadsPatterns.Row find(Handle handle, String namespace, String name) {
    return ReadsPatterns.find(handle, namespace, name)
        .orElseThrow(
            () ->
                Problem.notFound(
                    "no pattern '" + name + "' in namespace '" + namespace + "'",
                    "GET /api/v1/patterns lists what there is; is the namespace right?"));
  }

  private static ObjectNode view(ReadsPatterns.Row row) {
    return Json.object()
        .put("name", row.name())
        .put("namespace", row.namespace())
        .put("version", row.version())
        .put("source", row.source())
        .put("createdAt", Json.text(row.createdAt()))
        .put("updatedAt", Json.text(row.updatedAt()))
        .put("users", row.users())
        .put("behind", row.behind());
  }

  private static ObjectNode view(ReadsPatterns.Version version) {
    return Json.object()
        .put("version", version.version())
        .put("text", version.text())
        .put("format", version.format())
        .put("hash", version.hash())
        .put("actor", version.actor())
        .put("reason", version.reason())
        .put("source", version.source())
        .put("createdAt", Json.text(version.createdAt()))
        .put("users", version.users());
  }
}
