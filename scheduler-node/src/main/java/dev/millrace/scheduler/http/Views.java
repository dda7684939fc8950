package dev.millrace.scheduler.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.millrace.lifecycle.JobState;
import dev.millrace.lifecycle.RunState;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.Need;
import dev.millrace.model.RunId;
import dev.millrace.model.StageDefinition;
import dev.millrace.scheduler.engine.Fan;
import dev.millrace.scheduler.event.Move;
import dev.millrace.scheduler.store.ReadsJobs;
import dev.millrace.scheduler.store.ReadsRuns;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;

/** The shapes that the API shows. Stateless; any thread. */
final class Views {
  private static final String HIDDEN = "***";

  private Views() {}

  static ObjectNode job(ReadsJobs.Job job, List<ReadsJobs.Trigger> triggers) {
    ObjectNode node = Json.object();
    node.put("id", job.name());
    node.put("namespace", job.namespace());
    JsonNode definition = Json.stored(job.definition());
    node.put("description", definition.path("description").asText(""));
    JsonNode labels = definition.path("labels");
    node.set("labels", labels.isObject() ? labels : Json.object());
    node.put("state", job.state());
    node.put("version", job.version());
    node.put("source", job.source());
    node.put("createdAt", Json.text(job.createdAt()));
    node.put("updatedAt", Json.text(job.updatedAt()));
    ArrayNode shown = node.putArray("triggers");
    String next = null;
    for (ReadsJobs.Trigger trigger : triggers) {
      ObjectNode item = shown.addObject();
      item.put("id", Long.toString(trigger.id()));
      item.put("kind", trigger.kind());
      item.set("spec", Json.stored(trigger.spec()));
      item.put("nextTick", Json.text(trigger.nextAt()));
      item.put("problem", trigger.problem());
      String at = Json.text(trigger.nextAt());
      boolean sooner = at != null && (next == null || trigger.nextAt().isBefore(instant(next)));
      next = sooner ? at : next;
    }
    node.put("nextTick", job.state().equals("SCHEDULED") ? next : null);
    node.set("lastRun", lastRun(job));
    node.set("pattern", pattern(job.pattern()));
    node.set(
        "params", definition.path("params").isObject() ? definition.get("params") : Json.object());
    return node;
  }

  /** The state of a job in a word: of one that is SCHEDULED, how its newest run is. */
  static String status(ReadsJobs.Job job) {
    if (!job.state().equals(JobState.SCHEDULED.name()) || job.lastState() == null) {
      return job.state();
    }
    return switch (RunState.valueOf(job.lastState())) {
      case PENDING, SCHEDULED, STARTING -> RunState.STARTING.name();
      case RUNNING, PAUSED, STOPPING -> RunState.RUNNING.name();
      case COMPLETED, FAILED, CANCELLED, ENDED -> job.lastState();
    };
  }

  /** The pattern that something was made of; null where none was used. */
  static JsonNode pattern(ReadsJobs.PatternVersion pattern) {
    return pattern == null
        ? NullNode.instance
        : Json.object()
            .put("name", pattern.name())
            .put("namespace", pattern.namespace())
            .put("version", pattern.version());
  }

  private static java.time.Instant instant(String text) {
    return java.time.Instant.parse(text);
  }

  private static JsonNode lastRun(ReadsJobs.Job job) {
    if (job.lastRun() == null) {
      return NullNode.instance;
    }
    ObjectNode node = Json.object();
    node.put("id", new RunId(job.lastRun()).toString());
    node.put("state", job.lastState());
    return node.put("finishedAt", Json.text(job.lastFinishedAt()));
  }

  /**
   * @param stages of this run, in order
   */
  static ObjectNode run(ReadsRuns.Run run, List<ReadsRuns.Stage> stages) {
    JobDefinition definition = Definitions.of(run.definition());
    ObjectNode node = Json.object();
    node.put("id", new RunId(run.id()).toString());
    node.put("job", run.job());
    node.put("namespace", run.namespace());
    node.put("version", run.version());
    ObjectNode labels = node.putObject("labels");
    if (definition != null) {
      new TreeMap<>(definition.labels()).forEach(labels::put);
    }
    node.put("state", run.state());
    node.put("trigger", run.trigger());
    node.put("scheduledFor", Json.text(run.scheduledFor()));
    node.put("createdAt", Json.text(run.createdAt()));
    node.put("startedAt", Json.text(run.startedAt()));
    node.put("finishedAt", Json.text(run.finishedAt()));
    node.put("actor", run.actor());
    node.put("reason", run.reason());
    node.put("stopReason", run.stopReason());
    node.set("pattern", pattern(run.pattern()));
    node.set("params", params(run, definition));
    extra(node, run.extra());
    ArrayNode shown = node.putArray("stages");
    for (ReadsRuns.Stage stage : stages) {
      shown.add(stage(stage, find(definition, stage.name())));
    }
    return node;
  }

  private static void extra(ObjectNode node, ReadsRuns.Extra extra) {
    if (extra.parent() == null) {
      node.putNull("parent");
    } else {
      ObjectNode parent = node.putObject("parent");
      parent.put("run", new RunId(extra.parent()).toString());
      parent.put("stage", extra.parentStage());
      parent.put("stageIndex", extra.parentIndex());
      parent.put("item", extra.item());
      parent.set("value", Json.stored(extra.itemJson()));
    }
    node.put("key", extra.key());
    node.put("orchestration", extra.orchestration());
    node.put("dueAt", Json.text(extra.dueAt()));
    node.put("endsAt", Json.text(extra.endsAt()));
    node.put("pausedAt", Json.text(extra.pausedAt()));
    ArrayNode pauses = node.putArray("pausedBy");
    Marks.pauses(extra.pauses()).forEach(pauses::add);
    List<String> words = Marks.ofRun(extra.marks());
    node.put("late", words.contains("late"));
    node.put("prepared", words.contains("prepared"));
    ArrayNode marks = node.putArray("marks");
    words.forEach(marks::add);
    node.put("limited", words.contains("limited"));
  }

