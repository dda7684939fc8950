package dev.millrace.scheduler.http;

import static dev.millrace.scheduler.http.Route.get;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.lifecycle.RunState;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.store.ReadsTrace;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/**
 * What was started under one id, and what that started, as a tree: whatever was asked for stands at
 * the top, below each run those that its stages wait for. Any thread.
 */
final class TraceApi {
  private static final int RUNS_MAX = 1_000;

  /** As deep as runs may start runs. */
  private static final int DEPTH_MAX = 20;

  private final Jdbi jdbi;

  TraceApi(Jdbi jdbi) {
    this.jdbi = jdbi;
  }

  List<Route> routes() {
    return List.of(
        get(
                "/api/v1/orchestrations/{orchestration}",
                "runs",
                "All runs of an orchestration as a tree, in every namespace that you may see",
                "Trace",
                this::trace)
            .needs(Role.VIEWER, Scope.ANYONE));
  }

  /** The id, or a problem when it cannot be one. */
  static String checked(String orchestration) {
    if (!Command.isOrchestration(orchestration)) {
      throw Problem.badRequest(
          "'" + Call.shortened(orchestration) + "' is not the id of an orchestration",
          "Use letters, digits, '_', '.', ':' and '-', at most 128; the first a letter or digit.");
    }
    return orchestration;
  }

  private void trace(Call call) {
    String orchestration = checked(call.path("orchestration"));
    call.answer(200, jdbi.withHandle(handle -> trace(handle, call.principal(), orchestration)));
  }

  private static ObjectNode trace(Handle handle, Principal principal, String orchestration) {
    List<ReadsTrace.Run> found =
        ReadsTrace.of(handle, orchestration, RUNS_MAX + 1).stream()
            .filter(run -> principal.sees(run.namespace()))
            .toList();
    if (found.isEmpty()) {
      throw Problem.notFound(
          "nothing was started under the orchestration '" + orchestration + "'",
          "Start runs under it: POST /api/v1/jobs/{job}/runs with {\"orchestration\": \""
              + orchestration
              + "\"}.");
    }
    boolean more = found.size() > RUNS_MAX;
    List<ReadsTrace.Run> shown = more ? found.subList(0, RUNS_MAX) : found;
    Map<Long, ReadsTrace.Run> runs = new LinkedHashMap<>();
    shown.forEach(run -> runs.put(run.id(), run));
    addItemsBetween(handle, runs);
    runs.values().removeIf(run -> !principal.sees(run.namespace()));
    ObjectNode node = Json.object().put("orchestration", orchestration);
    node.put("runs", shown.size()).put("truncated", more);
    Map<String, Integer> states = new TreeMap<>();
    shown.forEach(run -> states.merge(run.state(), 1, Integer::sum));
    ObjectNode counts = node.putObject("states");
    states.forEach(counts::put);
    node.put("startedAt", Json.text(first(shown)));
    node.put("finishedAt", Json.text(last(shown)));
    tree(node.putArray("items"), runs);
    return node;
  }

  /** Items have too many runs to show; those that started others are shown all the same. */
  private static void addItemsBetween(Handle handle, Map<Long, ReadsTrace.Run> runs) {
    for (int depth = 0; depth < DEPTH_MAX; depth++) {
      List<Long> missing =
          runs.values().stream()
              .map(ReadsTrace.Run::parent)
              .filter(parent -> parent != null && !runs.containsKey(parent))
              .distinct()
              .toList();
      if (missing.isEmpty()) {
        return;
      }
      List<ReadsTrace.Run> above = ReadsTrace.of(handle, missing);
      above.forEach(run -> runs.put(run.id(), run));
      if (above.isEmpty()) {
        return; // their day was dropped
      }
    }
  }

  private static void tree(ArrayNode top, Map<Long, ReadsTrace.Run> runs) {
    Map<Long, ObjectNode> nodes = new LinkedHashMap<>();
    List<ReadsTrace.Run> ordered = new ArrayList<>(runs.values());
    ordered.sort(Comparator.comparingLong(ReadsTrace.Run::id));
    ordered.forEach(run -> nodes.put(run.id(), view(run)));
    for (ReadsTrace.Run run : ordered) {
      ObjectNode parent = run.parent() == null ? null : nodes.get(run.parent());
      (parent == null ? top : (ArrayNode) parent.get("children")).add(nodes.get(run.id()));
    }
  }

  private static ObjectNode view(ReadsTrace.Run run) {
    ObjectNode node = Json.object();
    node.put("run", new RunId(run.id()).toString());
    node.put("stage", run.stage()).put("item", run.item());
    node.put("namespace", run.namespace()).put("job", run.job()).put("version", run.version());
    node.set("pattern", Views.pattern(run.pattern()));
    node.put("state", run.state()).put("trigger", run.trigger());
    node.put("actor", run.actor()).put("reason", run.reason());
    node.put("createdAt", Json.text(run.createdAt()));
    node.put("startedAt", Json.text(run.startedAt()));
    node.put("finishedAt", Json.text(run.finishedAt()));
    node.putArray("children");
    return node;
  }

  private static Instant first(List<ReadsTrace.Run> runs) {
    return runs.stream()
        .map(ReadsTrace.Run::startedAt)
        .filter(Objects::nonNull)
        .min(Comparator.naturalOrder())
        .orElse(null);
  }

  /** Null while one of them goes on. */
  private static Instant last(List<ReadsTrace.Run> runs) {
    boolean open = runs.stream().anyMatch(run -> !RunState.valueOf(run.state()).isFinal());
    return open
        ? null
        : runs.stream()
            .map(ReadsTrace.Run::finishedAt)
            .filter(Objects::nonNull)
            .max(Comparator.naturalOrder())
            .orElse(null);
  }
}
