package dev.millrace.scheduler.http;

import static dev.millrace.scheduler.http.Route.get;
import static dev.millrace.scheduler.http.Route.json;
import static dev.millrace.scheduler.http.Route.post;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.definition.DefinitionJson;
import dev.millrace.definition.DefinitionReader;
import dev.millrace.definition.PatternSource;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.definition.Owners;
import dev.millrace.scheduler.secret.SecretVault;
import dev.millrace.scheduler.store.JobFilter;
import dev.millrace.scheduler.store.ReadsJobLists;
import dev.millrace.scheduler.store.ReadsJobs;
import dev.millrace.scheduler.store.ReadsRunLists;
import dev.millrace.scheduler.store.ReadsRuns;
import dev.millrace.scheduler.store.RunFilter;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/** Jobs, their versions, triggers and ticks. Any thread. */
final class JobsApi {
  private static final String TAG = "jobs";
  private static final int OPEN_COUNTED_MAX = 100;
  private static final Set<String> REASON_ONLY = Set.of("reason");
  private static final Set<String> ARCHIVE_KEYS = Set.of("reason", "force");

  private final Jdbi jdbi;
  private final Asker asker;
  private final PatternSource patterns;
  private final SecretVault secrets;

  JobsApi(Jdbi jdbi, Asker asker, PatternSource patterns, SecretVault secrets) {
    this.secrets = secrets;
    this.jdbi = jdbi;
    this.asker = asker;
    this.patterns = patterns;
  }

  List<Route> routes() {
    List<Route.Answer> changed = List.of(json(200, "JobChanged"), json(202, "Accepted"));
    return List.of(
        get("/api/v1/jobs", TAG, "Jobs by name", "JobPage", this::list)
            .needs(Role.VIEWER, Scope.QUERY)
            .query("namespace", "state", "label", "q", "trigger", "limit", "after"),
        post(
                "/api/v1/jobs",
                TAG,
                "Create a job, or make a new version of it, from YAML or JSON",
                "JobText",
                List.of(json(201, "Job"), json(200, "Job"), json(202, "Accepted")),
                this::apply)
            .needs(Role.EDITOR, Scope.BODY)
            .query("namespace", "paused", "reason")
            .headers(ETags.OF_CHANGES),
        get("/api/v1/jobs/{job}", TAG, "A job with its definition", "Job", this::one)
            .needs(Role.VIEWER, Scope.QUERY)
            .query("namespace")
            .headers(ETags.OF_READS),
        get("/api/v1/jobs/{job}/status", TAG, "How a job is, in a word", "JobStatus", this::status)
            .needs(Role.VIEWER, Scope.QUERY)
            .query("namespace"),
        post("/api/v1/jobs/{job}", TAG, "Archive a job", null, changed, this::delete)
            .needs(Role.EDITOR, Scope.QUERY)
            .as("DELETE")
            .query("namespace", "reason", "force")
            .headers("If-Match"),
        post(
                "/api/v1/jobs/{job}/pause",
                TAG,
                "Start nothing new until resumed",
                "Reason",
                changed,
                call -> change(call, Command.Kind.JOB_PAUSE))
            .needs(Role.OPERATOR, Scope.QUERY)
            .query("namespace"),
        post(
                "/api/v1/jobs/{job}/resume",
                TAG,
                "Start again what is due; a stopped job's triggers are armed from now on",
                "Reason",
                changed,
                call -> change(call, Command.Kind.JOB_RESUME))
            .needs(Role.OPERATOR, Scope.QUERY)
            .query("namespace"),
        post(
                "/api/v1/jobs/{job}/stop",
                TAG,
                "Disarm its triggers and start nothing until resumed; its open runs go on",
                "Reason",
                changed,
                call -> change(call, Command.Kind.JOB_STOP))
            .needs(Role.OPERATOR, Scope.QUERY)
            .query("namespace"),
        post(
                "/api/v1/jobs/{job}/archive",
                TAG,
                "Make it read-only for ever; its history stays, its open runs go on",
                "Archive",
                changed,
                this::archive)
            .needs(Role.EDITOR, Scope.QUERY)
            .query("namespace"),
        get("/api/v1/ticks", "time", "The tick ledger of a job", "TickPage", this::ticks)
            .needs(Role.VIEWER, Scope.QUERY)
            .query("job", "namespace", "from", "to", "limit", "after"));
  }

  /** The job, or a problem. */
  static ReadsJobs.Job find(Handle handle, String namespace, String name) {
    return ReadsJobs.find(handle, namespace, name)
        .orElseThrow(
            () ->
                Problem.notFound(
                    "no job '" + name + "' in namespace '" + namespace + "'",
                    "GET /api/v1/jobs lists what there is; is the namespace right?"));
  }

