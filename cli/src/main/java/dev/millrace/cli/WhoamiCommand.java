package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Who one is for a server. Main thread. */
@Command(
    name = "whoami",
    description = "Who the server takes you for, and what you may do. Exits with 6 for nobody.")
final class WhoamiCommand implements Callable<Integer> {
  private final Terminal terminal;

  @Mixin ServerOptions server;

  WhoamiCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() throws InterruptedException {
    try (Session session = server.open(terminal)) {
      JsonNode known = session.client().get(ApiPath.SESSION);
      session.show(known, LoginCommand::who);
      return known.path("authenticated").asBoolean() ? ExitCode.OK : ExitCode.DENIED;
    }
  }
}
