package dev.millrace.definition;

import static dev.millrace.definition.DefinitionJson.duration;
import static dev.millrace.definition.DefinitionJson.lower;
import static dev.millrace.definition.DefinitionJson.need;
import static dev.millrace.definition.DefinitionJson.upper;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.Backoff;
import dev.millrace.model.Need;
import dev.millrace.model.Phase;
import dev.millrace.model.RetryMatch;
import dev.millrace.model.RetryPolicy;
import dev.millrace.model.StageDefinition;
import dev.millrace.model.StageRules;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Stages in the canonical text: as people write them, groups around their stages and compensations
 * in what they undo. Confined to one thread.
 */
final class StageJson {
  private final List<StageDefinition> all;
  private final Map<String, StageDefinition> compensations = new HashMap<>();

  private StageJson(List<StageDefinition> all) {
    this.all = all;
    for (StageDefinition stage : all) {
      if (stage.rules().compensates() != null) {
        compensations.put(stage.rules().compensates(), stage);
      }
    }
  }

  static void write(ObjectNode job, List<StageDefinition> all) {
    StageJson json = new StageJson(all);
    json.write(job.putArray("stages"), Phase.MAIN, null);
    for (Phase phase : List.of(Phase.ON_FAILURE, Phase.FINALLY)) {
      if (all.stream().anyMatch(stage -> stage.rules().phase() == phase)) {
        json.write(job.putArray(lower(phase)), phase, null);
      }
    }
  }

  private void write(ArrayNode array, Phase phase, String group) {
    for (StageDefinition stage : all) {
      if (stage.rules().phase() == phase && Objects.equals(stage.rules().group(), group)) {
        array.add(stage(stage, group == null ? "" : group + "."));
      }
    }
  }

  private ObjectNode stage(StageDefinition stage, String prefix) {
    ObjectNode node = Json.object();
    node.put("id", stage.id().substring(prefix.length()));
    boolean group = stage.handler().equals(StageDefinition.GROUP);
    work(node, stage, () -> node.set("needs", needs(stage.needs(), prefix)));
    if (stage.queueTimeout() != null) {
      node.put("queue-timeout", stage.queueTimeout().toString());
    }
    StageRulesJson.write(node, stage.rules());
    StageDefinition compensation = compensations.get(stage.id());
    if (compensation != null) {
      work(node.putObject("compensate"), compensation, () -> {});
    }
    if (group) {
      write(node.putArray("stages"), stage.rules().phase(), stage.id());
    }
    return node;
  }

  /** What a compensation has too; the needs stand where they always stood. */
  private static void work(ObjectNode node, StageDefinition stage, Runnable needs) {
    boolean group = stage.handler().equals(StageDefinition.GROUP);
    boolean files = stage.handler().equals(StageDefinition.WAIT_FILE);
    node.put("run", files ? LedReader.WAIT_FILE : stage.handler());
    if (files) {
      node.put("on", "scheduler");
    }
    if (!stage.pool().equals(StageDefinition.NO_POOL)) {
      node.put("pool", stage.pool());
    }
    JsonNode with = Json.parseTrusted(stage.withJson());
    if (!group) {
      node.set("with", with);
    } else if (with.has("params")) {
      node.set("params", with.get("params"));
    }
    needs.run();
    boolean repeats = !group && !LedReader.isWait(stage.handler());
    if (repeats || !stage.retry().equals(RetryPolicy.NONE)) {
      node.set("retry", retry(stage.retry()));
    }
    if (stage.timeout() != null) {
      node.put("timeout", stage.timeout().toString());
    }
  }

  private static JsonNode needs(Need need, String prefix) {
    return switch (need) {
      case Need.All all -> elements(all.of(), prefix);
      case Need.Stage leaf when leaf.is() == Need.Is.COMPLETED ->
          Json.object().put("stage", leaf.id().substring(prefix.length()));
      default -> element(need, prefix);
    };
  }

  private static JsonNode element(Need need, String prefix) {
    ObjectNode node = Json.object();
    return switch (need) {
      case Need.All all -> node.set("all", elements(all.of(), prefix));
      case Need.Any any -> node.set("any", elements(any.of(), prefix));
      case Need.Not not -> node.set("not", elements(not.of(), prefix));
      case Need.Stage leaf -> {
        String id = leaf.id().substring(prefix.length());
        yield leaf.is() == Need.Is.COMPLETED
            ? Json.text(id)
            : node.put("stage", id).put("is", lower(leaf.is()));
      }
    };
  }

  private static ArrayNode elements(List<Need> needs, String prefix) {
    ArrayNode array = Json.array();
    needs.forEach(need -> array.add(element(need, prefix)));
    return array;
  }

