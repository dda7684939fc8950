package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Stages that failed for good; one method per command. Main thread. */
@Command(
    name = "dead",
    description = "Look at what failed for good, start it again, or discard it.",
    synopsisSubcommandLabel = "COMMAND")
final class DeadCommand {
  private final Terminal terminal;

  DeadCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Command(name = "list", description = "Dead letters, newest first.")
  int list(
      @Mixin ServerOptions server,
      @Mixin DeadFilter filter,
      @Option(
              names = "--state",
              paramLabel = "STATE",
              defaultValue = "OPEN",
              description = "OPEN, REDRIVEN, DISCARDED or ALL (default ${DEFAULT-VALUE}).")
          String state,
      @Option(
              names = "--limit",
              paramLabel = "N",
              defaultValue = "50",
              description = "At most so many (default ${DEFAULT-VALUE}).")
          int limit)
      throws InterruptedException {
    String path = ApiPath.DEAD_LETTERS + "?state=" + ApiClient.encoded(state) + filter.query();
    try (Session session = server.open(terminal)) {
      session.show(Pages.upTo(session.client(), path, Math.max(1, limit)), DeadView::table);
    }
    return ExitCode.OK;
  }

  @Command(name = "groups", description = "Open ones that look alike, with their number.")
  int groups(@Mixin ServerOptions server, @Mixin DeadFilter filter) throws InterruptedException {
    String query = filter.query();
    String path =
        ApiPath.DEAD_LETTERS + "/groups" + (query.isEmpty() ? "" : "?" + query.substring(1));
    try (Session session = server.open(terminal)) {
      session.show(Pages.all(session.client(), path), DeadView::groups);
    }
    return ExitCode.OK;
  }

  @Command(name = "show", description = "One with its message and whole error.")
  int show(@Mixin ServerOptions server, @Parameters(paramLabel = "ID") String id)
      throws InterruptedException {
    try (Session session = server.open(terminal)) {
      session.show(session.client().get(ApiPath.deadLetter(id)), DeadView::details);
    }
    return ExitCode.OK;
  }

  @Command(
      name = "redrive",
      description = "Start their stages again, each once; exit with 0 only when all were.")
  int redrive(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "ID", arity = "0..*") List<String> ids,
      @Mixin DeadFilter filter,
      @Option(names = "--all", description = "All open ones that match; even without a filter.")
          boolean all,
      @Option(
              names = "--rate",
              paramLabel = "N",
              description = "So many a second, with --all (default 10).")
          Integer rate,
      @Option(
              names = {"-p", "--param"},
              paramLabel = "NAME=VALUE",
              description = "Another value, in a new run; with one ID. Repeatable.")
          Map<String, String> params,
      @Mixin ReasonOption reason)
      throws InterruptedException {
    ObjectNode body = reason.body();
    try (Session session = server.open(terminal)) {
      if (params != null) {
        return edited(session, only(ids), params, body);
      }
      filter.which(body, ids, all);
      if (rate != null) {
        body.put("rate", rate);
      }
      ApiClient.Answer answer = session.client().post(ApiPath.DEAD_LETTERS + "/redrive", body);
      return shown(session, answer);
    }
  }

  private static String only(List<String> ids) {
    if (ids == null || ids.size() != 1) {
      throw UserError.misuse("other params go with one ID", "See it with: millrace dead show ID");
    }
    return ids.getFirst();
  }

  private int edited(Session session, String id, Map<String, String> params, ObjectNode body)
      throws InterruptedException {
    JsonNode letter = session.client().get(ApiPath.deadLetter(id));
    String job =
        ApiPath.job(letter.path("job").asText())
            + "?namespace="
            + ApiClient.encoded(letter.path("namespace").asText());
    body.set("params", Params.typed(params, session.client().get(job).path("params")));
    ApiClient.Answer answer = session.client().post(ApiPath.deadLetter(id) + "/redrive", body);
    session.showDone(answer, "run " + answer.body().path("run").asText() + " started");
    return ExitCode.OK;
  }

  /** What was done about each; of many, that it goes on. */
  private static int shown(Session session, ApiClient.Answer answer) {
    switch (answer.status()) {
      case 201 ->
          session.show(
              answer.body(),
              made ->
                  List.of(
                      "redrive " + made.path("id").asText() + " of " + made.path("total").asText(),
                      "see how far it is: millrace dead redrives"));
      case 202 -> session.showDone(answer, "");
      default -> session.show(answer.body(), DeadView::results);
    }
    return answer.body().path("refused").asInt() == 0 || answer.status() == 201
        ? ExitCode.OK
        : ExitCode.FAILED;
  }

  @Command(name = "discard", description = "Close them: nothing has to be done about it any more.")
  int discard(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "ID", arity = "0..*") List<String> ids,
      @Mixin DeadFilter filter,
      @Option(names = "--all", description = "All open ones that match the filter.") boolean all,
      @Option(names = "--reason", paramLabel = "TEXT", required = true, description = "Why.")
          String reason)
      throws InterruptedException {
    ObjectNode body = ApiClient.JSON.createObjectNode().put("reason", reason);
    filter.which(body, ids, all);
    try (Session session = server.open(terminal)) {
      return shown(session, session.client().post(ApiPath.DEAD_LETTERS + "/discard", body));
    }
  }

  @Command(name = "redrives", description = "Redrives of many, newest first, and how far they are.")
  int redrives(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "REDRIVE", arity = "0..1", description = "Only this one.") String id)
      throws InterruptedException {
    return server.run(
        terminal,
        session -> {
          if (id == null) {
            session.show(Pages.upTo(session.client(), ApiPath.REDRIVES, 50), DeadView::redrives);
          } else {
            session.get(ApiPath.REDRIVES + "/" + ApiClient.encoded(id), Facts::lines);
          }
        });
  }

  @Command(name = "cancel", description = "End a redrive of many; what is redriven stays so.")
  int cancel(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "REDRIVE") String id,
      @Mixin ReasonOption reason)
      throws InterruptedException {
    String path = ApiPath.REDRIVES + "/" + ApiClient.encoded(id) + "/cancel";
    try (Session session = server.open(terminal)) {
      session.showDone(session.client().post(path, reason.body()), "redrive " + id + " cancelled");
    }
    return ExitCode.OK;
  }
}
