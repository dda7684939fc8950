package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Asks the server what job files would be if they were applied. Main thread. */
@Command(
    name = "check",
    description = {
      "What the server says of job files, and what they would change; changes nothing.",
      "It knows the patterns that they use; `validate` needs no server. Exits with 1 when one is"
          + " wrong."
    })
final class CheckCommand implements Callable<Integer> {
  private final Terminal terminal;

  @Mixin ServerOptions server;

  @Parameters(paramLabel = "FILE", arity = "1..*", description = "Job files, or - for stdin.")
  List<String> files;

  CheckCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() throws InterruptedException {
    ArrayNode answers = ApiClient.JSON.createArrayNode();
    boolean good = true;
    try (Session session = server.open(terminal)) {
      for (JobFile file : files.stream().map(JobFile::read).toList()) {
        String type = file.isJson() ? "application/json" : "application/yaml";
        JsonNode answer = session.client().post(ApiPath.JOBS + "/check", type, file.text()).body();
        good &= answer.path("valid").asBoolean();
        answers.add(answer);
        if (!session.json()) {
          lines(file.name(), answer).forEach(terminal::say);
        }
      }
      // People were told of each file when it was checked.
      session.show(answers, all -> List.of());
    }
    return good ? ExitCode.OK : ExitCode.FAILED;
  }

  private static List<String> lines(String file, JsonNode answer) {
    List<String> lines = new ArrayList<>();
    for (JsonNode problem : answer.path("problems")) {
      String place = problem.path("line").asText() + ":" + problem.path("column").asText();
      lines.add(file + ":" + place + ": " + problem.path("message").asText());
    }
    if (answer.path("valid").asBoolean()) {
      String job = file + ": job " + answer.path("id").asText();
      lines.add(job + " is valid, " + change(answer));
      answer.path("unified").asText().lines().forEach(lines::add);
    }
    return lines;
  }

  private static String change(JsonNode answer) {
    if (answer.path("version").isNull()) {
      return "and new";
    }
    String version = answer.path("version").asText();
    return answer.path("unified").asText().isEmpty()
        ? "and what version " + version + " says"
        : "and differs from version " + version;
  }
}
