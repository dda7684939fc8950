package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * A run as lines that are drawn again and again: what needs others stands further right, with its
 * progress, its time and the last line of its log. Updated by one thread, drawn by another.
 */
final class RunTree {
  private static final Set<String> LIVE =
      Set.of("RUNNING", "QUEUED", "READY", "BACKING_OFF", "LOCK_WAIT", "HELD", "FAILED");
  private static final Set<String> BEFORE = Set.of("WAITING", "READY", "HELD");
  private static final int BAR = 12;
  private static final int NAME_MAX = 32;

  private final Map<String, String> lastLines;
  private final Clock clock;
  private final boolean unicode;
  private volatile JsonNode run;

  /**
   * @param lastLines what each stage wrote last
   */
  RunTree(Terminal terminal, Map<String, String> lastLines) {
    this(terminal, lastLines, Clock.systemUTC());
  }

  RunTree(Terminal terminal, Map<String, String> lastLines, Clock clock) {
    this.lastLines = lastLines;
    this.clock = clock;
    this.unicode = unicode(terminal.environment());
  }

  static boolean unicode(Map<String, String> environment) {
    for (String name : List.of("LC_ALL", "LC_CTYPE", "LANG")) {
      String locale = environment.getOrDefault(name, "");
      if (!locale.isEmpty()) {
        return locale.toUpperCase(Locale.ROOT).contains("UTF");
      }
    }
    return false;
  }

  void update(JsonNode seen) {
    run = seen;
  }

  /** What there is to draw now, in a window of this size. */
  List<String> lines(WindowSize window) {
    JsonNode seen = run;
    if (seen == null) {
      return List.of();
    }
    List<JsonNode> stages = new ArrayList<>();
    seen.path("stages").forEach(stages::add);
    Map<String, Integer> levels = levels(stages);
    int widest = 0;
    for (JsonNode stage : stages) {
      widest = Math.max(widest, name(stage, levels).length());
    }
    List<String> lines = new ArrayList<>();
    lines.add(title(seen, stages));
    List<JsonNode> fit = fitting(stages, Math.max(1, window.lines() - 4));
    for (JsonNode stage : fit) {
      lines.add(line(stage, levels, Math.min(NAME_MAX, widest)));
    }
    if (fit.size() < stages.size()) {
      lines.add("  ... " + (stages.size() - fit.size()) + " more stages, ended or not begun");
    }
    return lines.stream()
        .map(line -> Width.cut(Harmless.text(line), window.columns() - 1))
        .toList();
  }

  private String title(JsonNode seen, List<JsonNode> stages) {
    long done = stages.stream().filter(stage -> stage.path("finishedAt").isTextual()).count();
    return "run %s  %s  %s  %d/%d stages  %s"
        .formatted(
            seen.path("id").asText(),
            seen.path("job").asText(),
            RunView.state(seen),
            done,
            stages.size(),
            took(seen));
  }

  /** Those that live, in their order; others as long as there is room. */
  private static List<JsonNode> fitting(List<JsonNode> stages, int room) {
    if (stages.size() <= room) {
      return stages;
    }
    List<JsonNode> fit = new ArrayList<>();
    for (JsonNode stage : stages) {
      if (fit.size() < room && LIVE.contains(stage.path("state").asText())) {
        fit.add(stage);
      }
    }
    return fit;
  }

  private String line(JsonNode stage, Map<String, Integer> levels, int nameWidth) {
    StringBuilder line = new StringBuilder("  ");
    line.append(mark(stage.path("state").asText())).append(' ');
    line.append(Width.exactly(name(stage, levels), nameWidth)).append("  ");
    line.append(said(stage));
    String bar = bar(stage);
    line.append(bar.isEmpty() ? "" : "  " + bar);
    String took = took(stage);
    line.append(took.isEmpty() ? "" : "  " + took);
    line.append(needs(stage));
    String error = stage.path("error").asText("").lines().findFirst().orElse("");
    String last = lastLines.getOrDefault(stage.path("id").asText(), "");
    if (!error.isEmpty() && !stage.path("error").isNull()) {
      line.append("  ").append(error);
    } else if (!last.isEmpty() && !stage.path("finishedAt").isTextual()) {
      line.append("  | ").append(last);
    }
    return line.toString();
  }

