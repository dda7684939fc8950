package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Everything about runs; one method per command. Main thread. */
@Command(
    name = "run",
    description = "Look at runs, read their logs, and do something about them.",
    synopsisSubcommandLabel = "COMMAND",
    mixinStandardHelpOptions = true)
final class RunCommand {
  /** A run has no more. */
  private static final int ARTIFACTS_MAX = 1_000;

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
              names = "--orchestration",
              paramLabel = "ID",
              description = "Started under this id only; `trace` shows them as a tree.")
          String orchestration,
      @Option(
              names = "--children",
              description = "Those too that stages of other runs wait for, such as items.")
          boolean children,
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
    if (orchestration != null) {
      query.add("orchestration=" + ApiClient.encoded(orchestration));
    }
    if (children) {
      query.add("children=true");
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
      RunLog log =
          new RunLog(
              session.client(),
              run,
              stage,
              line -> terminal.say(session.json() ? line.toString() : RunView.logLine(line)));
      if (!follow) {
        log.read();
        return ExitCode.OK;
      }
      JsonNode ended =
          new RunWatch(session.client(), run, RunLog.READ_EVERY, terminal::note)
              .untilFinal(seen -> log.read());
      log.readLate();
      terminal.note("run " + run + " " + RunView.state(ended));
      return RunView.exitCode(ended);
    }
  }

  @Command(
      name = "artifacts",
      description = "What the stages of a run stored; `artifact get` fetches it.",
      mixinStandardHelpOptions = true)
  int artifacts(@Mixin ServerOptions server, @Parameters(paramLabel = "RUN") String run)
      throws InterruptedException {
    try (Session session = server.open(terminal)) {
      ObjectNode page = Pages.upTo(session.client(), ApiPath.artifactsOf(run), ARTIFACTS_MAX);
      session.show(page, ArtifactCommand::table);
    }
    return ExitCode.OK;
  }

  @Command(
      name = "stop",
      description = "Stop a run; attempts in flight are cancelled, `finally` stages still run.",
      mixinStandardHelpOptions = true)
  int stop(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "RUN") String run,
      @Mixin ReasonOption reason)
      throws InterruptedException {
    return act(server, run, "stop", reason.body());
  }

  @Command(
      name = "kill",
      description = "End a run at once, and every process of it.",
      mixinStandardHelpOptions = true)
  int kill(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "RUN") String run,
      @Mixin ReasonOption reason)
      throws InterruptedException {
    return act(server, run, "kill", reason.body());
  }

  @Command(
      name = "pause",
      description = "Start nothing new in a run; timers stand still.",
      mixinStandardHelpOptions = true)
  int pause(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "RUN") String run,
      @Mixin ReasonOption reason)
      throws InterruptedException {
    return act(server, run, "pause", reason.body());
  }

  @Command(name = "resume", description = "Undo a pause.", mixinStandardHelpOptions = true)
  int resume(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "RUN") String run,
      @Mixin ReasonOption reason)
      throws InterruptedException {
    return act(server, run, "resume", reason.body());
  }

  @Command(
      name = "retry",
      description = "Execute the stages that failed again, and what was skipped for them.",
      mixinStandardHelpOptions = true)
  int retry(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "RUN") String run,
      @Mixin ReasonOption reason)
      throws InterruptedException {
    return act(server, run, "retry", reason.body());
  }

  @Command(
      name = "rerun",
      description = "Execute one stage and all that depend on it again.",
      mixinStandardHelpOptions = true)
  int rerun(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "RUN") String run,
      @Parameters(paramLabel = "STAGE") String stage,
      @Mixin ReasonOption reason)
      throws InterruptedException {
    return act(server, run, "rerun", reason.body().put("stage", stage));
  }

  @Command(
      name = "extend",
      description = "Give a run's window another end.",
      mixinStandardHelpOptions = true)
  int extend(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "RUN") String run,
      @Option(
              names = "--until",
              paramLabel = "INSTANT",
              description = "Such as 2027-01-01T00:00:00Z; without it, until a person ends it.")
          String until,
      @Mixin ReasonOption reason)
      throws InterruptedException {
    return act(server, run, "extend", reason.body().put("until", until));
  }

  private int act(ServerOptions server, String run, String verb, ObjectNode body)
      throws InterruptedException {
    try (Session session = server.open(terminal)) {
      ApiClient.Answer answer = session.client().post(ApiPath.run(run) + "/" + verb, body);
      session.showDone(answer, "run " + run + " is " + RunView.state(answer.body()));
    }
    return ExitCode.OK;
  }

  @Command(
      name = "why",
      description = "Why a run does not move: every reason, who can change it, and until when.",
      mixinStandardHelpOptions = true)
  int why(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "RUN") String run,
      @Option(
              names = "--stage",
              paramLabel = "STAGE",
              description = "Of this stage, and of the run as a whole.")
          String stage)
      throws InterruptedException {
    String path = ApiPath.run(run) + "/why";
    try (Session session = server.open(terminal)) {
      session.show(
          session.client().get(stage == null ? path : path + "?stage=" + ApiClient.encoded(stage)),
          RunView::why);
    }
    return ExitCode.OK;
  }

  @Command(
      name = "audit",
      description =
          "Every move of a run; replays them and exits with 0 only when they lead to what"
              + " the tables say.",
      mixinStandardHelpOptions = true)
  int audit(@Mixin ServerOptions server, @Parameters(paramLabel = "RUN") String run)
      throws InterruptedException {
    try (Session session = server.open(terminal)) {
      JsonNode audit = session.client().get(ApiPath.run(run) + "/audit");
      session.show(audit, RunView::audit);
      return audit.path("equal").asBoolean() ? ExitCode.OK : ExitCode.FAILED;
    }
  }

  @Command(
      name = "items",
      description = "The runs of a fan-out's items.",
      mixinStandardHelpOptions = true)
  int items(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "RUN") String run,
      @Parameters(paramLabel = "STAGE") String stage,
      @Option(names = "--state", paramLabel = "STATE", description = "In this state only.")
          String state,
      @Option(
              names = "--limit",
              paramLabel = "N",
              defaultValue = "50",
              description = "At most so many (default ${DEFAULT-VALUE}).")
          int limit)
      throws InterruptedException {
    String path = ApiPath.run(run) + "/stages/" + ApiClient.encoded(stage) + "/items";
    try (Session session = server.open(terminal)) {
      ObjectNode page =
          Pages.upTo(
              session.client(),
              state == null ? path : path + "?state=" + ApiClient.encoded(state),
              Math.max(1, limit));
      session.show(page, RunView::items);
    }
    return ExitCode.OK;
  }
}
