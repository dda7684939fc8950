package dev.millrace.scheduler.http;

import static dev.millrace.scheduler.http.Route.get;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.store.ReadsFleet;
import dev.millrace.scheduler.store.ReadsRuns;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/** Where the time of a run went, for a Gantt chart. Any thread. */
final class TimelineApi {
  private static final int ATTEMPTS_MAX = 2_000;
  private static final int ROWS_MAX = 20_000;

  private final Jdbi jdbi;

  TimelineApi(Jdbi jdbi) {
    this.jdbi = jdbi;
  }

  List<Route> routes() {
    return List.of(
        get(
                "/api/v1/runs/{run}/timeline",
                "runs",
                "Where its time went: waiting, queued and running told apart",
                "Timeline",
                this::timeline)
            .needs(Role.VIEWER, Scope.RUN));
  }

  private void timeline(Call call) {
    RunId id = call.run();
    call.answer(200, jdbi.withHandle(handle -> read(handle, id)));
  }

  private static ObjectNode read(Handle handle, RunId id) {
    ReadsRuns.Run run = RunsApi.find(handle, id);
    Instant now = run.finishedAt() == null ? ReadsFleet.databaseNow(handle) : run.finishedAt();
    Timeline.Log log = Timeline.Log.of(ReadsRuns.history(handle, id.value(), -1, ROWS_MAX));
    List<Timeline.Item> items =
        Timeline.of(
            ReadsRuns.stages(handle, List.of(id.value())),
            ReadsRuns.attempts(handle, id.value(), ATTEMPTS_MAX),
            log);
    CriticalPath path = CriticalPath.of(Definitions.of(run.definition()), items, log, now);
    return view(run, items, path, now);
  }

  static ObjectNode view(
      ReadsRuns.Run run, List<Timeline.Item> items, CriticalPath path, Instant now) {
    ObjectNode body = Json.object();
    body.putObject("run")
        .put("id", new RunId(run.id()).toString())
        .put("state", run.state())
        .put("createdAt", Json.text(run.createdAt()))
        .put("startedAt", Json.text(run.startedAt()))
        .put("finishedAt", Json.text(run.finishedAt()));
    body.put("until", Json.text(now));
    Set<String> critical = new HashSet<>(path.stages());
    ArrayNode shown = body.putArray("items");
    items.forEach(item -> shown.add(item(item, critical.contains(item.stage()), now)));
    ArrayNode stages = body.putArray("criticalPath");
    path.stages().forEach(stages::add);
    return body.put("criticalMillis", path.millis());
  }

  private static ObjectNode item(Timeline.Item item, boolean critical, Instant now) {
    ObjectNode node = Json.object();
    node.put("stage", item.stage()).put("attempt", item.attempt()).put("state", item.state());
    node.put("readyAt", Json.text(item.readyAt()));
    node.put("queuedAt", Json.text(item.queuedAt()));
    node.put("startedAt", Json.text(item.startedAt()));
    node.put("finishedAt", Json.text(item.finishedAt()));
    node.put("worker", item.worker());
    node.put("waitedMillis", item.waitedMillis(now));
    node.put("queuedMillis", item.queuedMillis(now));
    node.put("ranMillis", item.ranMillis(now));
    node.put("critical", critical).put("over", item.over());
    if (item.fan() == null) {
      node.set("fan", NullNode.instance);
    } else {
      Views.fan(node, item.fan());
    }
    return node;
  }
}
