package dev.millrace.cli;

import dev.millrace.scheduler.http.FirstToken;
import dev.millrace.settings.PostgresSettings;
import dev.millrace.settings.SettingsInput;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Makes a token without having one, straight in the database. Main thread. */
@Command(
    name = "admin-token",
    description = "Make a token that is admin of everything, straight in the database.",
    footer = {
      "",
      "For when no admin has a token any more. Needs MILLRACE_POSTGRES_URL (with",
      "MILLRACE_POSTGRES_USER and MILLRACE_POSTGRES_PASSWORD), and no running node."
    })
final class AdminTokenCommand implements Callable<Integer> {
  private final Terminal terminal;

  @Parameters(paramLabel = "NAME", description = "Of the token; in histories and the audit log.")
  String name;

  @Option(names = "--config", paramLabel = "FILE", description = "A properties file of settings.")
  String config;

  AdminTokenCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() {
    Map<String, String> flags = new HashMap<>();
    SchedulerCommand.put(flags, SettingsInput.CONFIG_FLAG, config);
    if (!name.matches("[A-Za-z0-9][A-Za-z0-9 ._@-]{0,99}")) {
      throw new UserError(
          "'" + name + "' is not a name of a token",
          "Use letters, digits, spaces, '.', '_', '@' and '-'.");
    }
    String token =
        FirstToken.recover(
                PostgresSettings.read(new SettingsInput(terminal.environment(), flags)), name)
            .orElseThrow(
                () -> new UserError("a token '" + name + "' is in use", "Choose another name."));
    terminal.note("this token is admin of everything, and is shown once:");
    terminal.say(token);
    return ExitCode.OK;
  }
}
