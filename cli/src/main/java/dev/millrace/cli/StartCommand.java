package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Starts that wait for their time; one method per command. Main thread. */
@Command(
    name = "start",
    description = "Starts that wait for their time: what is planned, and taking it back.",
    synopsisSubcommandLabel = "COMMAND")
final class StartCommand {
  private final Terminal terminal;

  StartCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Command(name = "list", description = "What is planned.")
  int list(@Mixin ServerOptions server) throws InterruptedException {
    try (Session session = server.open(terminal)) {
      session.show(Pages.all(session.client(), ApiPath.STARTS), StartCommand::table);
    }
    return ExitCode.OK;
  }

  @Command(name = "cancel", description = "Take a start back before its time.")
  int cancel(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "RUN") String run,
      @Mixin ReasonOption reason)
      throws InterruptedException {
    try (Session session = server.open(terminal)) {
      ApiClient.Answer answer = session.client().delete(ApiPath.plannedStart(run) + reason.query());
      session.showDone(answer, "run " + run + " is never made");
    }
    return ExitCode.OK;
  }

  private static List<String> table(JsonNode page) {
    Table table = new Table("RUN", "JOB", "AT", "ASKED BY", "REASON");
    for (JsonNode item : page.path("items")) {
      table.row(
          item.path("run").asText(),
          item.path("job").asText(),
          Times.local(item.path("at")),
          item.path("actor").asText(),
          item.path("reason").asText(Times.NONE));
    }
    return table.lines();
  }
}
