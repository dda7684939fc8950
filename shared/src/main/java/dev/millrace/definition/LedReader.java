package dev.millrace.definition;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.expression.DidYouMean;
import dev.millrace.file.FilePattern;
import dev.millrace.model.KeyText;
import dev.millrace.model.StageDefinition;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/** Reads the {@code with} of stages that the leader executes itself. Stateless. */
final class LedReader {
  static final List<String> WAITS =
      List.of(
          StageDefinition.WAIT_TIME,
          StageDefinition.WAIT_EVENT,
          StageDefinition.WAIT_APPROVAL,
          StageDefinition.WAIT_FILE);

  /** A handler of workers, unless it says {@code on: scheduler}. */
  static final String WAIT_FILE = "wait.file";

  private static final Duration STABLE_FOR_MAX = Duration.ofHours(24);
  private static final Duration TIMEOUT_MIN = Duration.ofMillis(1);
  private static final int MESSAGE_CHARS_MAX = 4_096;
  private static final List<String> ROLES = List.of("viewer", "operator", "editor", "admin");
  private static final List<String> ON_TIMEOUT = List.of("fail", "approve", "reject", "skip");

  private LedReader() {}

  /** Who executes what {@code run} names. */
  static String handler(Fields fields) {
    String written = fields.requiredId("run");
    String on = fields.oneOf("on", List.of("scheduler"));
    if (on == null || WAIT_FILE.equals(written)) {
      return on == null ? written : StageDefinition.WAIT_FILE;
    }
    fields.problem(fields.map().get("on"), "on", "is possible for `run: wait.file` only");
    return written;
  }

  static boolean isLed(String handler) {
    return StageDefinition.GROUP.equals(handler)
        || StageDefinition.SUB_JOB.equals(handler)
        || isWait(handler);
  }

  static boolean isWait(String handler) {
    return handler != null && WAITS.contains(handler);
  }

  /** A word that looks like one of them and is none would wait for a worker that never comes. */
  static void refuseUnknownWait(Fields fields, String handler) {
    if (handler == null
        || !handler.startsWith("wait.")
        || isWait(handler)
        || handler.equals(WAIT_FILE)) {
      return;
    }
    List<String> known = List.of(WAITS.get(0), WAITS.get(1), WAITS.get(2), WAIT_FILE);
    fields.problem(
        fields.map().get("run"),
        "run",
        "there is no '" + handler + "'" + DidYouMean.phrase(handler, known));
  }

  /** What makes no sense beside a handler of the leader; all of it would be ignored. */
  static void refuseKeys(Fields fields, String handler) {
    Set<String> keys =
        switch (handler) {
          case StageDefinition.GROUP ->
              Set.of(
                  "pool",
                  "with",
                  "retry",
                  "timeout",
                  "queue-timeout",
                  "start-timeout",
                  "heartbeat-timeout",
                  "locks",
                  "rate",
                  "min-duration",
                  "max-duration");
          case StageDefinition.SUB_JOB ->
              Set.of("pool", "queue-timeout", "start-timeout", "heartbeat-timeout");
          default ->
              Set.of(
                  "pool",
                  "timeout",
                  "queue-timeout",
                  "start-timeout",
                  "heartbeat-timeout",
                  "locks",
                  "rate",
                  "for-each",
                  "max-parallel",
                  "tolerate");
        };
    for (Doc.Entry entry : fields.map().entries()) {
      if (keys.contains(entry.key())) {
        fields.problem(entry.value(), entry.key(), refusal(handler, entry.key()));
      }
    }
  }

  private static String refusal(String handler, String key) {
    if (handler.equals(StageDefinition.GROUP)) {
      return "is not possible for a group; write it at the stages in it";
    }
    if (key.equals("timeout") && !handler.equals(StageDefinition.WAIT_TIME)) {
      return "is not possible here; write it in `with`";
    }
    return handler.equals(StageDefinition.WAIT_FILE)
        ? "is not possible beside `on: scheduler`, which needs no worker"
        : "is not possible for `" + handler + "`, which needs no worker";
  }

  static ObjectNode job(Fields with) {
    ObjectNode json = Json.object();
    put(json, "job", with.requiredId("job"));
    put(json, "namespace", with.id("namespace"));
    Fields params = Expressions.isWhole(with.map().get("params")) ? null : with.fields("params");
    Doc written = with.take("params");
    if (params != null || Expressions.isWhole(written)) {
      json.set("params", written.toJson());
    }
    with.finish(Set.of());
    return json;
  }

  static ObjectNode time(Fields with) {
    ObjectNode json = Json.object();
    boolean isFor = with.map().get("for") != null;
    boolean isUntil = with.map().get("until") != null;
    if (isFor == isUntil) {
      with.problem("needs `for` (how long) or `until` (an instant), one of both");
    }
    put(json, "for", with.duration("for", TIMEOUT_MIN));
    put(
        json,
        "until",
        with.parsed(
            "until",
            text -> Expressions.isWhole(text) ? text : TriggerReader.instant(text).toString()));
    with.finish(Set.of());
    return json;
  }

  static ObjectNode event(Fields with) {
    ObjectNode json = Json.object();
    put(json, "event", with.requiredId("event"));
    String key = with.text("key");
    if (key != null && KeyText.problem(key) != null) {
      with.problem(with.map().get("key"), "key", KeyText.problem(key));
    }
    put(json, "key", key);
    put(json, "timeout", with.duration("timeout", TIMEOUT_MIN));
    with.finish(Set.of());
    return json;
  }

  static ObjectNode file(Fields with) {
    ObjectNode json = Json.object();
    String path = with.requiredText("path");
    Integer depth = with.integer("depth", 1, FilePattern.DEPTH_MAX);
    if (path != null && !path.contains("${{")) {
      try {
        FilePattern.of(path, depth == null ? FilePattern.AS_WRITTEN : depth);
      } catch (IllegalArgumentException wrong) {
        with.problem(with.map().get("path"), "path", wrong.getMessage());
      }
    }
    put(json, "path", path);
    if (depth != null) {
      json.put("depth", depth);
    }
    Duration stableFor = with.duration("stable-for", Duration.ZERO);
    if (stableFor != null && stableFor.compareTo(STABLE_FOR_MAX) > 0) {
      with.problem(with.map().get("stable-for"), "stable-for", "must be at most 24h");
    }
    put(json, "stable-for", stableFor);
    put(json, "min-age", with.duration("min-age", Duration.ZERO));
    put(json, "timeout", with.duration("timeout", TIMEOUT_MIN));
    with.finish(Set.of());
    return json;
  }

  static ObjectNode approval(Fields with) {
    ObjectNode json = Json.object();
    put(json, "role", with.oneOf("role", ROLES));
    String message = with.text("message");
    if (message != null && message.length() > MESSAGE_CHARS_MAX) {
      with.problem(with.map().get("message"), "message", "is longer than " + MESSAGE_CHARS_MAX);
    }
    put(json, "message", message);
    put(json, "timeout", with.duration("timeout", TIMEOUT_MIN));
    put(json, "on-timeout", with.oneOf("on-timeout", ON_TIMEOUT));
    if (with.map().get("on-timeout") != null && with.map().get("timeout") == null) {
      with.problem(with.map().get("on-timeout"), "on-timeout", "means nothing without `timeout`");
    }
    with.finish(Set.of());
    return json;
  }

  private static void put(ObjectNode json, String key, Object value) {
    if (value != null) {
      json.put(key, value.toString());
    }
  }
}
