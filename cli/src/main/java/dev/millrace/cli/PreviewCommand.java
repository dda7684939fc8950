package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What a server would make of a trigger that no job has yet. Main thread. */
@Command(
    name = "preview",
    description = "The next ticks of a trigger, as the server counts them; `cron` needs no server.",
    footer = {
      "",
      "  millrace preview --cron \"0 9 * * MON\" --timezone Europe/London",
      "  millrace preview --trigger '{\"every\": \"15m\", \"phase\": \"5m\"}'"
    })
final class PreviewCommand implements Callable<Integer> {
  private final Terminal terminal;

  @Mixin ServerOptions server;

  @Option(names = "--cron", paramLabel = "EXPRESSION", description = "A cron expression.")
  String cron;

  @Option(names = "--timezone", paramLabel = "ZONE", description = "Of --cron; UTC when left out.")
  String timezone;

  @Option(
      names = "--trigger",
      paramLabel = "JSON",
      description = "Instead: a trigger as a job would have it.")
  String trigger;

  @Option(names = "--next", paramLabel = "N", description = "So many, up to 1000; 10 by default.")
  Integer next;

  @Option(names = "--from", paramLabel = "INSTANT", description = "Those after it.")
  String from;

  @Option(names = "--job", paramLabel = "JOB", description = "The job whose H it is.")
  String job;

  PreviewCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() throws InterruptedException {
    if ((cron == null) == (trigger == null)) {
      throw UserError.misuse(
          "a preview is of one trigger", "Give --cron EXPRESSION or --trigger JSON.");
    }
    return server.run(terminal, session -> session.show(asked(session), PreviewCommand::lines));
  }

  private JsonNode asked(Session session) throws InterruptedException {
    if (cron != null) {
      ApiQuery query = new ApiQuery().with("cron", cron).with("timezone", timezone);
      query.with("n", next).with("after", from).with("job", job);
      return session.client().get(ApiPath.SCHEDULE + "/preview" + query);
    }
    ObjectNode body = ApiClient.JSON.createObjectNode();
    body.set("trigger", Words.json("--trigger", trigger));
    body.put("n", next).put("after", from).put("job", job);
    body.properties().removeIf(one -> one.getValue().isNull());
    return session.client().post(ApiPath.SCHEDULE + "/preview", body).body();
  }

  private static List<String> lines(JsonNode preview) {
    Table table = new Table("WALL CLOCK", "AT", "DISPOSITION", "NOTE");
    for (JsonNode item : preview.path("items")) {
      table.row(
          TickView.wall(item),
          item.path("at").asText(),
          item.path("disposition").asText(),
          TickView.note(item));
    }
    return table.lines();
  }
}
