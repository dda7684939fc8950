package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/** Versions of a job as the terminal shows them. Stateless. */
final class VersionView {
  private VersionView() {}

  /** A page of versions. */
  static List<String> table(JsonNode page) {
    Table table = new Table("VERSION", "WHEN", "BY", "FROM", "PATTERN", "RESTORES", "REASON");
    for (JsonNode version : page.path("items")) {
      table.row(
          version.path("version").asText(),
          Times.local(version.path("createdAt")),
          version.path("actor").asText(),
          version.path("source").asText(Times.NONE),
          pattern(version.path("pattern")),
          version.path("restored").asText(Times.NONE),
          version.path("reason").asText(""));
    }
    return table.lines();
  }

  /** One version with its definition. */
  static List<String> details(JsonNode version) {
    List<String> lines = new ArrayList<>();
    lines.add("version   " + version.path("version").asText());
    lines.add("when      " + Times.local(version.path("createdAt")));
    lines.add("by        " + version.path("actor").asText());
    lines.add("from      " + version.path("source").asText(Times.NONE));
    lines.add("pattern   " + pattern(version.path("pattern")));
    lines.add("restores  " + version.path("restored").asText(Times.NONE));
    lines.add("reason    " + version.path("reason").asText(Times.NONE));
    lines.add("");
    OutputForm.YAML.written(version.path("definition")).lines().forEach(lines::add);
    return lines;
  }

  /** The job file: what its author wrote where a pattern was used, else the definition. */
  static JsonNode file(JsonNode shown, boolean expanded) {
    JsonNode written = shown.path("written");
    return written.isObject() && !expanded ? written : shown.path("definition");
  }

  static List<String> diff(JsonNode diff) {
    String unified = diff.path("unified").asText();
    return unified.isEmpty()
        ? List.of(
            "versions "
                + diff.path("from").asText()
                + " and "
                + diff.path("to").asText()
                + " say the same")
        : unified.lines().toList();
  }

  /** Such as {@code nightly-copy@2}. */
  static String pattern(JsonNode pattern) {
    return pattern.isObject()
        ? pattern.path("name").asText() + "@" + pattern.path("version").asText()
        : Times.NONE;
  }
}
