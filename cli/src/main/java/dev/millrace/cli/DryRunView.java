package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/** What a run would do, as the terminal shows it. Stateless. */
final class DryRunView {
  private DryRunView() {}

  static List<String> lines(JsonNode dry) {
    List<String> lines = new ArrayList<>();
    lines.add(
        "job        " + dry.path("job").asText() + "  version " + dry.path("version").asText());
    lines.add("outcome    " + outcome(dry.path("admission").path("outcome").asText()));
    dry.path("admission").path("because").forEach(why -> lines.add("           " + why.asText()));
    if (dry.path("key").isTextual()) {
      lines.add("key        " + dry.path("key").asText());
    }
    window(dry.path("window"), lines);
    params(dry.path("params"), lines);
    lines.add("");
    Table stages = new Table("STAGE", "HANDLER", "POOL", "EXECUTES", "BECAUSE");
    for (JsonNode stage : dry.path("stages")) {
      stages.row(
          stage.path("id").asText(),
          stage.path("handler").asText(),
          stage.path("pool").asText(Times.NONE),
          stage.path("executes").asText().toLowerCase(java.util.Locale.ROOT),
          because(stage));
    }
    lines.addAll(stages.lines());
    pools(dry.path("pools"), lines);
    locks(dry.path("locks"), lines);
    lines.add("");
    lines.add("nothing was started");
    return lines;
  }

  private static String outcome(String word) {
    return switch (word) {
      case "STARTS" -> "it would start at once";
      case "WAITS" -> "it would be made, and wait";
      case "PAUSED" -> "it would be made, and be paused";
      case "SKIPPED" -> "no run would be made";
      case "REFUSED" -> "it would be refused";
      default -> "it would end before it starts";
    };
  }

  private static void window(JsonNode window, List<String> lines) {
    if (!window.isObject()) {
      return;
    }
    String open =
        window.path("openSince").isTextual()
            ? "open until " + Times.local(window.path("openUntil"))
            : "opens " + Times.local(window.path("nextStart"));
    String blackout =
        window.path("blackout").asBoolean()
            ? ", blackout until " + Times.local(window.path("blackoutUntil"))
            : "";
    lines.add("window     " + open + blackout);
    lines.add("           " + window.path("note").asText());
  }

  private static void params(JsonNode params, List<String> lines) {
    if (params.isEmpty()) {
      return;
    }
    lines.add("");
    Table table = new Table("PARAM", "VALUE", "FROM");
    for (JsonNode param : params) {
      JsonNode value = param.path("value");
      table.row(
          param.path("name").asText(),
          value.isNull() ? Times.NONE : value.isTextual() ? value.asText() : value.toString(),
          param.path("from").asText());
    }
    lines.addAll(table.lines());
  }

  private static String because(JsonNode stage) {
    List<String> parts = new ArrayList<>();
    expression("if", stage.path("if"), parts);
    expression("for-each", stage.path("forEach"), parts);
    if (stage.path("problem").isTextual()) {
      parts.add(stage.path("problem").asText());
    }
    if (!stage.path("locks").isEmpty()) {
      List<String> names = new ArrayList<>();
      stage.path("locks").forEach(lock -> names.add(lock.asText()));
      parts.add("locks " + String.join(", ", names));
    }
    return String.join("; ", parts);
  }

  private static void expression(String name, JsonNode known, List<String> parts) {
    if (!known.isObject()) {
      return;
    }
    String is;
    if (known.path("problem").isTextual()) {
      is = " fails: " + known.path("problem").asText();
    } else if (known.path("items").isInt()) {
      is = ": " + known.path("items").asInt() + " items";
    } else if (known.path("waitsFor").isEmpty()) {
      is = " is " + known.path("value").asText();
    } else {
      List<String> waits = new ArrayList<>();
      known.path("waitsFor").forEach(wait -> waits.add(wait.asText()));
      is = " is known after " + String.join(", ", waits);
    }
    parts.add(name + " " + known.path("expression").asText() + is);
  }

  private static void pools(JsonNode pools, List<String> lines) {
    for (JsonNode pool : pools) {
      List<String> missing = new ArrayList<>();
      pool.path("handlersWithoutWorker").forEach(handler -> missing.add(handler.asText()));
      lines.add(
          "pool "
              + pool.path("pool").asText()
              + ": "
              + pool.path("workers").asInt()
              + " workers, "
              + pool.path("slots").asInt()
              + " slots"
              + (pool.path("paused").asBoolean() ? ", paused" : "")
              + (missing.isEmpty() ? "" : "; nobody executes " + String.join(", ", missing)));
    }
  }

  private static void locks(JsonNode locks, List<String> lines) {
    for (JsonNode lock : locks) {
      lines.add(
          "lock "
              + lock.path("name").asText()
              + ": "
              + lock.path("taken").asInt()
              + " of "
              + lock.path("capacity").asInt()
              + " taken, "
              + lock.path("waiting").asInt()
              + " in line");
    }
  }
}
