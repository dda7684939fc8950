package dev.millrace.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Starts many runs with one request. Main thread. */
@Command(
    name = "trigger-many",
    description = "Start up to 10,000 runs at once; exits with 0 only when all were taken.",
    footer = {
      "",
      "A line of the file is a start, such as {\"job\": \"mail\", \"params\": {\"to\": \"a\"},"
          + " \"key\": \"1\"}.",
      "A JSON array of them does as well; - is stdin."
    })
final class StartManyCommand implements Callable<Integer> {
  private final Terminal terminal;

  @Mixin ServerOptions server;

  @Parameters(paramLabel = "FILE", description = "JSON lines or an array, or - for stdin.")
  String file;

  @Option(names = "--atomic", description = "All of them or none.")
  boolean atomic;

  @Option(names = "--no-wait", description = "Only hand them over; do not wait for the leader.")
  boolean noWait;

  @Mixin ReasonOption reason;

  StartManyCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() throws InterruptedException {
    ObjectNode body = reason.body().put("atomic", atomic).put("wait", !noWait);
    body.set("items", items(Words.text(file.equals("-") ? file : "@" + file)));
    try (Session session = server.open(terminal)) {
      JsonNode answer = session.client().postLong(ApiPath.RUNS + "/bulk", body).body();
      session.show(answer, StartManyCommand::lines);
      return answer.path("refused").asInt() == 0 ? ExitCode.OK : ExitCode.FAILED;
    }
  }

  private static ArrayNode items(String text) {
    ArrayNode items = ApiClient.JSON.createArrayNode();
    try (MappingIterator<JsonNode> values =
        ApiClient.JSON.readerFor(JsonNode.class).readValues(text)) {
      while (values.hasNextValue()) {
        items.add(values.nextValue());
      }
      return items;
    } catch (JsonProcessingException e) {
      throw new UserError(
          "line %d is not JSON: %s".formatted(e.getLocation().getLineNr(), e.getOriginalMessage()),
          "Write one {\"job\": ...} in a line.",
          e);
    } catch (IOException e) {
      throw new UserError("cannot read the starts: " + Reasons.of(e), "", e);
    }
  }

  private static List<String> lines(JsonNode answer) {
    Table table = new Table("NUMBER", "STATUS", "RUN", "DETAIL");
    int number = 0;
    for (JsonNode item : answer.path("items")) {
      number++;
      if (item.path("status").asInt() >= 400 || answer.path("items").size() <= 20) {
        table.row(
            Integer.toString(number),
            item.path("status").asText(),
            item.path("run").asText(Times.NONE),
            item.path("detail").asText(""));
      }
    }
    List<String> lines = new ArrayList<>(table.lines());
    lines.add(answer.path("accepted") + " taken, " + answer.path("refused") + " refused");
    return lines;
  }
}
