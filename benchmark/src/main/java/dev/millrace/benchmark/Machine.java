package dev.millrace.benchmark;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** What a measurement ran on; a figure without it means nothing. Immutable. */
public record Machine(
    int cores,
    long memoryBytes,
    String cpu,
    String os,
    String jvm,
    String postgres,
    String broker) {
  private static final Path LINUX_CPU = Path.of("/proc/cpuinfo");
  private static final long COMMAND_SECONDS_MAX = 2;

  /**
   * Looks at this machine and asks the database for its version.
   *
   * @param broker name and version of the broker in use, or "none"
   */
  public static Machine describe(DatabaseAddress database, String broker) {
    var os = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
    return new Machine(
        Runtime.getRuntime().availableProcessors(),
        os.getTotalMemorySize(),
        cpuModel(),
        "%s %s %s".formatted(os.getName(), os.getVersion(), os.getArch()),
        "%s %s"
            .formatted(System.getProperty("java.vm.name"), System.getProperty("java.vm.version")),
        postgresVersion(database),
        broker);
  }

  /** One line for people. */
  public String text() {
    return String.format(
        Locale.ROOT,
        "%d cores (%s), %.0f GiB, %s, %s, %s, broker %s",
        cores,
        cpu,
        memoryBytes / (double) (1L << 30),
        os,
        jvm,
        postgres,
        broker);
  }

  private static String postgresVersion(DatabaseAddress database) {
    try (var connection = database.connect()) {
      var about = connection.getMetaData();
      return about.getDatabaseProductName() + " " + about.getDatabaseProductVersion();
    } catch (SQLException e) {
      throw new IllegalStateException(database + " does not answer; nothing can be measured", e);
    }
  }

  private static String cpuModel() {
    try {
      if (Files.isReadable(LINUX_CPU)) {
        return linuxCpuModel();
      }
      if (System.getProperty("os.name").startsWith("Mac")) {
        return firstLine("sysctl", "-n", "machdep.cpu.brand_string");
      }
    } catch (IOException e) {
      return "unknown (" + e.getMessage() + ")";
    }
    return System.getProperty("os.arch");
  }

  private static String linuxCpuModel() throws IOException {
    try (var lines = Files.lines(LINUX_CPU, StandardCharsets.UTF_8)) {
      return lines
          .filter(line -> line.startsWith("model name"))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst()
          .orElseGet(() -> System.getProperty("os.arch"));
    }
  }

  private static String firstLine(String... command) throws IOException {
    var process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try (var output = process.inputReader(StandardCharsets.UTF_8)) {
      String line = output.readLine();
      process.waitFor(COMMAND_SECONDS_MAX, TimeUnit.SECONDS);
      return line == null ? System.getProperty("os.arch") : line;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return System.getProperty("os.arch");
    }
  }
}
