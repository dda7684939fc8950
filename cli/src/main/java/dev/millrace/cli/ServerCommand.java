package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** What a node tells of itself to machines; one method per command. Main thread. */
@Command(
    name = "server",
    description = "What a node tells machines: is it alive, ready; metrics; the API's documents.",
    synopsisSubcommandLabel = "COMMAND")
final class ServerCommand {
  private final Terminal terminal;

  ServerCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Command(name = "alive", description = "Exits with 0 when the process answers.")
  int alive(@Mixin ServerOptions server) throws InterruptedException {
    return server.run(terminal, session -> terminal.say(session.client().text("/livez").strip()));
  }

  @Command(name = "ready", description = "Exits with 0 when it can work, else with 5 and why not.")
  int ready(@Mixin ServerOptions server) throws InterruptedException {
    return server.run(terminal, session -> terminal.say(session.client().text("/readyz").strip()));
  }

  @Command(name = "metrics", description = "Metrics in the text form of Prometheus.")
  int metrics(@Mixin ServerAddress server) throws InterruptedException {
    return text(server, "/metrics");
  }

  @Command(name = "openapi", description = "The OpenAPI 3.1 document of the API.")
  int openapi(@Mixin ServerOptions server) throws InterruptedException {
    return document(server, "/openapi.json");
  }

  @Command(name = "schema", description = "The JSON Schema of jobs, for editors.")
  int schema(@Mixin ServerOptions server) throws InterruptedException {
    return document(server, "/schema/job.json");
  }

  private int document(ServerOptions server, String path) throws InterruptedException {
    return server.run(
        terminal,
        session -> {
          JsonNode document = session.client().get(path);
          terminal.say(
              session.form() == OutputForm.YAML
                  ? OutputForm.YAML.written(document)
                  : OutputForm.pretty(document));
        });
  }

  private int text(ServerAddress server, String path) throws InterruptedException {
    try (Session session = server.open(terminal, OutputForm.TABLE)) {
      terminal.say(session.client().text(path).stripTrailing());
    }
    return ExitCode.OK;
  }
}
