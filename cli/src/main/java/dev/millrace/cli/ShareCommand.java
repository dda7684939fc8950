package dev.millrace.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** How contended pools are divided; one method per command. Main thread. */
@Command(
    name = "share",
    description = "How much of a contended pool a namespace gets.",
    synopsisSubcommandLabel = "COMMAND")
final class ShareCommand {
  private final Terminal terminal;

  ShareCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Command(name = "set", description = "Set the weight of a namespace; all begin with 1.")
  int set(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "NAMESPACE") String namespace,
      @Parameters(paramLabel = "WEIGHT") int weight,
      @Mixin ReasonOption reason)
      throws InterruptedException {
    return server.run(
        terminal,
        session ->
            session.showDone(
                session.client().put(ApiPath.share(namespace), reason.body().put("weight", weight)),
                "namespace " + namespace + " has weight " + weight));
  }
}
