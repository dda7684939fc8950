package dev.millrace.definition;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What is different between two versions of a definition: for programs place by place, for people
 * as the unified difference of their YAML. Stages are known by their ids, so that one more at the
 * top is one change and not a change of all. Stateless, any thread.
 */
public final class DefinitionDiff {
  private DefinitionDiff() {}

  /**
   * One difference.
   *
   * @param path such as {@code stages[scrape].timeout} or {@code triggers[0].cron}; empty for the
   *     whole
   * @param before JSON text, or null when there was nothing
   * @param after JSON text, or null when there is nothing any more
   */
  public record Change(String path, String before, String after) {}

  /**
   * The differences in the order of the text; none when the two are equal.
   *
   * @param before canonical JSON, or null when there is none
   * @param after canonical JSON, or null when there is none
   */
  public static List<Change> changes(String before, String after) {
    List<Change> found = new ArrayList<>();
    compare(found, "", parsed(before), parsed(after));
    return found;
  }

  /**
   * The unified difference of the two as YAML, empty when they are equal.
   *
   * @param before canonical JSON, or null when there is none
   * @param after canonical JSON, or null when there is none
   * @param beforeName stands after {@code ---}
   * @param afterName stands after {@code +++}
   */
  public static String unified(String before, String after, String beforeName, String afterName) {
    return LineDiff.unified(yaml(before), yaml(after), beforeName, afterName);
  }

  private static JsonNode parsed(String json) {
    return json == null ? null : Json.parseTrusted(json);
  }

  private static String yaml(String json) {
    return json == null ? "" : DefinitionYaml.of(json);
  }

  private static void compare(List<Change> found, String path, JsonNode before, JsonNode after) {
    if (before == null || after == null) {
      if (before != null || after != null) {
        found.add(new Change(path, text(before), text(after)));
      }
      return;
    }
    if (before.isObject() && after.isObject()) {
      Set<String> keys = new LinkedHashSet<>();
      before.fieldNames().forEachRemaining(keys::add);
      after.fieldNames().forEachRemaining(keys::add);
      keys.forEach(key -> compare(found, child(path, key), before.get(key), after.get(key)));
      return;
    }
    if (before instanceof ArrayNode listBefore && after instanceof ArrayNode listAfter) {
      compareLists(found, path, listBefore, listAfter);
      return;
    }
    if (!before.equals(after)) {
      found.add(new Change(path, text(before), text(after)));
    }
  }

  private static void compareLists(
      List<Change> found, String path, ArrayNode before, ArrayNode after) {
    Map<String, JsonNode> namedBefore = byId(before);
    Map<String, JsonNode> namedAfter = byId(after);
    if (namedBefore == null || namedAfter == null) {
      for (int i = 0; i < Math.max(before.size(), after.size()); i++) {
        compare(found, path + "[" + i + "]", before.get(i), after.get(i));
      }
      return;
    }
    Set<String> ids = new LinkedHashSet<>(namedBefore.keySet());
    ids.addAll(namedAfter.keySet());
    ids.forEach(
        id -> compare(found, path + "[" + id + "]", namedBefore.get(id), namedAfter.get(id)));
    List<String> kept = new ArrayList<>(namedBefore.keySet());
    kept.retainAll(namedAfter.keySet());
    List<String> order = new ArrayList<>(namedAfter.keySet());
    order.retainAll(namedBefore.keySet());
    if (!kept.equals(order)) {
      found.add(new Change(path, ids(kept), ids(order)));
    }
  }

  /** Null when it is not a list of things with ids. */
  private static Map<String, JsonNode> byId(ArrayNode list) {
    Map<String, JsonNode> named = new LinkedHashMap<>();
    for (JsonNode item : list) {
      if (!item.path("id").isTextual() || named.put(item.get("id").asText(), item) != null) {
        return null;
      }
    }
    return named;
  }

  private static String ids(List<String> ids) {
    ArrayNode list = Json.array();
    ids.forEach(list::add);
    return Json.write(list);
  }

  private static String child(String path, String key) {
    return key.matches("[A-Za-z0-9_-]+")
        ? DocParser.child(path, key)
        : path + "[" + Json.write(Json.text(key)) + "]";
  }

  private static String text(JsonNode node) {
    return node == null ? null : Json.write(node);
  }
}
