package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.definition.PatternReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Everything about patterns; one method per command. Main thread. */
@Command(
    name = "pattern",
    description = "Patterns: jobs with parameters, for other jobs to be made of.",
    synopsisSubcommandLabel = "COMMAND")
final class PatternCommand {
  private final Terminal terminal;

  PatternCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Command(
      name = "apply",
      description = "Register patterns from files, or make new versions of them.")
  int apply(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "FILE", arity = "1..*", description = "Files, or - for stdin.")
          List<String> files,
      @Mixin ReasonOption reason)
      throws InterruptedException {
    List<JobFile> read = files.stream().map(JobFile::read).toList();
    requireValid(read);
    var answers = ApiClient.JSON.createArrayNode();
    try (Session session = server.open(terminal)) {
      for (JobFile file : read) {
        String type = file.isJson() ? "application/json" : "application/yaml";
        ApiClient.Answer answer =
            session.client().post(ApiPath.PATTERNS + reason.query(), type, file.text());
        answers.add(answer.body());
        if (!session.json()) {
          terminal.say(file.name() + ": " + applied(answer));
        }
      }
      session.show(answers, all -> List.of());
    }
    return ExitCode.OK;
  }

  private static String applied(ApiClient.Answer answer) {
    JsonNode body = answer.body();
    String pattern = "pattern " + body.path("name").asText();
    String behind =
        body.path("behind").asInt() == 0
            ? ""
            : "; " + body.path("behind") + " jobs stay at older versions until they are applied";
    return switch (answer.status()) {
      case 201 -> pattern + " registered";
      case 202 -> "accepted; no leader answered yet, it is registered later";
      default ->
          body.path("changed").asBoolean(true)
              ? pattern + " is now at version " + body.path("version") + behind
              : pattern + " is unchanged at version " + body.path("version");
    };
  }

  private void requireValid(List<JobFile> files) {
    int wrong = 0;
    for (JobFile file : files) {
      if (new PatternReader().read(file.text(), file.name())
          instanceof PatternReader.Result.Bad bad) {
        bad.problems().forEach(problem -> terminal.note(problem.toString()));
        wrong++;
      }
    }
    if (wrong > 0) {
      throw new UserError(
          wrong + " of " + files.size() + " files are wrong; nothing was registered", "");
    }
  }

  @Command(name = "list", description = "All patterns.")
  int list(@Mixin ServerOptions server) throws InterruptedException {
    try (Session session = server.open(terminal)) {
      session.show(Pages.all(session.client(), ApiPath.PATTERNS), PatternCommand::table);
    }
    return ExitCode.OK;
  }

  @Command(name = "show", description = "A pattern, its parameters, and who uses it.")
  int show(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "PATTERN") String pattern,
      @Option(
              names = "--version-number",
              paramLabel = "N",
              description = "What this version said; the newest when not given.")
          Integer version,
      @Option(names = "--text", description = "Only its text, as it was written.") boolean text)
      throws InterruptedException {
    try (Session session = server.open(terminal)) {
      String path = ApiPath.pattern(pattern);
      JsonNode shown = session.client().get(version == null ? path : path + "/versions/" + version);
      if (text) {
        terminal.say(shown.path("text").asText().stripTrailing());
      } else {
        session.show(shown, version == null ? PatternCommand::details : Facts::lines);
      }
    }
    return ExitCode.OK;
  }

  @Command(name = "versions", description = "What a pattern was, newest first.")
  int versions(@Mixin ServerOptions server, @Parameters(paramLabel = "PATTERN") String pattern)
      throws InterruptedException {
    try (Session session = server.open(terminal)) {
      session.show(
          Pages.all(session.client(), ApiPath.pattern(pattern) + "/versions"),
          PatternCommand::versions);
    }
    return ExitCode.OK;
  }

  @Command(name = "delete", description = "Delete a pattern that no job uses.")
  int delete(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "PATTERN") String pattern,
      @Mixin ReasonOption reason)
      throws InterruptedException {
    try (Session session = server.open(terminal)) {
      session.showDone(
          session.client().delete(ApiPath.pattern(pattern) + reason.query()),
          "pattern " + pattern + " deleted");
    }
    return ExitCode.OK;
  }

  private static List<String> table(JsonNode page) {
    Table table = new Table("PATTERN", "VERSION", "JOBS", "BEHIND", "FROM", "CHANGED");
    for (JsonNode pattern : page.path("items")) {
      table.row(
          pattern.path("name").asText(),
          pattern.path("version").asText(),
          pattern.path("users").asText(),
          pattern.path("behind").asText(),
          pattern.path("source").asText(),
          Times.local(pattern.path("updatedAt")));
    }
    return table.lines();
  }

  private static List<String> versions(JsonNode page) {
    Table table = new Table("VERSION", "WHEN", "BY", "FROM", "JOBS", "REASON");
    for (JsonNode version : page.path("items")) {
      table.row(
          version.path("version").asText(),
          Times.local(version.path("createdAt")),
          version.path("actor").asText(),
          version.path("source").asText(),
          version.path("users").asText(),
          version.path("reason").asText(""));
    }
    return table.lines();
  }

  private static List<String> details(JsonNode pattern) {
    List<String> lines = new ArrayList<>();
    lines.add("pattern      " + pattern.path("name").asText());
    lines.add("namespace    " + pattern.path("namespace").asText());
    lines.add("description  " + pattern.path("description").asText());
    lines.add("version      " + pattern.path("version").asText());
    lines.add("source       " + pattern.path("source").asText());
    lines.add("");
    Table params = new Table("PARAMETER", "TYPE", "DEFAULT", "READ");
    for (Map.Entry<String, JsonNode> param : pattern.path("params").properties()) {
      JsonNode standard = param.getValue().path("default");
      params.row(
          param.getKey(),
          param.getValue().path("type").asText(),
          standard.isNull() ? Times.NONE : standard.toString(),
          param.getValue().path("read").asText().equals("load")
              ? "when a job is loaded"
              : "when a run starts");
    }
    lines.addAll(params.lines());
    lines.add("");
    Table users = new Table("USED BY", "VERSION", "");
    for (JsonNode user : pattern.path("usedBy")) {
      users.row(
          user.path("namespace").asText() + "/" + user.path("job").asText(),
          user.path("version").asText(),
          user.path("behind").asBoolean() ? "older than the newest" : "");
    }
    lines.addAll(users.lines());
    return lines;
  }
}
