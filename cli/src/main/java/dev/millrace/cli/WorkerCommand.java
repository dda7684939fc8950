package dev.millrace.cli;

import dev.millrace.settings.SettingsInput;
import dev.millrace.settings.WorkerNodeSettings;
import dev.millrace.worker.WorkerNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Runs a worker until it is told to stop; then it drains. Main thread. */
@Command(
    name = "worker",
    description = "Run a worker: takes stages of its pools and executes them.",
    footer = {
      "",
      "Needs MILLRACE_RABBITMQ_URL and nothing else. Any number may run, anywhere.",
      "For example:  millrace worker --pool scraper --slots 200 --pool nas --slots 4"
    })
final class WorkerCommand implements Callable<Integer> {
  private static final int SLOTS = 16;
  private final Terminal terminal;

  /** One pool and its slots, as a pair on the command line. */
  static final class PoolOption {
    @Option(names = "--pool", required = true, paramLabel = "NAME", description = "Repeatable.")
    String pool;

    @Option(
        names = "--slots",
        paramLabel = "N",
        description = "Stages of this pool at a time (default " + SLOTS + ").")
    int slots = SLOTS;
  }

  @ArgGroup(exclusive = false, multiplicity = "0..*")
  List<PoolOption> pools = new ArrayList<>();

  @Option(names = "--config", paramLabel = "FILE", description = "A properties file of settings.")
  String config;

  @Option(names = "--work-dir", paramLabel = "DIR", description = "For the folders of attempts.")
  String workDir;

  WorkerCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() throws Exception {
    Map<String, String> flags = new HashMap<>();
    if (!pools.isEmpty()) {
      flags.put(
          "worker.pools",
          pools.stream().map(p -> p.pool + "=" + p.slots).collect(Collectors.joining(",")));
    }
    SchedulerCommand.put(flags, "worker.work-dir", workDir);
    SchedulerCommand.put(flags, SettingsInput.CONFIG_FLAG, config);
    WorkerNodeSettings settings =
        WorkerNodeSettings.read(new SettingsInput(terminal.environment(), flags));
    try (StopSignal signal = StopSignal.install()) {
      run(settings, signal);
    }
    return ExitCode.OK;
  }

  private static void run(WorkerNodeSettings settings, StopSignal signal) throws Exception {
    try (WorkerNode worker = Nodes.worker(settings)) {
      worker.start();
      // The leader may ask a worker to drain too; then it has ended by itself.
      CompletableFuture.anyOf(signal.awaited(), worker.ended()).exceptionally(e -> null).join();
      Thread.interrupted();
      worker.drain();
    } catch (InterruptedException e) {
      if (!signal.asked()) {
        throw e;
      }
    }
  }
}
