package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.settings.SettingsException;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

/**
 * How a command ends that did not go well: what is said of it, and the exit code. Main thread.
 *
 * @param debug whether stack traces are shown
 */
record Mishaps(Terminal terminal, boolean debug) {
  int misused(ParameterException e) {
    terminal.note("error: " + e.getMessage());
    CommandLine.UnmatchedArgumentException.printSuggestions(e, terminal.err());
    terminal.note("  try: " + e.getCommandLine().getCommandSpec().qualifiedName() + " --help");
    return code(e.getCommandLine(), ExitCode.USAGE);
  }

  int failed(CommandLine command, Exception e) {
    if (debug) {
      e.printStackTrace(terminal.err());
    }
    return code(command, said(command, e));
  }

  private int said(CommandLine command, Exception e) {
    switch (e) {
      case UserError error -> {
        tell(command, error);
        return error.exitCode();
      }
      case SettingsException wrong -> {
        terminal.note("error: " + wrong.getMessage());
        return ExitCode.USAGE;
      }
      case InterruptedException stopped -> {
        terminal.note("stopped");
        return ExitCode.INTERRUPTED;
      }
      default -> {
        terminal.note("error: " + Reasons.of(e));
        terminal.note("  --debug shows where this comes from.");
        return ExitCode.FAILED;
      }
    }
  }

  private void tell(CommandLine command, UserError error) {
    OutputForm form = form(command);
    if (form != OutputForm.TABLE) {
      JsonNode problem = error.problem();
      terminal.note(form.written(problem));
      return;
    }
    terminal.note("error: " + error.getMessage());
    if (!error.remedy().isEmpty()) {
      terminal.note("  " + error.remedy());
    }
  }

  private static OutputForm form(CommandLine command) {
    OptionSpec output = command.getCommandSpec().findOption("--output");
    return output != null && output.getValue() instanceof OutputForm form ? form : OutputForm.TABLE;
  }

  /** A plan's 2 means that something would change, so all that goes wrong is 1 there. */
  private static int code(CommandLine command, int code) {
    return command.getCommandName().equals(PlanCommand.NAME) ? ExitCode.FAILED : code;
  }
}
