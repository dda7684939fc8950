package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Everything about runs; one method per command. Main thread. */
@Command(
    name = "run",
    description = "Look at runs, read their logs, and do something about them.",
    synopsisSubcommandLabel = "COMMAND")
final class RunCommand implements Nested, Callable<Integer> {
  private static final int USUAL = 20;

  /** A run has no more. */
  private static final int ARTIFACTS_MAX = 1_000;

  private final Terminal terminal;

  RunCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  /** For who says {@code run --follow RUN}, as they would of other programs. */
  @Option(
      names = {"-f", "--follow"},
      paramLabel = "RUN",
      description = "As `run follow RUN`.")
  String followed;

  @Mixin ServerOptions options;

  @Spec CommandSpec spec;

  @Override
  public Integer call() throws InterruptedException {
    if (followed == null) {
      throw new ParameterException(spec.commandLine(), "Missing required subcommand");
    }
    return follow(options, followed);
  }

  @Command(name = "list", description = "Runs, newest first.")
  int list(
      @Mixin ServerOptions server,
      @Mixin RunFilter filter,
      @Mixin ListOptions list,
      @Option(
              names = "--children",
              description = "Those too that stages of other runs wait for, such as items.")
          boolean children)
      throws InterruptedException {
    String path = ApiPath.RUNS + filter.query().with("children", children ? true : null);
    return server.run(
        terminal, session -> session.show(list.of(session, path, USUAL), RunView::table));
  }

  @Command(name = "show", description = "One run with its stages.")
  int show(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "RUN") String run,
      @Option(
              names = {"-w", "--wait"},
              description = "Wait for its end; exit with 0 only when it COMPLETED.")
          boolean wait,
      @Option(
              names = {"-f", "--follow"},
              description = "As --wait, with its stages drawn live.")
          boolean follow)
      throws InterruptedException {
    try (Session session = server.open(terminal)) {
      if (follow) {
        return new RunFollow(session, run).untilEnd();
      }
      JsonNode shown = wait ? session.untilFinal(run) : session.client().get(ApiPath.run(run));
      session.show(shown, RunView::details);
      return wait ? RunView.exitCode(shown) : ExitCode.OK;
    }
  }

  @Command(
      name = "follow",
      description = "Stay with a run until it ends; its stages drawn live. Ctrl-C only leaves it.")
  int follow(@Mixin ServerOptions server, @Parameters(paramLabel = "RUN") String run)
      throws InterruptedException {
    try (Session session = server.open(terminal)) {
      return new RunFollow(session, run).untilEnd();
    }
  }

  @Command(name = "logs", description = "What the stages of a run wrote.")
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
      RunLog log = new RunLog(session.client(), run, stage, line -> say(session, line));
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

  private void say(Session session, JsonNode line) {
    if (session.json()) {
      terminal.say(line.toString());
    } else {
      terminal.sayLog(RunView.logLine(line));
    }
  }

  @Command(
      name = "artifacts",
      description = "What the stages of a run stored; `artifact get` fetches it.")
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
      description = "Stop a run; attempts in flight are cancelled, `finally` stages still run.")
  int stop(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "RUN") String run,
      @Mixin ReasonOption reason)
      throws InterruptedException {
    return act(server, run, "stop", reason.body());
  }

  @Command(name = "kill", description = "End a run at once, and every process of it.")
  int kill(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "RUN") String run,
      @Mixin ReasonOption reason)
      throws InterruptedException {
    return act(server, run, "kill", reason.body());
  }

  @Command(name = "pause", description = "Start nothing new in a run; timers stand still.")
  int pause(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "RUN") String run,
      @Mixin ReasonOption reason)
      throws InterruptedException {
    return act(server, run, "pause", reason.body());
  }

  @Command(name = "resume", description = "Undo a pause.")
  int resume(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "RUN") String run,
      @Mixin ReasonOption reason)
      throws InterruptedException {
    return act(server, run, "resume", reason.body());
  }

  @Command(
      name = "retry",
      description = "Execute the stages that failed again, and what was skipped for them.")
  int retry(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "RUN") String run,
      @Mixin ReasonOption reason)
      throws InterruptedException {
    return act(server, run, "retry", reason.body());
  }

  @Command(name = "rerun", description = "Execute one stage and all that depend on it again.")
  int rerun(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "RUN") String run,
      @Parameters(paramLabel = "STAGE") String stage,
      @Mixin ReasonOption reason)
      throws InterruptedException {
    return act(server, run, "rerun", reason.body().put("stage", stage));
  }

  @Command(name = "extend", description = "Give a run's window another end.")
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
    return server.run(
        terminal,
        session -> {
          ApiClient.Answer answer = session.client().post(ApiPath.run(run) + "/" + verb, body);
          session.showDone(answer, "run " + run + " is " + RunView.state(answer.body()));
        });
  }

  @Command(
      name = "why",
      description = "Why a run does not move: every reason, who can change it, and until when.")
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
              + " the tables say.")
  int audit(@Mixin ServerOptions server, @Parameters(paramLabel = "RUN") String run)
      throws InterruptedException {
    try (Session session = server.open(terminal)) {
      JsonNode audit = session.client().get(ApiPath.run(run) + "/audit");
      session.show(audit, RunView::audit);
      return audit.path("equal").asBoolean() ? ExitCode.OK : ExitCode.FAILED;
    }
  }

  @Override
  public List<Object> nested() {
    return List.of(
        new RunFacts.Items(terminal),
        new RunFacts.Children(terminal),
        new RunFacts.History(terminal),
        new RunFacts.Attempts(terminal),
        new RunFacts.Timeline(terminal));
  }
}
