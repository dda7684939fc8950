package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What time triggers will come to. Main thread. */
@Command(
    name = "forecast",
    description =
        "Every tick to come and what will become of it; a day of it when nothing is said.")
final class ForecastCommand implements Callable<Integer> {
  private final Terminal terminal;

  @Mixin ServerOptions server;

  @Option(names = "--job", paramLabel = "JOB", description = "Only of this job.")
  String job;

  @Option(
      names = "--from",
      paramLabel = "INSTANT",
      description = "The first instant, such as 2026-03-08T07:00:00Z; now when left out.")
  String from;

  @Option(
      names = "--to",
      paramLabel = "INSTANT",
      description = "The first instant that is out; a day later when left out.")
  String to;

  @Option(
      names = "--limit",
      paramLabel = "N",
      defaultValue = "200",
      description = "At most so many (default ${DEFAULT-VALUE}).")
  int limit;

  @Option(
      names = "--load",
      description = "Instead: how many runs in each minute, and where jobs collide.")
  boolean load;

  @Option(names = "--per", paramLabel = "minute|second", description = "With --load.")
  String per;

  ForecastCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() throws InterruptedException {
    if (per != null && !load) {
      throw UserError.misuse("--per is about the load", "Say --load too, or leave it out.");
    }
    ApiQuery query = new ApiQuery().with("job", job).with("from", from).with("to", to);
    try (Session session = server.open(terminal)) {
      if (load) {
        String path = ApiPath.SCHEDULE + "/load" + query.with("per", per);
        session.show(session.client().get(path), ForecastCommand::loads);
      } else {
        String path = ApiPath.SCHEDULE + query;
        session.show(
            Pages.upTo(session.client(), path, Math.max(1, limit)), ForecastCommand::table);
      }
    }
    return ExitCode.OK;
  }

  private static List<String> table(JsonNode page) {
    Table table = new Table("AT", "JOB", "KIND", "WALL CLOCK", "DISPOSITION", "TICKS", "NOTE");
    for (JsonNode item : page.path("items")) {
      table.row(
          Times.local(item.path("at")),
          item.path("job").asText(),
          item.path("kind").asText(),
          TickView.wall(item),
          item.path("disposition").asText(),
          item.path("ticks").asText(),
          TickView.note(item));
    }
    List<String> lines = new ArrayList<>(table.lines());
    if (page.path("next").isTextual()) {
      lines.add("there are more; ask with a larger --limit, or --from the last one");
    }
    return lines;
  }

  private static List<String> loads(JsonNode load) {
    List<String> lines = new ArrayList<>();
    lines.add(
        load.path("ticks").asText()
            + " runs from "
            + Times.local(load.path("from"))
            + " to "
            + Times.local(load.path("to")));
    Table table =
        new Table(load.path("per").asText().equals("second") ? "SECOND" : "MINUTE", "RUNS", "JOBS");
    for (JsonNode item : load.path("items")) {
      table.row(
          Times.local(item.path("at")), item.path("ticks").asText(), item.path("jobs").asText());
    }
    lines.addAll(table.lines());
    if (!load.path("collisions").isEmpty()) {
      lines.add("");
      Table worst = new Table("COLLISION", "RUNS", "JOBS", "AMONG THEM");
      for (JsonNode item : load.path("collisions")) {
        List<String> names = new ArrayList<>();
        item.path("names").forEach(name -> names.add(name.asText()));
        worst.row(
            Times.local(item.path("at")),
            item.path("ticks").asText(),
            item.path("jobs").asText(),
            String.join(", ", names));
      }
      lines.addAll(worst.lines());
    }
    return lines;
  }
}
