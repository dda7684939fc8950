package dev.millrace.scheduler.http;

import static dev.millrace.scheduler.http.Route.get;
import static dev.millrace.scheduler.http.Route.json;
import static dev.millrace.scheduler.http.Route.post;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.command.Outcome;
import dev.millrace.scheduler.store.Backfills;
import dev.millrace.scheduler.store.Jobs;
import dev.millrace.scheduler.store.ReadsFleet;
import dev.millrace.scheduler.trigger.BackfillAsk;
import dev.millrace.scheduler.trigger.BackfillPlan;
import dev.millrace.scheduler.trigger.Ticker;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/** Runs for past ticks: asked for, looked at, paused and ended. Any thread. */
final class BackfillsApi {
  private static final String PATH = "/api/v1/backfills";
  private static final Set<String> KEYS =
      Set.of(
          "trigger", "from", "to", "params", "maxParallel", "rate", "priority", "rerun", "reason");
  private static final Set<String> REASON_ONLY = Set.of("reason");
  private static final int SHOWN_TICKS = 5;

  private final Jdbi jdbi;
  private final Asker asker;

  BackfillsApi(Jdbi jdbi, Asker asker) {
    this.jdbi = jdbi;
    this.asker = asker;
  }

  List<Route> routes() {
    return List.of(
        post(
                "/api/v1/jobs/{job}/backfill",
                ScheduleApi.TAG,
                "Make runs for past ticks, or tell what that would be",
                "BackfillAsk",
                List.of(json(200, "BackfillPreview"), json(201, "Backfill"), json(202, "Accepted")),
                this::create)
            .needs(Role.OPERATOR, Scope.QUERY)
            .query("namespace", "dryRun"),
        get(PATH, ScheduleApi.TAG, "Backfills, newest first", "BackfillPage", this::list)
            .needs(Role.VIEWER, Scope.QUERY)
            .query("namespace", "job", "limit", "after"),
        get(PATH + "/{id}", ScheduleApi.TAG, "How far a backfill is", "Backfill", this::one)
            .needs(Role.VIEWER, Scope.BACKFILL),
        get(
                PATH + "/{id}/runs",
                ScheduleApi.TAG,
                "The runs of a backfill by their ticks",
                "BackfillRunPage",
                this::runs)
            .needs(Role.VIEWER, Scope.BACKFILL)
            .query("limit", "after"),
        move("pause", "Start no more runs of it until it is resumed", Backfills.PAUSED),
        move("resume", "Go on where it was", Backfills.RUNNING),
        move("cancel", "End it; the runs that it has made go on", Backfills.CANCELLED));
  }

  private Route move(String verb, String summary, String state) {
    return post(
            PATH + "/{id}/" + verb,
            ScheduleApi.TAG,
            summary,
            "Reason",
            List.of(json(200, "Backfill"), json(202, "Accepted")),
            call -> move(call, state))
        .needs(Role.OPERATOR, Scope.BACKFILL);
  }

  private void create(Call call) throws InterruptedException {
    ObjectNode asked = call.object(KEYS);
    String reason = Call.reason(asked);
    asked.remove("reason");
    for (String key : List.of("from", "to")) {
      if (!asked.path(key).isTextual()) {
        throw TimeRange.invalid(
            "'" + key + "' is missing", "Send an instant like 2026-03-08T07:00:00Z.");
      }
      asked.put(key, TimeRange.instant(key, asked.path(key).asText()).toString());
    }
    if (!asked.path("rerun").isMissingNode() && !asked.path("rerun").isBoolean()) {
      throw TimeRange.invalid("'rerun' is true or false", "Send {\"rerun\": true}.");
    }
    String name = call.path("job");
    Backfills.Ask ask =
        switch (BackfillAsk.create(asked)) {
          case BackfillAsk.Create create -> create.ask();
          case BackfillAsk.Unclear unclear ->
              throw TimeRange.invalid(unclear.why(), unclear.remedy());
          case BackfillAsk.Move move -> throw new IllegalStateException("a body that moves");
        };
    if (call.flag("dryRun")) {
      call.answer(200, preview(call.namespace(), name, ask));
      return;
    }
    Command command =
        new Command(
            Command.Kind.BACKFILL_CREATE,
            call.namespace(),
            name,
            Json.write(asked),
            call.actor(),
            reason);
    asker
        .ask(call, command, PATH)
        .ifPresent(
            outcome -> {
              RunId id = RunId.parse(Json.stored(outcome.body()).path("id").asText());
              call.http().header("Location", PATH + "/" + id);
              call.answer(outcome.status(), read(id));
            });
  }

  private ObjectNode preview(String namespace, String name, Backfills.Ask ask) {
    return jdbi.withHandle(
        handle -> {
          long id = JobsApi.find(handle, namespace, name).id();
          Jobs.Row job = Jobs.find(handle, id).orElseThrow();
          JobDefinition definition = Definitions.of(Jobs.definition(handle, id, job.version()));
          long now = Ticker.microsOf(ReadsFleet.databaseNow(handle));
          return switch (BackfillPlan.of(job, definition, Jobs.triggers(handle, id), ask, now)) {
            case BackfillPlan.Possible possible -> preview(handle, job, possible);
            case BackfillPlan.Refused no ->
                throw new Problem.Refused(
                    Failures.of(
                        new Outcome(
                            no.status(),
                            Json.write(
                                Json.object()
                                    .put("detail", no.detail())
                                    .put("remedy", no.remedy())))));
          };
        });
  }

