package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.definition.DefinitionReader;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Everything about jobs; one method per command. Main thread. */
@Command(
    name = "job",
    description = "Apply, look at and trigger jobs.",
    synopsisSubcommandLabel = "COMMAND",
    mixinStandardHelpOptions = true)
final class JobCommand {
  private final Terminal terminal;

  JobCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Command(
      name = "apply",
      description = "Create jobs from files, or make new versions of them.",
      mixinStandardHelpOptions = true)
  int apply(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "FILE", arity = "1..*", description = "Job files, or - for stdin.")
          List<String> files)
      throws InterruptedException {
    List<JobFile> read = files.stream().map(JobFile::read).toList();
    requireValid(read);
    var answers = ApiClient.JSON.createArrayNode();
    try (Session session = server.open(terminal)) {
      for (JobFile file : read) {
        String type = file.isJson() ? "application/json" : "application/yaml";
        ApiClient.Answer answer = session.client().post(ApiPath.JOBS, type, file.text());
        answers.add(answer.body());
        if (!session.json()) {
          terminal.say(file.name() + ": " + applied(answer));
        }
      }
      // People were told of each file when it was applied.
      session.show(answers, all -> List.of());
    }
    return ExitCode.OK;
  }

  private static String applied(ApiClient.Answer answer) {
    String job = "job " + answer.body().path("id").asText();
    String version = answer.body().path("version").asText();
    return switch (answer.status()) {
      case 201 -> job + " created";
      case 202 -> "accepted; no leader answered yet, it is applied later";
      default ->
          answer.body().path("changed").asBoolean(true)
              ? job + " is now at version " + version
              : job + " is unchanged at version " + version;
    };
  }

  /** All files are checked before the first one is sent: nothing is half applied for a typo. */
  private void requireValid(List<JobFile> files) {
    DefinitionReader reader = new DefinitionReader();
    int wrong = 0;
    for (JobFile file : files) {
      if (reader.read(file.text(), file.name()) instanceof DefinitionReader.Result.Bad bad) {
        bad.problems().forEach(problem -> terminal.note(problem.toString()));
        wrong++;
      }
    }
    if (wrong > 0) {
      throw new UserError(
          wrong + " of " + files.size() + " files are wrong; nothing was applied", "");
    }
  }

  @Command(name = "list", description = "All jobs.", mixinStandardHelpOptions = true)
  int list(@Mixin ServerOptions server) throws InterruptedException {
    try (Session session = server.open(terminal)) {
      session.show(Pages.all(session.client(), ApiPath.JOBS), JobView::table);
    }
    return ExitCode.OK;
  }

  @Command(name = "show", description = "One job.", mixinStandardHelpOptions = true)
  int show(@Mixin ServerOptions server, @Parameters(paramLabel = "JOB") String job)
      throws InterruptedException {
    try (Session session = server.open(terminal)) {
      session.show(session.client().get(ApiPath.job(job)), JobView::details);
    }
    return ExitCode.OK;
  }

  @Command(
      name = "trigger",
      description = "Start a run of a job now.",
      mixinStandardHelpOptions = true)
  int trigger(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "JOB") String job,
      @Option(
              names = {"-p", "--param"},
              paramLabel = "NAME=VALUE",
              description = "A parameter; repeatable.")
          Map<String, String> params,
      @Option(
              names = {"-w", "--wait"},
              description = "Wait for the end; exit with 0 only when the run COMPLETED.")
          boolean wait,
      @Option(
              names = "--key",
              paramLabel = "KEY",
              description = "Asked for twice with one key, it is one run.")
          String key,
      @Option(
              names = "--at",
              paramLabel = "INSTANT",
              description = "Not before, such as 2027-01-01T08:00:00Z.")
          String at)
      throws InterruptedException {
    try (Session session = server.open(terminal)) {
      ObjectNode body = ApiClient.JSON.createObjectNode();
      if (params != null) {
        body.set(
            "params", Params.typed(params, session.client().get(ApiPath.job(job)).path("params")));
      }
      if (at != null) {
        body.put("at", at);
      }
      ApiClient.Answer answer = session.client().postOnce(ApiPath.runsOf(job), body, key);
      if (answer.status() == 202) {
        return acceptedOnly(session, answer.body(), wait);
      }
      if (!wait) {
        session.show(
            answer.body(),
            run -> List.of("run " + run.path("id").asText() + " of " + job + " started"));
        return ExitCode.OK;
      }
      JsonNode ended = session.untilFinal(answer.body().path("id").asText());
      session.show(ended, RunView::details);
      return RunView.exitCode(ended);
    }
  }

  private static int acceptedOnly(Session session, JsonNode body, boolean wait) {
    String run = body.path("run").asText();
    boolean later = body.path("at").isTextual();
    String when = later ? "at " + body.path("at").asText() : "when there is a leader";
    session.show(body, none -> List.of("accepted; run " + run + " is made " + when));
    if (wait) {
      throw new UserError(
          "run " + run + " is not made yet, so there is nothing to wait for",
          "See it later with: millrace run show " + run);
    }
    return ExitCode.OK;
  }

  @Command(
      name = "delete",
      description = "Archive jobs; their history stays.",
      mixinStandardHelpOptions = true)
  int delete(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "JOB", arity = "1..*") List<String> jobs,
      @Mixin ReasonOption reason)
      throws InterruptedException {
    try (Session session = server.open(terminal)) {
      for (String job : jobs) {
        session.showDone(
            session.client().delete(ApiPath.job(job) + reason.query()), "job " + job + " archived");
      }
    }
    return ExitCode.OK;
  }

  @Command(
      name = "pause",
      description = "Start no new runs until resumed.",
      mixinStandardHelpOptions = true)
  int pause(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "JOB") String job,
      @Mixin ReasonOption reason)
      throws InterruptedException {
    return change(server, job, "pause", "paused", reason);
  }

  @Command(name = "resume", description = "Undo a pause.", mixinStandardHelpOptions = true)
  int resume(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "JOB") String job,
      @Mixin ReasonOption reason)
      throws InterruptedException {
    return change(server, job, "resume", "resumed", reason);
  }

  private int change(
      ServerOptions server, String job, String verb, String done, ReasonOption reason)
      throws InterruptedException {
    try (Session session = server.open(terminal)) {
      ApiClient.Answer answer = session.client().post(ApiPath.job(job) + "/" + verb, reason.body());
      session.showDone(answer, "job " + job + " " + done);
    }
    return ExitCode.OK;
  }
}
