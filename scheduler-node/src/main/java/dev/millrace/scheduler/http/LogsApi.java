package dev.millrace.scheduler.http;

import static dev.millrace.scheduler.http.Route.get;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.store.ReadsLogs;
import dev.millrace.scheduler.store.ReadsLogs.LogLine;
import dev.millrace.scheduler.store.ReadsLogs.LogPosition;
import dev.millrace.scheduler.store.ReadsRuns;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.TreeMap;
import org.jdbi.v3.core.Jdbi;

/**
 * What stages wrote. Lines of several stages are merged by time; the cursor remembers each stage's
 * place, so that following it shows late lines too, and each line once. Any thread.
 */
final class LogsApi {
  private static final int POSITIONS_MAX = 1_000;
  private final Jdbi jdbi;

  LogsApi(Jdbi jdbi) {
    this.jdbi = jdbi;
  }

  List<Route> routes() {
    return List.of(
        get("/api/v1/runs/{run}/logs", "runs", "Log of a run", "LogPage", this::ofRun)
            .needs(Role.VIEWER, Scope.RUN)
            .query("stage", "limit", "after"),
        get(
                "/api/v1/runs/{run}/stages/{stage}/logs",
                "runs",
                "Log of a stage",
                "LogPage",
                this::ofStage)
            .needs(Role.VIEWER, Scope.RUN)
            .query("limit", "after"));
  }

  private void ofRun(Call call) {
    page(call, call.query("stage"));
  }

  private void ofStage(Call call) {
    page(call, call.path("stage"));
  }

  private void page(Call call, String stage) {
    RunId id = call.run();
    int limit = call.limit();
    Map<Integer, LogPosition> cursor = cursor(call.query("after"));
    List<LogLine> lines =
        jdbi.withHandle(
            handle -> {
              RunsApi.find(handle, id);
              List<ReadsRuns.Stage> stages = ReadsRuns.stages(handle, List.of(id.value()));
              if (stage != null) {
                RunsApi.stageOf(id, stages, stage);
              }
              return merged(
                  ReadsLogs.logs(handle, id.value(), stage, List.copyOf(cursor.values()), limit),
                  limit);
            });
    ArrayNode items = Json.array();
    for (LogLine line : lines) {
      cursor.put(line.index(), new LogPosition(line.index(), line.attempt(), line.number()));
      ObjectNode item = items.addObject();
      item.put("number", Long.toString(line.number()));
      item.put("stage", line.stage());
      item.put("attempt", line.attempt());
      item.put("stream", line.stream());
      item.put("at", Json.text(line.at()));
      item.put("text", line.text());
    }
    ObjectNode page = Json.object();
    page.set("items", items);
    page.put("next", lines.size() < limit ? null : text(cursor));
    page.put("cursor", text(cursor));
    call.answer(200, page);
  }

  /** Merges by time without changing the order inside a stage. */
  static List<LogLine> merged(List<LogLine> lines, int limit) {
    Map<Integer, List<LogLine>> byStage = new LinkedHashMap<>();
    lines.forEach(l -> byStage.computeIfAbsent(l.index(), any -> new ArrayList<>()).add(l));
    record Head(List<LogLine> lines, int at) {
      LogLine line() {
        return lines.get(at);
      }
    }
    PriorityQueue<Head> heads =
        new PriorityQueue<>(
            Comparator.comparing((Head head) -> head.line().at())
                .thenComparing(head -> head.line().index()));
    byStage.values().forEach(stage -> heads.add(new Head(stage, 0)));
    List<LogLine> merged = new ArrayList<>();
    while (!heads.isEmpty() && merged.size() < limit) {
      Head head = heads.poll();
      merged.add(head.line());
      if (head.at() + 1 < head.lines().size()) {
        heads.add(new Head(head.lines(), head.at() + 1));
      }
    }
    return merged;
  }

  private static Map<Integer, LogPosition> cursor(String text) {
    Map<Integer, LogPosition> positions = new TreeMap<>();
    if (text == null || text.isEmpty()) {
      return positions;
    }
    String[] parts = text.split("_", POSITIONS_MAX + 1);
    for (String part : parts) {
      String[] numbers = part.split("\\.", -1);
      if (numbers.length != 3 || positions.size() == POSITIONS_MAX) {
        throw Problem.badRequest(
            "'after' is not a place in a log", "Use what 'cursor' of the page before gave you.");
      }
      int index = Math.clamp(Call.number("after", numbers[0]), 0, Short.MAX_VALUE);
      int attempt = Math.clamp(Call.number("after", numbers[1]), 0, Integer.MAX_VALUE);
      positions.put(index, new LogPosition(index, attempt, Call.number("after", numbers[2])));
    }
    return positions;
  }

  private static String text(Map<Integer, LogPosition> cursor) {
    List<String> parts = new ArrayList<>();
    cursor.values().forEach(p -> parts.add(p.index() + "." + p.attempt() + "." + p.number()));
    return parts.isEmpty() ? null : String.join("_", parts);
  }
}
