package dev.millrace.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** What one node says of itself. Main thread. */
@Command(name = "status", description = "The node that answers, its leader, and what there is.")
final class StatusCommand implements Callable<Integer> {
  private final Terminal terminal;

  @Mixin ServerOptions server;

  StatusCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() throws InterruptedException {
    return server.run(terminal, session -> session.get(ApiPath.STATUS, Facts::lines));
  }
}