  private static String needs(JsonNode stage) {
    if (!stage.path("state").asText().equals("WAITING") || stage.path("needs").isEmpty()) {
      return "";
    }
    return "  needs " + Facts.cell(stage.path("needs"));
  }

  /** State, attempt and how many of its items are through. */
  static String said(JsonNode stage) {
    StringBuilder said = new StringBuilder(stage.path("state").asText());
    if (stage.path("attempt").asInt() > 1) {
      said.append(" attempt ").append(stage.path("attempt").asInt());
    }
    JsonNode fan = stage.path("fan");
    if (fan.isObject()) {
      said.append(' ').append(ended(fan)).append('/').append(fan.path("items").asInt());
      if (fan.path("failed").asInt() > 0) {
        said.append(' ').append(fan.path("failed").asInt()).append(" failed");
      }
    }
    JsonNode percent = stage.path("progress").path("percent");
    if (percent.isNumber()) {
      said.append(' ').append(percent.asInt()).append('%');
    }
    String message = stage.path("progress").path("message").asText("");
    return message.isEmpty() ? said.toString() : said + " " + message;
  }

  private static int ended(JsonNode fan) {
    return fan.path("completed").asInt()
        + fan.path("failed").asInt()
        + fan.path("cancelled").asInt();
  }

  private String bar(JsonNode stage) {
    if (!stage.path("state").asText().equals("RUNNING")) {
      return "";
    }
    JsonNode fan = stage.path("fan");
    JsonNode percent = stage.path("progress").path("percent");
    double part;
    if (percent.isNumber()) {
      part = percent.asDouble() / 100;
    } else if (fan.path("items").asInt() > 0) {
      part = (double) ended(fan) / fan.path("items").asInt();
    } else {
      return "";
    }
    int full = (int) Math.round(Math.clamp(part, 0, 1) * BAR);
    return unicode
        ? "█".repeat(full) + "░".repeat(BAR - full)
        : "[" + "#".repeat(full) + "-".repeat(BAR - full) + "]";
  }

  private String mark(String state) {
    return switch (state) {
      case "COMPLETED", "ACKNOWLEDGED", "SKIPPED_COMPLETE" -> unicode ? "✓" : "+";
      case "FAILED", "CANCELLED" -> unicode ? "✗" : "x";
      case "RUNNING" -> unicode ? "●" : "*";
      case "SKIPPED" -> "-";
      default -> BEFORE.contains(state) ? (unicode ? "○" : "o") : (unicode ? "◔" : "~");
    };
  }

  /** How long it took, or takes until now; empty before it began. */
  private String took(JsonNode of) {
    Instant from = Times.instant(of.path("startedAt"));
    if (from == null) {
      return "";
    }
    Instant to = Times.instant(of.path("finishedAt"));
    Duration took = Duration.between(from, to == null ? clock.instant() : to);
    return took.isNegative() ? "0.0 s" : brief(took);
  }

  private static String brief(Duration took) {
    return took.toSeconds() < 60
        ? String.format(Locale.ROOT, "%.1f s", took.toMillis() / 1000.0)
        : Times.text(took);
  }

  private static String name(JsonNode stage, Map<String, Integer> levels) {
    String id = stage.path("id").asText();
    return "  ".repeat(Math.min(8, levels.getOrDefault(id, 0))) + id;
  }

  /** How far a stage is from those that need nothing; stages come in the order of their needs. */
  private static Map<String, Integer> levels(List<JsonNode> stages) {
    Map<String, Integer> levels = new HashMap<>();
    for (JsonNode stage : stages) {
      int level = 0;
      for (JsonNode need : stage.path("needs")) {
        level = Math.max(level, levels.getOrDefault(need.asText(), -1) + 1);
      }
      String group = stage.path("group").asText("");
      levels.put(stage.path("id").asText(), Math.max(level, levels.getOrDefault(group, -1) + 1));
    }
    return levels;
  }
}
