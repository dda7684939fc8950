package dev.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whole processes, as a person starts them. */
@Timeout(180)
final class UpTest {
  @TempDir Path folder;

  @Test
  void startsRunsAnExampleAndStopsInOrder() throws Exception {
    Process up = start("--port", "0");
    try (BufferedReader out = reader(up)) {
      List<String> lines = until(out, line -> line.contains("first run of hello"));
      assertThat(lines.getLast()).contains("COMPLETED");
      lines = until(out, line -> line.contains("dashboard"));
      String url = lines.getLast().strip().split(" +")[1];

      Map<String, String> server = Map.of("MILLRACE_SERVER", url);
      Cli listed = Cli.run(server, "job", "list");
      assertThat(listed.out()).contains("hello").contains("pipeline").contains("flaky");
      Cli run = Cli.run(server, "job", "trigger", "pipeline", "--wait");
      assertThat(run.code()).as(run.out() + run.err()).isEqualTo(ExitCode.OK);

      Cli second = Cli.run("up", "--port", "0", "--data-dir", folder.resolve("data").toString());
      assertThat(second.code()).isEqualTo(ExitCode.FAILED);
      assertThat(second.err()).contains("already runs in").contains(url).contains("--data-dir");

      // Process.destroy would close its output here too, and with it what it says at the end.
      assertThat(up.toHandle().destroy()).isTrue();
      lines = until(out, line -> line.contains("stopped"));
      assertThat(lines.getLast()).contains("stopped");
      assertThat(up.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(up.exitValue()).isEqualTo(ExitCode.OK);
    } finally {
      end(up);
    }
  }

  @Test
  void aTakenPortIsToldBeforeAnythingStarts() throws Exception {
    try (ServerSocket taken = new ServerSocket(0)) {
      int port = taken.getLocalPort();
      Cli result =
          Cli.run(
              "up",
              "--port",
              Integer.toString(port),
              "--data-dir",
              folder.resolve("data").toString());
      assertThat(result.code()).isEqualTo(ExitCode.FAILED);
      assertThat(result.err()).contains("port " + port + " is taken").contains("--port");
      assertThat(folder.resolve("data/postgres")).doesNotExist();
    }
  }

  private Process start(String... options) throws IOException {
    String path =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:+UseSerialGC", "-cp", path, "dev.millrace.cli.Main", "up"));
    command.addAll(List.of("--data-dir", folder.resolve("data").toString()));
    command.addAll(List.of(options));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().keySet().removeIf(name -> name.startsWith("MILLRACE_"));
    Path log = Files.createDirectories(Path.of("target")).resolve("up-test.log");
    return builder.redirectError(log.toFile()).start();
  }

  private static BufferedReader reader(Process process) {
    return new BufferedReader(
        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
  }

  private static List<String> until(BufferedReader out, Predicate<String> last) throws IOException {
    List<String> lines = new ArrayList<>();
    String line;
    while ((line = out.readLine()) != null) {
      lines.add(line);
      if (last.test(line)) {
        return lines;
      }
    }
    throw new AssertionError("the process ended after saying: " + lines);
  }

  private static void end(Process process) throws InterruptedException {
    process.destroy();
    if (!process.waitFor(30, TimeUnit.SECONDS)) {
      process.destroyForcibly();
    }
  }
}
