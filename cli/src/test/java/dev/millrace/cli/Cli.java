package dev.millrace.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Map;

/** One command as a person would type it, and what came of it. */
record Cli(int code, String out, String err) {
  static Cli run(Map<String, String> environment, String... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    Terminal terminal =
        new Terminal(new PrintWriter(out), new PrintWriter(err), false, environment);
    int code = Main.run(terminal, args);
    terminal.out().flush();
    terminal.err().flush();
    return new Cli(code, out.toString(), err.toString());
  }

  static Cli run(String... args) {
    return run(Map.of(), args);
  }
}
