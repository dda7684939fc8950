package dev.millrace.cli;

import dev.millrace.settings.SettingsException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.function.Supplier;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;

/** The table of contents: one line per command. Main thread. */
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
      footer = {"", "Start with:  millrace up"})
  static final class Root {
    @Option(
        names = "--debug",
        scope = ScopeType.INHERIT,
        description = "Show the stack trace of an error.")
    boolean debug;
  }

  private static Map<String, Supplier<Object>> commands(Terminal terminal) {
    Map<String, Supplier<Object>> commands = new LinkedHashMap<>();
    commands.put("up", () -> new UpCommand(terminal));
    commands.put("scheduler", () -> new SchedulerCommand(terminal));
    commands.put("worker", () -> new WorkerCommand(terminal));
    commands.put("plan", () -> new PlanCommand(terminal));
    commands.put("apply", () -> new ApplyCommand(terminal));
    commands.put("job", () -> new JobCommand(terminal));
    commands.put("pattern", () -> new PatternCommand(terminal));
    commands.put("run", () -> new RunCommand(terminal));
    commands.put("trace", () -> new TraceCommand(terminal));
    commands.put("stage", () -> new StageCommand(terminal));
    commands.put("pause", () -> new PauseCommand(terminal, false));
    commands.put("resume", () -> new PauseCommand(terminal, true));
    commands.put("event", () -> new EventCommand(terminal));
    commands.put("graph", () -> new GraphCommand(terminal));
    commands.put("forecast", () -> new ForecastCommand(terminal));
    commands.put("ticks", () -> new TicksCommand(terminal));
    commands.put("backfill", () -> new BackfillCommand(terminal));
    commands.put("backfills", () -> new BackfillsCommand(terminal));
    commands.put("audit", () -> new AuditCommand(terminal));
    commands.put("cron", () -> new CronCommand(terminal, Clock.systemUTC()));
    commands.put("lock", () -> new LockCommand(terminal));
    commands.put("start", () -> new StartCommand(terminal));
    commands.put("quota", () -> new QuotaCommand(terminal));
    commands.put("secret", () -> new SecretCommand(terminal, System.in));
    commands.put("dead", () -> new DeadCommand(terminal));
    commands.put("artifact", () -> new ArtifactCommand(terminal));
    commands.put("validate", () -> new ValidateCommand(terminal));
    commands.put("bench", BenchCommand::new);
    for (CommandProvider provider : ServiceLoader.load(CommandProvider.class)) {
      commands.put(provider.name(), provider::command);
    }
    commands.put("completion", () -> new CompletionCommand(terminal));
    commands.put("prepare", () -> new PrepareCommand(terminal));
    return commands;
  }

  /** Only the command that is asked for is built: describing all of them costs 150 ms. */
  private static CommandLine commandLine(Terminal terminal, String... args) {
    Root root = new Root();
    CommandLine line = new CommandLine(root);
    Map<String, Supplier<Object>> commands = commands(terminal);
    String wanted = firstWord(args);
    List<String> names =
        commands.containsKey(wanted) && !wanted.equals("completion")
            ? List.of(wanted)
            : new ArrayList<>(commands.keySet());
    names.forEach(name -> line.addSubcommand(name, commands.get(name).get()));
    helpful(line);
    line.setOut(terminal.out());
    line.setErr(terminal.err());
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setExecutionExceptionHandler((e, command, parsed) -> failed(terminal, root.debug, e));
    line.setParameterExceptionHandler((e, wrong) -> misused(terminal, e));
    return line;
  }

  /** Every command, however deep, explains itself. */
  private static void helpful(CommandLine command) {
    if (!command.getCommandSpec().optionsMap().containsKey("--help")) {
      command.getCommandSpec().mixinStandardHelpOptions(true);
    }
    command.getSubcommands().values().forEach(Main::helpful);
  }

  private static String firstWord(String... args) {
    for (String arg : args) {
      if (!arg.startsWith("-")) {
        return arg;
      }
    }
    return "";
  }

  private static int misused(Terminal terminal, ParameterException e) {
    terminal.note("error: " + e.getMessage());
    CommandLine.UnmatchedArgumentException.printSuggestions(e, terminal.err());
    terminal.note("  try: " + e.getCommandLine().getCommandSpec().qualifiedName() + " --help");
    boolean plan = e.getCommandLine().getCommandName().equals(PlanCommand.NAME);
    return plan ? ExitCode.FAILED : ExitCode.USAGE; // a plan's 2 means that something would change
  }

  private static int failed(Terminal terminal, boolean debug, Exception e) {
    if (debug) {
      e.printStackTrace(terminal.err());
    }
    switch (e) {
      case UserError error -> {
        terminal.note("error: " + error.getMessage());
        if (!error.remedy().isEmpty()) {
          terminal.note("  " + error.remedy());
        }
        return ExitCode.FAILED;
      }
      case SettingsException wrong -> {
        terminal.note("error: " + wrong.getMessage());
        return ExitCode.USAGE;
      }
      case InterruptedException stopped -> {
        terminal.note("stopped");
        return ExitCode.OK;
      }
      default -> {
        terminal.note("error: " + Reasons.of(e));
        terminal.note("  --debug shows where this comes from.");
        return ExitCode.FAILED;
      }
    }
  }
}
