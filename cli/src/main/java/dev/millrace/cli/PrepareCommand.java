package dev.millrace.cli;

import dev.millrace.embedded.EmbeddedParts;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** Does at build time what a first start would otherwise wait for. Main thread. */
@Command(name = "prepare", hidden = true, description = "Unpack the embedded programs.")
final class PrepareCommand implements Callable<Integer> {
  private final Terminal terminal;

  PrepareCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() throws Exception {
    EmbeddedParts.prepare(step -> terminal.note("postgres: " + step));
    return ExitCode.OK;
  }
}
