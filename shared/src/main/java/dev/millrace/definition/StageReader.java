package dev.millrace.definition;

import dev.millrace.model.JobDefinition;
import dev.millrace.model.RetryPolicy;
import dev.millrace.model.StageDefinition;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Reads {@code stages}. Confined to one thread. */
final class StageReader {
  private static final Duration TIMEOUT_MIN = Duration.ofMillis(1);
  private static final Set<String> UNSUPPORTED =
      Set.of(
          "for-each",
          "max-parallel",
          "tolerate",
          "if",
          "uses",
          "stages",
          "params",
          "locks",
          "concurrency",
          "network",
          "limits",
          "deadline",
          "on-failure",
          "finally",
          "notify",
          "priority",
          "success",
          "outputs",
          "archive",
          "min-duration",
          "max-duration",
          "labels",
          "description",
          "heartbeat-timeout",
          "start-timeout");

  private final Problems problems;
  private final Fields job;
  private final RetryPolicy jobRetry;

  /** A stage's id and needs with their places, for the checks over the whole graph. */
  record Node(String id, Doc at, String path, List<Need> needs) {}

  /** One edge, as written. */
  record Need(String id, Doc at, String path) {}

  StageReader(Problems problems, Fields job, RetryPolicy jobRetry) {
    this.problems = problems;
    this.job = job;
    this.jobRetry = jobRetry;
  }

  List<StageDefinition> read() {
    if (job.takeRequired("stages", "; a job has at least one stage") == null) {
      return List.of();
    }
    List<Doc> items = job.list("stages");
    if (items == null) {
      return List.of();
    }
    if (items.isEmpty() || items.size() > JobDefinition.STAGES_MAX) {
      job.problem(
          job.map().get("stages"),
          "stages",
          "has " + items.size() + " stages; possible are 1 to " + JobDefinition.STAGES_MAX);
      return List.of();
    }
    List<StageDefinition> stages = new ArrayList<>();
    List<Node> nodes = new ArrayList<>();
    for (int i = 0; i < items.size(); i++) {
      Fields fields = Fields.of(problems, items.get(i), job.path("stages") + "[" + i + "]");
      if (fields != null) {
        stages.add(one(fields, nodes));
      }
    }
    refuseDoubles(nodes);
    Graph.check(problems, nodes);
    return stages;
  }

  private StageDefinition one(Fields fields, List<Node> nodes) {
    String id = fields.requiredId("id");
    String handler = fields.requiredId("run");
    if (handler != null && (handler.equals("job") || handler.startsWith("wait."))) {
      fields.problem(
          fields.map().get("run"),
          "run",
          "`run: " + handler + "` is not supported by this version");
    }
    String pool = fields.id("pool");
    String with = WithReader.read(problems, fields, handler);
    List<Need> needs = needs(fields);
    RetryPolicy own = RetryReader.read(fields, "retry");
    Duration timeout = fields.duration("timeout", TIMEOUT_MIN);
    Duration queueTimeout = fields.duration("queue-timeout", TIMEOUT_MIN);
    fields.finish(UNSUPPORTED);
    if (id != null) {
      nodes.add(new Node(id, fields.map().get("id"), fields.path("id"), needs));
    }
    return new StageDefinition(
        id,
        handler,
        pool == null ? JobDefinition.DEFAULT_POOL : pool,
        with,
        needs.stream().map(Need::id).toList(),
        own == null ? jobRetry : own,
        timeout,
        queueTimeout);
  }

  private List<Need> needs(Fields fields) {
    List<Need> needs = new ArrayList<>();
    Doc value = fields.take("needs");
    if (value instanceof Doc.Mapping) {
      fields.problem(
          value, "needs", "the map form {all, any, not} is not supported by this version");
      return needs;
    }
    List<Doc> items = value == null ? null : fields.list("needs");
    if (items == null) {
      return needs;
    }
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < items.size(); i++) {
      Doc item = items.get(i);
      String path = fields.path("needs") + "[" + i + "]";
      if (item instanceof Doc.Mapping) {
        problems.add(item, path, "the form {stage, is} is not supported by this version");
        continue;
      }
      String id = fields.text(item, path);
      if (id != null && !seen.add(id)) {
        problems.add(item, path, "'" + id + "' is needed a second time");
      } else if (id != null) {
        needs.add(new Need(id, item, path));
      }
    }
    return needs;
  }

  private void refuseDoubles(List<Node> nodes) {
    Map<String, Node> first = new HashMap<>();
    for (Node node : nodes) {
      Node earlier = first.putIfAbsent(node.id(), node);
      if (earlier != null) {
        problems.add(
            node.at(),
            node.path(),
            "'" + node.id() + "' is already the id of the stage in line " + earlier.at().line());
      }
    }
  }
}
