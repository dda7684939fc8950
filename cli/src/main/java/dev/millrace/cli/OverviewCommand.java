package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Whether all is well, and what is not. Main thread. */
@Command(
    name = "overview",
    description = "Is all well, and if not, what? Exits with 1 when something is bad.")
final class OverviewCommand implements Callable<Integer> {
  private final Terminal terminal;

  @Mixin ServerOptions server;

  OverviewCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() throws InterruptedException {
    try (Session session = server.open(terminal)) {
      JsonNode overview = session.client().get(ApiPath.OVERVIEW);
      session.show(overview, OverviewCommand::lines);
      for (JsonNode problem : overview.path("problems")) {
        if (problem.path("severity").asText().equals("bad")) {
          return ExitCode.FAILED;
        }
      }
    }
    return ExitCode.OK;
  }

  /** The problems first: they are what somebody looks for at night. */
  static List<String> lines(JsonNode overview) {
    List<String> lines = new ArrayList<>(problems(overview));
    lines.add("");
    JsonNode runs = overview.path("runs");
    lines.add(
        "runs     %s open, %s running, %s pending"
            .formatted(
                Facts.cell(runs.path("open")),
                Facts.cell(runs.path("running")),
                Facts.cell(runs.path("pending"))));
    lines.add("workers  " + counts(overview.path("workers")));
    lines.add("late     " + lateness(overview.path("lateness")));
    lines.add("dead     " + Facts.cell(overview.path("deadLetters").path("open")) + " open");
    lines.add("leader   " + Facts.cell(overview.path("leader")));
    JsonNode pools = overview.path("backlog").path("pools");
    if (!pools.isEmpty()) {
      lines.add("");
      lines.addAll(
          Facts.rows(
              pools,
              "POOL=name",
              "READY=ready",
              "QUEUED=queued",
              "RUNNING=running",
              "SLOTS=slots",
              "OLDEST READY S=oldestReadySeconds"));
    }
    return lines;
  }

  /** Such as "2 alive, 0 suspect, 1 lost". */
  static String counts(JsonNode counts) {
    List<String> said = new ArrayList<>();
    counts.properties().forEach(one -> said.add(Facts.cell(one.getValue()) + " " + one.getKey()));
    return String.join(", ", said);
  }

  static String lateness(JsonNode late) {
    String usual =
        "p50 %s ms, p99 %s ms"
            .formatted(Facts.cell(late.path("p50Millis")), Facts.cell(late.path("p99Millis")));
    JsonNode worst = late.path("worst");
    return worst.isObject()
        ? usual + ", worst " + worst.path("job").asText() + " " + worst.path("seconds") + " s"
        : usual;
  }

  static List<String> problems(JsonNode overview) {
    JsonNode problems = overview.path("problems");
    if (problems.isEmpty()) {
      return List.of("all is well");
    }
    List<String> lines = new ArrayList<>();
    for (JsonNode problem : problems) {
      lines.add(
          problem.path("severity").asText()
              + "  "
              + problem.path("what").asText()
              + ": "
              + problem.path("detail").asText());
      if (!problem.path("remedy").asText("").isEmpty()) {
        lines.add("      " + problem.path("remedy").asText());
      }
    }
    return lines;
  }
}
