package dev.millrace.scheduler.leader;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.millrace.model.ParamDefinition;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * Hides the values of secret params wherever they turn up: under their own name, and in whatever an
 * expression, a worker or an error made of them. Immutable; any thread.
 */
final class SecretMask {
  static final String HIDDEN = "***";

  /** A shorter value is hidden where it stands alone: inside other words it would be anything. */
  private static final int PART_CHARS_MIN = 4;

  private final List<String> names;
  private final List<String> values;

  private SecretMask(List<String> names, List<String> values) {
    this.names = names;
    this.values = values;
  }

  /**
   * @param params the run's own
   */
  static SecretMask of(List<ParamDefinition> definitions, JsonNode params) {
    List<String> names = new ArrayList<>();
    List<String> values = new ArrayList<>();
    for (ParamDefinition definition : definitions) {
      if (definition.secret()) {
        names.add(definition.name());
        addLeaves(params.path(definition.name()), values);
      }
    }
    // One may be part of another: the longer one first.
    values.sort(Comparator.comparingInt(String::length).reversed());
    return new SecretMask(names, values);
  }

  private static void addLeaves(JsonNode node, List<String> into) {
    if (node.isContainerNode()) {
      node.forEach(child -> addLeaves(child, into));
    } else if (node.isTextual() || node.isNumber()) {
      if (!node.asText().isEmpty()) {
        into.add(node.asText());
      }
    }
  }

  /** The params with the secret ones hidden. */
  JsonNode params(JsonNode params) {
    JsonNode shown = json(params);
    if (shown instanceof ObjectNode object) {
      names.stream().filter(object::has).forEach(name -> object.put(name, HIDDEN));
    }
    return shown;
  }

  /** The same value without secrets. It may be changed in place. */
  JsonNode json(JsonNode node) {
    if (values.isEmpty()) {
      return node;
    }
    return switch (node) {
      case ObjectNode object -> {
        for (Map.Entry<String, JsonNode> field : object.properties()) {
          field.setValue(json(field.getValue()));
        }
        yield object;
      }
      case ArrayNode array -> {
        for (int i = 0; i < array.size(); i++) {
          array.set(i, json(array.get(i)));
        }
        yield array;
      }
      default -> leaf(node);
    };
  }

  private JsonNode leaf(JsonNode node) {
    if (!node.isTextual() && !node.isNumber()) {
      return node;
    }
    String text = text(node.asText());
    return text.equals(node.asText()) ? node : TextNode.valueOf(text);
  }

  /** The text without secrets, or null for null. */
  String text(String text) {
    if (text == null) {
      return null;
    }
    String masked = text;
    for (String value : values) {
      if (value.length() >= PART_CHARS_MIN) {
        masked = masked.replace(value, HIDDEN);
      } else if (masked.equals(value)) {
        masked = HIDDEN;
      }
    }
    return masked;
  }
}
