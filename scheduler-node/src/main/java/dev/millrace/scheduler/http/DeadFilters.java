package dev.millrace.scheduler.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.store.DeadLetters;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** Which dead letters a caller means, read strictly. Stateless; any thread. */
final class DeadFilters {
  static final List<String> KEYS =
      List.of("run", "job", "stage", "fingerprint", "error", "since", "until");

  private static final int IDS_MAX = 500;
  private static final int TEXT_CHARS_MAX = 500;
  private static final String ALL = "ALL";
  private static final List<String> STATES =
      List.of(DeadLetters.OPEN, DeadLetters.REDRIVEN, DeadLetters.DISCARDED, ALL);

  private DeadFilters() {}

  static RunId id(String text) {
    try {
      return RunId.parse(text);
    } catch (IllegalArgumentException e) {
      throw Problem.badRequest(
          "'" + Call.shortened(text) + "' is not an id: it has 13 characters, like 0HZXW3V5K2Q8T",
          "Take the id from GET /api/v1/dead-letters.");
    }
  }

  /** From the query. */
  static DeadLetters.Filter of(Call call) {
    ObjectNode asked = Json.object();
    for (String key : KEYS) {
      String value = call.query(key);
      if (value != null && !value.isEmpty()) {
        asked.put(key, value);
      }
    }
    ObjectNode filter = checked(asked);
    String run = filter.path("run").textValue();
    return new DeadLetters.Filter(
        call.namespace(),
        run == null ? 0 : id(run).value(),
        filter.path("job").textValue(),
        filter.path("stage").textValue(),
        filter.path("fingerprint").textValue(),
        filter.path("error").textValue(),
        micros(filter.path("since").textValue()),
        micros(filter.path("until").textValue()));
  }

  /** The state that is asked for: OPEN when none is, null for any. */
  static String state(String asked) {
    if (asked == null || asked.isEmpty()) {
      return DeadLetters.OPEN;
    }
    String state = asked.toUpperCase(Locale.ROOT);
    if (!STATES.contains(state)) {
      throw Problem.badRequest(
          "'" + Call.shortened(asked) + "' is not a state of a dead letter",
          "States: " + STATES + ".");
    }
    return state.equals(ALL) ? null : state;
  }

  /** The filter of a body. */
  static ObjectNode checked(JsonNode asked) {
    if (!(asked instanceof ObjectNode filter)) {
      throw Problem.badRequest("filter is not an object", "Send {\"filter\": {\"job\": \"...\"}}.");
    }
    for (var field : filter.properties()) {
      String key = field.getKey();
      if (!KEYS.contains(key)) {
        throw Problem.badRequest(
            "unknown key '" + Call.shortened(key) + "' in filter", "Known keys: " + KEYS + ".");
      }
      String value = field.getValue().textValue();
      if (value == null || value.length() > TEXT_CHARS_MAX || value.indexOf('\0') >= 0) {
        throw Problem.badRequest(
            "filter: " + key + " is a text of at most " + TEXT_CHARS_MAX + " characters",
            "Say it shorter, or leave it out.");
      }
      if (key.equals("run")) {
        id(value);
      } else if (key.equals("since") || key.equals("until")) {
        micros(value);
      }
    }
    return filter;
  }

  static ArrayNode ids(JsonNode asked) {
    if (!(asked instanceof ArrayNode ids) || ids.isEmpty() || ids.size() > IDS_MAX) {
      throw Problem.badRequest(
          "ids is a list of 1 to " + IDS_MAX + " ids", "Send it in parts, or send a filter.");
    }
    ids.forEach(one -> id(one.asText()));
    return ids;
  }

  private static long micros(String text) {
    if (text == null) {
      return 0;
    }
    try {
      Instant at = Instant.parse(text);
      return Math.addExact(
          Math.multiplyExact(at.getEpochSecond(), TimeUnit.SECONDS.toMicros(1)),
          TimeUnit.NANOSECONDS.toMicros(at.getNano()));
    } catch (DateTimeException | ArithmeticException e) {
      throw Problem.badRequest(
          "'" + Call.shortened(text) + "' is not an instant",
          "Write it like 2027-01-04T14:00:00Z.");
    }
  }
}
