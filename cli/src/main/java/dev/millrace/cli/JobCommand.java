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
          List<String> files,
      @Option(
              names = "--paused",
              description = "What is new begins PAUSED; what exists keeps its state.")
          boolean paused)
      throws InterruptedException {
    List<JobFile> read = files.stream().map(JobFile::read).toList();
    requireValid(read);
    var answers = ApiClient.JSON.createArrayNode();
    String path = paused ? ApiPath.JOBS + "?paused=true" : ApiPath.JOBS;
    try (Session session = server.open(terminal)) {
      for (JobFile file : read) {
        String type = file.isJson() ? "application/json" : "application/yaml";
        ApiClient.Answer answer = session.client().post(path, type, file.text());
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
    JsonNode note = answer.body().path("note");
    String more = note.isTextual() ? "; " + note.asText() : "";
    return switch (answer.status()) {
      case 201 -> job + " created" + more;
      case 202 -> "accepted; no leader answered yet, it is applied later";
      default ->
          answer.body().path("changed").asBoolean(true)
              ? job + " is now at version " + version + more
              : job + " is unchanged at version " + version + more;
    };
  }

  /** All files are checked before the first one is sent: nothing is half applied for a typo. */
  private void requireValid(List<JobFile> files) {
    int wrong = 0;
    for (JobFile file : files) {
      DefinitionReader.Checked checked = DefinitionReader.check(file.text(), file.name());
      if (checked.kind() == DefinitionReader.Kind.PATTERN) {
        throw new UserError(
            file.name() + " is a pattern and no job",
            "millrace pattern apply registers it; millrace apply takes jobs and patterns.");
      }
      checked.problems().forEach(problem -> terminal.note(problem.toString()));
      wrong += checked.problems().isEmpty() ? 0 : 1;
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

  @Command(
      name = "show",
      description = {"One job.", "With --output yaml as the file that makes it."},
      mixinStandardHelpOptions = true)
  int show(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "JOB") String job,
      @Option(
              names = "--version-number",
              paramLabel = "N",
              description = "What this version said; the one in force when not given.")
          Integer version,
      @Option(
              names = "--expanded",
              description = "Of a job that uses a pattern: what it was expanded to.")
          boolean expanded)
      throws InterruptedException {
    try (Session session = server.open(terminal)) {
      JsonNode shown =
          session.client().get(version == null ? ApiPath.job(job) : ApiPath.version(job, version));
      if (session.form() == OutputForm.YAML) {
        terminal.say(OutputForm.YAML.written(VersionView.file(shown, expanded)));
      } else {
        session.show(shown, version == null ? JobView::details : VersionView::details);
      }
    }
    return ExitCode.OK;
  }

  @Command(
      name = "files",
      description = "What its triggers by files watch, and the files that started runs.",
      mixinStandardHelpOptions = true)
  int files(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "JOB") String job,
      @Option(
              names = "--limit",
              paramLabel = "N",
              defaultValue = "50",
              description = "At most so many files, 1 to 500 (default ${DEFAULT-VALUE}).")
          int limit)
      throws InterruptedException {
    try (Session session = server.open(terminal)) {
      session.show(
          session.client().get(ApiPath.job(job) + "/files?limit=" + limit), FilesView::lines);
    }
    return ExitCode.OK;
  }

  @Command(
      name = "versions",
      description = "What a job's definition was, newest first.",
      mixinStandardHelpOptions = true)
  int versions(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "JOB") String job,
      @Option(
              names = "--limit",
              paramLabel = "N",
              defaultValue = "20",
              description = "At most so many (default ${DEFAULT-VALUE}).")
          int limit)
      throws InterruptedException {
    try (Session session = server.open(terminal)) {
      session.show(
          Pages.upTo(session.client(), ApiPath.job(job) + "/versions", Math.max(1, limit)),
          VersionView::table);
    }
    return ExitCode.OK;
  }

  @Command(
      name = "diff",
      description = "What changed between two versions of a job.",
      mixinStandardHelpOptions = true)
  int diff(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "JOB") String job,
      @Parameters(
              paramLabel = "FROM",
              arity = "0..1",
              index = "1",
              description = "The older version; the one before the other when not given.")
          Integer from,
      @Parameters(
              paramLabel = "TO",
              arity = "0..1",
              index = "2",
              description = "The newer version; the one in force when not given.")
          Integer to)
      throws InterruptedException {
    try (Session session = server.open(terminal)) {
      session.show(session.client().get(ApiPath.diff(job, from, to)), VersionView::diff);
    }
    return ExitCode.OK;
  }

  @Command(
      name = "rollback",
      description = "Make a new version of a job that says what an older one said.",
      mixinStandardHelpOptions = true)
  int rollback(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "JOB") String job,
      @Parameters(paramLabel = "VERSION") int version,
      @Mixin ReasonOption reason)
      throws InterruptedException {
    try (Session session = server.open(terminal)) {
      ApiClient.Answer answer =
          session
              .client()
              .post(ApiPath.job(job) + "/rollback", reason.body().put("version", version));
      session.showDone(
          answer,
          "job "
              + job
              + " is now at version "
              + answer.body().path("version").asText()
              + ", which says what version "
              + version
              + " said");
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
          String at,
      @Option(
              names = "--orchestration",
              paramLabel = "ID",
              description = "The id under which it belongs to other runs; see `trace`.")
          String orchestration,
      @Option(names = "--dry-run", description = "Show what would happen, and start nothing.")
          boolean dryRun)
      throws InterruptedException {
    if (dryRun && wait) {
      throw new UserError("--dry-run starts nothing to --wait for", "Leave one of them out.");
    }
    try (Session session = server.open(terminal)) {
      ObjectNode body = ApiClient.JSON.createObjectNode();
      if (params != null) {
        body.set(
            "params", Params.typed(params, session.client().get(ApiPath.job(job)).path("params")));
      }
      if (orchestration != null) {
        body.put("orchestration", orchestration);
      }
      if (dryRun) {
        String path = ApiPath.runsOf(job) + "?dryRun=true";
        session.show(session.client().post(path, body).body(), DryRunView::lines);
        return ExitCode.OK;
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
      name = "archive",
      description =
          "Make a job read-only for ever. Its history stays, its open runs go on, its id is free.",
      mixinStandardHelpOptions = true)
  int archive(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "JOB") String job,
      @Option(
              names = "--force",
              description =
                  "Also when a file defines it, whose directory nobody watches, or when other jobs"
                      + " need it.")
          boolean force,
      @Mixin ReasonOption reason)
      throws InterruptedException {
    ObjectNode body = reason.body();
    return change(server, job, "archive", "archived", force ? body.put("force", true) : body);
  }

  @Command(
      name = "stop",
      description = "Disarm a job's triggers and start nothing until resumed; open runs go on.",
      mixinStandardHelpOptions = true)
  int stop(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "JOB") String job,
      @Mixin ReasonOption reason)
      throws InterruptedException {
    return change(server, job, "stop", "stopped", reason.body());
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
    return change(server, job, "pause", "paused", reason.body());
  }

  @Command(
      name = "resume",
      description = "Undo a pause or a stop; a stopped job's triggers are armed from now on.",
      mixinStandardHelpOptions = true)
  int resume(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "JOB") String job,
      @Mixin ReasonOption reason)
      throws InterruptedException {
    return change(server, job, "resume", "resumed", reason.body());
  }

  private int change(ServerOptions server, String job, String verb, String done, ObjectNode body)
      throws InterruptedException {
    try (Session session = server.open(terminal)) {
      ApiClient.Answer answer = session.client().post(ApiPath.job(job) + "/" + verb, body);
      session.showDone(answer, "job " + job + " " + done);
    }
    return ExitCode.OK;
  }
}
