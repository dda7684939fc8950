package dev.millrace.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import dev.millrace.definition.DefinitionYaml;

/** How an answer is written. */
enum OutputForm {
  /** For people. */
  TABLE,
  /** For programs: what the API answered. */
  JSON,
  /** The same as YAML; a job as the file that makes it. */
  YAML;

  private static final ObjectWriter PRETTY = new ObjectMapper().writerWithDefaultPrettyPrinter();

  /** As programs read it: YAML where that is asked for, else JSON. */
  String written(JsonNode node) {
    return this == YAML ? DefinitionYaml.of(node.toString()).stripTrailing() : pretty(node);
  }

  static String pretty(JsonNode node) {
    try {
      return PRETTY.writeValueAsString(node);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree can always be written", e);
    }
  }
}
