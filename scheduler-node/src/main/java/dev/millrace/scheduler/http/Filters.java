package dev.millrace.scheduler.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.expression.DidYouMean;
import dev.millrace.lifecycle.JobState;
import dev.millrace.lifecycle.RunState;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.store.JobFilter;
import dev.millrace.scheduler.store.RunFilter;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jdbi.v3.core.Handle;

/**
 * Which runs or jobs a caller means, read strictly: from a query, or from the filter of a body,
 * where a list may stand for several values. Stateless; any thread.
 */
final class Filters {
  static final List<String> OF_RUNS =
      List.of(
          "job",
          "state",
          "open",
          "children",
          "label",
          "since",
          "until",
          "error",
          "trigger",
          "orchestration");
  static final List<String> OF_JOBS = List.of("state", "label", "q", "trigger");

  private static final List<String> FLAGS = List.of("open", "children");
  private static final List<String> MANY = List.of("label", "state");
  private static final List<String> TRIGGERS_OF_JOBS =
      List.of("cron", "at", "every", "plan", "after", "queue", "file", "webhook");
  private static final int LABELS_MAX = 5;
  private static final int TEXT_CHARS_MAX = 500;

  /** Ids hold milliseconds up to this year. */
  private static final Instant LAST_ID = Instant.parse("2150-01-01T00:00:00Z");

  private Filters() {}

  /** What a query says, as the filter of a body would say it. */
  static ObjectNode ofQuery(Call call, List<String> keys) {
    ObjectNode asked = Json.object();
    for (String key : keys) {
      if (key.equals("label")) {
        ArrayNode labels = Json.array();
        call.queries(key).forEach(labels::add);
        if (!labels.isEmpty()) {
          asked.set(key, labels);
        }
      } else if (FLAGS.contains(key)) {
        if (call.flag(key)) {
          asked.put(key, true);
        }
      } else {
        String value = call.query(key);
        if (value != null && !value.isEmpty()) {
          asked.put(key, value);
        }
      }
    }
    return asked;
  }

  /** Refuses what is no filter with these keys. */
  static ObjectNode checked(JsonNode asked, List<String> keys) {
    if (!(asked instanceof ObjectNode filter)) {
      throw Problem.badRequest("filter is not an object", "Send {\"filter\": {\"job\": \"...\"}}.");
    }
    for (var field : filter.properties()) {
      String key = field.getKey();
      if (!keys.contains(key)) {
        throw Problem.badRequest(
            "unknown key '" + Call.shortened(key) + "' in filter" + DidYouMean.phrase(key, keys),
            "Known keys: " + String.join(", ", keys) + ".");
      }
      JsonNode value = field.getValue();
      if (FLAGS.contains(key)) {
        if (!value.isBoolean()) {
          throw Problem.badRequest("filter: " + key + " is true or false", "Send a boolean.");
        }
      } else {
        texts(key, value);
      }
    }
    return filter;
  }

  /** The values of a key; a list only where several are possible. */
  private static List<String> texts(String key, JsonNode value) {
    List<String> texts = new ArrayList<>();
    Iterable<JsonNode> all =
        value.isArray() && MANY.contains(key) ? value : List.<JsonNode>of(value);
    for (JsonNode each : all) {
      String text = each.textValue();
      if (text == null || text.length() > TEXT_CHARS_MAX || text.indexOf('\0') >= 0) {
        throw Problem.badRequest(
            key + " is a text of at most " + TEXT_CHARS_MAX + " characters",
            "Say it shorter, or leave it out.");
      }
      texts.add(text);
    }
    return texts;
  }

  /** States of runs; empty for any. */
  static List<String> runStates(JsonNode asked) {
    return states(asked, RunState.values(), "run");
  }

  /**
   * Which runs; a job that is named must be there.
   *
   * @param namespace null for every one
   */
  static RunFilter runs(Handle handle, String namespace, ObjectNode asked) {
    List<String> states = runStates(asked.get("state"));
    boolean open = states.stream().noneMatch(each -> RunState.valueOf(each).isFinal());
    String job = asked.path("job").textValue();
    if (namespace == null && job != null) {
      throw Problem.badRequest(
          "a job is of one namespace", "Name its namespace instead of *, or leave out the job.");
    }
    return new RunFilter(
        namespace,
        job == null ? null : JobsApi.find(handle, namespace, job).id(),
        states,
        asked.path("open").asBoolean() || (open && !states.isEmpty()),
        asked.path("children").asBoolean(),
        labels(asked.get("label")),
        from(asked.path("since").textValue(), "since", 0),
        from(asked.path("until").textValue(), "until", Long.MAX_VALUE),
        asked.path("error").textValue(),
        trigger(asked),
        asked.has("orchestration")
            ? TraceApi.checked(asked.path("orchestration").textValue())
            : null);
  }

  static JobFilter jobs(String namespace, ObjectNode asked) {
    String trigger = trigger(asked);
    if (trigger != null && !TRIGGERS_OF_JOBS.contains(trigger)) {
      throw Problem.badRequest(
          "'"
              + Call.shortened(trigger)
              + "' is no kind of trigger"
              + DidYouMean.phrase(trigger, TRIGGERS_OF_JOBS),
          "Kinds: " + String.join(", ", TRIGGERS_OF_JOBS) + ".");
    }
    return new JobFilter(
        namespace,
        states(asked.get("state"), JobState.values(), "job"),
        labels(asked.get("label")),
        asked.path("q").textValue(),
        trigger);
  }

  private static String trigger(ObjectNode asked) {
    String trigger = asked.path("trigger").textValue();
    return trigger == null ? null : trigger.toLowerCase(Locale.ROOT);
  }

  private static List<String> states(JsonNode asked, Enum<?>[] known, String of) {
    List<String> names = Arrays.stream(known).map(Enum::name).toList();
    List<String> states = new ArrayList<>();
    for (String text : asked == null ? List.<String>of() : texts("state", asked)) {
      for (String each : text.split(",", -1)) {
        String state = each.strip().toUpperCase(Locale.ROOT);
        if (!names.contains(state)) {
          throw Problem.badRequest(
              "'"
                  + Call.shortened(each)
                  + "' is not a state of a "
                  + of
                  + DidYouMean.phrase(each, names),
              "States: " + String.join(", ", names) + "; several with commas between.");
        }
        if (!states.contains(state)) {
          states.add(state);
        }
      }
    }
    return states;
  }

  private static List<RunFilter.Label> labels(JsonNode asked) {
    List<String> texts = asked == null ? List.of() : texts("label", asked);
    if (texts.size() > LABELS_MAX) {
      throw Problem.badRequest(
          "label is given " + texts.size() + " times", "Give it " + LABELS_MAX + " times at most.");
    }
    List<RunFilter.Label> labels = new ArrayList<>();
    for (String text : texts) {
      int colon = text.indexOf(':');
      String key = colon < 0 ? text : text.substring(0, colon);
      if (key.isBlank()) {
        throw Problem.badRequest(
            "'" + Call.shortened(text) + "' is not a label",
            "Write label=key:value, or label=key for any value.");
      }
      labels.add(new RunFilter.Label(key, colon < 0 ? null : text.substring(colon + 1)));
    }
    return labels;
  }

  private static long from(String text, String key, long otherwise) {
    if (text == null) {
      return otherwise;
    }
    Instant at = TimeRange.instant(key, text);
    if (at.isAfter(LAST_ID)) {
      return Long.MAX_VALUE;
    }
    return Math.max(0, RunId.firstAt(at.plusNanos(999_999).toEpochMilli()));
  }
}
