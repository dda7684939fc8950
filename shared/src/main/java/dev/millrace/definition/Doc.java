package dev.millrace.definition;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.List;

/** A parsed text whose every value knows its line and column, YAML and JSON alike. Immutable. */
sealed interface Doc {
  int line();

  int column();

  /** What it is, for messages. */
  String kindName();

  /** The same as a JSON tree; scalars typed as YAML 1.2 says. */
  JsonNode toJson();

  /** A map in the order written, keys unique. */
  record Mapping(List<Entry> entries, int line, int column) implements Doc {
    @Override
    public String kindName() {
      return "a map";
    }

    @Override
    public JsonNode toJson() {
      ObjectNode node = Json.object();
      entries.forEach(entry -> node.set(entry.key(), entry.value().toJson()));
      return node;
    }

    Doc get(String key) {
      for (Entry entry : entries) {
        if (entry.key().equals(key)) {
          return entry.value();
        }
      }
      return null;
    }
  }

  /** One key of a map with its value. */
  record Entry(String key, int line, int column, Doc value) {}

  /** A list. */
  record Sequence(List<Doc> items, int line, int column) implements Doc {
    @Override
    public String kindName() {
      return "a list";
    }

    @Override
    public JsonNode toJson() {
      ArrayNode node = Json.array();
      items.forEach(item -> node.add(item.toJson()));
      return node;
    }
  }

  /** What a scalar is when nothing else is expected. */
  enum Kind {
    TEXT,
    EMPTY,
    BOOLEAN,
    INTEGER,
    DECIMAL
  }

  /**
   * One value.
   *
   * @param text as written
   * @param textual may stand where a string is expected: every non-empty YAML scalar may ({@code
   *     on}, {@code 1.10} stay what was written), in JSON only strings
   */
  record Scalar(String text, Kind kind, boolean textual, int line, int column) implements Doc {
    @Override
    public String kindName() {
      return switch (kind) {
        case TEXT -> "text";
        case EMPTY -> "empty";
        case BOOLEAN -> "true or false";
        case INTEGER, DECIMAL -> "a number";
      };
    }

    @Override
    public JsonNode toJson() {
      return switch (kind) {
        case TEXT -> Json.text(text);
        case EMPTY -> Json.nothing();
        case BOOLEAN -> Json.bool(text.equalsIgnoreCase("true"));
        case INTEGER -> Json.number(new BigInteger(text));
        case DECIMAL -> Json.number(new BigDecimal(text));
      };
    }
  }
}
