package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Shows the runs of an orchestration as a tree. Main thread. */
@Command(
    name = "trace",
    description = "All runs of an orchestration as a tree, with times and states.")
final class TraceCommand implements Callable<Integer> {
  private final Terminal terminal;

  @Mixin ServerOptions server;

  @Parameters(paramLabel = "ORCHESTRATION", description = "The id that runs were started under.")
  String orchestration;

  TraceCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() throws InterruptedException {
    try (Session session = server.open(terminal)) {
      session.show(session.client().get(ApiPath.orchestration(orchestration)), TraceCommand::tree);
    }
    return ExitCode.OK;
  }

  private static List<String> tree(JsonNode trace) {
    List<String> states = new ArrayList<>();
    for (Map.Entry<String, JsonNode> state : trace.path("states").properties()) {
      states.add(state.getValue() + " " + state.getKey());
    }
    List<String> lines = new ArrayList<>();
    lines.add(
        "orchestration "
            + trace.path("orchestration").asText()
            + ": "
            + trace.path("runs")
            + " runs, "
            + String.join(", ", states)
            + time(trace));
    children(lines, trace.path("items"), "");
    if (trace.path("truncated").asBoolean()) {
      lines.add("more runs belong to it than are shown");
    }
    return lines;
  }

  private static void children(List<String> lines, JsonNode runs, String indent) {
    for (int i = 0; i < runs.size(); i++) {
      boolean last = i == runs.size() - 1;
      JsonNode run = runs.get(i);
      lines.add(indent + (last ? "└─ " : "├─ ") + line(run));
      children(lines, run.path("children"), indent + (last ? "   " : "│  "));
    }
  }

  private static String line(JsonNode run) {
    String item = run.path("item").isNull() ? "" : "[" + run.path("item") + "]";
    String stage = run.path("stage").isNull() ? "" : run.path("stage").asText() + item + ": ";
    String namespace = run.path("namespace").asText();
    String pattern =
        run.path("pattern").isObject() ? " (" + VersionView.pattern(run.path("pattern")) + ")" : "";
    return stage
        + (namespace.equals("default") ? "" : namespace + "/")
        + run.path("job").asText()
        + pattern
        + "  "
        + run.path("state").asText()
        + "  "
        + run.path("run").asText()
        + time(run);
  }

  /** When it began, and how long it took when it has ended. */
  private static String time(JsonNode run) {
    JsonNode started = run.path("startedAt");
    if (!started.isTextual()) {
      return "";
    }
    String took = Times.between(started, run.path("finishedAt"));
    return "  " + Times.local(started) + (took.equals(Times.NONE) ? "" : ", took " + took);
  }
}
