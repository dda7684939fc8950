package dev.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;

@DisabledOnOs(value = OS.WINDOWS, disabledReason = "these scripts are for a POSIX shell")
final class FindJdkTest {
  @Test
  void theNewestJdkThatFitsAndRunsIsFound() throws Exception {
    assertThat(shell("src/test/sh/find-jdk-test.sh", "../deploy/find-jdk.sh")).isEqualTo("0");
  }

  @Test
  void theScriptsAreReadableByAnyShell() throws Exception {
    for (String script : new String[] {"../millrace", "../mvnw", "../deploy/find-jdk.sh"}) {
      assertThat(shell("-n", script)).isEqualTo("0");
    }
  }

  private static String shell(String option, String file) throws Exception {
    Path path = Path.of(file).toAbsolutePath().normalize();
    Process process =
        new ProcessBuilder("sh", option, path.toString()).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    int code = process.waitFor();
    return code == 0 ? "0" : code + ": " + said;
  }
}
