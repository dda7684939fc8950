package dev.millrace.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Tells stages that wait for an event. Main thread. */
@Command(description = "Send an event; every stage that waits for it goes on.")
final class EventCommand implements Callable<Integer> {
  private final Terminal terminal;

  @Mixin ServerOptions server;

  @Parameters(paramLabel = "NAME")
  String name;

  @Option(
      names = "--key",
      paramLabel = "KEY",
      description = "Only who waits for this key hears it.")
  String key;

  @Option(names = "--data", paramLabel = "JSON", description = "Becomes the stage's output.")
  String data;

  @Option(
      names = "--environment",
      paramLabel = "GROUP",
      description = "Reach the runs of this environment in all namespaces.")
  String environment;

  EventCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() throws InterruptedException {
    ObjectNode body = ApiClient.JSON.createObjectNode().put("name", name);
    body.put("key", key == null ? "" : key);
    if (environment != null) {
      body.put("environment", environment);
    }
    if (data != null) {
      body.set("data", Words.json("--data", data));
    }
    try (Session session = server.open(terminal)) {
      ApiClient.Answer answer = session.client().post(ApiPath.EVENTS, body);
      session.show(
          answer.body(),
          shown ->
              List.of(
                  answer.status() == 202
                      ? "accepted; no leader answered yet"
                      : shown.path("heard").asInt() + " stages heard it"));
    }
    return ExitCode.OK;
  }
}
