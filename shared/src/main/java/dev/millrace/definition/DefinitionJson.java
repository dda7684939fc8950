package dev.millrace.definition;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.ParamDefinition;
import dev.millrace.model.TriggerDefinition;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * The canonical JSON text of a definition, what the database keeps of a version: everything written
 * out, keys in a fixed order, durations in ISO form; what a later version of the language added is
 * left out where it is not used, so that a definition keeps its hash. {@link DefinitionReader}
 * reads it too. Stateless, any thread.
 */
public final class DefinitionJson {
  private DefinitionJson() {}

  /** The canonical text. */
  public static String toJson(JobDefinition job) {
    ObjectNode node = Json.object();
    node.put("id", job.id());
    node.put("namespace", job.namespace());
    node.put("description", job.description());
    ObjectNode params = node.putObject("params");
    job.params().forEach(param -> params.set(param.name(), param(param)));
    ArrayNode triggers = node.putArray("triggers");
    job.triggers().forEach(trigger -> triggers.add(TriggerJson.write(trigger)));
    node.put("priority", job.priority());
    StageJson.write(node, job.stages());
    ObjectNode labels = node.putObject("labels");
    new TreeMap<>(job.labels()).forEach(labels::put);
    if (job.metadataJson() != null) {
      node.set("metadata", Json.parseTrusted(job.metadataJson()));
    }
    JobRulesJson.write(node, job.rules());
    EventTriggerJson.write(node, job.events());
    return Json.write(node);
  }

  /**
   * Reads the canonical text again, without judging it: what an earlier version accepted stays
   * readable.
   *
   * @throws IllegalArgumentException when it is not a canonical text
   */
  public static JobDefinition fromJson(String json) {
    JsonNode node = Json.parseTrusted(json);
    List<ParamDefinition> params = new ArrayList<>();
    need(node, "params").properties().forEach(e -> params.add(param(e.getKey(), e.getValue())));
    List<TriggerDefinition> triggers = new ArrayList<>();
    need(node, "triggers").forEach(trigger -> triggers.add(TriggerJson.read(trigger)));
    Map<String, String> labels = new LinkedHashMap<>();
    need(node, "labels").properties().forEach(e -> labels.put(e.getKey(), e.getValue().asText()));
    return new JobDefinition(
        need(node, "id").asText(),
        need(node, "namespace").asText(),
        need(node, "description").asText(),
        params,
        triggers,
        need(node, "priority").asInt(),
        StageJson.read(node),
        labels,
        node.has("metadata") ? Json.write(node.get("metadata")) : null,
        JobRulesJson.read(node),
        EventTriggerJson.read(node));
  }

  /** SHA-256 of the canonical text, hexadecimal: equal definitions have equal hashes. */
  public static String hash(JobDefinition job) {
    return Hashes.sha256(toJson(job));
  }

  private static ObjectNode param(ParamDefinition param) {
    ObjectNode node = Json.object();
    node.put("type", param.type());
    node.put("required", param.required());
    if (param.defaultJson() != null) {
      node.set("default", Json.parseTrusted(param.defaultJson()));
    }
    return node.put("secret", param.secret());
  }

  private static ParamDefinition param(String name, JsonNode node) {
    return new ParamDefinition(
        name,
        need(node, "type").asText(),
        need(node, "required").asBoolean(),
        node.has("default") ? Json.write(node.get("default")) : null,
        need(node, "secret").asBoolean());
  }

  /** One trigger in canonical form, as it stands in the definition. */
  public static String toJson(TriggerDefinition trigger) {
    return Json.write(TriggerJson.write(trigger));
  }

  /**
   * Reads one trigger again.
   *
   * @throws IllegalArgumentException when it is not in canonical form
   */
  public static TriggerDefinition triggerFromJson(String json) {
    return TriggerJson.read(Json.parseTrusted(json));
  }

  static Duration duration(JsonNode node) {
    return node == null ? null : Duration.parse(node.asText());
  }

  static JsonNode need(JsonNode node, String key) {
    JsonNode value = node.get(key);
    if (value == null) {
      throw new IllegalArgumentException("not a canonical definition: `" + key + "` is missing");
    }
    return value;
  }

  static String lower(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  static String upper(JsonNode value) {
    return value.asText().toUpperCase(Locale.ROOT).replace('-', '_');
  }
}
