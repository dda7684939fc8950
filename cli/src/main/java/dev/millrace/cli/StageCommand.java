package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.lifecycle.StageAction;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What people do with one stage of a run. Main thread. */
@Command(
    name = "stage",
    description = {
      "Do something with one stage of a run: hold, skip, reset, approve ...",
      "ACTION is hold, release, skip, unskip, reset, kill, run, complete, acknowledge, approve or"
          + " reject.",
      "",
      "  millrace stage hold 0HZX... load --reason \"the source is late\""
    })
final class StageCommand implements Callable<Integer> {
  private final Terminal terminal;

  @Mixin ServerOptions server;

  @Parameters(paramLabel = "ACTION", description = "${COMPLETION-CANDIDATES}")
  StageAction action;

  @Parameters(paramLabel = "RUN")
  String run;

  @Parameters(paramLabel = "STAGE")
  String stage;

  @Option(
      names = "--result",
      paramLabel = "JSON",
      description = "With complete: what the stage has put out.")
  String result;

  @Option(
      names = "--ticket",
      paramLabel = "ID",
      description = "With acknowledge: where it is looked into; kept with the reason.")
  String ticket;

  @Mixin ReasonOption reason;

  StageCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() throws InterruptedException {
    ObjectNode body = reason.body();
    if (result != null) {
      body.set("output", Words.json("--result", result));
    }
    if (ticket != null) {
      if (action != StageAction.ACKNOWLEDGE) {
        throw UserError.misuse(
            "--ticket goes with acknowledge only, not with " + action.word(),
            "Name it in the --reason.");
      }
      body.put("ticket", ticket);
    }
    String path = ApiPath.run(run) + "/stages/" + ApiClient.encoded(stage) + "/" + action.word();
    try (Session session = server.open(terminal)) {
      ApiClient.Answer answer = session.client().post(path, body);
      session.show(
          answer.body(),
          shown ->
              answer.status() == 202
                  ? List.of("accepted; no leader answered yet")
                  : List.of(
                      "stage "
                          + stage
                          + " is "
                          + stateOf(shown)
                          + ", run "
                          + run
                          + " is "
                          + RunView.state(shown)));
    }
    return ExitCode.OK;
  }

  private String stateOf(JsonNode shown) {
    for (JsonNode known : shown.path("stages")) {
      if (known.path("id").asText().equals(stage)) {
        return known.path("state").asText();
      }
    }
    return "gone";
  }
}
