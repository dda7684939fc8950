package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Makes runs for past ticks; what is about one that goes on are its subcommands. Main thread. */
@Command(
    name = "backfill",
    description = {
      "Make runs for past ticks of a job, so many at a time.",
      "",
      "  millrace backfill night --from 2026-03-01T00:00:00Z --to 2026-03-08T00:00:00Z --dry-run",
      "  millrace backfill pause ID"
    })
final class BackfillCommand implements Callable<Integer> {
  private final Terminal terminal;

  @Mixin ServerOptions server;

  @Parameters(paramLabel = "JOB", arity = "0..1")
  String job;

  @Option(names = "--from", paramLabel = "INSTANT", description = "The first instant.")
  String from;

  @Option(
      names = "--to",
      paramLabel = "INSTANT",
      description = "The first instant that is out; not after now.")
  String to;

  @Option(
      names = "--trigger",
      paramLabel = "ID",
      description = "Of which trigger; the job's only one by time when left out.")
  String trigger;

  @Option(
      names = "--max-parallel",
      paramLabel = "N",
      description = "So many runs of it are open at a time; 1 when left out.")
  Integer maxParallel;

  @Option(
      names = "--rate",
      paramLabel = "N/s|m|h",
      description = "So many runs in a time, such as 30/m.")
  String rate;

  @Option(
      names = "--priority",
      paramLabel = "0-9",
      description = "Of its runs; 0, behind all others, when left out.")
  Integer priority;

  @Option(names = "--rerun", description = "Also ticks that have a run.")
  boolean rerun;

  @Option(
      names = {"-p", "--param"},
      paramLabel = "NAME=VALUE",
      description = "For each run, over what its trigger gives. Repeatable.")
  Map<String, String> params;

  @Option(names = "--dry-run", description = "Tell what it would be; nothing is started.")
  boolean dryRun;

  @Mixin ReasonOption reason;

  BackfillCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() throws InterruptedException {
    if (job == null || from == null || to == null) {
      throw UserError.misuse(
          "a backfill needs a job and --from and --to",
          "millrace backfill JOB --from 2026-03-01T00:00:00Z --to 2026-03-08T00:00:00Z");
    }
    ObjectNode body = reason.body().put("from", from).put("to", to);
    if (trigger != null) {
      body.put("trigger", trigger);
    }
    if (maxParallel != null) {
      body.put("maxParallel", maxParallel);
    }
    if (rate != null) {
      body.put("rate", rate);
    }
    if (priority != null) {
      body.put("priority", priority);
    }
    if (rerun) {
      body.put("rerun", true);
    }
    try (Session session = server.open(terminal)) {
      if (params != null) {
        JsonNode known = session.client().get(ApiPath.job(job)).path("params");
        body.set("params", Params.typed(params, known));
      }
      String path = ApiPath.job(job) + "/backfill" + (dryRun ? "?dryRun=true" : "");
      ApiClient.Answer answer = session.client().post(path, body);
      if (dryRun) {
        session.show(answer.body(), BackfillCommand::preview);
      } else {
        String id = answer.body().path("id").asText();
        session.showDone(
            answer,
            "backfill %s of %s ticks; see how far it is: millrace backfills %s"
                .formatted(id, answer.body().path("total").asText(), id));
      }
    }
    return ExitCode.OK;
  }

  private static List<String> preview(JsonNode preview) {
    List<String> lines = new ArrayList<>();
    lines.add(
        "%s ticks of trigger %s (%s), %s have a run; %s runs would be made, %s at a time%s"
            .formatted(
                preview.path("ticks").asText(),
                preview.path("trigger").asText(),
                preview.path("kind").asText(),
                preview.path("ran").asText(),
                preview.path("runs").asText(),
                preview.path("maxParallel").asText(),
                preview.path("rate").isTextual()
                    ? ", at most " + preview.path("rate").asText()
                    : ""));
    preview.path("first").forEach(tick -> lines.add("  " + tick.asText()));
    if (preview.path("runs").asInt() > preview.path("first").size() + preview.path("last").size()) {
      lines.add("  ...");
    }
    preview.path("last").forEach(tick -> lines.add("  " + tick.asText()));
    return lines;
  }

  @Command(name = "pause", description = "Start no more runs of it; those that are open go on.")
  int pause(
      @Mixin ServerOptions options,
      @Parameters(paramLabel = "ID") String id,
      @Mixin ReasonOption why)
      throws InterruptedException {
    return move(options, id, "pause", "paused", why);
  }

  @Command(name = "resume", description = "Go on where it was.")
  int resume(
      @Mixin ServerOptions options,
      @Parameters(paramLabel = "ID") String id,
      @Mixin ReasonOption why)
      throws InterruptedException {
    return move(options, id, "resume", "goes on", why);
  }

  @Command(name = "cancel", description = "End it; the runs that it has made go on.")
  int cancel(
      @Mixin ServerOptions options,
      @Parameters(paramLabel = "ID") String id,
      @Mixin ReasonOption why)
      throws InterruptedException {
    return move(options, id, "cancel", "cancelled", why);
  }

  private int move(ServerOptions options, String id, String verb, String done, ReasonOption why)
      throws InterruptedException {
    String path = ApiPath.backfill(id) + "/" + verb;
    try (Session session = options.open(terminal)) {
      session.showDone(session.client().post(path, why.body()), "backfill " + id + " " + done);
    }
    return ExitCode.OK;
  }
}
