package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Which jobs wait for which; deeper levels stand further right. Main thread. */
@Command(
    name = "graph",
    description = "Jobs that wait for jobs: of a namespace, or around one job.")
final class GraphCommand implements Callable<Integer> {
  private static final String INDENT = "  ";

  private final Terminal terminal;

  @Mixin ServerOptions server;

  @Parameters(paramLabel = "JOB", arity = "0..1", description = "Only what is around this one.")
  String job;

  @Option(
      names = "--depth",
      paramLabel = "N",
      description = "How many jobs away from JOB, in both directions; 1 when left out.")
  Integer depth;

  GraphCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() throws InterruptedException {
    if (job == null && depth != null) {
      throw UserError.misuse(
          "--depth is about the jobs around one", "Name a job, or leave it out.");
    }
    String path = job == null ? ApiPath.GRAPH : ApiPath.graphOf(job);
    try (Session session = server.open(terminal)) {
      session.show(
          session.client().get(depth == null ? path : path + "?depth=" + depth),
          GraphCommand::lines);
    }
    return ExitCode.OK;
  }

  private static List<String> lines(JsonNode graph) {
    String namespace = graph.path("namespace").asText();
    Map<String, Map<String, List<String>>> waits = new LinkedHashMap<>();
    for (JsonNode edge : graph.path("edges")) {
      waits
          .computeIfAbsent(edge.path("to").asText(), any -> new LinkedHashMap<>())
          .computeIfAbsent(edge.path("kind").asText(), any -> new ArrayList<>())
          .add(name(edge.path("from").asText(), namespace));
    }
    Table table = new Table("JOB", "STATE", "LAST RUN", "NEXT TICK", "WAITS FOR");
    for (JsonNode node : graph.path("nodes")) {
      String id = node.path("id").asText();
      JsonNode last = node.path("lastRun");
      table.row(
          INDENT.repeat(node.path("level").asInt()) + name(id, namespace),
          node.path("state").asText(),
          last.isObject() ? last.path("state").asText() : Times.NONE,
          Times.local(node.path("nextTick")),
          said(waits.getOrDefault(id, Map.of())));
    }
    List<String> lines = new ArrayList<>(table.lines());
    if (graph.path("truncated").asBoolean()) {
      lines.add("there are more jobs around it than are shown; ask with a smaller --depth");
    }
    return lines;
  }

  private static String name(String id, String namespace) {
    return id.startsWith(namespace + "/") ? id.substring(namespace.length() + 1) : id;
  }

  private static String said(Map<String, List<String>> byKind) {
    List<String> said = new ArrayList<>();
    byKind.forEach((kind, jobs) -> said.add(kind + " " + String.join(", ", jobs)));
    return String.join("; ", said);
  }
}
