package dev.millrace.scheduler.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.JobDefinition;
import dev.millrace.scheduler.event.EventSelector;
import dev.millrace.scheduler.event.EventTypes;
import java.util.Set;

/**
 * What a client of events asks for, in the query of its request or in a frame. Immutable.
 *
 * @param run null for all
 * @param job null for all
 * @param types null for all
 * @param last null for what comes from now on
 */
record EventQuery(
    String namespace,
    String job,
    Long run,
    EventSelector.Types types,
    boolean digest,
    EventPosition last) {
  static final String[] NAMES = {"namespace", "job", "run", "type", "digest", "lastEventId"};
  private static final Set<String> KEYS = Set.of(NAMES);
  private static final int NAME_CHARS_MAX = 200;

  /** As the request has it; its header wins. */
  static EventQuery of(Call call) {
    String header = call.http().header("Last-Event-ID");
    return new EventQuery(
        "*".equals(call.query("namespace")) ? "*" : call.namespace(),
        name("job", call.query("job")),
        run(call.query("run")),
        types(call.query("type")),
        call.flag("digest"),
        EventPosition.of(header == null ? call.query("lastEventId") : header));
  }

  /** As a frame's {@code subscribe} has it. */
  static EventQuery of(JsonNode asked) {
    if (!(asked instanceof ObjectNode object)) {
      throw Problem.badRequest("subscribe is no object", "Send {\"subscribe\":{...}}.");
    }
    object
        .fieldNames()
        .forEachRemaining(
            key -> {
              if (!KEYS.contains(key)) {
                throw Problem.badRequest(
                    "unknown key '" + Call.shortened(key) + "' in subscribe",
                    "See docs/events.md.");
              }
            });
    String namespace = name("namespace", text(object, "namespace"));
    return new EventQuery(
        namespace == null || namespace.isEmpty() ? JobDefinition.DEFAULT_NAMESPACE : namespace,
        name("job", text(object, "job")),
        run(text(object, "run")),
        types(text(object, "type")),
        digest(object.path("digest")),
        EventPosition.of(text(object, "lastEventId")));
  }

  private static boolean digest(JsonNode given) {
    if (given.isMissingNode() || given.isBoolean()) {
      return given.asBoolean();
    }
    throw Problem.badRequest("digest is true or false", "Leave it out, or send true.");
  }

  private static String text(ObjectNode object, String key) {
    JsonNode value = object.get(key);
    if (value == null || value.isNull()) {
      return null;
    }
    if (!value.isTextual()) {
      throw Problem.badRequest("'" + key + "' is a text", "Put it into quotes.");
    }
    return value.asText();
  }

  private static String name(String key, String value) {
    if (value != null && (value.length() > NAME_CHARS_MAX || value.indexOf('\0') >= 0)) {
      throw Problem.badRequest("'" + key + "' is not a name", "Names have at most 200 characters.");
    }
    return value == null || value.isEmpty() ? null : value;
  }

  private static Long run(String value) {
    return value == null || value.isEmpty() ? null : Call.runId(value).value();
  }

  private static EventSelector.Types types(String value) {
    try {
      return EventSelector.types(value);
    } catch (IllegalArgumentException e) {
      throw Problem.badRequest(
          "'type': " + e.getMessage(),
          "Send types with commas between, as in job_failed,run_*. There are: "
              + String.join(", ", EventTypes.ALL)
              + ".");
    }
  }

  /** What of it the client may see; a problem is thrown when it may not see the namespace. */
  EventSelector selector(EventAccess access) {
    return new EventSelector(access.namespaces(namespace), job, run, types, digest);
  }
}
