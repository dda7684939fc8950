package dev.millrace.worker.command;

import dev.millrace.wire.Wire;
import dev.millrace.worker.Result;
import dev.millrace.worker.StageContext;
import dev.millrace.worker.StageHandler;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs a program in a session of its own with an environment of its own, and leaves no process
 * behind. One object serves all attempts; each on its own thread.
 */
public final class CommandHandler implements StageHandler {
  private static final Logger log = LoggerFactory.getLogger(CommandHandler.class);
  private static final Duration LEFTOVER_GRACE = Duration.ofMillis(500);
  private static final Duration PIPE_WAIT_MAX = Duration.ofSeconds(2);
  private static final long REPORTS_LOOK_MILLIS = 250;

  /** Above it, a Linux kernel does not take one environment variable. */
  private static final int ENV_BYTES_MAX = 100 * 1024;

  private static final int NOT_EXECUTABLE = 126;
  private static final int NOT_FOUND = 127;
  private static final int SIGNAL_EXIT_FIRST = 129;
  private static final int SIGNAL_EXIT_LAST = 128 + 64;

  private final ProcessTree.Method method;
  private final List<String> prefix;
  private final String path;

  private CommandHandler(ProcessTree.Method method, List<String> prefix, String path) {
    this.method = method;
    this.prefix = prefix;
    this.path = path;
  }

  /** Chooses, once, the best way of this machine to end a tree of processes. */
  public static CommandHandler onThisMachine() {
    ProcessTree.Method method = ProcessTree.bestMethod();
    String path = System.getenv().getOrDefault("PATH", "/usr/local/bin:/usr/bin:/bin");
    String setsid = find("setsid", path);
    List<String> prefix = setsid == null ? List.of() : List.of(setsid);
    log.info("commands end by method={} ownSession={}", method, setsid != null);
    return new CommandHandler(method, prefix, path);
  }

  @Override
  public String name() {
    return "command";
  }

  @Override
  public Result execute(StageContext context) throws Exception {
    CommandSpec spec;
    try {
      spec = CommandSpec.read(context.with());
    } catch (IllegalArgumentException e) {
      return Result.failed("config", e.getMessage()).notRetryable();
    }
    Path home = Files.createDirectory(context.workDir().resolve("work"));
    Path output = context.workDir().resolve("output.json");
    ReportsFile reports = ReportsFile.create(context.workDir().resolve("reports.jsonl"), context);
    String mark = UUID.randomUUID().toString();
    ProcessBuilder builder = new ProcessBuilder(commandLine(spec));
    builder.directory(spec.dir() == null ? home.toFile() : new File(spec.dir()));
    builder.redirectInput(ProcessBuilder.Redirect.from(new File(isUnix() ? "/dev/null" : "NUL")));
    Path artifacts = Files.createDirectories(context.workDir().resolve("artifacts"));
    var environment = new CommandEnvironment(context, home, output, reports.path(), path);
    environment.fill(builder.environment(), spec.env(), ENV_BYTES_MAX);
    builder.environment().put(CommandArtifacts.VARIABLE, artifacts.toString());
    builder.environment().put(ProcessTree.MARK, mark);
    if (context.cancelled()) {
      return Result.failed("cancelled", "cancelled before the command started");
    }
    Process process;
    try {
      process = builder.start();
    } catch (IOException e) {
      return Result.failed("config", "the command cannot be started: " + e.getMessage())
          .notRetryable();
    }
    ProcessTree tree = new ProcessTree(process, mark, method);
    int exitCode = awaitEnd(context, spec, process, tree, reports);
    Result result = result(exitCode, spec, output);
    if (result instanceof Result.Completed completed && !context.cancelled()) {
      return new CommandArtifacts(context, artifacts).add(completed);
    }
    return result instanceof Result.Failed failed && programIsMissing(spec, builder, exitCode)
        ? new Result.Failed("config", failed.message(), exitCode).notRetryable()
        : result;
  }

