package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Runs everything in one process, with nothing installed. Main thread. */
@Command(
    name = "up",
    description = "Run everything on this machine: database, broker, scheduler, worker.")
final class UpCommand implements Callable<Integer> {
  private static final long LOOK_EVERY_MILLIS = 1_000;
  private static final int LOOKS_MAX = 20 * 60;
  private static final String DRAIN_GRACE = "10s";
  private final Terminal terminal;

  @Option(
      names = "--port",
      paramLabel = "PORT",
      description = "Of API and dashboard (default 8080, or MILLRACE_PORT); 0 takes a free one.")
  Integer port;

  @Option(
      names = "--data-dir",
      paramLabel = "DIR",
      description = "What is kept between starts (default ~/.millrace).")
  Path dataDir = Path.of(System.getProperty("user.home"), ".millrace");

  @Option(
      names = "--jobs-dir",
      paramLabel = "DIR",
      description = "Job files to load and watch (default jobs.d beside the data folder).")
  Path jobsDir;

  @Option(names = "--no-examples", description = "Start without example jobs.")
  boolean noExamples;

  @Option(
      names = "--slots",
      paramLabel = "N",
      description = "Stages at a time (default 16, or MILLRACE_POOLS).")
  Integer slots;

  @Option(names = "--train", hidden = true, description = "End after the first run.")
  boolean train;

  UpCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() throws Exception {
    Steps steps = new Steps(terminal);
    terminal.say("Millrace " + Version.text());
    try (StopSignal signal = StopSignal.install()) {
      return run(steps, signal);
    }
  }

  private int run(Steps steps, StopSignal signal) throws Exception {
    try (DataDirectory data = DataDirectory.take(dataDir)) {
      int wantedPort = wantedPort();
      requireFree(wantedPort);
      Map<String, String> flags = flags(data);
      steps.say("data in " + data.folder() + ", job files in " + flags.get("jobs.dir"));
      try (LocalSystem system = new LocalSystem(data, terminal.environment(), flags, steps)) {
        return runUntilStopped(system, data, steps, signal);
      } finally {
        steps.say("stopped");
      }
    } catch (Exception e) {
      if (signal.asked()) {
        return ExitCode.OK;
      }
      throw e;
    }
  }

  private int runUntilStopped(
      LocalSystem system, DataDirectory data, Steps steps, StopSignal signal) throws Exception {
    system.start();
    URI dashboard = URI.create("http://127.0.0.1:" + system.port());
    data.tell("process " + ProcessHandle.current().pid() + ", " + dashboard);
    steps.say("scheduler: ready");
    try (ApiClient client = new ApiClient(dashboard, system.token(), null)) {
      Examples examples = new Examples(client, steps);
      boolean watching = !noExamples && firstRun(examples, client, data);
      terminal.say("");
      terminal.say("  dashboard  " + dashboard);
      terminal.say("  jobs       ./millrace job list" + serverOption(system.port()));
      terminal.say("  ctrl-C stops");
      terminal.say("");
      if (train) {
        return ExitCode.OK;
      }
      CompletableFuture<String> broken = system.broken();
      String reason = watch(examples, watching, CompletableFuture.anyOf(signal.awaited(), broken));
      if (reason != null) {
        throw new UserError(reason, "Start again with the same --data-dir: nothing is lost.");
      }
    }
    Thread.interrupted();
    steps.say("stopping; what runs may end within " + DRAIN_GRACE);
    return ExitCode.OK;
  }

  /** True when there are first ends to wait for. */
  private boolean firstRun(Examples examples, ApiClient client, DataDirectory data)
      throws Exception {
    if (data.examplesApplied()) {
      return false;
    }
    JsonNode run = examples.startFirst();
    if (run.has("id")) {
      String id = run.path("id").asText();
      examples.tell(
          new RunWatch(client, id, RunWatch.LOOK_EVERY, terminal::note).untilFinal(seen -> {}));
    }
    examples.applyOthers();
    data.rememberExamples();
    return true;
  }

  /** Returns null when the process was asked to stop, else what broke. */
  private static String watch(Examples examples, boolean watching, CompletableFuture<Object> ended)
      throws ExecutionException {
    int looks = watching ? LOOKS_MAX : 0;
    try {
      while (looks > 0) {
        try {
          return (String) ended.get(LOOK_EVERY_MILLIS, TimeUnit.MILLISECONDS);
        } catch (TimeoutException notYet) {
          looks = examples.tellFirstEnds() ? 0 : looks - 1;
        }
      }
      return (String) ended.get();
    } catch (InterruptedException asked) {
      return null;
    }
  }

  private Map<String, String> flags(DataDirectory data) throws IOException {
    Map<String, String> flags = new HashMap<>();
    SchedulerCommand.put(flags, "http.port", port);
    if (slots != null) {
      flags.put("worker.pools", "default=" + slots);
    }
    if (!terminal.environment().containsKey("MILLRACE_DRAIN_GRACE")) {
      flags.put("worker.drain-grace", DRAIN_GRACE);
    }
    Path jobs = jobsDir != null ? jobsDir : data.folder().resolveSibling("jobs.d");
    flags.put("jobs.dir", Files.createDirectories(jobs.toAbsolutePath().normalize()).toString());
    return flags;
  }

  private int wantedPort() {
    if (port != null) {
      return port;
    }
    String text = terminal.environment().getOrDefault("MILLRACE_PORT", "8080");
    // What is no port is refused with all other settings.
    return text.matches("\\d{1,5}") ? Integer.parseInt(text) : 0;
  }

  /** Asked before anything is started: the answer would come seconds later otherwise. */
  private static void requireFree(int port) {
    if (port < 0 || port > 65_535) {
      throw new UserError(port + " is no port", "Ports are 0 to 65535; 0 takes a free one.");
    }
    try (ServerSocket probe = new ServerSocket()) {
      probe.setReuseAddress(true);
      probe.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    } catch (IOException e) {
      throw new UserError(
          "port " + port + " is taken by another program",
          "Choose another one: --port " + (port + 1) + ", or --port 0 for any free one.",
          e);
    }
  }

  private static String serverOption(int port) {
    return port == 8080 ? "" : " --server http://127.0.0.1:" + port;
  }
}
