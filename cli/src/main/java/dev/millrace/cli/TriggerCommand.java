package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Starts a run and, when asked to, stays with it. Main thread. */
@Command(
    name = "trigger",
    aliases = "run",
    description = "Start a run of a job now.",
    footer = {
      "",
      "  millrace job trigger price-watch -p listing=https://shop.example.org --follow",
      "  millrace job run nightly --wait --quiet || echo it failed",
      "",
      "With --wait and --follow the exit code is the outcome: 0 COMPLETED, 1 anything else."
    })
final class TriggerCommand implements Callable<Integer> {
  private final Terminal terminal;

  @Mixin ServerOptions server;

  @Parameters(paramLabel = "JOB")
  String job;

  @Option(
      names = {"-p", "--param"},
      paramLabel = "NAME=VALUE",
      description = "A parameter; repeatable.")
  Map<String, String> params;

  @Option(
      names = {"-w", "--wait"},
      description = "Wait for the end; exit with 0 only when the run COMPLETED.")
  boolean wait;

  @Option(
      names = {"-f", "--follow"},
      description = "As --wait, with its stages drawn live, and lines of their logs.")
  boolean follow;

  @Option(
      names = "--key",
      paramLabel = "KEY",
      description = "Asked for twice with one key, it is one run.")
  String key;

  @Option(
      names = "--at",
      paramLabel = "INSTANT",
      description = "Not before, such as 2027-01-01T08:00:00Z.")
  String at;

  @Option(
      names = "--orchestration",
      paramLabel = "ID",
      description = "The id under which it belongs to other runs; see `trace`.")
  String orchestration;

  @Option(names = "--dry-run", description = "Show what would happen, and start nothing.")
  boolean dryRun;

  @Mixin ReasonOption reason;

  TriggerCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() throws InterruptedException {
    if (dryRun && (wait || follow)) {
      throw UserError.misuse(
          "--dry-run starts nothing to " + (wait ? "--wait for" : "--follow"),
          "Leave one of them out.");
    }
    try (Session session = server.open(terminal)) {
      ObjectNode body = body(session);
      if (dryRun) {
        String path = ApiPath.runsOf(job) + "?dryRun=true";
        session.show(session.client().post(path, body).body(), DryRunView::lines);
        return ExitCode.OK;
      }
      ApiClient.Answer answer = session.client().postOnce(ApiPath.runsOf(job), body, key);
      return answer.status() == 202
          ? acceptedOnly(session, answer.body())
          : started(session, answer.body());
    }
  }

  private ObjectNode body(Session session) throws InterruptedException {
    ObjectNode body = reason.body();
    if (params != null) {
      JsonNode known = session.client().get(ApiPath.job(job)).path("params");
      body.set("params", Params.typed(params, known));
    }
    if (orchestration != null) {
      body.put("orchestration", orchestration);
    }
    if (at != null && !dryRun) {
      body.put("at", at);
    }
    return body;
  }

  private int started(Session session, JsonNode made) throws InterruptedException {
    String run = made.path("id").asText();
    if (follow) {
      return new RunFollow(session, run).untilEnd();
    }
    if (!wait) {
      session.show(made, shown -> List.of("run " + run + " of " + job + " started"));
      return ExitCode.OK;
    }
    JsonNode ended = session.untilFinal(run);
    session.show(ended, RunView::details);
    return RunView.exitCode(ended);
  }

  private int acceptedOnly(Session session, JsonNode body) {
    String run = body.path("run").asText();
    boolean later = body.path("at").isTextual();
    String when = later ? "at " + body.path("at").asText() : "when there is a leader";
    session.show(body, none -> List.of("accepted; run " + run + " is made " + when));
    if (wait || follow) {
      throw new UserError(
          "run " + run + " is not made yet, so there is nothing to wait for",
          "See it later with: millrace run show " + run);
    }
    return ExitCode.OK;
  }
}
