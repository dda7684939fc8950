package dev.millrace.cli;

import picocli.CommandLine.Option;

/** Which entries of the audit are meant. Main thread. */
final class AuditFilter {
  @Option(
      names = "--actor",
      paramLabel = "NAME",
      description = "By them only, as WHO says: token:ci.")
  String actor;

  @Option(
      names = "--action",
      paramLabel = "ACTION",
      description = "Of this kind only, such as jobs.runs or tokens.delete.")
  String action;

  @Option(names = "--subject", paramLabel = "ID", description = "About this only.")
  String subject;

  @Option(names = "--since", paramLabel = "INSTANT", description = "At or after it.")
  String since;

  @Option(names = "--until", paramLabel = "INSTANT", description = "Before it.")
  String until;

  ApiQuery query() {
    return new ApiQuery()
        .with("actor", actor)
        .with("action", action)
        .with("subject", subject)
        .with("since", since)
        .with("until", until);
  }
}
