package dev.millrace.cli;

import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Writes a completion script. Main thread. */
@Command(
    name = "completion",
    description = "Print a completion script for bash and zsh:  source <(millrace completion)")
final class CompletionCommand implements Callable<Integer> {
  private final Terminal terminal;

  @Spec CommandSpec spec;

  CompletionCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() {
    terminal.say(AutoComplete.bash("millrace", spec.root().commandLine()));
    return ExitCode.OK;
  }
}
