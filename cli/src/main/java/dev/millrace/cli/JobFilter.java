package dev.millrace.cli;

import java.util.List;
import picocli.CommandLine.Option;

/** Which jobs are meant. Main thread. */
final class JobFilter {
  @Option(
      names = "--state",
      paramLabel = "STATE",
      description = "In this state only; several with commas.")
  String state;

  @Option(
      names = "--label",
      paramLabel = "KEY[:VALUE]",
      description = "With this label only. Repeatable.")
  List<String> labels;

  @Option(
      names = "--find",
      paramLabel = "TEXT",
      description = "With this in its id or description only.")
  String text;

  @Option(names = "--trigger", paramLabel = "KIND", description = "Started this way only.")
  String trigger;

  ApiQuery query() {
    ApiQuery query = new ApiQuery().with("state", state).with("q", text).with("trigger", trigger);
    if (labels != null) {
      labels.forEach(label -> query.with("label", label));
    }
    return query;
  }
}
