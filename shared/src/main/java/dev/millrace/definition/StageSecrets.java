package dev.millrace.definition;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.millrace.expression.References;
import dev.millrace.expression.References.Kind;
import dev.millrace.expression.References.Reference;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.function.Function;

/**
 * Where the input of a stage refers to secrets. It follows from the definition alone: a text that
 * comes out of an expression is never read for references, so nobody who starts a run can ask for a
 * secret, or send one somewhere else, by what they give. Immutable; any thread.
 *
 * @param at JSON pointers to the texts of {@code with} that hold references
 * @param names of the stored secrets among them, sorted, each once
 */
public record StageSecrets(List<String> at, List<String> names) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Texts that a program's arguments show to everybody on the machine are not read. */
  private static final String COMMAND = "command";

  public StageSecrets {
    at = List.copyOf(at);
    names = List.copyOf(names);
  }

  /**
   * Those of a stage, or null when it has none.
   *
   * @param withJson as the definition has it
   */
  public static StageSecrets of(String handler, String withJson) {
    if (!withJson.contains("${secret:")
        && !withJson.contains("${env:")
        && !withJson.contains("${file:")) {
      return null;
    }
    List<String> at = new ArrayList<>();
    TreeSet<String> names = new TreeSet<>();
    each(
        handler,
        read(withJson),
        (pointer, text) -> {
          at.add(pointer);
          References.of(text).stream()
              .filter(reference -> reference.kind() == Kind.SECRET)
              .forEach(reference -> names.add(reference.name()));
        });
    return at.isEmpty() ? null : new StageSecrets(at, List.copyOf(names));
  }

  private static void each(String handler, JsonNode with, BiConsumer<String, String> use) {
    if (handler.equals(COMMAND)) {
      walk(with.path("env"), JsonPointer.compile("/env"), use);
    } else {
      walk(with, JsonPointer.empty(), use);
    }
  }

  private static void walk(JsonNode node, JsonPointer pointer, BiConsumer<String, String> use) {
    if (node.isTextual()) {
      if (References.has(node.textValue())) {
        use.accept(pointer.toString(), node.textValue());
      }
    } else if (node.isObject()) {
      node.properties()
          .forEach(field -> walk(field.getValue(), pointer.appendProperty(field.getKey()), use));
    } else {
      for (int i = 0; i < node.size(); i++) {
        walk(node.get(i), pointer.appendIndex(i), use);
      }
    }
  }

  /** The references at these places of an input that holds no expressions any more, each once. */
  public static List<Reference> references(List<String> at, JsonNode with) {
    return at.stream()
        .map(with::at)
        .filter(JsonNode::isTextual)
        .flatMap(text -> References.within(text.textValue()).stream())
        .distinct()
        .toList();
  }

  /** The input with values in place of the references at these places; itself stays as it is. */
  public static JsonNode filled(
      List<String> at, JsonNode with, Function<Reference, String> values) {
    JsonNode filled = with.deepCopy();
    for (String place : at) {
      JsonPointer pointer = JsonPointer.compile(place);
      JsonNode text = filled.at(pointer);
      if (text.isTextual()) {
        TextNode value = TextNode.valueOf(References.filled(text.textValue(), values));
        JsonPointer last = pointer.last();
        switch (filled.at(pointer.head())) {
          case ObjectNode object -> object.set(last.getMatchingProperty(), value);
          case ArrayNode array -> array.set(last.getMatchingIndex(), value);
          default -> throw new IllegalArgumentException("no such place: " + place);
        }
      }
    }
    return filled;
  }

  private static JsonNode read(String json) {
    try {
      return JSON.readTree(json);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("the input of a stage is JSON", e);
    }
  }
}
