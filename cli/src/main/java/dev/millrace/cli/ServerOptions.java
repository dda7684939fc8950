package dev.millrace.cli;

import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which Millrace a command talks to and how it shows the answer. Main thread. */
final class ServerOptions {
  /** What a command does with a server. */
  @FunctionalInterface
  interface Work {
    void with(Session session) throws InterruptedException;
  }

  @Mixin ServerAddress address;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORM",
      defaultValue = "TABLE",
      description = "table for people; json and yaml for programs, what the API answered.")
  OutputForm output;

  Session open(Terminal terminal) {
    return address.open(terminal, output);
  }

  /** Does something with a server; {@link ExitCode#OK} when it was done. */
  int run(Terminal terminal, Work work) throws InterruptedException {
    try (Session session = open(terminal)) {
      work.with(session);
    }
    return ExitCode.OK;
  }
}