  private static ObjectNode preview(Handle handle, Jobs.Row job, BackfillPlan.Possible possible) {
    Backfills.Ask ask = possible.ask();
    List<Long> ticks = possible.ticks();
    Set<Long> done = Backfills.done(handle, ask.trigger(), ticks.getFirst(), ticks.getLast());
    int ran = (int) ticks.stream().filter(done::contains).count();
    List<Long> left =
        ask.rerun() ? ticks : ticks.stream().filter(tick -> !done.contains(tick)).toList();
    ObjectNode body = Json.object();
    body.put("job", job.name()).put("namespace", job.namespace());
    body.put("trigger", Long.toString(ask.trigger())).put("kind", possible.trigger().kind());
    limits(body, ask);
    body.put("ticks", ticks.size()).put("ran", ran).put("runs", left.size());
    ArrayNode first = body.putArray("first");
    left.stream().limit(SHOWN_TICKS).forEach(tick -> first.add(text(tick)));
    ArrayNode last = body.putArray("last");
    left.stream()
        .skip(Math.max(SHOWN_TICKS, left.size() - SHOWN_TICKS))
        .forEach(tick -> last.add(text(tick)));
    return body;
  }

  private static String text(long micros) {
    return Ticker.instantOf(micros).toString();
  }

  private static void limits(ObjectNode body, Backfills.Ask ask) {
    body.put("from", text(ask.from())).put("to", text(ask.until()));
    body.put("maxParallel", ask.maxParallel()).put("rate", ask.rate());
    body.put("priority", ask.priority()).put("rerun", ask.rerun());
  }

  private void list(Call call) {
    int limit = call.limit();
    String name = call.query("job");
    long before =
        call.query("after") == null ? Long.MAX_VALUE : Call.runId(call.query("after")).value();
    jdbi.useHandle(
        handle -> {
          long job = name == null ? 0 : JobsApi.find(handle, call.namespace(), name).id();
          List<Backfills.Row> rows = Backfills.page(handle, call.namespace(), job, before, limit);
          ArrayNode items = Json.array();
          rows.forEach(row -> items.add(view(row, null)));
          call.page(items, rows.size() < limit ? null : new RunId(rows.getLast().id()).toString());
        });
  }

  static RunId id(Call call) {
    try {
      return RunId.parse(call.http().pathParam("id"));
    } catch (IllegalArgumentException e) {
      throw Problem.badRequest(e.getMessage(), "Take the id from GET /api/v1/backfills.");
    }
  }

  private static Backfills.Row find(Handle handle, RunId id) {
    return Backfills.find(handle, id.value()).orElseThrow(() -> unknown(id));
  }

  static Problem.Refused unknown(RunId id) {
    return Problem.notFound("no backfill " + id, "GET /api/v1/backfills lists them.");
  }

  private void one(Call call) {
    call.answer(200, read(id(call)));
  }

  private ObjectNode read(RunId id) {
    return jdbi.withHandle(handle -> view(find(handle, id), Backfills.states(handle, id.value())));
  }

  private void runs(Call call) {
    int limit = call.limit();
    RunId id = id(call);
    long after = call.after(0);
    jdbi.useHandle(
        handle -> {
          find(handle, id);
          List<Backfills.Shown> runs = Backfills.runs(handle, id.value(), after, limit);
          ArrayNode items = Json.array();
          for (Backfills.Shown run : runs) {
            items
                .addObject()
                .put("run", new RunId(run.run()).toString())
                .put("plannedAt", Json.text(run.plannedAt()))
                .put("state", run.state());
          }
          call.page(
              items,
              runs.size() < limit
                  ? null
                  : Long.toString(Ticker.microsOf(runs.getLast().plannedAt())));
        });
  }

  private void move(Call call, String state) throws InterruptedException {
    RunId id = id(call);
    String reason = Call.reason(call.object(REASON_ONLY));
    String namespace = jdbi.withHandle(handle -> find(handle, id)).namespace();
    ObjectNode body = Json.object().put("id", id.toString()).put("to", state);
    Command command =
        new Command(
            Command.Kind.BACKFILL_MOVE, namespace, null, Json.write(body), call.actor(), reason);
    asker
        .ask(call, command, PATH + "/" + id)
        .ifPresent(outcome -> call.answer(outcome.status(), read(id)));
  }

  /**
   * Values of params may be secret, so only their names are shown.
   *
   * @param runs by their states, or null
   */
  private static ObjectNode view(Backfills.Row row, Map<String, Integer> runs) {
    ObjectNode node = Json.object();
    node.put("id", new RunId(row.id()).toString());
    node.put("job", row.jobName()).put("namespace", row.namespace());
    node.put("trigger", Long.toString(row.ask().trigger())).put("kind", row.kind());
    limits(node, row.ask());
    ArrayNode params = node.putArray("params");
    Json.stored(row.ask().params()).fieldNames().forEachRemaining(params::add);
    node.put("state", row.state());
    node.put("nextTick", row.nextAt() == 0 || row.isOver() ? null : text(row.nextAt()));
    node.put("total", row.total()).put("made", row.made()).put("skipped", row.skipped());
    if (runs == null) {
      node.putNull("runs");
    } else {
      ObjectNode states = node.putObject("runs");
      runs.forEach(states::put);
    }
    node.put("actor", row.actor()).put("reason", row.reason());
    node.put("createdAt", Json.text(row.createdAt()));
    node.put("movedBy", row.movedBy()).put("movedReason", row.movedReason());
    node.put("movedAt", Json.text(row.movedAt()));
    return node.put("endedAt", Json.text(row.endedAt()));
  }
}
