package dev.millrace.scheduler.http;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.millrace.definition.JsonReason;
import dev.millrace.wire.WellFormed;
import java.time.Instant;

/** JSON with bounds. Stateless; any thread. */
final class Json {
  private static final int DEPTH_MAX = 64;
  private static final int CHARS_MAX = 4 * 1024 * 1024;
  static final ObjectMapper MAPPER =
      new ObjectMapper(
              JsonFactory.builder()
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(DEPTH_MAX)
                          .maxStringLength(CHARS_MAX)
                          .build())
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          // What a definition says is shown and sent on digit by digit.
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .configure(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES, false);

  private Json() {}

  static ObjectNode object() {
    return MAPPER.createObjectNode();
  }

  static ArrayNode array() {
    return MAPPER.createArrayNode();
  }

  /** Reads what a caller sent; a problem tells where it is wrong. */
  static JsonNode read(String text) {
    try {
      JsonNode node = MAPPER.readTree(text);
      refuseHalfCharacters(text, node);
      return node;
    } catch (JsonProcessingException e) {
      var at = e.getLocation();
      String place =
          at == null ? "" : " (line " + at.getLineNr() + ", column " + at.getColumnNr() + ")";
      throw Problem.badRequest(
          "the body is not JSON as we take it: " + JsonReason.of(e) + place,
          "Send one JSON object, nested at most " + DEPTH_MAX + " deep, every key once.");
    }
  }

  /** They can only come as escapes, have no UTF-8, and would all become the same character. */
  private static void refuseHalfCharacters(String text, JsonNode node) {
    if (text.contains("\\ud") || text.contains("\\uD")) {
      String whole = node.toString();
      if (!WellFormed.text(whole).equals(whole)) {
        throw Problem.badRequest(
            "the body has half of a character: a surrogate such as \\ud800 without its other half",
            "Send whole characters.");
      }
    }
  }

  /** What the database keeps as JSON text; text that is none stays text. */
  static JsonNode stored(String text) {
    if (text == null) {
      return NullNode.instance;
    }
    try {
      return MAPPER.readTree(text);
    } catch (JsonProcessingException e) {
      return TextNode.valueOf(text);
    }
  }

  static String write(JsonNode node) {
    try {
      return MAPPER.writeValueAsString(node);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree can always be written", e);
    }
  }

  static String text(Instant instant) {
    return instant == null ? null : instant.toString();
  }
}