  /** Until nobody of it is left, and what it wrote is taken in. */
  private static int awaitEnd(
      StageContext context,
      CommandSpec spec,
      Process process,
      ProcessTree tree,
      ReportsFile reports)
      throws InterruptedException {
    List<Thread> readers =
        List.of(
            LineReader.start(
                process.getInputStream(), context.redactor(), line -> context.log("stdout", line)),
            LineReader.start(
                process.getErrorStream(), context.redactor(), line -> context.log("stderr", line)));
    context.onCancel(tree::end);
    try {
      while (!process.waitFor(REPORTS_LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
        reports.look();
      }
    } catch (InterruptedException e) {
      // The grace is over, or nobody waits any more.
      tree.end(Duration.ZERO);
      reports.lastLook();
      throw e;
    }
    if (context.cancelled()) {
      tree.end(LEFTOVER_GRACE); // waits for the one who asks them to end, at the most the grace
    } else if (!spec.keepBackground()) {
      endLeftovers(context, tree);
    }
    for (Thread reader : readers) {
      reader.join(PIPE_WAIT_MAX);
    }
    reports.lastLook();
    return process.exitValue();
  }

  /** The shell that sets the limits found nothing to become: no attempt here will. */
  private static boolean programIsMissing(CommandSpec spec, ProcessBuilder builder, int exitCode) {
    if (exitCode != NOT_FOUND && exitCode != NOT_EXECUTABLE) {
      return false;
    }
    String program = spec.argv().getFirst();
    return program.indexOf('/') >= 0
        ? !Files.isExecutable(builder.directory().toPath().resolve(program))
        : find(program, builder.environment().getOrDefault("PATH", "")) == null;
  }

  private static void endLeftovers(StageContext context, ProcessTree tree) {
    int leftover = tree.members().size();
    if (leftover > 0) {
      context.log(
          "system",
          "the command has ended and left "
              + leftover
              + " processes running; ending them (keep-background: true would keep them)");
      tree.end(LEFTOVER_GRACE);
    }
  }

  private static Result result(int exitCode, CommandSpec spec, Path output) throws IOException {
    if (!spec.successCodes().contains(exitCode)) {
      if (exitCode >= SIGNAL_EXIT_FIRST && exitCode <= SIGNAL_EXIT_LAST) {
        int signal = exitCode - 128;
        return new Result.Failed(
            "signal:" + signal, "the command was ended by signal " + signal, exitCode);
      }
      return new Result.Failed(
          "exit:" + exitCode,
          "the command ended with exit code " + exitCode + hint(exitCode),
          exitCode);
    }
    if (!Files.isRegularFile(output) || Files.size(output) == 0) {
      return new Result.Completed(null, exitCode);
    }
    long bytes = Files.size(output);
    if (bytes > Wire.VALUE_BYTES_MAX) {
      return new Result.Failed(
              "config",
              "the output has %d bytes, the limit is %d; write it into $MILLRACE_ARTIFACTS instead"
                  .formatted(bytes, Wire.VALUE_BYTES_MAX),
              exitCode)
          .notRetryable();
    }
    return new Result.Completed(
        new String(Files.readAllBytes(output), StandardCharsets.UTF_8).strip(), exitCode);
  }

  private static String hint(int exitCode) {
    return switch (exitCode) {
      case NOT_EXECUTABLE -> " (found, but cannot be executed)";
      case NOT_FOUND -> " (program not found in PATH)";
      default -> "";
    };
  }

  /** Through a shell that only sets limits and then becomes the program: values stay arguments. */
  private List<String> commandLine(CommandSpec spec) {
    List<String> line = new ArrayList<>(prefix);
    if (isUnix()) {
      line.addAll(
          List.of("/bin/sh", "-c", "umask " + spec.umask() + "; ulimit -c 0; exec \"$@\"", "sh"));
    }
    line.addAll(spec.argv());
    return line;
  }

  private static boolean isUnix() {
    return File.separatorChar == '/';
  }

  private static String find(String program, String path) {
    for (String directory : path.split(File.pathSeparator)) {
      Path file = Path.of(directory, program);
      if (Files.isExecutable(file)) {
        return file.toString();
      }
    }
    return null;
  }
}
