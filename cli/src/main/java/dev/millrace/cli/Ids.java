package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/** What names the things in an answer: all that {@code --quiet} says. Stateless. */
final class Ids {
  private static final List<String> KEYS =
      List.of("id", "run", "name", "artifact", "lock", "pool", "set", "worker", "version", "seq");

  private Ids() {}

  static List<String> of(JsonNode answer) {
    List<String> ids = new ArrayList<>();
    JsonNode items = answer.isArray() ? answer : answer.path("items");
    if (items.isArray()) {
      items.forEach(item -> add(ids, item));
    } else {
      add(ids, answer);
    }
    return ids;
  }

  private static void add(List<String> ids, JsonNode one) {
    for (String key : KEYS) {
      JsonNode id = one.path(key);
      if (id.isTextual() || id.isIntegralNumber()) {
        ids.add(id.asText());
        return;
      }
    }
  }
}
