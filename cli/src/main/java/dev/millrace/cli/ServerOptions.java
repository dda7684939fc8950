package dev.millrace.cli;

import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which Millrace a command talks to and how it shows the answer. Main thread. */
final class ServerOptions {
  @Mixin ServerAddress address;

  @Option(
      names = {"-o", "--output"},
      defaultValue = "TABLE",
      description = "${COMPLETION-CANDIDATES}")
  OutputForm output;

  Session open(Terminal terminal) {
    return address.open(terminal, output);
  }
}
