package dev.millrace.scheduler.leader;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.millrace.expression.ExpressionException;
import dev.millrace.model.RunId;
import dev.millrace.model.StageDefinition;
import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.Run;
import dev.millrace.scheduler.engine.StageInput;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.List;

/**
 * What a stage was started with, as a dead letter keeps it: secrets masked, and only then bounded.
 * Stateless.
 */
final class DeadMessage {
  static final int BYTES_MAX = 64 * 1024;
  private static final int ERROR_CHARS_MAX = 8 * 1024;

  /** Of a part that had to be cut, this share of the bound is still shown. */
  private static final int SHOWN_SHARE = 128;

  private static final List<String> LARGE =
      List.of("with", "params", "inputs", "item", "checkpoint");

  /** Numbers keep their digits. */
  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .build();

  private DeadMessage() {}

  /**
   * @param json a JSON object of at most so many bytes as asked for
   * @param error the stage's error, or null
   */
  record Content(String json, String error) {}

  static Content of(Draft draft, int index, int bytesMax) {
    Run run = draft.run();
    StageDefinition stage = run.plan().stage(index);
    JsonNode params = parsed(params(draft, index));
    SecretMask mask = SecretMask.of(run.plan().definition().params(), params);
    ObjectNode message = JSON.createObjectNode();
    message
        .putObject("claim")
        .put("run", new RunId(run.id()).toString())
        .put("stage", stage.id())
        .put("attempt", draft.stage(index).attempt());
    message.put("handler", stage.handler());
    message.put("pool", stage.pool());
    put(message, "with", with(draft, index), mask);
    message.set("params", mask.params(params));
    put(message, "inputs", StageInput.inputs(draft, index), mask);
    put(message, "checkpoint", draft.stage(index).checkpoint(), mask);
    if (run.parent() != null && run.parent().item() >= 0) {
      put(message, "item", run.parent().itemJson(), mask);
      message.put("index", run.parent().item());
    }
    return new Content(bounded(message, bytesMax), error(draft.stage(index).error(), mask));
  }

  /** As {@link #with}. */
  private static String params(Draft draft, int index) {
    try {
      return StageInput.params(draft, index);
    } catch (ExpressionException wrong) {
      return draft.run().params();
    }
  }

  /** Where an expression has no value, that may be why it failed: then as it was written. */
  private static String with(Draft draft, int index) {
    try {
      return StageInput.with(draft, index);
    } catch (ExpressionException wrong) {
      return draft.run().plan().stage(index).withJson();
    }
  }

  private static void put(ObjectNode message, String name, String json, SecretMask mask) {
    if (json != null) {
      message.set(name, mask.json(parsed(json)));
    }
  }

  private static JsonNode parsed(String json) {
    try {
      return JSON.readTree(json);
    } catch (JsonProcessingException e) {
      return TextNode.valueOf(json); // a worker's own words; they are shown as they are
    }
  }

  private static String error(String error, SecretMask mask) {
    String masked = mask.text(error);
    return masked == null || masked.length() <= ERROR_CHARS_MAX
        ? masked
        : masked.substring(0, ERROR_CHARS_MAX) + "…";
  }

  /** The largest part is cut first, and the next, until the rest fits. */
  private static String bounded(ObjectNode message, int bytesMax) {
    String json = message.toString();
    if (fits(json, bytesMax)) {
      return json;
    }
    List<String> largest =
        LARGE.stream()
            .filter(message::has)
            .sorted(
                Comparator.comparingInt((String name) -> message.get(name).toString().length())
                    .reversed())
            .toList();
    for (String name : largest) {
      String whole = message.get(name).toString();
      String shown = whole.substring(0, Math.min(whole.length(), bytesMax / SHOWN_SHARE));
      message.putObject(name).put("cut", true).put("chars", whole.length()).put("begins", shown);
      json = message.toString();
      if (fits(json, bytesMax)) {
        return json;
      }
    }
    return json;
  }

  private static boolean fits(String json, int bytesMax) {
    return json.length() <= bytesMax
        && (json.length() * 3L <= bytesMax
            || json.getBytes(StandardCharsets.UTF_8).length <= bytesMax);
  }
}
