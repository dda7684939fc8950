package dev.millrace.cli;

import dev.millrace.scheduler.SchedulerNode;
import dev.millrace.settings.SchedulerSettings;
import dev.millrace.settings.SettingsInput;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Runs a scheduler node until it is told to stop. Main thread. */
@Command(
    name = "scheduler",
    description = "Run a scheduler node: triggers, engine, API, dashboard.",
    footer = {
      "",
      "Needs MILLRACE_POSTGRES_URL (with MILLRACE_POSTGRES_USER and MILLRACE_POSTGRES_PASSWORD)"
          + " and",
      "MILLRACE_RABBITMQ_URL. Any number may run; one leads, the others take over. Its API takes",
      "tokens only; the first start prints one. See docs/security.md."
    })
final class SchedulerCommand implements Callable<Integer> {
  private final Terminal terminal;

  @Option(names = "--port", paramLabel = "PORT", description = "Of the API; 0 takes a free one.")
  Integer port;

  @Option(
      names = "--bind",
      paramLabel = "ADDRESS",
      description = "Where the API listens (default 127.0.0.1).")
  String bind;

  @Option(names = "--jobs-dir", paramLabel = "DIR", description = "Job files to load and watch.")
  String jobsDir;

  @Option(names = "--config", paramLabel = "FILE", description = "A properties file of settings.")
  String config;

  SchedulerCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() throws Exception {
    Map<String, String> flags = new HashMap<>();
    put(flags, "http.port", port);
    put(flags, "http.bind", bind);
    put(flags, "jobs.dir", jobsDir);
    put(flags, SettingsInput.CONFIG_FLAG, config);
    SchedulerSettings settings =
        SchedulerSettings.read(new SettingsInput(terminal.environment(), flags));
    try (StopSignal signal = StopSignal.install()) {
      run(settings, signal);
    }
    return ExitCode.OK;
  }

  private void run(SchedulerSettings settings, StopSignal signal) throws Exception {
    try (SchedulerNode node = Nodes.scheduler(settings)) {
      node.start();
      node.firstToken().ifPresent(this::tell);
      terminal.note(
          "scheduler serves http://"
              + settings.http().bind()
              + ":"
              + node.port()
              + "; ctrl-C stops");
      wait(signal);
    } catch (InterruptedException e) {
      if (!signal.asked()) {
        throw e;
      }
    }
  }

  private void tell(String token) {
    terminal.say("");
    terminal.say("  This Millrace has no token yet. This one is admin of everything, and is shown");
    terminal.say("  only now; keep it:");
    terminal.say("");
    terminal.say("    " + token);
    terminal.say("");
  }

  /** Returns without the interruption that ended the waiting, so that closing can wait. */
  static void wait(StopSignal signal) throws ExecutionException {
    try {
      signal.awaited().get();
    } catch (InterruptedException asked) {
      // Only the signal interrupts this thread.
    }
    Thread.interrupted();
  }

  static void put(Map<String, String> flags, String key, Object value) {
    if (value != null) {
      flags.put(key, value.toString());
    }
  }
}
