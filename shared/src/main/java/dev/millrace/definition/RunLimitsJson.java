package dev.millrace.definition;

import static dev.millrace.definition.DefinitionJson.duration;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.RunLimits;
import java.util.Map;
import java.util.TreeMap;

/** The limits of a run in the canonical text, where there are any. Stateless. */
final class RunLimitsJson {
  private RunLimitsJson() {}

  static void write(ObjectNode job, RunLimits limits) {
    if (limits == null) {
      return;
    }
    ObjectNode node = job.putObject("limits");
    StageRulesJson.put(node, "run-time", limits.runTime());
    limits.counters().forEach(node::put);
  }

  static RunLimits read(JsonNode node) {
    if (node == null) {
      return null;
    }
    Map<String, Long> counters = new TreeMap<>();
    for (Map.Entry<String, JsonNode> field : node.properties()) {
      if (!field.getKey().equals("run-time")) {
        counters.put(field.getKey(), field.getValue().asLong());
      }
    }
    return new RunLimits(duration(node.get("run-time")), counters);
  }
}
