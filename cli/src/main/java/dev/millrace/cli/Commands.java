package dev.millrace.cli;

import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.function.Supplier;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.UsageMessageSpec;

/** The table of contents: one line per command, in groups. Main thread. */
final class Commands {
  private static final String NODES = "Run Millrace";
  private static final String JOBS = "Jobs and runs";
  private static final String TIME = "Time";
  private static final String CARE = "When something is wrong";
  private static final String LIMITS = "Pools, locks and limits";
  private static final String EVENTS = "Events";
  private static final String ACCESS = "Who may do what";
  private static final String TOOLS = "Tools";

  private final Terminal terminal;
  private final Map<String, Supplier<Object>> commands = new LinkedHashMap<>();
  private final Map<String, List<String>> groups = new LinkedHashMap<>();

  Commands(Terminal terminal) {
    this.terminal = terminal;
    nodes();
    jobs();
    time();
    care();
    limits();
    access();
    tools();
  }

  private void put(String group, String name, Supplier<Object> command) {
    commands.put(name, command);
    groups.computeIfAbsent(group, any -> new ArrayList<>()).add(name);
  }

  private void nodes() {
    put(NODES, "up", () -> new UpCommand(terminal));
    put(NODES, "scheduler", () -> new SchedulerCommand(terminal));
    put(NODES, "worker", () -> new WorkerCommand(terminal));
  }

  private void jobs() {
    put(JOBS, "job", () -> new JobCommand(terminal));
    put(JOBS, "run", () -> new RunCommand(terminal));
    put(JOBS, "stage", () -> new StageCommand(terminal));
    put(JOBS, "plan", () -> new PlanCommand(terminal));
    put(JOBS, "apply", () -> new ApplyCommand(terminal));
    put(JOBS, "set", () -> new SetCommand(terminal));
    put(JOBS, "pattern", () -> new PatternCommand(terminal));
    put(JOBS, "graph", () -> new GraphCommand(terminal));
    put(JOBS, "trace", () -> new TraceCommand(terminal));
    put(JOBS, "artifact", () -> new ArtifactCommand(terminal));
    put(JOBS, "start", () -> new StartCommand(terminal));
    put(JOBS, "hook", () -> new HookCommand(terminal, Clock.systemUTC()));
  }

  private void time() {
    put(TIME, "forecast", () -> new ForecastCommand(terminal));
    put(TIME, "ticks", () -> new TicksCommand(terminal));
    put(TIME, "backfill", () -> new BackfillCommand(terminal));
    put(TIME, "backfills", () -> new BackfillsCommand(terminal));
    put(TIME, "cron", () -> new CronCommand(terminal, Clock.systemUTC()));
    put(TIME, "preview", () -> new PreviewCommand(terminal));
  }

  private void care() {
    put(CARE, "top", () -> new TopCommand(terminal));
    put(CARE, "overview", () -> new OverviewCommand(terminal));
    put(CARE, "status", () -> new StatusCommand(terminal));
    put(CARE, "dead", () -> new DeadCommand(terminal));
    put(CARE, "bulk", () -> new BulkCommand(terminal));
    put(CARE, "pause", () -> new PauseCommand(terminal, false));
    put(CARE, "resume", () -> new PauseCommand(terminal, true));
    put(CARE, "pauses", () -> new PausesCommand(terminal));
    put(CARE, "audit", () -> new AuditCommand(terminal));
    put(EVENTS, "events", () -> new EventsCommand(terminal));
    put(EVENTS, "event", () -> new EventCommand(terminal));
  }

  private void limits() {
    put(LIMITS, "workers", () -> new WorkersCommand(terminal));
    put(LIMITS, "pool", () -> new PoolCommand(terminal));
    put(LIMITS, "lock", () -> new LockCommand(terminal));
    put(LIMITS, "quota", () -> new QuotaCommand(terminal));
    put(LIMITS, "share", () -> new ShareCommand(terminal));
  }

  private void access() {
    put(ACCESS, "login", () -> new LoginCommand(terminal));
    put(ACCESS, "logout", () -> new LogoutCommand(terminal));
    put(ACCESS, "whoami", () -> new WhoamiCommand(terminal));
    put(ACCESS, "secret", () -> new SecretCommand(terminal, System.in));
    put(ACCESS, "token", () -> new TokenCommand(terminal));
    put(ACCESS, "admin-token", () -> new AdminTokenCommand(terminal));
  }

  private void tools() {
    put(TOOLS, "validate", () -> new ValidateCommand(terminal));
    put(TOOLS, "server", () -> new ServerCommand(terminal));
    put(TOOLS, "bench", BenchCommand::new);
    for (CommandProvider provider : ServiceLoader.load(CommandProvider.class)) {
      commands.put(provider.name(), provider::command);
    }
    put(TOOLS, "completion", () -> new CompletionCommand(terminal));
    commands.put("prepare", () -> new PrepareCommand(terminal));
    commands.put("complete-words", () -> new CompleteWordsCommand(terminal));
  }

  /** The command that the words name; all of them when they name none, or need all. */
  Map<String, Supplier<Object>> of(String... args) {
    String wanted = firstWord(args);
    return commands.containsKey(wanted) && !wanted.equals("completion")
        ? Map.of(wanted, commands.get(wanted))
        : commands;
  }

  private static String firstWord(String... args) {
    for (String arg : args) {
      if (!arg.startsWith("-")) {
        return arg;
      }
    }
    return "";
  }

  /** Makes the help of the whole show its commands in groups. */
  void group(CommandLine root) {
    root.getHelpSectionMap().put(UsageMessageSpec.SECTION_KEY_COMMAND_LIST_HEADING, help -> "");
    root.getHelpSectionMap().put(UsageMessageSpec.SECTION_KEY_COMMAND_LIST, this::listed);
  }

  private String listed(Help help) {
    int widest = commands.keySet().stream().mapToInt(String::length).max().orElse(0);
    StringBuilder text = new StringBuilder();
    groups.forEach(
        (title, names) -> {
          text.append(String.format("%n%s:%n", title));
          for (String name : names) {
            Help of = help.subcommands().get(name);
            if (of != null) {
              String[] said = of.commandSpec().usageMessage().description();
              text.append(
                  String.format(
                      "  %s  %s%n", Width.exactly(name, widest), said.length == 0 ? "" : said[0]));
            }
          }
        });
    return text.toString();
  }
}
