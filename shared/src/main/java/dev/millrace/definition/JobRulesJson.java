package dev.millrace.definition;

import static dev.millrace.definition.DefinitionJson.duration;
import static dev.millrace.definition.DefinitionJson.lower;
import static dev.millrace.definition.DefinitionJson.need;
import static dev.millrace.definition.DefinitionJson.upper;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.Concurrency;
import dev.millrace.model.JobRules;
import dev.millrace.model.Overlap;
import dev.millrace.model.Window;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;

/** The rules of a job in the canonical text, each only where it is used. Stateless. */
final class JobRulesJson {
  private JobRulesJson() {}

  static void write(ObjectNode node, JobRules rules) {
    if (rules.overlap().kind() == Overlap.Kind.QUEUE) {
      node.putObject("overlap").put("queue", rules.overlap().waitingMax());
    } else if (rules.overlap().kind() != Overlap.Kind.ALLOW) {
      node.put("overlap", lower(rules.overlap().kind()));
    }
    if (rules.concurrency() != null) {
      ObjectNode concurrency = node.putObject("concurrency");
      StageRulesJson.put(concurrency, "key", rules.concurrency().key());
      concurrency.put("limit", rules.concurrency().limit());
    }
    StageRulesJson.locks(node, rules.locks());
    StageRulesJson.put(node, "timeout", rules.timeout());
    StageRulesJson.put(node, "deadline", rules.deadline());
    if (rules.window() != null) {
      window(node.putObject("window"), rules.window());
    }
    if (rules.environment() != null) {
      node.put("environment", rules.environment());
    }
    EventTriggerJson.write(node, rules.requires());
    RunLimitsJson.write(node, rules.limits());
  }

  static JobRules read(JsonNode node) {
    JsonNode concurrency = node.get("concurrency");
    return new JobRules(
        overlap(node.get("overlap")),
        concurrency == null
            ? null
            : new Concurrency(
                StageRulesJson.source(concurrency.get("key")), need(concurrency, "limit").asInt()),
        StageRulesJson.locks(node),
        duration(node.get("timeout")),
        duration(node.get("deadline")),
        node.has("window") ? window(node.get("window")) : null,
        node.has("environment") ? node.get("environment").asText() : null,
        EventTriggerJson.requires(node),
        RunLimitsJson.read(node.get("limits")));
  }

  private static Overlap overlap(JsonNode node) {
    if (node == null) {
      return Overlap.ALLOW;
    }
    return node.isObject()
        ? new Overlap(Overlap.Kind.QUEUE, need(node, "queue").asInt())
        : new Overlap(Overlap.Kind.valueOf(upper(node)), 0);
  }

  private static void window(ObjectNode node, Window window) {
    node.put("start", window.start());
    node.put("timezone", window.zone().getId());
    node.put("length", window.length().toString());
    if (!window.blackouts().isEmpty()) {
      ArrayNode blackouts = node.putArray("blackout");
      window.blackouts().forEach(blackout -> blackout(blackouts.addObject(), blackout));
    }
    node.put("end", lower(window.end()));
    node.put("prepare", window.prepare());
    TriggerJson.dst(node, window.dst());
    if (!window.params().equals("{}")) {
      node.set("params", Json.parseTrusted(window.params()));
    }
  }

  private static void blackout(ObjectNode node, Window.Blackout blackout) {
    if (blackout.cron() != null) {
      node.put("cron", blackout.cron()).put("length", blackout.length().toString());
      return;
    }
    node.put("from", blackout.from().toString()).put("until", blackout.until().toString());
  }

  private static Window window(JsonNode node) {
    List<Window.Blackout> blackouts = new ArrayList<>();
    for (JsonNode blackout : node.path("blackout")) {
      blackouts.add(
          new Window.Blackout(
              blackout.has("cron") ? blackout.get("cron").asText() : null,
              duration(blackout.get("length")),
              instant(blackout.get("from")),
              instant(blackout.get("until"))));
    }
    return new Window(
        need(node, "start").asText(),
        ZoneId.of(need(node, "timezone").asText()),
        duration(need(node, "length")),
        blackouts,
        Window.End.valueOf(upper(need(node, "end"))),
        need(node, "prepare").asBoolean(),
        TriggerJson.dst(node),
        node.has("params") ? Json.write(node.get("params")) : "{}");
  }

  private static Instant instant(JsonNode node) {
    return node == null ? null : Instant.parse(node.asText());
  }
}