  private void list(Call call) {
    int limit = call.limit();
    ObjectNode asked = Filters.ofQuery(call, Filters.OF_JOBS);
    JobFilter filter = Filters.jobs(call.namespace(), Filters.checked(asked, Filters.OF_JOBS));
    ReadsJobLists.Place after = place(call.query("after"));
    jdbi.useHandle(
        handle -> {
          ReadsJobLists.Page<ReadsJobs.Job> page = ReadsJobLists.page(handle, filter, after, limit);
          List<Long> ids = page.items().stream().map(ReadsJobs.Job::id).toList();
          Map<String, List<ReadsJobs.Trigger>> triggers =
              ReadsJobs.triggers(handle, ids).stream()
                  .collect(Collectors.groupingBy(ReadsJobs.Trigger::job));
          ArrayNode items = Json.array();
          page.items()
              .forEach(
                  job -> items.add(Views.job(job, triggers.getOrDefault(job.name(), List.of()))));
          call.page(items, text(page.next(), filter));
        });
  }

  /** Several archived jobs may have one name: then a place is a name and a number. */
  private static String text(ReadsJobLists.Place next, JobFilter filter) {
    if (next == null) {
      return null;
    }
    return filter.archived() ? next.name() + "~" + next.id() : next.name();
  }

  private static ReadsJobLists.Place place(String after) {
    if (after == null) {
      return ReadsJobLists.Place.FIRST;
    }
    int mark = after.lastIndexOf('~');
    return mark < 0
        ? new ReadsJobLists.Place(after, Long.MAX_VALUE)
        : new ReadsJobLists.Place(
            after.substring(0, mark), Call.number("after", after.substring(mark + 1)));
  }

  private void one(Call call) {
    ReadsJobs.Job job = row(call.namespace(), call.path("job"));
    ObjectNode body = read(job);
    ETags.answer(call, ETags.of(job.id(), job.version(), body), body);
  }

  private void status(Call call) {
    ReadsJobs.Job job = row(call.namespace(), call.path("job"));
    jdbi.useHandle(
        handle -> {
          ObjectNode shown = Views.job(job, ReadsJobs.triggers(handle, List.of(job.id())));
          RunFilter open = RunFilter.of(job.namespace()).of(job.id()).openOnly();
          ReadsRunLists.Page<ReadsRuns.Run> runs =
              ReadsRunLists.page(handle, open, Long.MAX_VALUE, OPEN_COUNTED_MAX);
          ObjectNode node = Json.object();
          node.put("id", job.name()).put("namespace", job.namespace()).put("state", job.state());
          node.put("status", Views.status(job)).put("version", job.version());
          node.put("openRuns", runs.items().size());
          node.put("openRunsIsAtLeast", runs.next() != null);
          node.set("lastRun", shown.get("lastRun"));
          node.set("nextTick", shown.get("nextTick"));
          call.answer(200, node);
        });
  }

  private ReadsJobs.Job row(String namespace, String name) {
    return jdbi.withHandle(handle -> find(handle, namespace, name));
  }

  private ObjectNode read(ReadsJobs.Job job) {
    return jdbi.withHandle(
        handle -> {
          ObjectNode node = Views.job(job, ReadsJobs.triggers(handle, List.of(job.id())));
          node.set("definition", Json.stored(job.definition()));
          node.set("written", Json.stored(job.written()));
          node.set("graph", CheckApi.graph(Definitions.of(job.definition())));
          return node;
        });
  }

  private void apply(Call call) throws InterruptedException {
    String reason = Call.reason(Json.object().put("reason", call.query("reason")));
    DefinitionReader.Result.Ok read =
        switch (DefinitionCommands.reader(call, patterns)
            .read(call.body(), "body", DefinitionCommands.namespace(call))) {
          case DefinitionReader.Result.Ok ok -> ok;
          case DefinitionReader.Result.Bad bad ->
              throw DefinitionCommands.refused(
                  bad.problems(),
                  "the definition has "
                      + bad.problems().size()
                      + " problem(s); nothing was changed");
        };
    JobDefinition job = inNamespace(read.job(), call.query("namespace"));
    DefinitionCommands.require(call, job);
    ObjectNode body = DefinitionCommands.job(DefinitionJson.toJson(job), read.origin());
    body.put("source", Owners.API);
    body.put("paused", call.flag("paused"));
    ETags.expect(call, body);
    Command command =
        new Command(
            Command.Kind.JOB_APPLY,
            job.namespace(),
            job.id(),
            Json.write(body),
            call.actor(),
            reason);
    asker
        .ask(call, command, "/api/v1/jobs/" + job.id())
        .ifPresent(
            outcome -> {
              ReadsJobs.Job row = row(job.namespace(), job.id());
              ObjectNode made = read(row);
              call.http().header("ETag", ETags.of(row.id(), row.version(), made));
              JsonNode done = Json.stored(outcome.body());
              made.set("changed", done.path("changed"));
              String note = done.path("note").asText(null);
              made.put("note", MissingSecrets.noted(note, secrets, job));
              call.answer(outcome.status(), made);
            });
  }

