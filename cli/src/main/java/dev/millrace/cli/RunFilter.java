package dev.millrace.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Option;

/** Which runs are meant, of a list or of a bulk operation. Main thread. */
final class RunFilter {
  @Option(names = "--job", paramLabel = "JOB", description = "Of this job only.")
  String job;

  @Option(
      names = "--state",
      paramLabel = "STATE",
      description = "In this state only; several with commas.")
  String state;

  @Option(names = "--open", description = "Not ended ones only.")
  boolean open;

  @Option(names = "--trigger", paramLabel = "KIND", description = "Started this way only.")
  String trigger;

  @Option(
      names = "--label",
      paramLabel = "KEY[:VALUE]",
      description = "With this label only. Repeatable.")
  List<String> labels;

  @Option(names = "--since", paramLabel = "INSTANT", description = "Created at or after it.")
  String since;

  @Option(names = "--until", paramLabel = "INSTANT", description = "Created before it.")
  String until;

  @Option(names = "--error", paramLabel = "TEXT", description = "Whose error contains this.")
  String error;

  @Option(
      names = "--orchestration",
      paramLabel = "ID",
      description = "Started under this id only; `trace` shows them as a tree.")
  String orchestration;

  /** What was given, by the API's names. */
  Map<String, String> given() {
    Map<String, String> given = new LinkedHashMap<>();
    put(given, "job", job);
    put(given, "state", state);
    put(given, "open", open ? "true" : null);
    put(given, "trigger", trigger);
    put(given, "since", since);
    put(given, "until", until);
    put(given, "error", error);
    put(given, "orchestration", orchestration);
    return given;
  }

  private static void put(Map<String, String> given, String name, String value) {
    if (value != null) {
      given.put(name, value);
    }
  }

  ApiQuery query() {
    ApiQuery query = new ApiQuery();
    given().forEach(query::with);
    if (labels != null) {
      labels.forEach(label -> query.with("label", label));
    }
    return query;
  }
}