  private static StageDefinition find(JobDefinition definition, String stage) {
    return definition == null
        ? null
        : definition.stages().stream()
            .filter(known -> known.id().equals(stage))
            .findFirst()
            .orElse(null);
  }

  /** Without a definition nobody knows which values are secret: then none is shown. */
  private static JsonNode params(ReadsRuns.Run run, JobDefinition definition) {
    if (!(Json.stored(run.params()) instanceof ObjectNode values)) {
      return Json.object();
    }
    for (String name : values.properties().stream().map(java.util.Map.Entry::getKey).toList()) {
      boolean secret =
          definition == null
              || definition.params().stream()
                  .anyMatch(param -> param.name().equals(name) && param.secret());
      if (secret) {
        values.put(name, HIDDEN);
      }
    }
    return values;
  }

  private static ObjectNode stage(ReadsRuns.Stage stage, StageDefinition definition) {
    ObjectNode node = Json.object();
    node.put("id", stage.name());
    node.put("state", stage.state());
    node.put("attempt", stage.attempt());
    node.put("failures", stage.failures());
    node.put("lost", stage.lost());
    node.put("pool", stage.pool().isEmpty() ? null : stage.pool());
    node.put("handler", stage.handler());
    node.put("worker", stage.worker());
    node.put("dueAt", Json.text(stage.dueAt()));
    node.put("readyAt", Json.text(stage.readyAt()));
    node.put("queuedAt", Json.text(stage.queuedAt()));
    node.put("startedAt", Json.text(stage.startedAt()));
    node.put("finishedAt", Json.text(stage.finishedAt()));
    node.put("exitCode", stage.exitCode());
    node.put("errorClass", stage.errorClass());
    node.put("error", stage.error());
    node.set("output", Json.stored(stage.output()));
    node.put("rest", stage.restMicros() == null ? null : stage.restMicros() / 1_000 + " ms");
    ArrayNode marks = node.putArray("marks");
    Marks.ofStage(stage.marks()).forEach(marks::add);
    fan(node, stage.fan());
    graph(node, definition);
    if (stage.percent() == null && stage.message() == null) {
      node.putNull("progress");
    } else {
      node.putObject("progress").put("percent", stage.percent()).put("message", stage.message());
    }
    return node;
  }

  private static void fan(ObjectNode node, String text) {
    Fan fan = Fan.parse(text);
    if (fan == null) {
      node.putNull("fan");
    } else {
      fan(node, fan);
    }
  }

  static void fan(ObjectNode node, Fan fan) {
    node.putObject("fan")
        .put("items", fan.items())
        .put("started", fan.started())
        .put("completed", fan.completed())
        .put("failed", fan.failed())
        .put("cancelled", fan.cancelled());
  }

  /** Where it stands in the graph: whom it names in its needs, its group, its phase. */
  static void graph(ObjectNode node, StageDefinition definition) {
    ArrayNode needs = node.putArray("needs");
    node.putNull("needsTree");
    if (definition == null) {
      node.putNull("group");
      node.putNull("phase");
      return;
    }
    definition.needs().stages().forEach(needs::add);
    if (!isList(definition.needs())) {
      node.set("needsTree", tree(definition.needs()));
    }
    node.put("group", definition.rules().group());
    node.put("phase", definition.rules().phase().name());
  }

  private static boolean isList(Need need) {
    return need instanceof Need.All all && all.of().stream().allMatch(Views::isPlain);
  }

  private static boolean isPlain(Need need) {
    return need instanceof Need.Stage leaf && leaf.is() == Need.Is.COMPLETED;
  }

  /** As a job writes it; a stage that has to be complete by its id alone. */
  private static JsonNode tree(Need need) {
    return switch (need) {
      case Need.Stage leaf when isPlain(leaf) -> TextNode.valueOf(leaf.id());
      case Need.Stage leaf ->
          Json.object()
              .put("stage", leaf.id())
              .put("is", leaf.is().name().toLowerCase(Locale.ROOT));
      case Need.All all -> Json.object().set("all", trees(all.of()));
      case Need.Any any -> Json.object().set("any", trees(any.of()));
      case Need.Not not -> Json.object().set("not", trees(not.of()));
    };
  }

  private static ArrayNode trees(List<Need> needs) {
    ArrayNode list = Json.array();
    needs.forEach(need -> list.add(tree(need)));
    return list;
  }

  static ObjectNode attempt(ReadsRuns.Attempt attempt, String stage) {
    ObjectNode node = Json.object();
    node.put("stage", stage);
    node.put("attempt", attempt.attempt());
    node.put("outcome", attempt.outcome());
    node.put("worker", attempt.worker());
    node.put("queuedAt", Json.text(attempt.queuedAt()));
    node.put("startedAt", Json.text(attempt.startedAt()));
    node.put("finishedAt", Json.text(attempt.finishedAt()));
    node.put("exitCode", attempt.exitCode());
    node.put("errorClass", attempt.errorClass());
    return node.put("error", attempt.error());
  }

  static void history(ReadsRuns.Transition row, ArrayNode into) {
    for (Move move : Move.of(row.moves())) {
      ObjectNode node = into.addObject();
      node.put("at", Json.text(row.at()));
      node.put("subject", move.subject().isEmpty() ? "run" : move.subject());
      node.put("from", move.from());
      node.put("to", move.to());
      node.put("cause", move.cause());
      node.put("actor", move.actor());
      node.put("reason", move.reason());
      node.put("epoch", Long.toString(row.epoch()));
    }
  }
}
