package dev.millrace.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Sets of job files on the server; one method per command. Main thread. */
@Command(
    name = "set",
    description = "Sets that own jobs, as `plan` and `apply` make them.",
    synopsisSubcommandLabel = "COMMAND")
final class SetCommand {
  private static final int USUAL = 200;
  private final Terminal terminal;

  SetCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Command(name = "list", description = "All sets.")
  int list(@Mixin ServerOptions server, @Mixin ListOptions list) throws InterruptedException {
    return server.run(
        terminal,
        session ->
            session.show(
                list.of(session, ApiPath.SETS, USUAL),
                Facts.table("SET=set", "JOBS=jobs", "CHANGED=changedAt")));
  }

  @Command(name = "show", description = "The jobs of a set, and who changed them since.")
  int show(@Mixin ServerOptions server, @Parameters(paramLabel = "SET") String set)
      throws InterruptedException {
    return server.run(terminal, session -> session.get(ApiPath.set(set), Facts::lines));
  }
}
