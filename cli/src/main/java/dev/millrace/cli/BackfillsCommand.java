package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Backfills and how far they are. Main thread. */
@Command(
    name = "backfills",
    description = "Backfills, newest first, or one of them with what its runs came to.")
final class BackfillsCommand implements Callable<Integer> {
  private static final int SHOWN = 50;
  private final Terminal terminal;

  @Mixin ServerOptions server;

  @Parameters(paramLabel = "ID", arity = "0..1", description = "Only this one.")
  String id;

  @Option(names = "--job", paramLabel = "JOB", description = "Only of this job.")
  String job;

  @Option(names = "--runs", description = "With an ID: the runs that it has made.")
  boolean runs;

  BackfillsCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() throws InterruptedException {
    try (Session session = server.open(terminal)) {
      if (runs) {
        session.show(
            Pages.upTo(session.client(), ApiPath.backfill(requireId()) + "/runs", SHOWN),
            RunView::table);
      } else if (id != null) {
        session.show(session.client().get(ApiPath.backfill(id)), BackfillsCommand::details);
      } else {
        String path = ApiPath.BACKFILLS + new ApiQuery().with("job", job);
        session.show(Pages.upTo(session.client(), path, SHOWN), BackfillsCommand::table);
      }
    }
    return ExitCode.OK;
  }

  private String requireId() {
    if (id == null) {
      throw UserError.misuse(
          "--runs is about one backfill", "Name it: millrace backfills ID --runs");
    }
    return id;
  }

  private static List<String> table(JsonNode page) {
    Table table =
        new Table("ID", "JOB", "STATE", "FROM", "TO", "TICKS", "MADE", "SKIPPED", "NEXT TICK");
    for (JsonNode item : page.path("items")) {
      table.row(
          item.path("id").asText(),
          item.path("job").asText(),
          item.path("state").asText(),
          Times.local(item.path("from")),
          Times.local(item.path("to")),
          item.path("total").asText(),
          item.path("made").asText(),
          item.path("skipped").asText(),
          Times.local(item.path("nextTick")));
    }
    return table.lines();
  }

  private static List<String> details(JsonNode one) {
    List<String> lines = new ArrayList<>();
    lines.add("backfill      " + one.path("id").asText() + " " + one.path("state").asText());
    lines.add("job           " + one.path("job").asText());
    lines.add(
        "range         "
            + one.path("from").asText()
            + " to "
            + one.path("to").asText()
            + ", trigger "
            + one.path("trigger").asText());
    lines.add(
        "limits        "
            + one.path("maxParallel").asText()
            + " at a time, rate "
            + one.path("rate").asText(Times.NONE)
            + ", priority "
            + one.path("priority").asText());
    lines.add(
        "ticks         %s, %s runs made, %s skipped"
            .formatted(
                one.path("total").asText(),
                one.path("made").asText(),
                one.path("skipped").asText()));
    one.path("runs")
        .properties()
        .forEach(state -> lines.add("  " + state.getValue().asText() + " " + state.getKey()));
    lines.add("next tick     " + Times.local(one.path("nextTick")));
    lines.add("asked for by  " + who(one, "actor", "reason", "createdAt"));
    if (one.path("movedBy").isTextual()) {
      lines.add("moved by      " + who(one, "movedBy", "movedReason", "movedAt"));
    }
    return lines;
  }

  private static String who(JsonNode one, String actor, String reason, String at) {
    String why = one.path(reason).isTextual() ? ": " + one.path(reason).asText() : "";
    return one.path(actor).asText() + " at " + Times.local(one.path(at)) + why;
  }
}
