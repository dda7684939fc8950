package dev.millrace.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Writes a completion script. Main thread. */
@Command(
    name = "completion",
    description = "Print a completion script for your shell.",
    footer = {
      "",
      "  source <(millrace completion bash)            # in ~/.bashrc",
      "  source <(millrace completion zsh)             # in ~/.zshrc",
      "  millrace completion fish | source             # in ~/.config/fish/config.fish",
      "",
      "It also completes ids of jobs and runs, pools, namespaces and tokens: it asks the server"
          + " that",
      "the line names, or the one you are logged in to, and gives up after a second."
    })
final class CompletionCommand implements Callable<Integer> {
  /** Shells that we have a script for. */
  enum Shell {
    BASH,
    ZSH,
    FISH
  }

  private final Terminal terminal;

  @Spec CommandSpec spec;

  @Parameters(
      paramLabel = "SHELL",
      arity = "0..1",
      defaultValue = "BASH",
      description = "bash, zsh or fish.")
  Shell shell;

  CompletionCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() {
    CommandLine root = spec.root().commandLine();
    terminal.out().print(new CompletionScript(root).text(shell));
    terminal.out().flush();
    return ExitCode.OK;
  }
}
