package dev.millrace.definition;

import static dev.millrace.definition.DefinitionJson.lower;
import static dev.millrace.definition.DefinitionJson.need;
import static dev.millrace.definition.DefinitionJson.upper;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.QueueTrigger;

/** A queue trigger in the canonical text. Stateless. */
final class QueueTriggerJson {
  private QueueTriggerJson() {}

  static ObjectNode write(QueueTrigger queue) {
    ObjectNode trigger = Json.object();
    ObjectNode node = trigger.putObject(QueueTrigger.KIND).put("name", queue.queue());
    if (queue.map() != null) {
      node.set("map", Json.parseTrusted(queue.map()));
    }
    StageRulesJson.put(node, "key", queue.key());
    StageRulesJson.put(node, "if", queue.condition());
    node.put("prefetch", queue.prefetch()).put("reply", lower(queue.reply()));
    return trigger;
  }

  /** Of what stands below {@code queue}. */
  static QueueTrigger read(JsonNode node) {
    return new QueueTrigger(
        need(node, "name").asText(),
        node.has("map") ? Json.write(node.get("map")) : null,
        StageRulesJson.source(node.get("key")),
        StageRulesJson.source(node.get("if")),
        need(node, "prefetch").asInt(),
        QueueTrigger.Reply.valueOf(upper(need(node, "reply"))));
  }
}
