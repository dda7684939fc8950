package dev.millrace.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** What is paused as a whole. Main thread. */
@Command(name = "pauses", description = "What is paused: everything, namespaces, pools.")
final class PausesCommand implements Callable<Integer> {
  private final Terminal terminal;

  @Mixin ServerOptions server;

  PausesCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() throws InterruptedException {
    return server.run(
        terminal,
        session ->
            session.get(
                ApiPath.PAUSES,
                Facts.table(
                    "WHAT=scope", "NAME=name", "SINCE=since", "BY=actor", "REASON=reason")));
  }
}
