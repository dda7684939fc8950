package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/** Dead letters as the terminal shows them. Stateless. */
final class DeadView {
  private static final int ERROR_WIDTH_MAX = 60;

  private DeadView() {}

  /** A page of letters. */
  static List<String> table(JsonNode page) {
    Table table =
        new Table("ID", "JOB", "STAGE", "STATE", "TRIED", "LAST FAILED", "REASON", "ERROR");
    for (JsonNode letter : page.path("items")) {
      table.row(
          letter.path("id").asText(),
          letter.path("job").asText(),
          stage(letter),
          letter.path("state").asText(),
          letter.path("attempts").asText(),
          Times.local(letter.path("lastFailed")),
          letter.path("reason").asText(),
          shortened(letter.path("error")));
    }
    return table.lines();
  }

  private static String stage(JsonNode letter) {
    String stage = letter.path("stage").asText();
    return letter.path("index").isInt() ? stage + "[" + letter.path("index").asInt() + "]" : stage;
  }

  static List<String> groups(JsonNode page) {
    Table table =
        new Table("FINGERPRINT", "COUNT", "JOB", "STAGE", "LAST FAILED", "REASON", "NEWEST ERROR");
    for (JsonNode group : page.path("items")) {
      table.row(
          group.path("fingerprint").asText(),
          group.path("count").asText(),
          group.path("job").asText(),
          group.path("stage").asText(),
          Times.local(group.path("lastFailed")),
          group.path("reason").asText(),
          shortened(group.path("newest").path("error")));
    }
    return table.lines();
  }

  static List<String> details(JsonNode letter) {
    List<String> lines = new ArrayList<>();
    lines.add("dead letter   " + letter.path("id").asText());
    lines.add("state         " + letter.path("state").asText() + closed(letter));
    lines.add(
        "job           "
            + letter.path("job").asText()
            + "  version "
            + letter.path("version").asText());
    lines.add("run           " + letter.path("run").asText());
    lines.add("stage         " + stage(letter) + "  attempt " + letter.path("attempt").asText());
    lines.add("handler       " + letter.path("handler").asText());
    lines.add("pool          " + letter.path("pool").asText());
    lines.add("worker        " + letter.path("worker").asText(Times.NONE));
    lines.add("attempts      " + letter.path("attempts").asText());
    lines.add("first failed  " + Times.local(letter.path("firstFailed")));
    lines.add("last failed   " + Times.local(letter.path("lastFailed")));
    lines.add("fingerprint   " + letter.path("fingerprint").asText());
    lines.add("reason        " + letter.path("reason").asText());
    if (letter.path("newRun").isTextual()) {
      lines.add("new run       " + letter.path("newRun").asText());
    }
    lines.add("");
    letter.path("error").asText("").lines().forEach(lines::add);
    lines.add("");
    OutputForm.pretty(letter.path("message")).lines().forEach(lines::add);
    return lines;
  }

  private static String closed(JsonNode letter) {
    if (!letter.path("endedAt").isTextual()) {
      return "";
    }
    return " at "
        + Times.local(letter.path("endedAt"))
        + " by "
        + letter.path("actor").asText(Times.NONE)
        + (letter.path("note").isTextual() ? ": " + letter.path("note").asText() : "");
  }

  /** What was done about each letter. */
  static List<String> results(JsonNode answer) {
    List<String> lines = new ArrayList<>();
    for (JsonNode result : answer.path("results")) {
      lines.add(result.path("id").asText() + "  " + result.path("detail").asText());
    }
    lines.add(
        answer.path("done").asText()
            + " done, "
            + answer.path("refused").asText()
            + " refused"
            + (answer.path("more").asBoolean() ? "; more match, say it again" : ""));
    return lines;
  }

  static List<String> redrives(JsonNode page) {
    Table table = new Table("REDRIVE", "STATE", "REDRIVEN", "REFUSED", "OF", "RATE", "FILTER");
    for (JsonNode redrive : page.path("items")) {
      table.row(
          redrive.path("id").asText(),
          redrive.path("state").asText(),
          redrive.path("redriven").asText(),
          redrive.path("refused").asText(),
          redrive.path("total").asText(),
          redrive.path("rate").asText() + "/s",
          redrive.path("filter").toString());
    }
    return table.lines();
  }

  private static String shortened(JsonNode error) {
    String line = error.isTextual() ? error.asText().lines().findFirst().orElse("") : "";
    return line.length() <= ERROR_WIDTH_MAX ? line : line.substring(0, ERROR_WIDTH_MAX - 1) + "…";
  }
}
