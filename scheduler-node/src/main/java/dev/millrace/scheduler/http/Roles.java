package dev.millrace.scheduler.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/** Roles by namespace, as JSON. Stateless; any thread. */
final class Roles {
  static final int NAMESPACES_MAX = 200;
  private static final String NAMESPACE = "\\*|[a-z0-9]([a-z0-9._-]{0,62})";

  private Roles() {}

  /** What a caller sent, strictly. */
  static Map<String, Role> asked(JsonNode node) {
    if (!(node instanceof ObjectNode object) || object.isEmpty()) {
      throw Problem.badRequest(
          "roles is not an object with a namespace at least",
          "Send {\"roles\": {\"default\": \"operator\"}}; '*' is every namespace.");
    }
    if (object.size() > NAMESPACES_MAX) {
      throw Problem.badRequest(
          "roles names more than " + NAMESPACES_MAX + " namespaces", "Make several tokens.");
    }
    Map<String, Role> roles = new LinkedHashMap<>();
    for (var field : object.properties()) {
      if (!field.getKey().matches(NAMESPACE)) {
        throw Problem.badRequest(
            "'" + Call.shortened(field.getKey()) + "' is not a namespace",
            "Use lower-case letters, digits, '.', '_' and '-', or '*' for every one.");
      }
      roles.put(
          field.getKey(),
          Role.of(field.getValue().asText())
              .orElseThrow(
                  () ->
                      Problem.badRequest(
                          "'" + Call.shortened(field.getValue().asText()) + "' is not a role",
                          "Roles are viewer, operator, editor and admin.")));
    }
    return roles;
  }

  /** What is kept; a role that this version does not know gives nothing. */
  static Map<String, Role> kept(String json) {
    Map<String, Role> roles = new LinkedHashMap<>();
    for (var field : Json.stored(json).properties()) {
      Role.of(field.getValue().asText()).ifPresent(role -> roles.put(field.getKey(), role));
    }
    return roles;
  }

  static ObjectNode json(Map<String, Role> roles) {
    ObjectNode node = Json.object();
    new TreeMap<>(roles).forEach((namespace, role) -> node.put(namespace, role.word()));
    return node;
  }
}
