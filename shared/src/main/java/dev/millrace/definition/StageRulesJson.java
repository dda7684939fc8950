package dev.millrace.definition;

import static dev.millrace.definition.DefinitionJson.duration;
import static dev.millrace.definition.DefinitionJson.need;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.LockUse;
import dev.millrace.model.Phase;
import dev.millrace.model.RateRule;
import dev.millrace.model.StageRules;
import dev.millrace.model.Tolerance;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The rules of a stage in the canonical text, each only where it is used. Stateless. */
final class StageRulesJson {
  private StageRulesJson() {}

  static void write(ObjectNode node, StageRules rules) {
    put(node, "if", rules.condition());
    put(node, "for-each", rules.forEach());
    if (rules.maxParallel() != StageRules.PARALLEL_DEFAULT) {
      node.put("max-parallel", rules.maxParallel());
    }
    if (!rules.tolerate().equals(Tolerance.NONE)) {
      tolerate(node, rules.tolerate());
    }
    put(node, "start-timeout", rules.startTimeout());
    put(node, "heartbeat-timeout", rules.heartbeatTimeout());
    locks(node, rules.locks());
    if (rules.rate() != null) {
      ObjectNode rate = node.putObject("rate");
      put(rate, "key", rules.rate().key());
      rate.put("limit", rules.rate().limit()).put("per", rules.rate().per().toString());
    }
    put(node, "min-duration", rules.minDuration());
    put(node, "max-duration", rules.maxDuration());
  }

  static StageRules read(JsonNode node, Phase phase, String group) {
    return new StageRules(
        phase,
        group,
        null,
        source(node.get("if")),
        source(node.get("for-each")),
        node.path("max-parallel").asInt(StageRules.PARALLEL_DEFAULT),
        tolerate(node.get("tolerate")),
        duration(node.get("start-timeout")),
        duration(node.get("heartbeat-timeout")),
        locks(node),
        rate(node.get("rate")),
        duration(node.get("min-duration")),
        duration(node.get("max-duration")));
  }

  private static void tolerate(ObjectNode node, Tolerance tolerance) {
    if (tolerance.count() >= 0) {
      node.put("tolerate", tolerance.count());
      return;
    }
    BigDecimal percent = BigDecimal.valueOf(tolerance.percent()).stripTrailingZeros();
    node.put("tolerate", percent.toPlainString() + "%");
  }

  private static Tolerance tolerate(JsonNode node) {
    if (node == null) {
      return Tolerance.NONE;
    }
    if (node.isNumber()) {
      return new Tolerance(node.asInt(), -1);
    }
    String percent = node.asText();
    return new Tolerance(-1, Double.parseDouble(percent.substring(0, percent.length() - 1)));
  }

  static void locks(ObjectNode node, List<LockUse> locks) {
    if (locks.isEmpty()) {
      return;
    }
    ArrayNode array = node.putArray("locks");
    for (LockUse lock : locks) {
      ObjectNode one = array.addObject().put("name", lock.name());
      if (lock.exclusive()) {
        one.put("exclusive", true);
      } else {
        one.put("weight", lock.weight());
      }
    }
  }

  static List<LockUse> locks(JsonNode node) {
    List<LockUse> locks = new ArrayList<>();
    for (JsonNode lock : node.path("locks")) {
      boolean exclusive = lock.path("exclusive").asBoolean();
      locks.add(new LockUse(need(lock, "name").asText(), lock.path("weight").asInt(1), exclusive));
    }
    return locks;
  }

  private static RateRule rate(JsonNode node) {
    if (node == null) {
      return null;
    }
    return new RateRule(
        source(node.get("key")), need(node, "limit").asInt(), duration(need(node, "per")));
  }

  static String source(JsonNode node) {
    return node == null ? null : Expressions.source(node.asText());
  }

  static void put(ObjectNode node, String key, String source) {
    if (source != null) {
      node.put(key, Expressions.inBraces(source));
    }
  }

  static void put(ObjectNode node, String key, Duration duration) {
    if (duration != null) {
      node.put(key, duration.toString());
    }
  }
}
