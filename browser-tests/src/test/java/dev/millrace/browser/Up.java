package dev.millrace.browser;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A whole Millrace as people start it: {@code up} in a process of its own, with a folder of its
 * own. One for all test classes of a JVM; it ends with it.
 */
final class Up {
  private static final Pattern SERVES = Pattern.compile("dashboard +http://[^:\\s]+:(\\d+)");
  private static final Duration START_LIMIT = Duration.ofSeconds(90);
  private static final int STOP_SECONDS = 20;
  private static Up shared;

  private final Path folder;
  private final Process process;
  private final int port;

  private Up(Path folder, Process process, int port) {
    this.folder = folder;
    this.process = process;
    this.port = port;
  }

  /** The one that all tests share; started by the first who asks. */
  static synchronized Up shared() {
    if (shared == null) {
      try {
        shared = start();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      Runtime.getRuntime().addShutdownHook(new Thread(shared::stop, "stop-up"));
    }
    return shared;
  }

  String address() {
    return "http://127.0.0.1:" + port;
  }

  /** What it has said so far. */
  String output() {
    return read(folder.resolve("up.log"));
  }

  private static Up start() throws IOException {
    Path folder = Files.createTempDirectory("millrace-browser-");
    Path log = folder.resolve("up.log");
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx320m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    command.addAll(List.of("-cp", classPath(), "dev.millrace.cli.Main", "up", "--no-examples"));
    command.addAll(List.of("--port", "0", "--data-dir", folder.resolve("data").toString()));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().keySet().removeIf(key -> key.startsWith("MILLRACE_"));
    Process process = builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();
    process.getOutputStream().close();
    await("up says where its dashboard is")
        .atMost(START_LIMIT)
        .pollInterval(Duration.ofMillis(50))
        .until(() -> SERVES.matcher(read(log)).find() || !process.isAlive());
    Matcher said = SERVES.matcher(read(log));
    if (!said.find()) {
      throw new IllegalStateException("up ended instead of serving: " + read(log));
    }
    return new Up(folder, process, Integer.parseInt(said.group(1)));
  }

  private static String classPath() {
    return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
  }

  private void stop() {
    List<ProcessHandle> parts = process.descendants().toList();
    process.destroy();
    try {
      if (!process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
        parts.forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
      }
      remove(folder);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      System.err.println("left behind: " + folder + ": " + e);
    }
  }

  private static void remove(Path folder) throws IOException {
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path dir, IOException failed)
              throws IOException {
            Files.delete(dir);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  private static String read(Path file) {
    try {
      return Files.exists(file) ? Files.readString(file) : "";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
