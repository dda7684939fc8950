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
    String path = query.isEmpty() ? ApiPath.RUNS : ApiPath.RUNS + "?" + String.join("&", query);
    try (Session session = server.open(terminal)) {
      ObjectNode page = Pages.upTo(session.client(), path, Math.max(1, limit));
      session.show(page, RunView::table);
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
    try (Session session = server.open(terminal)) {
      JsonNode shown = wait ? session.untilFinal(run) : session.client().get(ApiPath.run(run));
      session.show(shown, RunView::details);
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
    try (Session session = server.open(terminal)) {
      String base = ApiPath.run(run) + "/logs?limit=" + LOG_PAGE;
      base = stage == null ? base : base + "&stage=" + ApiClient.encoded(stage);
      String cursor = null;
      while (true) {
        // Asked before the log is read: what was written until then is in what is read next.
        JsonNode state = follow ? session.client().get(ApiPath.run(run)) : null;
        cursor = printLog(session, base, cursor);
        if (!follow) {
          return ExitCode.OK;
        }
        if (RunView.isFinal(state)) {
          // Lines travel beside the report of the end and may come a moment later.
          Thread.sleep(FOLLOW_EVERY);
          printLog(session, base, cursor);
          terminal.note("run " + run + " " + RunView.state(state));
          return RunView.exitCode(state);
        }
        Thread.sleep(FOLLOW_EVERY);
      }
    }
  }

  /** Returns where to go on. */
  private String printLog(Session session, String base, String from) throws InterruptedException {
    String cursor = from;
    while (true) {
      String after = cursor == null ? "" : "&after=" + ApiClient.encoded(cursor);
      JsonNode page = session.client().get(base + after);
      for (JsonNode line : page.path("items")) {
        terminal.say(session.json() ? line.toString() : RunView.logLine(line));
      }
      if (page.path("cursor").isTextual()) {
        cursor = page.path("cursor").asText();
      }
      if (!page.path("next").isTextual()) {
        return cursor;
      }
    }
  }

  @Command(
      name = "stop",
      description = "Stop a run; attempts in flight are cancelled.",
      mixinStandardHelpOptions = true)
  int stop(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "RUN") String run,
      @Mixin ReasonOption reason)
      throws InterruptedException {
    try (Session session = server.open(terminal)) {
      ApiClient.Answer answer = session.client().post(ApiPath.run(run) + "/stop", reason.body());
      session.showDone(answer, "run " + run + " is " + RunView.state(answer.body()));
    }
    return ExitCode.OK;
  }
}
