package dev.millrace.definition;

import static dev.millrace.definition.DefinitionJson.duration;
import static dev.millrace.definition.DefinitionJson.need;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.file.FilePattern;
import dev.millrace.model.FileTrigger;
import java.time.Duration;

/** Triggers by files in the canonical text. Stateless. */
final class FileTriggerJson {
  private FileTriggerJson() {}

  /** Without what it gives its runs. */
  static ObjectNode write(FileTrigger trigger) {
    ObjectNode node = Json.object();
    ObjectNode file = node.putObject(FileTrigger.KIND);
    file.put("path", trigger.path());
    if (trigger.depth() != FilePattern.AS_WRITTEN) {
      file.put("depth", trigger.depth());
    }
    file.put("stable-for", trigger.stableFor().toString());
    if (!trigger.minAge().isZero()) {
      file.put("min-age", trigger.minAge().toString());
    }
    if (trigger.minSize() > 0) {
      file.put("min-size", trigger.minSize());
    }
    if (trigger.archiveTo() != null) {
      file.put("archive-to", trigger.archiveTo());
    }
    if (trigger.pool() != null) {
      file.put("pool", trigger.pool());
    }
    file.put("every", trigger.every().toString());
    return node;
  }

  static FileTrigger read(JsonNode node, String params) {
    JsonNode file = node.get(FileTrigger.KIND);
    return new FileTrigger(
        need(file, "path").asText(),
        file.path("depth").asInt(FilePattern.AS_WRITTEN),
        duration(need(file, "stable-for")),
        file.has("min-age") ? duration(file.get("min-age")) : Duration.ZERO,
        file.path("min-size").asLong(),
        file.path("archive-to").asText(null),
        file.path("pool").asText(null),
        duration(need(file, "every")),
        params);
  }
}