  /** The job in the namespace that the query says; both saying different ones is a problem. */
  static JobDefinition inNamespace(JobDefinition job, String wanted) {
    if (wanted == null || wanted.equals(job.namespace())) {
      return job;
    }
    if (!job.namespace().equals(JobDefinition.DEFAULT_NAMESPACE)) {
      throw Problem.badRequest(
          "the definition says namespace '"
              + job.namespace()
              + "', the query says '"
              + Call.shortened(wanted)
              + "'",
          "Say it in one place only.");
    }
    return job.inNamespace(wanted);
  }

  private void delete(Call call) throws InterruptedException {
    ObjectNode asked = Json.object().put("reason", call.query("reason"));
    archive(call, call.flag("force"), Call.reason(asked));
  }

  private void archive(Call call) throws InterruptedException {
    ObjectNode asked = call.object(ARCHIVE_KEYS);
    JsonNode force = asked.path("force");
    if (!force.isMissingNode() && !force.isBoolean()) {
      throw Problem.badRequest("force is true or false", "Send {\"force\": true}.");
    }
    archive(call, force.asBoolean(), Call.reason(asked));
  }

  private void archive(Call call, boolean force, String reason) throws InterruptedException {
    ObjectNode body = Json.object().put("force", force);
    body.putNull("source");
    ETags.expect(call, body);
    command(call, Command.Kind.JOB_DELETE, Json.write(body), reason);
  }

  private void change(Call call, String kind) throws InterruptedException {
    command(call, kind, "{}", Call.reason(call.object(REASON_ONLY)));
  }

  private void command(Call call, String kind, String body, String reason)
      throws InterruptedException {
    String name = call.path("job");
    Command command = new Command(kind, call.namespace(), name, body, call.actor(), reason);
    asker
        .ask(call, command, "/api/v1/jobs/" + name)
        .ifPresent(outcome -> call.answer(outcome.status(), Json.stored(outcome.body())));
  }

  private void ticks(Call call) {
    String name = call.query("job");
    if (name == null) {
      throw Problem.badRequest("ticks needs a job", "Send ?job=NAME.");
    }
    int limit = call.limit();
    Instant from = TimeRange.instant(call, "from", Instant.EPOCH);
    Cursor end = new Cursor(TimeRange.instant(call, "to", Cursor.LAST), Long.MIN_VALUE);
    Cursor after = Cursor.of(call.query("after"), end);
    Cursor before = after.at().isBefore(end.at()) ? after : end;
    jdbi.useHandle(
        handle -> {
          ReadsJobs.Job job = find(handle, call.namespace(), name);
          List<ReadsJobs.Tick> ticks =
              ReadsJobs.ticks(handle, job.id(), from, before.at(), before.id(), limit);
          ArrayNode items = Json.array();
          for (ReadsJobs.Tick tick : ticks) {
            ObjectNode item = items.addObject();
            item.put("trigger", Long.toString(tick.trigger()));
            item.put("kind", tick.kind());
            item.put("plannedAt", Json.text(tick.plannedAt()));
            item.put("plannedUntil", Json.text(tick.plannedUntil()));
            item.put("ticks", tick.ticks());
            item.put("disposition", tick.disposition());
            item.put("run", tick.run() == null ? null : new RunId(tick.run()).toString());
            item.put("recordedAt", Json.text(tick.recordedAt()));
            Long backfilled = tick.backfilled();
            item.put("backfilled", backfilled == null ? null : new RunId(backfilled).toString());
          }
          ReadsJobs.Tick last = ticks.isEmpty() ? null : ticks.getLast();
          call.page(
              items,
              ticks.size() < limit ? null : new Cursor(last.plannedAt(), last.trigger()).text());
        });
  }

  /** A place in a list that is ordered by an instant and a number. */
  private record Cursor(Instant at, long id) {
    static final Instant LAST = Instant.parse("9999-12-31T00:00:00Z");

    static Cursor of(String text, Cursor otherwise) {
      if (text == null) {
        return otherwise;
      }
      String[] parts = text.split("~", 2);
      try {
        return new Cursor(
            Instant.parse(parts[0]), Call.number("after", parts.length == 2 ? parts[1] : ""));
      } catch (DateTimeException e) {
        throw Problem.badRequest(
            "'after' is not a place in this list", "Use what 'next' of the page before gave you.");
      }
    }

    String text() {
      return at + "~" + id;
    }
  }
}
