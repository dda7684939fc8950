package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** A run as the terminal shows it. Stateless. */
final class RunView {
  private static final Set<String> FINAL = Set.of("COMPLETED", "FAILED", "CANCELLED", "ENDED");
  private static final String COMPLETED = "COMPLETED";

  private RunView() {}

  static String state(JsonNode run) {
    return run.path("state").asText();
  }

  static boolean isFinal(JsonNode run) {
    return FINAL.contains(state(run));
  }

  static int exitCode(JsonNode run) {
    return state(run).equals(COMPLETED) ? ExitCode.OK : ExitCode.FAILED;
  }

  /** A page of runs. */
  static List<String> table(JsonNode page) {
    Table table = new Table("RUN", "JOB", "STATE", "TRIGGER", "CREATED", "TOOK");
    for (JsonNode run : page.path("items")) {
      table.row(
          run.path("id").asText(),
          run.path("job").asText(),
          state(run),
          run.path("trigger").asText(Times.NONE),
          Times.local(run.path("createdAt")),
          Times.between(run.path("startedAt"), run.path("finishedAt")));
    }
    return table.lines();
  }

  static List<String> details(JsonNode run) {
    List<String> lines = new ArrayList<>();
    lines.add("run        " + run.path("id").asText());
    lines.add(
        "job        " + run.path("job").asText() + "  version " + run.path("version").asText());
    lines.add("state      " + state(run) + facts(run));
    JsonNode parent = run.path("parent");
    if (parent.isObject()) {
      JsonNode item = parent.path("item");
      lines.add(
          "parent     "
              + parent.path("run").asText()
              + " stage "
              + parent.path("stage").asText(Times.NONE)
              + (item.isNumber() ? " item " + item.asText() : ""));
    }
    lines.add("trigger    " + run.path("trigger").asText(Times.NONE));
    lines.add("created    " + Times.local(run.path("createdAt")));
    lines.add("started    " + Times.local(run.path("startedAt")));
    lines.add("finished   " + Times.local(run.path("finishedAt")));
    if (run.path("endsAt").isTextual()) {
      lines.add("window end " + Times.local(run.path("endsAt")) + byHand(run.path("marks")));
    }
    if (!run.path("pausedBy").isEmpty()) {
      lines.add("paused by  " + joined(run.path("pausedBy")));
    }
    if (!run.path("params").isEmpty()) {
      lines.add("params     " + run.path("params"));
    }
    lines.add("");
    Table stages = new Table("STAGE", "STATE", "ATTEMPT", "POOL", "TOOK", "EXIT", "NOTES");
    for (JsonNode stage : run.path("stages")) {
      stages.row(
          stage.path("id").asText(),
          stage.path("state").asText(),
          stage.path("attempt").asText(Times.NONE),
          stage.path("pool").asText(Times.NONE),
          Times.between(stage.path("startedAt"), stage.path("finishedAt")),
          textOrDash(stage.path("exitCode")),
          notes(stage));
    }
    lines.addAll(stages.lines());
    return lines;
  }

  /** What is to be known of it beside its state. */
  private static String facts(JsonNode run) {
    return (run.path("late").asBoolean() ? "  late" : "")
        + (run.path("prepared").asBoolean() ? "  made ahead of its window" : "");
  }

  private static String byHand(JsonNode marks) {
    for (JsonNode mark : marks) {
      if (mark.asText().equals("untilManuallyEnded")) {
        return ", but only a person ends it";
      }
    }
    return "";
  }

  private static String joined(JsonNode texts) {
    List<String> all = new ArrayList<>();
    texts.forEach(text -> all.add(text.asText()));
    return String.join(", ", all);
  }

  /** Its error, and what was recorded about how long it ran. */
  private static String notes(JsonNode stage) {
    List<String> notes = new ArrayList<>();
    for (JsonNode mark : stage.path("marks")) {
      switch (mark.asText()) {
        case "tooShort" -> notes.add("faster than min-duration");
        case "tooLong" -> notes.add("longer than max-duration");
        default -> {} // what it says shows in the state
      }
    }
    String error = firstLine(stage.path("error"));
    if (!error.isEmpty()) {
      notes.add(error);
    }
    return String.join("; ", notes);
  }

  static String logLine(JsonNode line) {
    return Times.local(line.path("at"))
        + "  "
        + line.path("stage").asText()
        + "  "
        + line.path("text").asText();
  }

  /** Why it does not move. */
  static List<String> why(JsonNode page) {
    Table table = new Table("STAGE", "REASON", "DETAIL", "UNTIL", "HOLDER");
    for (JsonNode reason : page.path("items")) {
      table.row(
          reason.path("stage").asText("(run)"),
          reason.path("reason").asText(),
          reason.path("detail").asText(),
          Times.local(reason.path("until")),
          textOrDash(reason.path("holder")));
    }
    return page.path("items").isEmpty()
        ? List.of("nothing holds it up: it has ended")
        : table.lines();
  }

  /** Every move, and what the replay says. */
  static List<String> audit(JsonNode audit) {
    Table table = new Table("AT", "SUBJECT", "FROM", "TO", "CAUSE", "ACTOR", "REASON", "EPOCH");
    for (JsonNode move : audit.path("items")) {
      table.row(
          Times.local(move.path("at")),
          move.path("subject").asText(),
          textOrDash(move.path("from")),
          textOrDash(move.path("to")),
          textOrDash(move.path("cause")),
          textOrDash(move.path("actor")),
          firstLine(move.path("reason")),
          move.path("epoch").asText());
    }
    List<String> lines = new ArrayList<>(table.lines());
    lines.add("");
    boolean equal = audit.path("equal").asBoolean();
    lines.add(
        audit.path("moves").asInt()
            + " moves; replayed, they lead "
            + (equal ? "to what the tables say" : "to something else than the tables say:"));
    audit.path("differences").forEach(difference -> lines.add("  " + difference.asText()));
    return lines;
  }

  /** The runs of a fan-out's items. */
  static List<String> items(JsonNode page) {
    Table table = new Table("ITEM", "RUN", "STATE", "VALUE", "TOOK");
    for (JsonNode run : page.path("items")) {
      table.row(
          textOrDash(run.path("parent").path("item")),
          run.path("id").asText(),
          state(run),
          run.path("parent").path("value").toString(),
          Times.between(run.path("startedAt"), run.path("finishedAt")));
    }
    return table.lines();
  }

  /** One line that changes while the run goes on. */
  static String progress(JsonNode run) {
    StringBuilder line = new StringBuilder(state(run));
    for (JsonNode stage : run.path("stages")) {
      line.append("  ").append(stage.path("id").asText()).append(' ');
      line.append(stage.path("state").asText());
      if (stage.path("attempt").asInt() > 1) {
        line.append(" (attempt ").append(stage.path("attempt").asInt()).append(')');
      }
      JsonNode percent = stage.path("progress").path("percent");
      if (percent.isNumber()) {
        line.append(' ').append(percent.asInt()).append('%');
      }
    }
    return line.toString();
  }

  private static String textOrDash(JsonNode node) {
    return node.isValueNode() && !node.isNull() ? node.asText() : Times.NONE;
  }

  private static String firstLine(JsonNode node) {
    return node.isTextual() ? node.asText().lines().findFirst().orElse("") : "";
  }
}
