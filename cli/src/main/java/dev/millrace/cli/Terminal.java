package dev.millrace.cli;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * Where a command writes and what surrounds it. Answers go to {@code out}, everything else to
 * {@code err}. Any thread.
 *
 * @param interactive a person looks at {@code err} while it is written; the launcher knows
 */
record Terminal(
    PrintWriter out, PrintWriter err, boolean interactive, Map<String, String> environment) {
  Terminal {
    environment = Map.copyOf(environment);
  }

  static Terminal ofProcess() {
    return new Terminal(
        new PrintWriter(System.out, true, StandardCharsets.UTF_8),
        new PrintWriter(System.err, true, StandardCharsets.UTF_8),
        Boolean.getBoolean("millrace.terminal"),
        System.getenv());
  }

  void say(String line) {
    out.println(line);
    out.flush();
  }

  void note(String line) {
    err.println(line);
    err.flush();
  }
}
