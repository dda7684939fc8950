package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * What is known of a run beside its state; a class for each command of {@code run}. Main thread.
 */
final class RunFacts {
  private static final int USUAL = 50;

  private RunFacts() {}

  /** What they have in common. */
  private abstract static class OfRun implements Callable<Integer> {
    final Terminal terminal;

    @Mixin ServerOptions server;

    @Parameters(paramLabel = "RUN", index = "0")
    String run;

    OfRun(Terminal terminal) {
      this.terminal = terminal;
    }
  }

  /** The runs of a fan-out's items. */
  @Command(name = "items", description = "The runs of a fan-out's items.")
  static final class Items extends OfRun {
    @Parameters(paramLabel = "STAGE", index = "1")
    String stage;

    @Option(names = "--state", paramLabel = "STATE", description = "In this state only.")
    String state;

    @Mixin ListOptions list;

    Items(Terminal terminal) {
      super(terminal);
    }

    @Override
    public Integer call() throws InterruptedException {
      String path = ApiPath.stage(run, stage) + "/items" + new ApiQuery().with("state", state);
      return server.run(
          terminal, session -> session.show(list.of(session, path, USUAL), RunView::items));
    }
  }

  /** The runs that its stages wait for. */
  @Command(name = "children", description = "The runs that its stages have started.")
  static final class Children extends OfRun {
    @Option(names = "--state", paramLabel = "STATE", description = "In this state only.")
    String state;

    @Mixin ListOptions list;

    Children(Terminal terminal) {
      super(terminal);
    }

    @Override
    public Integer call() throws InterruptedException {
      String path = ApiPath.run(run) + "/children" + new ApiQuery().with("state", state);
      return server.run(
          terminal, session -> session.show(list.of(session, path, USUAL), RunView::table));
    }
  }

  /** Every move of the run and its stages. */
  @Command(name = "history", description = "Every move of a run and its stages, oldest first.")
  static final class History extends OfRun {
    @Mixin ListOptions list;

    History(Terminal terminal) {
      super(terminal);
    }

    @Override
    public Integer call() throws InterruptedException {
      return server.run(
          terminal,
          session ->
              session.show(
                  list.of(session, ApiPath.run(run) + "/history", 1_000),
                  Facts.table(
                      "AT=at",
                      "WHAT=subject",
                      "FROM=from",
                      "TO=to",
                      "CAUSE=cause",
                      "BY=actor",
                      "REASON=reason")));
    }
  }

  /** Tries that failed or were lost. */
  @Command(name = "attempts", description = "Attempts that failed or were lost, and why.")
  static final class Attempts extends OfRun {
    Attempts(Terminal terminal) {
      super(terminal);
    }

    @Override
    public Integer call() throws InterruptedException {
      return server.run(
          terminal, session -> session.get(ApiPath.run(run) + "/attempts", Facts::lines));
    }
  }

  /** Where the time went. */
  @Command(
      name = "timeline",
      description =
          "Where the time went: waiting, queued, running, and what the length comes from.")
  static final class Timeline extends OfRun {
    Timeline(Terminal terminal) {
      super(terminal);
    }

    @Override
    public Integer call() throws InterruptedException {
      return server.run(
          terminal, session -> session.get(ApiPath.run(run) + "/timeline", Timeline::lines));
    }

    private static List<String> lines(JsonNode timeline) {
      List<String> lines = new ArrayList<>();
      Table table =
          new Table("STAGE", "ATTEMPT", "STATE", "WAITED", "QUEUED", "RAN", "CRITICAL", "WORKER");
      for (JsonNode item : timeline.path("items")) {
        table.row(
            item.path("stage").asText(),
            item.path("attempt").asText(),
            item.path("state").asText(),
            millis(item.path("waitedMillis")),
            millis(item.path("queuedMillis")),
            millis(item.path("ranMillis")),
            item.path("critical").asBoolean() ? "yes" : "",
            Facts.cell(item.path("worker")));
      }
      lines.addAll(table.lines());
      lines.add("");
      lines.add(
          "its length comes from "
              + Facts.cell(timeline.path("criticalPath"))
              + ": "
              + millis(timeline.path("criticalMillis")));
      return lines;
    }

    private static String millis(JsonNode millis) {
      return millis.isNumber() ? Times.text(Duration.ofMillis(millis.asLong())) : Times.NONE;
    }
  }
}
