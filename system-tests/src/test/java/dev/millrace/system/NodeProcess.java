package dev.millrace.system;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One node as the operating system has it: a process that can be killed, paused and asked to end.
 * Its output goes to a file. The test's thread.
 */
final class NodeProcess implements AutoCloseable {
  /** What tests run with, which is more than what is packaged. */
  static final String TEST_CLASS_PATH =
      System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));

  /** As a scheduler and as `up` say it. */
  private static final Pattern SERVES =
      Pattern.compile("(?:serves|dashboard) +http://[^:\\s]+:(\\d+)");

  private static final Duration START_LIMIT = Duration.ofSeconds(60);

  private final String name;
  private final Path log;
  private final Process process;
  private int port;

  private NodeProcess(String name, Path log, Process process) {
    this.name = name;
    this.log = log;
    this.process = process;
  }

  static NodeProcess start(
      String name, String classPath, Map<String, String> settings, Path log, List<String> args)
      throws IOException {
    return start(name, classPath, "dev.millrace.cli.Main", settings, log, args);
  }

  /** With another main class. */
  static NodeProcess start(
      String name,
      String classPath,
      String main,
      Map<String, String> settings,
      Path log,
      List<String> args)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx192m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    command.addAll(List.of("-cp", classPath, main));
    command.addAll(args);
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().keySet().removeIf(key -> key.startsWith("MILLRACE_"));
    builder.environment().putAll(settings);
    builder.redirectErrorStream(true).redirectOutput(log.toFile());
    Process process = builder.start();
    process.getOutputStream().close();
    return new NodeProcess(name, log, process);
  }

  String name() {
    return name;
  }

  long pid() {
    return process.pid();
  }

  boolean alive() {
    return process.isAlive();
  }

  /** The port of a scheduler's API; waits until it is bound. */
  int port() {
    if (port == 0) {
      port = Integer.parseInt(awaitOutput(SERVES, START_LIMIT));
    }
    return port;
  }

  /** Waits until it has said something like this; the pattern's first group. */
  String awaitOutput(Pattern said, Duration limit) {
    await(name + " says " + said)
        .atMost(limit)
        .pollInterval(Duration.ofMillis(50))
        .until(() -> said.matcher(output()).find() || !alive());
    Matcher matcher = said.matcher(output());
    if (!matcher.find()) {
      throw new IllegalStateException(name + " ended instead of saying " + said + ": " + output());
    }
    return matcher.group(1);
  }

  /** Waits for its end; its exit code. */
  int awaitEnd(Duration limit) {
    await(name + " ends").atMost(limit).pollInterval(Fleet.POLL).until(() -> !alive());
    return process.exitValue();
  }

  /** What it has started and what those have started. */
  List<ProcessHandle> descendants() {
    return process.descendants().toList();
  }

  String output() {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** As kill -9. Returns when it is gone. */
  void kill() throws InterruptedException {
    process.destroyForcibly();
    if (!process.waitFor(10, TimeUnit.SECONDS)) {
      throw new IllegalStateException(name + " survived kill -9");
    }
  }

  /** Asks it to end, as a service manager does. Returns at once. */
  void terminate() throws IOException, InterruptedException {
    signal("TERM");
  }

  void pause() throws IOException, InterruptedException {
    signal("STOP");
  }

  void resume() throws IOException, InterruptedException {
    signal("CONT");
  }

  private void signal(String signal) throws IOException, InterruptedException {
    Process kill = new ProcessBuilder("kill", "-" + signal, Long.toString(pid())).start();
    if (kill.waitFor() != 0) {
      throw new IOException("kill -" + signal + " failed for " + name);
    }
  }

  @Override
  public void close() {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
  }

  @Override
  public String toString() {
    return name + " (pid " + pid() + ")";
  }
}
