package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/** What becomes of a set, as the terminal shows it. Stateless. */
final class SetView {
  private SetView() {}

  static int conflicts(JsonNode plan) {
    return plan.path("counts").path("conflict").asInt();
  }

  /**
   * A plan: what changes, with the difference; what does not is only counted.
   *
   * @param full the text of new jobs, too
   */
  static List<String> plan(JsonNode plan, boolean full) {
    List<String> lines = new ArrayList<>();
    JsonNode counts = plan.path("counts");
    lines.add(
        "set "
            + plan.path("set").asText()
            + ": "
            + counts.path("create")
            + " to create, "
            + counts.path("update")
            + " to change, "
            + counts.path("delete")
            + " to archive, "
            + counts.path("unchanged")
            + " unchanged"
            + also(counts, "orphan", " in no file")
            + also(counts, "conflict", " in conflict"));
    for (JsonNode pattern : plan.path("patterns")) {
      if (!pattern.path("action").asText().equals("unchanged")) {
        lines.add(
            sign(pattern)
                + " pattern "
                + name(pattern, "pattern")
                + "@"
                + pattern.path("version").asText()
                + "  "
                + pattern.path("file").asText());
      }
    }
    plan.path("items").forEach(item -> item(lines, item, full));
    return lines;
  }

  private static String also(JsonNode counts, String key, String words) {
    return counts.path(key).asInt() == 0 ? "" : ", " + counts.path(key) + words;
  }

  private static void item(List<String> lines, JsonNode item, boolean full) {
    String action = item.path("action").asText();
    if (action.equals("unchanged")) {
      return;
    }
    String version = item.path("version").isNull() ? "" : " (version " + item.path("version") + ")";
    String file = item.path("file").isNull() ? "" : "  " + item.path("file").asText();
    String pattern = item.path("pattern").isNull() ? "" : " from " + item.path("pattern").asText();
    lines.add(sign(item) + " job " + name(item, "job") + version + pattern + file);
    switch (action) {
      case "conflict" ->
          lines.add("    " + item.path("detail").asText() + "; " + item.path("remedy").asText());
      case "orphan" -> lines.add("    no file says it; --prune archives it");
      default -> {}
    }
    if (item.path("adopts").asBoolean()) {
      lines.add("    was made through the API; the set becomes its owner");
    }
    if (!item.path("archivedAt").isNull()) {
      lines.add(
          "    was archived on the server "
              + Times.local(item.path("archivedAt"))
              + "; this makes a new job of its id");
    }
    drift(lines, item.path("drift"));
    if (action.equals("update") || full) {
      item.path("unified").asText().lines().forEach(line -> lines.add("    " + line));
    }
  }

  private static void drift(List<String> lines, JsonNode drift) {
    if (drift.isObject()) {
      String reason =
          drift.path("reason").isNull() ? "" : ", \"" + drift.path("reason").asText() + "\"";
      lines.add(
          "    changed on the server by "
              + drift.path("actor").asText()
              + " "
              + Times.local(drift.path("at"))
              + reason
              + ": version "
              + drift.path("version").asText()
              + ", the set made "
              + drift.path("since").asText());
    }
  }

  private static String sign(JsonNode item) {
    return switch (item.path("action").asText()) {
      case "create" -> "+";
      case "update" -> "~";
      case "delete" -> "-";
      case "orphan" -> "?";
      default -> "!";
    };
  }

  /** With its namespace, unless that is the standard one. */
  private static String name(JsonNode item, String key) {
    String namespace = item.path("namespace").asText();
    return (namespace.equals("default") ? "" : namespace + "/") + item.path(key).asText();
  }

  static List<String> done(int status, JsonNode done) {
    return List.of(
        status == 202
            ? "accepted; no leader answered yet, it is applied later"
            : "applied: "
                + done.path("create")
                + " created, "
                + done.path("update")
                + " changed, "
                + done.path("delete")
                + " archived"
                + (done.path("patterns").asInt() == 0
                    ? ""
                    : ", " + done.path("patterns") + " patterns"));
  }
}
