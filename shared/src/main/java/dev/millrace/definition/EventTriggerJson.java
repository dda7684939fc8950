package dev.millrace.definition;

import static dev.millrace.definition.DefinitionJson.duration;
import static dev.millrace.definition.DefinitionJson.lower;
import static dev.millrace.definition.DefinitionJson.need;
import static dev.millrace.definition.DefinitionJson.upper;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.AfterTrigger;
import dev.millrace.model.EventTrigger;
import dev.millrace.model.FileTrigger;
import dev.millrace.model.Matching;
import dev.millrace.model.Need;
import dev.millrace.model.QueueTrigger;
import dev.millrace.model.Requirement;
import dev.millrace.model.WebhookTrigger;
import java.time.Duration;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;

/**
 * Triggers that are no time, and what is required of other jobs, in the canonical text; each only
 * where it is used. Stateless.
 */
public final class EventTriggerJson {
  private EventTriggerJson() {}

  static void write(ObjectNode job, List<EventTrigger> events) {
    if (!events.isEmpty()) {
      ArrayNode list = job.putArray("events");
      events.forEach(event -> list.add(node(event)));
    }
  }

  static List<EventTrigger> read(JsonNode job) {
    List<EventTrigger> events = new ArrayList<>();
    for (JsonNode node : job.path("events")) {
      events.add(event(node));
    }
    return events;
  }

  /** What it waits for, without what it gives its runs: by it a trigger is known again. */
  public static String spec(EventTrigger event) {
    return Json.write(
        switch (event) {
          case AfterTrigger after -> after(after);
          case FileTrigger file -> FileTriggerJson.write(file);
          case QueueTrigger queue -> QueueTriggerJson.write(queue);
          case WebhookTrigger webhook -> WebhookJson.write(webhook);
        });
  }

  private static ObjectNode node(EventTrigger event) {
    return switch (event) {
      case AfterTrigger after -> giving(after(after), after.params());
      case FileTrigger file -> giving(FileTriggerJson.write(file), file.params());
      case QueueTrigger queue -> QueueTriggerJson.write(queue);
      case WebhookTrigger webhook -> WebhookJson.write(webhook);
    };
  }

  private static ObjectNode giving(ObjectNode node, String params) {
    if (!params.equals("{}")) {
      node.set("params", Json.parseTrusted(params));
    }
    return node;
  }

  private static EventTrigger event(JsonNode node) {
    if (node.has(WebhookTrigger.KIND)) {
      return WebhookJson.read(node.get(WebhookTrigger.KIND));
    }
    if (node.has(QueueTrigger.KIND)) {
      return QueueTriggerJson.read(node.get(QueueTrigger.KIND));
    }
    String params = node.has("params") ? Json.write(node.get("params")) : "{}";
    if (node.has(FileTrigger.KIND)) {
      return FileTriggerJson.read(node, params);
    }
    return new AfterTrigger(
        whole(need(node, AfterTrigger.KIND)),
        duration(node.get("within")),
        match(node),
        zone(node),
        params);
  }

  private static ObjectNode after(AfterTrigger after) {
    ObjectNode node = Json.object();
    parts(node.putObject(AfterTrigger.KIND), after.jobs());
    options(node, after.within(), after.match(), after.zone());
    return node;
  }

  static void write(ObjectNode job, Requirement requires) {
    if (requires != null) {
      ObjectNode node = job.putObject("requires");
      parts(node, requires.jobs());
      options(node, requires.within(), requires.match(), requires.zone());
      StageRulesJson.put(node, "timeout", requires.timeout());
    }
  }

  static Requirement requires(JsonNode job) {
    JsonNode node = job.get("requires");
    return node == null
        ? null
        : new Requirement(
            whole(node),
            duration(node.get("within")),
            match(node),
            zone(node),
            duration(node.get("timeout")));
  }

  private static void options(ObjectNode node, Duration within, Matching match, ZoneId zone) {
    StageRulesJson.put(node, "within", within);
    if (match != Matching.NONE) {
      node.put("match", lower(match));
    }
    if (!zone.equals(Schedule.UTC)) {
      node.put("timezone", zone.getId());
    }
  }

  private static Matching match(JsonNode node) {
    return node.has("match") ? Matching.valueOf(upper(node.get("match"))) : Matching.NONE;
  }

  private static ZoneId zone(JsonNode node) {
    return node.has("timezone") ? ZoneId.of(node.get("timezone").asText()) : Schedule.UTC;
  }

  /** A condition as a map of all, any or not. */
  private static void parts(ObjectNode into, Need need) {
    switch (need) {
      case Need.All all -> into.set("all", elements(all.of()));
      case Need.Any any -> into.set("any", elements(any.of()));
      case Need.Not not -> into.set("not", elements(not.of()));
      case Need.Stage job -> into.set("all", elements(List.of(job)));
    }
  }

  private static ArrayNode elements(List<Need> needs) {
    ArrayNode list = Json.array();
    for (Need need : needs) {
      if (need instanceof Need.Stage job && job.is() == Need.Is.COMPLETED) {
        list.add(job.id());
      } else if (need instanceof Need.Stage job) {
        list.addObject().put("job", job.id()).put("is", lower(job.is()));
      } else {
        parts(list.addObject(), need);
      }
    }
    return list;
  }

  /** Of a map that holds one of all, any and not beside other keys. */
  private static Need whole(JsonNode node) {
    if (node.has("any")) {
      return new Need.Any(needs(node.get("any")));
    }
    return node.has("not")
        ? new Need.Not(needs(node.get("not")))
        : new Need.All(needs(need(node, "all")));
  }

  private static List<Need> needs(JsonNode list) {
    List<Need> needs = new ArrayList<>();
    for (JsonNode node : list) {
      if (node.isTextual()) {
        needs.add(new Need.Stage(node.asText(), Need.Is.COMPLETED));
      } else if (node.has("job")) {
        Need.Is is = node.has("is") ? Need.Is.valueOf(upper(node.get("is"))) : Need.Is.COMPLETED;
        needs.add(new Need.Stage(node.get("job").asText(), is));
      } else {
        needs.add(whole(node));
      }
    }
    return needs;
  }
}
