package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Dead letters; one method per command. Main thread. */
@Command(
    name = "dead",
    description = "Dead letters: stages that failed for good.",
    synopsisSubcommandLabel = "COMMAND",
    mixinStandardHelpOptions = true)
final class DeadCommand {
  private static final String PATH = "/api/v1/dead-letters";

  private final Terminal terminal;

  DeadCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Command(name = "list", description = "Newest first.", mixinStandardHelpOptions = true)
  int list(
      @Mixin ServerOptions server,
      @Option(names = "--job", paramLabel = "JOB", description = "Of this job only.") String job,
      @Option(
              names = "--state",
              paramLabel = "STATE",
              defaultValue = "OPEN",
              description = "OPEN, REDRIVEN or DISCARDED (default ${DEFAULT-VALUE}).")
          String state)
      throws InterruptedException {
    String path =
        PATH
            + "?state="
            + ApiClient.encoded(state)
            + (job == null ? "" : "&job=" + ApiClient.encoded(job));
    try (Session session = server.open(terminal)) {
      session.show(Pages.upTo(session.client(), path, 100), DeadCommand::table);
    }
    return ExitCode.OK;
  }

  @Command(name = "groups", description = "Alike ones together.", mixinStandardHelpOptions = true)
  int groups(@Mixin ServerOptions server) throws InterruptedException {
    try (Session session = server.open(terminal)) {
      session.show(session.client().get(PATH + "/groups"), DeadCommand::groupTable);
    }
    return ExitCode.OK;
  }

  @Command(name = "show", description = "One letter.", mixinStandardHelpOptions = true)
  int show(@Mixin ServerOptions server, @Parameters(paramLabel = "ID") String id)
      throws InterruptedException {
    try (Session session = server.open(terminal)) {
      session.show(
          session.client().get(PATH + "/" + ApiClient.encoded(id)),
          letter -> OutputForm.pretty(letter).lines().toList());
    }
    return ExitCode.OK;
  }

  @Command(
      name = "redrive",
      description = "Execute them again, each once.",
      mixinStandardHelpOptions = true)
  int redrive(@Mixin ServerOptions server, @Mixin Which which, @Mixin ReasonOption reason)
      throws InterruptedException {
    return act(server, "redrive", which.body(reason));
  }

  @Command(
      name = "discard",
      description = "Give them up; needs --reason.",
      mixinStandardHelpOptions = true)
  int discard(@Mixin ServerOptions server, @Mixin Which which, @Mixin ReasonOption reason)
      throws InterruptedException {
    return act(server, "discard", which.body(reason));
  }

  /** Letters by id, or by what they have in common. */
  static final class Which {
    @Parameters(paramLabel = "ID", arity = "0..*")
    List<String> ids = new ArrayList<>();

    @Option(names = "--fingerprint", paramLabel = "HEX", description = "All that are alike.")
    String fingerprint;

    @Option(names = "--job", paramLabel = "JOB", description = "All of this job.")
    String job;

    ObjectNode body(ReasonOption reason) {
      if (ids.isEmpty() && fingerprint == null && job == null) {
        throw new UserError("which letters?", "Name ids, --fingerprint or --job.");
      }
      ObjectNode body = reason.body();
      if (!ids.isEmpty()) {
        ids.forEach(body.putArray("ids")::add);
      }
      if (fingerprint != null) {
        body.put("fingerprint", fingerprint);
      }
      return job == null ? body : body.put("job", job);
    }
  }

  private int act(ServerOptions server, String verb, ObjectNode body) throws InterruptedException {
    try (Session session = server.open(terminal)) {
      ApiClient.Answer answer = session.client().post(PATH + "/" + verb, body);
      session.show(
          answer.body(),
          shown -> {
            List<String> lines = new ArrayList<>();
            shown
                .path("results")
                .forEach(
                    result ->
                        lines.add(
                            result.path("id").asText() + "  " + result.path("detail").asText()));
            lines.add(
                answer.status() == 202
                    ? "accepted; no leader answered yet"
                    : shown.path("done").asInt()
                        + " done, "
                        + shown.path("refused").asInt()
                        + " refused");
            return lines;
          });
    }
    return ExitCode.OK;
  }

  private static List<String> table(JsonNode page) {
    Table table = new Table("LETTER", "RUN", "JOB", "STAGE", "REASON", "TRIES", "LAST", "ERROR");
    for (JsonNode letter : page.path("items")) {
      table.row(
          letter.path("id").asText(),
          letter.path("run").asText(),
          letter.path("job").asText(),
          letter.path("stage").asText(),
          letter.path("reason").asText(),
          letter.path("attempts").asText(),
          Times.local(letter.path("lastFailed")),
          letter.path("error").asText("").lines().findFirst().orElse(""));
    }
    return table.lines();
  }

  private static List<String> groupTable(JsonNode page) {
    Table table = new Table("FINGERPRINT", "COUNT", "JOB", "STAGE", "REASON", "LAST", "SAMPLE");
    for (JsonNode group : page.path("items")) {
      table.row(
          group.path("fingerprint").asText(),
          group.path("count").asText(),
          group.path("job").asText(),
          group.path("stage").asText(),
          group.path("reason").asText(),
          Times.local(group.path("lastFailed")),
          group.path("sample").asText("").lines().findFirst().orElse(""));
    }
    return table.lines();
  }
}
