package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** What {@code top} shows, and what keys do to it. One thread. */
final class TopView {
  private static final int ESCAPE = 27;
  private static final int ENTER = '\n';
  private static final int RETURN = '\r';
  private static final int DELETE = 127;
  private static final int BACKSPACE = 8;
  private static final int CTRL_C = 3;
  private static final int LISTED_MAX = 8;

  /** In which order runs stand. */
  enum Sort {
    AGE,
    JOB,
    STATE;

    private Sort next() {
      return switch (this) {
        case AGE -> JOB;
        case JOB -> STATE;
        case STATE -> AGE;
      };
    }
  }

  private final StringBuilder filter;
  private Sort sort;
  private boolean typing;
  private boolean held;

  TopView(Sort sort, String filter) {
    this.sort = sort;
    this.filter = new StringBuilder(filter);
  }

  boolean typing() {
    return typing;
  }

  /** Is it to stay as it is? */
  boolean held() {
    return held;
  }

  /** Does what a key says; true when it says that this is the end. */
  boolean quits(int key) {
    if (key == CTRL_C) {
      return true;
    }
    if (typing) {
      type(key);
      return false;
    }
    switch (key) {
      case 'q', 'Q' -> {
        return true;
      }
      case 's' -> sort = sort.next();
      case '/' -> typing = true;
      case 'p', ' ' -> held = !held;
      case ESCAPE -> filter.setLength(0);
      default -> {
        return false;
      }
    }
    return false;
  }

  private void type(int key) {
    switch (key) {
      case ENTER, RETURN -> typing = false;
      case ESCAPE -> {
        filter.setLength(0);
        typing = false;
      }
      case DELETE, BACKSPACE -> filter.setLength(Math.max(0, filter.length() - 1));
      default -> {
        if (key >= ' ' && key < DELETE) {
          filter.append((char) key);
        }
      }
    }
  }

  /**
   * @param most so many lines fit
   */
  List<String> lines(JsonNode seen, int most) {
    List<String> lines = new ArrayList<>();
    lines.add(
        "millrace top  "
            + seen.path("server").asText()
            + "  runs by "
            + sort.name().toLowerCase(Locale.ROOT)
            + (filter.isEmpty() && !typing ? "" : "  /" + filter + (typing ? "_" : ""))
            + (held ? "  held; p goes on" : ""));
    lines.addAll(overview(seen.path("overview")));
    lines.add("");
    lines.addAll(some(pools(seen.path("pools")), LISTED_MAX, most));
    lines.add("");
    lines.addAll(some(workers(seen.path("workers")), LISTED_MAX, most));
    lines.add("");
    lines.addAll(some(runs(seen.path("runs")), most - lines.size() - 1, most));
    return lines;
  }

  private static List<String> overview(JsonNode overview) {
    if (!overview.isObject()) {
      return List.of();
    }
    List<String> lines = new ArrayList<>(some(OverviewCommand.problems(overview), 4, 1));
    JsonNode runs = overview.path("runs");
    lines.add(
        "runs %s open, %s running, %s pending; workers %s; late %s; dead letters %s"
            .formatted(
                Facts.cell(runs.path("open")),
                Facts.cell(runs.path("running")),
                Facts.cell(runs.path("pending")),
                OverviewCommand.counts(overview.path("workers")),
                OverviewCommand.lateness(overview.path("lateness")),
                Facts.cell(overview.path("deadLetters").path("open"))));
    return lines;
  }

  private List<String> pools(JsonNode pools) {
    Table table = new Table("POOL", "WORKERS", "SLOTS", "READY", "QUEUED", "RUNNING");
    for (JsonNode pool : pools) {
      row(
          table,
          pool.path("name").asText(),
          pool.path("workers").asText(),
          pool.path("slots").asText(),
          pool.path("ready").asText() + (pool.path("readyIsAtLeast").asBoolean() ? "+" : ""),
          pool.path("queued").asText(),
          pool.path("running").asText());
    }
    return table.lines();
  }

  private List<String> workers(JsonNode workers) {
    Table table = new Table("WORKER", "STATE", "OPEN", "POOLS", "HOST");
    for (JsonNode worker : workers) {
      row(
          table,
          worker.path("id").asText(),
          worker.path("state").asText() + (worker.path("draining").asBoolean() ? " drains" : ""),
          worker.path("open").asText(),
          Facts.cell(worker.path("pools")),
          worker.path("host").asText());
    }
    return table.lines();
  }

  private List<String> runs(JsonNode runs) {
    List<JsonNode> sorted = new ArrayList<>();
    runs.forEach(sorted::add);
    sorted.sort(order());
    Table table = new Table("RUN", "JOB", "STATE", "FOR", "STAGES");
    for (JsonNode run : sorted) {
      row(
          table,
          run.path("id").asText(),
          run.path("job").asText(),
          RunView.state(run),
          age(run),
          stages(run));
    }
    return table.lines();
  }

  private Comparator<JsonNode> order() {
    Comparator<JsonNode> age = Comparator.comparing(run -> run.path("createdAt").asText());
    return switch (sort) {
      case AGE -> age;
      case JOB ->
          Comparator.<JsonNode, String>comparing(run -> run.path("job").asText())
              .thenComparing(age);
      case STATE -> Comparator.comparing(RunView::state).thenComparing(age);
    };
  }

  private static String age(JsonNode run) {
    Instant from = Times.instant(run.path("createdAt"));
    return from == null ? Times.NONE : Times.text(Duration.between(from, Instant.now()));
  }

  /** Those that do something, and how far they are. */
  private static String stages(JsonNode run) {
    List<String> said = new ArrayList<>();
    int ended = 0;
    for (JsonNode stage : run.path("stages")) {
      ended += stage.path("finishedAt").isTextual() ? 1 : 0;
      if (stage.path("state").asText().matches("RUNNING|BACKING_OFF|HELD|LOCK_WAIT")) {
        said.add(stage.path("id").asText() + " " + RunTree.said(stage));
      }
    }
    return ended + "/" + run.path("stages").size() + "  " + String.join(", ", said);
  }

  private void row(Table table, String... cells) {
    String wanted = filter.toString().toLowerCase(Locale.ROOT);
    if (String.join(" ", cells).toLowerCase(Locale.ROOT).contains(wanted)) {
      table.row(cells);
    }
  }

  /** The first ones, and how many there are beside them; all where nobody's window is too small. */
  private static List<String> some(List<String> lines, int most, int room) {
    if (room == Integer.MAX_VALUE || lines.size() <= Math.max(2, most)) {
      return lines;
    }
    int shown = Math.max(2, most) - 1;
    List<String> some = new ArrayList<>(lines.subList(0, shown));
    some.add("... " + (lines.size() - shown) + " more");
    return some;
  }
}
