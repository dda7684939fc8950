package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Everything about runs; one method per command. Main thread. */
@Command(
    name = "run",
    description = "Look at runs, read their logs, stop them.",
    synopsisSubcommandLabel = "COMMAND")
final class RunCommand {
  private static final String RUNS = "/api/v1/runs";
  private static final Duration FOLLOW_EVERY = Duration.ofMillis(300);
  private static final int LOG_PAGE = 500;
  private final Terminal terminal;

  RunCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Command(name = "list", description = "Runs, newest first.", mixinStandardHelpOptions = true)
  int list(
      @Mixin ServerOptions server,
      @Option(names = "--job", paramLabel = "JOB", description = "Of this job only.") String job,
      @Option(names = "--state", paramLabel = "STATE", description = "In this state only.")
          String state,
      @Option(names = "--open", description = "Not ended ones only.") boolean open,
      @Option(
              names = "--limit",
              paramLabel = "N",
              defaultValue = "20",
              description = "At most so many (default ${DEFAULT-VALUE}).")
          int limit)
      throws InterruptedException {
    List<String> query = new ArrayList<>();
    if (job != null) {
      query.add("job=" + ApiClient.encoded(job));
    }
    if (state != null) {
      query.add("state=" + ApiClient.encoded(state));
    }
    if (open) {
      query.add("open=true");
    }
    String path = query.isEmpty() ? RUNS : RUNS + "?" + String.join("&", query);
    try (ApiClient client = server.client(terminal)) {
      ObjectNode page = Pages.upTo(client, path, Math.max(1, limit));
      if (server.json()) {
        terminal.say(OutputForm.pretty(page));
      } else {
        RunView.table(page.path("items")).forEach(terminal::say);
      }
    }
    return ExitCode.OK;
  }

  @Command(name = "show", description = "One run with its stages.", mixinStandardHelpOptions = true)
  int show(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "RUN") String run,
      @Option(
              names = {"-w", "--wait"},
              description = "Wait for its end; exit with 0 only when it COMPLETED.")
          boolean wait)
      throws InterruptedException {
    try (ApiClient client = server.client(terminal)) {
      JsonNode shown = wait ? waitFor(terminal, client, run) : client.get(path(run));
      if (server.json()) {
        terminal.say(OutputForm.pretty(shown));
      } else {
        RunView.details(shown).forEach(terminal::say);
      }
      return wait ? RunView.exitCode(shown) : ExitCode.OK;
    }
  }

  @Command(
      name = "logs",
      description = "What the stages of a run wrote.",
      mixinStandardHelpOptions = true)
  int logs(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "RUN") String run,
      @Option(names = "--stage", paramLabel = "STAGE", description = "Of this stage only.")
          String stage,
      @Option(
              names = {"-f", "--follow"},
              description = "Go on until the run ends; exit with 0 only when it COMPLETED.")
          boolean follow)
      throws InterruptedException {
    try (ApiClient client = server.client(terminal)) {
      String base = path(run) + "/logs?limit=" + LOG_PAGE;
      base = stage == null ? base : base + "&stage=" + ApiClient.encoded(stage);
      String cursor = null;
      while (true) {
        // Asked before the log is read: what was written until then is in what is read next.
        JsonNode state = follow ? client.get(path(run)) : null;
        cursor = printLog(client, server, base, cursor);
        if (!follow) {
          return ExitCode.OK;
        }
        if (RunView.isFinal(state)) {
          // Lines travel beside the report of the end and may come a moment later.
          Thread.sleep(FOLLOW_EVERY);
          printLog(client, server, base, cursor);
          terminal.note("run " + run + " " + RunView.state(state));
          return RunView.exitCode(state);
        }
        Thread.sleep(FOLLOW_EVERY);
      }
    }
  }

  /** Returns where to go on. */
  private String printLog(ApiClient client, ServerOptions server, String base, String from)
      throws InterruptedException {
    String cursor = from;
    while (true) {
      String after = cursor == null ? "" : "&after=" + ApiClient.encoded(cursor);
      JsonNode page = client.get(base + after);
      for (JsonNode line : page.path("items")) {
        terminal.say(server.json() ? line.toString() : logLine(line));
      }
      if (page.path("cursor").isTextual()) {
        cursor = page.path("cursor").asText();
      }
      if (!page.path("next").isTextual()) {
        return cursor;
      }
    }
  }

  private static String logLine(JsonNode line) {
    return Times.local(line.path("at"))
        + "  "
        + line.path("stage").asText()
        + "  "
        + line.path("text").asText();
  }

  @Command(
      name = "stop",
      description = "Stop a run; attempts in flight are cancelled.",
      mixinStandardHelpOptions = true)
  int stop(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "RUN") String run,
      @Option(names = "--reason", paramLabel = "TEXT") String reason)
      throws InterruptedException {
    try (ApiClient client = server.client(terminal)) {
      ApiClient.Answer answer = client.post(path(run) + "/stop", Params.reason(reason));
      if (server.json()) {
        terminal.say(OutputForm.pretty(answer.body()));
      } else {
        terminal.say(
            answer.status() == 202
                ? "accepted; no leader answered yet"
                : "run " + run + " is " + RunView.state(answer.body()));
      }
    }
    return ExitCode.OK;
  }

  static JsonNode waitFor(Terminal terminal, ApiClient client, String run)
      throws InterruptedException {
    try (ProgressLine progress = new ProgressLine(terminal)) {
      return new RunWatch(client, run)
          .untilFinal(changed -> progress.show(run + " " + RunView.progress(changed)));
    }
  }

  private static String path(String run) {
    return RUNS + "/" + ApiClient.encoded(run);
  }
}
