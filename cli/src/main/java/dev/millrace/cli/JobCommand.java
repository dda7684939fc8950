package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.definition.DefinitionReader;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Everything about jobs; one method per command, larger ones nested. Main thread. */
@Command(
    name = "job",
    description = "Apply, look at and trigger jobs.",
    synopsisSubcommandLabel = "COMMAND")
final class JobCommand implements Nested {
  private static final int LISTED_MAX = 10_000;
  private final Terminal terminal;

  JobCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Command(name = "apply", description = "Create jobs from files, or make new versions of them.")
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

  @Command(name = "list", description = "All jobs.")
  int list(@Mixin ServerOptions server, @Mixin JobFilter filter, @Mixin ListOptions list)
      throws InterruptedException {
    return server.run(
        terminal,
        session ->
            session.show(
                list.of(session, ApiPath.JOBS + filter.query(), LISTED_MAX), JobView::table));
  }

  @Command(
      name = "show",
      description = {"One job.", "With --output yaml as the file that makes it."})
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
      description = "What its triggers by files watch, and the files that started runs.")
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
    return server.run(
        terminal,
        session -> session.get(ApiPath.job(job) + "/files?limit=" + limit, FilesView::lines));
  }

  @Command(
      name = "runs",
      description = "Its runs, newest first; `run list` finds those of all jobs.")
  int runs(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "JOB") String job,
      @Mixin ListOptions list,
      @Option(names = "--state", paramLabel = "STATE", description = "In this state only.")
          String state,
      @Option(names = "--open", description = "Not ended ones only.") boolean open)
      throws InterruptedException {
    ApiQuery query = new ApiQuery().with("state", state).with("open", open ? true : null);
    return server.run(
        terminal,
        session -> session.show(list.of(session, ApiPath.runsOf(job) + query, 20), RunView::table));
  }

  @Command(name = "status", description = "What a job does now, and what its last run came to.")
  int status(@Mixin ServerOptions server, @Parameters(paramLabel = "JOB") String job)
      throws InterruptedException {
    return server.run(terminal, session -> session.get(ApiPath.job(job) + "/status", Facts::lines));
  }

  @Command(
      name = "stats",
      description = "How its runs went, day by day: how many, how long, how many failed.")
  int stats(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "JOB") String job,
      @Option(
              names = "--days",
              paramLabel = "N",
              description = "Of so many days; 30 when left out.")
          Integer days)
      throws InterruptedException {
    String path = ApiPath.job(job) + "/stats" + new ApiQuery().with("days", days);
    return server.run(terminal, session -> session.get(path, Facts::lines));
  }

  @Command(
      name = "calendar",
      description = "Its ticks day by day, past and to come: fired, skipped, missed, planned.")
  int calendar(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "JOB") String job,
      @Option(names = "--from", paramLabel = "DAY", description = "The first day.") String from,
      @Option(names = "--to", paramLabel = "DAY", description = "The first day that is out.")
          String to)
      throws InterruptedException {
    String query = new ApiQuery().with("from", from).with("to", to).toString();
    return server.run(
        terminal, session -> session.get(ApiPath.job(job) + "/calendar" + query, Facts::lines));
  }

  @Command(name = "delete", description = "Archive jobs; their history stays.")
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
          "Make a job read-only for ever. Its history stays, its open runs go on, its id is free.")
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
      description = "Disarm a job's triggers and start nothing until resumed; open runs go on.")
  int stop(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "JOB") String job,
      @Mixin ReasonOption reason)
      throws InterruptedException {
    return change(server, job, "stop", "stopped", reason.body());
  }

  @Command(name = "pause", description = "Start no new runs until resumed.")
  int pause(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "JOB") String job,
      @Mixin ReasonOption reason)
      throws InterruptedException {
    return change(server, job, "pause", "paused", reason.body());
  }

  @Command(
      name = "resume",
      description = "Undo a pause or a stop; a stopped job's triggers are armed from now on.")
  int resume(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "JOB") String job,
      @Mixin ReasonOption reason)
      throws InterruptedException {
    return change(server, job, "resume", "resumed", reason.body());
  }

  private int change(ServerOptions server, String job, String verb, String done, ObjectNode body)
      throws InterruptedException {
    return server.run(
        terminal,
        session ->
            session.showDone(
                session.client().post(ApiPath.job(job) + "/" + verb, body),
                "job " + job + " " + done));
  }

  @Override
  public List<Object> nested() {
    return List.of(
        new TriggerCommand(terminal),
        new StartManyCommand(terminal),
        new CheckCommand(terminal),
        new VersionCommands.Versions(terminal),
        new VersionCommands.Diff(terminal),
        new VersionCommands.Rollback(terminal));
  }
}
