package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * Answers as people read them where no view of their own is worth it: facts below each other, lists
 * as tables. Stateless.
 */
final class Facts {
  private Facts() {}

  /**
   * A table of a page's items.
   *
   * @param columns each as {@code TITLE=key.of.value}
   */
  static Function<JsonNode, List<String>> table(String... columns) {
    return page -> rows(page.path("items"), columns);
  }

  static List<String> rows(JsonNode items, String... columns) {
    String[] titles = new String[columns.length];
    String[] keys = new String[columns.length];
    for (int i = 0; i < columns.length; i++) {
      int equals = columns[i].indexOf('=');
      titles[i] = columns[i].substring(0, equals);
      keys[i] = columns[i].substring(equals + 1);
    }
    Table table = new Table(titles);
    for (JsonNode item : items) {
      String[] cells = new String[keys.length];
      for (int i = 0; i < keys.length; i++) {
        cells[i] = cell(at(item, keys[i]));
      }
      table.row(cells);
    }
    return table.lines();
  }

  private static JsonNode at(JsonNode item, String key) {
    JsonNode found = item;
    for (String part : key.split("\\.")) {
      found = found.path(part);
    }
    return found;
  }

  /** One value in one cell. */
  static String cell(JsonNode value) {
    if (value.isNull() || value.isMissingNode()) {
      return Times.NONE;
    }
    if (value.isArray()) {
      List<String> all = new ArrayList<>();
      value.forEach(one -> all.add(cell(one)));
      return all.isEmpty() ? Times.NONE : String.join(", ", all);
    }
    if (value.isObject()) {
      if (value.size() == 2 && value.elements().next().isTextual()) {
        var parts = value.elements();
        return parts.next().asText() + ":" + cell(parts.next()); // such as a pool and its slots
      }
      List<String> all = new ArrayList<>();
      value.properties().forEach(one -> all.add(one.getKey() + ":" + cell(one.getValue())));
      return all.isEmpty() ? Times.NONE : String.join(" ", all);
    }
    String local = Times.local(value);
    return local.equals(Times.NONE) ? value.asText() : local;
  }

  /** Everything that an answer says. */
  static List<String> lines(JsonNode answer) {
    Map<String, String> facts = new LinkedHashMap<>();
    Map<String, JsonNode> lists = new LinkedHashMap<>();
    if (answer.isArray()) {
      lists.put("", answer);
    } else {
      collect("", answer, facts, lists);
    }
    int widest = facts.keySet().stream().mapToInt(String::length).max().orElse(0);
    List<String> lines = new ArrayList<>();
    facts.forEach((name, value) -> lines.add(Width.exactly(name, widest) + "  " + value));
    lists.forEach(
        (name, list) -> {
          if (!lines.isEmpty()) {
            lines.add("");
          }
          if (!name.isEmpty() && !name.equals("items")) {
            lines.add(name);
          }
          lines.addAll(rows(list, columns(list)));
        });
    return lines;
  }

  private static void collect(
      String prefix, JsonNode node, Map<String, String> facts, Map<String, JsonNode> lists) {
    for (Map.Entry<String, JsonNode> one : node.properties()) {
      String name = prefix + one.getKey();
      JsonNode value = one.getValue();
      if (value.isObject() && !value.isEmpty()) {
        collect(name + ".", value, facts, lists);
      } else if (value.isArray() && value.path(0).isObject()) {
        lists.put(name, value);
      } else if (!(name.equals("next") && value.isNull())) {
        facts.put(name, cell(value));
      }
    }
  }

  private static String[] columns(JsonNode list) {
    Set<String> keys = new LinkedHashSet<>();
    for (JsonNode item : list) {
      item.properties().forEach(one -> keys.add(one.getKey()));
    }
    return keys.stream()
        .map(key -> key.toUpperCase(Locale.ROOT) + "=" + key)
        .toArray(String[]::new);
  }
}
