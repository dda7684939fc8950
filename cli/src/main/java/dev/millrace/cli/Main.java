package dev.millrace.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** Where a command begins: its options that all have, and its end. Main thread. */
public final class Main {
  private Main() {}

  /** Runs one command; the process ends with its exit code. */
  public static void main(String[] args) {
    int code = run(Terminal.ofProcess(), args);
    StopSignal.endProcess(code);
  }

  static int run(Terminal terminal, String... args) {
    return commandLine(terminal, args).execute(args);
  }

  /** What is common to all commands. */
  @Command(
      name = "millrace",
      description = "Cron, pipelines and worker pools on Postgres and RabbitMQ.",
      synopsisSubcommandLabel = "COMMAND",
      mixinStandardHelpOptions = true,
      versionProvider = Version.class,
      footer = {
        "",
        "Start with:  millrace up",
        "One command: millrace COMMAND --help",
        "All of them, the exit codes and what scripts can rely on: docs/cli.md"
      })
  static final class Root {
    private final Terminal terminal;

    @Option(
        names = "--debug",
        scope = ScopeType.INHERIT,
        description = "Show the stack trace of an error.")
    boolean debug;

    Root(Terminal terminal) {
      this.terminal = terminal;
    }

    @Option(
        names = {"-q", "--quiet"},
        scope = ScopeType.INHERIT,
        description = "Say only ids and errors.")
    void quiet(boolean wanted) {
      if (wanted) {
        terminal.beQuiet();
      }
    }

    @Option(
        names = "--no-color",
        scope = ScopeType.INHERIT,
        description = "No colours; the same as NO_COLOR=1. A pipe has none anyway.")
    void noColor(boolean wanted) {
      if (wanted) {
        terminal.bePlain();
      }
    }
  }

  /** Only the command that is asked for is built: describing all of them costs 150 ms. */
  static CommandLine commandLine(Terminal terminal, String... args) {
    Root root = new Root(terminal);
    CommandLine line = new CommandLine(root);
    Commands commands = new Commands(terminal);
    commands.of(args).forEach((name, made) -> add(line, name, made.get()));
    helpful(line);
    commands.group(line);
    line.setOut(terminal.out());
    line.setErr(terminal.err());
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setExecutionExceptionHandler(
        (e, command, parsed) -> new Mishaps(terminal, root.debug).failed(command, e));
    line.setParameterExceptionHandler((e, wrong) -> new Mishaps(terminal, false).misused(e));
    return line;
  }

  private static void add(CommandLine line, String name, Object command) {
    CommandLine added = new CommandLine(command);
    if (command instanceof Nested nested) {
      nested.nested().forEach(added::addSubcommand);
    }
    line.addSubcommand(name, added);
  }

  /**
   * Every command, however deep, explains itself. Not by picocli's own mixin: added late, it makes
   * picocli hand the arguments of a method in the wrong order.
   */
  private static void helpful(CommandLine command) {
    if (!command.getCommandSpec().optionsMap().containsKey("--help")) {
      command
          .getCommandSpec()
          .addOption(
              OptionSpec.builder("-h", "--help")
                  .usageHelp(true)
                  .description("Show this help message and exit.")
                  .build());
    }
    command.getSubcommands().values().forEach(Main::helpful);
  }
}
