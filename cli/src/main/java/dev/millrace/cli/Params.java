package dev.millrace.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.Map;

/** Parameters of a run from words of the command line. Stateless. */
final class Params {
  private Params() {}

  /**
   * A word becomes what the job's definition says it is; a word for an unknown parameter stays
   * text, and the server says what is wrong with it.
   *
   * @param known the job's {@code params}
   */
  static ObjectNode typed(Map<String, String> words, JsonNode known) {
    ObjectNode params = ApiClient.JSON.createObjectNode();
    words.forEach((name, word) -> params.set(name, value(word, type(known.path(name)))));
    return params;
  }

  private static String type(JsonNode param) {
    return param.isTextual() ? param.asText() : param.path("type").asText("string");
  }

  private static JsonNode value(String word, String type) {
    if (type.equals("string")) {
      return TextNode.valueOf(word);
    }
    try {
      return ApiClient.JSON.readTree(word);
    } catch (JsonProcessingException asText) {
      return TextNode.valueOf(word);
    }
  }
}
