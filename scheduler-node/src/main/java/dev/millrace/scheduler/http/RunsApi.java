package dev.millrace.scheduler.http;

import static dev.millrace.scheduler.http.Route.get;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.expression.DidYouMean;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.store.PlannedStarts;
import dev.millrace.scheduler.store.ReadsRunLists;
import dev.millrace.scheduler.store.ReadsRuns;
import dev.millrace.scheduler.store.ReadsWhy;
import dev.millrace.scheduler.store.RunCounters;
import dev.millrace.scheduler.store.RunFilter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/** Runs, their history, and what people do with them. Any thread. */
final class RunsApi {
  private static final String TAG = "runs";
  private static final int ATTEMPTS_MAX = 500;

  private final Jdbi jdbi;

  RunsApi(Jdbi jdbi) {
    this.jdbi = jdbi;
  }

  List<Route> routes() {
    return List.of(
        get("/api/v1/jobs/{job}/runs", TAG, "Runs of a job", "RunPage", this::ofJob)
            .needs(Role.VIEWER, Scope.QUERY)
            .query(queries(true)),
        get("/api/v1/runs", TAG, "Runs, newest first", "RunPage", this::list)
            .needs(Role.VIEWER, Scope.QUERY)
            .query(queries(false)),
        get("/api/v1/runs/{run}", TAG, "A run with its stages", "Run", this::one)
            .needs(Role.VIEWER, Scope.RUN),
        get("/api/v1/runs/{run}/history", TAG, "Every move", "HistoryPage", this::history)
            .needs(Role.VIEWER, Scope.RUN)
            .query("limit", "after"),
        get("/api/v1/runs/{run}/attempts", TAG, "Ended attempts", "AttemptPage", this::attempts)
            .needs(Role.VIEWER, Scope.RUN),
        get("/api/v1/runs/{run}/why", TAG, "Why it does not move", "WhyPage", this::why)
            .needs(Role.VIEWER, Scope.RUN)
            .query("stage"),
        get("/api/v1/runs/{run}/audit", TAG, "The log replayed", "Audit", this::audit)
            .needs(Role.VIEWER, Scope.RUN),
        get("/api/v1/runs/{run}/children", TAG, "Runs its stages wait for", "RunPage", this::kids)
            .needs(Role.VIEWER, Scope.RUN)
            .query("state", "limit", "after"),
        get(
                "/api/v1/runs/{run}/stages/{stage}/items",
                "stages",
                "The runs of a fan-out's items",
                "RunPage",
                this::items)
            .needs(Role.VIEWER, Scope.RUN)
            .query("state", "limit", "after"));
  }

  private void one(Call call) {
    call.answer(200, read(call.run()));
  }

  private ObjectNode read(RunId id) {
    return read(jdbi, id);
  }

  /** A run with its stages, as the API shows it. */
  static ObjectNode read(Jdbi jdbi, RunId id) {
    return jdbi.withHandle(
        handle -> {
          ReadsRuns.Run run = find(handle, id);
          ObjectNode node = Views.run(run, ReadsRuns.stages(handle, List.of(id.value())));
          JobDefinition job = Definitions.of(run.definition());
          if (job != null && job.rules().limits() != null) {
            ObjectNode counted = node.putObject("counted");
            RunCounters.of(handle, id.value()).forEach(counted::put);
          }
          return node;
        });
  }

  static ReadsRuns.Run find(Handle handle, RunId id) {
    return ReadsRuns.find(handle, id.value()).orElseThrow(() -> missing(handle, id));
  }

  private static Problem.Refused missing(Handle handle, RunId id) {
    return PlannedStarts.find(handle, id.value())
        .map(
            planned ->
                planned.takenBackBy() != null
                    ? Problem.notFound(
                        "run " + id + " was never made; taken back by " + planned.takenBackBy(),
                        "Start another one.")
                    : Problem.notFound(
                        "run " + id + " is made at " + planned.dueAt() + ", not before",
                        "GET /api/v1/starts shows what is planned; DELETE /api/v1/starts/"
                            + id
                            + " takes it back."))
        .orElseGet(() -> unknown(id));
  }

  static Problem.Refused unknown(RunId id) {
    return Problem.notFound(
        "no run " + id,
        "Its day may have been dropped by hand; list the others with GET /api/v1/runs.");
  }

  private static String[] queries(boolean ofJob) {
    List<String> names = new ArrayList<>(List.of("namespace"));
    names.addAll(Filters.OF_RUNS);
    names.addAll(List.of("limit", "after"));
    if (ofJob) {
      names.remove("job");
    }
    return names.toArray(String[]::new);
  }

  private void ofJob(Call call) {
    List<String> keys = new ArrayList<>(Filters.OF_RUNS);
    keys.remove("job");
    page(call, Filters.ofQuery(call, keys).put("job", call.path("job")));
  }

  private void list(Call call) {
    page(call, Filters.ofQuery(call, Filters.OF_RUNS));
  }

  private void page(Call call, ObjectNode asked) {
    int limit = call.limit();
    String after = call.query("after");
    long before = after == null ? Long.MAX_VALUE : Call.runId(after).value();
    ObjectNode checked = Filters.checked(asked, Filters.OF_RUNS);
    jdbi.useHandle(
        handle -> {
          boolean all = call.namespace().equals(Principal.EVERYWHERE);
          RunFilter filter = Filters.runs(handle, all ? null : call.namespace(), checked);
          ReadsRunLists.Page<ReadsRuns.Run> page =
              ReadsRunLists.page(handle, filter, before, limit);
          call.page(
              items(handle, ReadsRuns.withDefinitions(handle, page.items())),
              page.next() == null ? null : new RunId(page.next()).toString());
        });
  }

