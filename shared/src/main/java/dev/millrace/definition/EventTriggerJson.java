package dev.millrace.definition;

import static dev.millrace.definition.DefinitionJson.lower;
import static dev.millrace.definition.DefinitionJson.need;
import static dev.millrace.definition.DefinitionJson.upper;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.EventTrigger;
import dev.millrace.model.QueueTrigger;
import java.util.ArrayList;
import java.util.List;

/** Triggers that are not of time, as canonical JSON. Stateless, any thread. */
public final class EventTriggerJson {
  private static final String EVENTS = "events";

  private EventTriggerJson() {}

  /** Left out where there is none, so that a job without keeps its hash. */
  static void write(ObjectNode job, List<EventTrigger> events) {
    if (!events.isEmpty()) {
      ArrayNode list = job.putArray(EVENTS);
      events.forEach(event -> list.add(node(event)));
    }
  }

  static List<EventTrigger> read(JsonNode job) {
    List<EventTrigger> events = new ArrayList<>();
    job.path(EVENTS).forEach(node -> events.add(event(node)));
    return events;
  }

  /** One of them, as it is stored to know it again. */
  public static String toJson(EventTrigger event) {
    return Json.write(node(event));
  }

  /**
   * @throws IllegalArgumentException when it is not what {@link #toJson} wrote
   */
  public static EventTrigger fromJson(String json) {
    return event(Json.parseTrusted(json));
  }

  private static ObjectNode node(EventTrigger event) {
    ObjectNode node = Json.object();
    switch (event) {
      case QueueTrigger queue -> {
        ObjectNode inside = node.putObject(QueueTrigger.KIND).put("name", queue.queue());
        if (queue.map() != null) {
          inside.set("map", Json.parseTrusted(queue.map()));
        }
        if (queue.key() != null) {
          inside.put("key", Expressions.inBraces(queue.key()));
        }
        if (queue.condition() != null) {
          inside.put("if", Expressions.inBraces(queue.condition()));
        }
        inside.put("prefetch", queue.prefetch()).put("reply", lower(queue.reply()));
      }
    }
    return node;
  }

  private static EventTrigger event(JsonNode node) {
    JsonNode inside = node.path(QueueTrigger.KIND);
    if (!inside.isObject()) {
      throw new IllegalArgumentException("not a trigger of this version: " + node);
    }
    return new QueueTrigger(
        need(inside, "name").asText(),
        inside.has("map") ? Json.write(inside.get("map")) : null,
        inside.has("key") ? Expressions.source(inside.get("key").asText()) : null,
        inside.has("if") ? Expressions.source(inside.get("if").asText()) : null,
        need(inside, "prefetch").asInt(),
        QueueTrigger.Reply.valueOf(upper(need(inside, "reply"))));
  }
}