  private static ObjectNode retry(RetryPolicy retry) {
    ObjectNode node = Json.object();
    node.put("max-attempts", retry.maxAttempts());
    node.put("backoff", lower(retry.backoff()));
    node.put("initial", retry.initial().toString());
    node.put("factor", retry.factor());
    node.put("max", retry.max().toString());
    node.put("jitter", retry.jitter());
    node.put("max-lost", retry.maxLost());
    RetryMatch match = retry.match();
    if (!match.on().isEmpty()) {
      match.on().forEach(node.putArray("on")::add);
    }
    if (!match.unless().isEmpty()) {
      match.unless().forEach(node.putArray("unless")::add);
    }
    if (match.condition() != null) {
      node.put("if", Expressions.inBraces(match.condition()));
    }
    return node;
  }

  static List<StageDefinition> read(JsonNode job) {
    List<StageDefinition> stages = new ArrayList<>();
    List<StageDefinition> compensations = new ArrayList<>();
    need(job, "stages").forEach(node -> read(node, Phase.MAIN, null, stages, compensations));
    stages.addAll(compensations);
    for (Phase phase : List.of(Phase.ON_FAILURE, Phase.FINALLY)) {
      job.path(lower(phase)).forEach(node -> read(node, phase, null, stages, compensations));
    }
    return stages;
  }

  private static void read(
      JsonNode node,
      Phase phase,
      String group,
      List<StageDefinition> stages,
      List<StageDefinition> compensations) {
    String prefix = group == null ? "" : group + ".";
    String id = prefix + need(node, "id").asText();
    Need needs = needs(need(node, "needs"), prefix);
    Duration queueTimeout = duration(node.get("queue-timeout"));
    stages.add(stage(node, id, needs, queueTimeout, StageRulesJson.read(node, phase, group)));
    if (node.has("compensate")) {
      StageRules rules = StageReader.compensates(id);
      compensations.add(
          stage(node.get("compensate"), id + StageReader.COMPENSATE, Need.none(), null, rules));
    }
    node.path("stages").forEach(child -> read(child, phase, id, stages, compensations));
  }

  private static StageDefinition stage(
      JsonNode node, String id, Need needs, Duration queueTimeout, StageRules rules) {
    return new StageDefinition(
        id,
        node.has("on") ? StageDefinition.WAIT_FILE : need(node, "run").asText(),
        node.has("pool") ? node.get("pool").asText() : StageDefinition.NO_POOL,
        with(node),
        needs,
        node.has("retry") ? retry(node.get("retry")) : RetryPolicy.NONE,
        duration(node.get("timeout")),
        queueTimeout,
        rules);
  }

  private static String with(JsonNode node) {
    if (node.has("params")) {
      return Json.write(Json.object().set("params", node.get("params")));
    }
    return node.has("with") ? Json.write(node.get("with")) : "{}";
  }

  private static Need needs(JsonNode node, String prefix) {
    return node.isArray() ? new Need.All(elements(node, prefix)) : element(node, prefix);
  }

  private static Need element(JsonNode node, String prefix) {
    if (node.isTextual()) {
      return new Need.Stage(prefix + node.asText(), Need.Is.COMPLETED);
    }
    if (node.has("stage")) {
      Need.Is is = node.has("is") ? Need.Is.valueOf(upper(node.get("is"))) : Need.Is.COMPLETED;
      return new Need.Stage(prefix + node.get("stage").asText(), is);
    }
    if (node.has("any")) {
      return new Need.Any(elements(node.get("any"), prefix));
    }
    if (node.has("not")) {
      return new Need.Not(elements(node.get("not"), prefix));
    }
    return new Need.All(elements(need(node, "all"), prefix));
  }

  private static List<Need> elements(JsonNode array, String prefix) {
    List<Need> needs = new ArrayList<>();
    array.forEach(item -> needs.add(element(item, prefix)));
    return needs;
  }

  private static RetryPolicy retry(JsonNode node) {
    String condition = node.has("if") ? Expressions.source(node.get("if").asText()) : null;
    return new RetryPolicy(
        need(node, "max-attempts").asInt(),
        Backoff.valueOf(upper(need(node, "backoff"))),
        duration(need(node, "initial")),
        need(node, "factor").asDouble(),
        duration(need(node, "max")),
        need(node, "jitter").asDouble(),
        need(node, "max-lost").asInt(),
        new RetryMatch(texts(node.path("on")), texts(node.path("unless")), condition));
  }

  private static List<String> texts(JsonNode array) {
    List<String> texts = new ArrayList<>();
    array.forEach(item -> texts.add(item.asText()));
    return texts;
  }
}