  /** Runs as a list shows them. */
  static ArrayNode items(Handle handle, List<ReadsRuns.Run> runs) {
    Map<Long, List<ReadsRuns.Stage>> stages =
        ReadsRuns.stages(handle, runs.stream().map(ReadsRuns.Run::id).toList()).stream()
            .collect(Collectors.groupingBy(ReadsRuns.Stage::run));
    ArrayNode items = Json.array();
    runs.forEach(run -> items.add(Views.run(run, stages.getOrDefault(run.id(), List.of()))));
    return items;
  }

  private void history(Call call) {
    RunId id = call.run();
    int limit = call.limit();
    long after = call.after(-1);
    jdbi.useHandle(
        handle -> {
          find(handle, id);
          List<ReadsRuns.Transition> rows = ReadsRuns.history(handle, id.value(), after, limit);
          ArrayNode items = Json.array();
          rows.forEach(row -> Views.history(row, items));
          call.page(items, rows.size() < limit ? null : Long.toString(rows.getLast().seq()));
        });
  }

  private void kids(Call call) {
    children(call, null);
  }

  private void items(Call call) {
    children(call, call.path("stage"));
  }

  private void children(Call call, String stageName) {
    RunId id = call.run();
    int limit = call.limit();
    List<String> states = Filters.runStates(Filters.ofQuery(call, List.of("state")).get("state"));
    ReadsRuns.ChildPlace after = place(call.query("after"));
    jdbi.useHandle(
        handle -> {
          find(handle, id);
          Integer stage = stageName == null ? null : indexOf(handle, id, stageName);
          List<ReadsRuns.Run> runs =
              ReadsRuns.withDefinitions(
                  handle, ReadsRuns.children(handle, id.value(), stage, states, after, limit));
          List<ReadsRuns.Run> seen =
              runs.stream().filter(run -> call.principal().sees(run.namespace())).toList();
          call.page(items(handle, seen), runs.size() < limit ? null : next(runs.getLast()));
        });
  }

  private static int indexOf(Handle handle, RunId id, String name) {
    return stageOf(id, ReadsRuns.stages(handle, List.of(id.value())), name).index();
  }

  /** The stage of that id, or a problem that names the one that was probably meant. */
  static ReadsRuns.Stage stageOf(RunId run, List<ReadsRuns.Stage> stages, String name) {
    return stages.stream()
        .filter(stage -> stage.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                Problem.notFound(
                    "run "
                        + run
                        + " has no stage '"
                        + Call.shortened(name)
                        + "'"
                        + DidYouMean.phrase(
                            name, stages.stream().map(ReadsRuns.Stage::name).toList()),
                    "GET /api/v1/runs/" + run + " lists its stages."));
  }

  private static String next(ReadsRuns.Run run) {
    Integer item = run.extra().item();
    return run.extra().parentIndex() + "." + (item == null ? -1 : item) + "." + run.id();
  }

  private static ReadsRuns.ChildPlace place(String after) {
    if (after == null) {
      return ReadsRuns.ChildPlace.BEFORE_ALL;
    }
    String[] parts = after.split("\\.");
    if (parts.length != 3) {
      throw Problem.badRequest(
          "'after' is not a place in this list", "Use what 'next' of the page before gave you.");
    }
    return new ReadsRuns.ChildPlace(
        (int) Call.number("after", parts[0]),
        (int) Call.number("after", parts[1]),
        Call.number("after", parts[2]));
  }

  private void audit(Call call) {
    RunId id = call.run();
    call.answer(
        200,
        jdbi.withHandle(
            handle ->
                Audit.of(
                    find(handle, id),
                    ReadsRuns.stages(handle, List.of(id.value())),
                    ReadsRuns.history(handle, id.value(), -1, Audit.ROWS_MAX))));
  }

  private void attempts(Call call) {
    RunId id = call.run();
    jdbi.useHandle(
        handle -> {
          find(handle, id);
          List<ReadsRuns.Stage> stages = ReadsRuns.stages(handle, List.of(id.value()));
          ArrayNode items = Json.array();
          for (ReadsRuns.Attempt attempt : ReadsRuns.attempts(handle, id.value(), ATTEMPTS_MAX)) {
            items.add(Views.attempt(attempt, stages.get(attempt.index()).name()));
          }
          call.page(items, null);
        });
  }

  private void why(Call call) {
    RunId id = call.run();
    String only = call.query("stage");
    List<Why.Reason> reasons =
        jdbi.withHandle(
            handle -> {
              ReadsRuns.Run run = find(handle, id);
              List<ReadsRuns.Stage> stages = ReadsRuns.stages(handle, List.of(id.value()));
              if (only != null) {
                stageOf(id, stages, only);
              }
              return new ArrayList<>(Why.of(handle, run, stages, only));
            });
    ArrayNode items = Json.array();
    for (Why.Reason reason : reasons) {
      ObjectNode item = items.addObject();
      item.put("stage", reason.stage());
      item.put("reason", reason.reason());
      item.put("detail", reason.detail());
      item.put("until", Json.text(reason.until()));
      item.put("holder", reason.holder());
      ArrayNode holders = item.putArray("holders");
      reason.holders().stream().limit(ReadsWhy.HOLDERS_MAX).forEach(holders::add);
      item.put("holderCount", reason.holderCount());
    }
    call.page(items, null);
  }
}
