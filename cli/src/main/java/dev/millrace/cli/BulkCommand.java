package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** One action upon everything that a filter finds; one method per command. Main thread. */
@Command(
    name = "bulk",
    description = "Do one thing to all runs or jobs that a filter finds: stop, retry, pause ...",
    synopsisSubcommandLabel = "COMMAND")
final class BulkCommand {
  private static final int USUAL = 50;
  private final Terminal terminal;

  BulkCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Command(
      name = "start",
      description = "Begin one. --dry-run tells what it would reach, and changes nothing.",
      footer = {
        "",
        "  millrace bulk start retry --state FAILED --job price-watch --dry-run",
        "  millrace bulk start stop --open --label team:pricing --reason \"wrong prices\"",
        "  millrace bulk start pause-jobs --label team:pricing"
      })
  int start(
      @Mixin ServerOptions server,
      @Parameters(
              paramLabel = "ACTION",
              description = "Of runs: stop, kill, pause, resume, retry. Of jobs: pause-jobs ...")
          String action,
      @Mixin RunFilter filter,
      @Option(
              names = "--find",
              paramLabel = "TEXT",
              description = "Of jobs: with this in their id or description only.")
          String find,
      @Option(names = "--dry-run", description = "Only tell how many it would reach.")
          boolean dryRun,
      @Option(
              names = "--as-previewed",
              paramLabel = "PREVIEW",
              description = "Only when it still reaches what that --dry-run has told.")
          String previewed,
      @Mixin ReasonOption reason)
      throws InterruptedException {
    ObjectNode body = reason.body().put("action", action).put("preview", dryRun);
    ObjectNode filters = body.putObject("filter");
    filter.given().forEach(filters::put);
    if (find != null) {
      filters.put("q", find);
    }
    if (previewed != null) {
      body.put("token", previewed);
    }
    if (filter.open) {
      filters.put("open", true);
    }
    if (filter.labels != null) {
      filter.labels.forEach(filters.putArray("label")::add);
    }
    return server.run(
        terminal,
        session -> {
          JsonNode answer = session.client().post(ApiPath.BULK, body).body();
          session.show(answer, dryRun ? BulkCommand::preview : BulkCommand::begun);
        });
  }

  private static List<String> preview(JsonNode preview) {
    List<String> lines = new ArrayList<>();
    lines.add("it would reach " + preview.path("matched").asText() + "; among them");
    preview
        .path("sample")
        .forEach(
            one ->
                lines.add("  " + (one.isObject() ? String.join(" ", Ids.of(one)) : one.asText())));
    lines.add(
        "nothing was changed; to do just this: --as-previewed " + preview.path("token").asText());
    return lines;
  }

  private static List<String> begun(JsonNode bulk) {
    String id = bulk.path("id").asText();
    return List.of("bulk operation " + id + " goes on; see it with: millrace bulk show " + id);
  }

  @Command(name = "list", description = "Bulk operations, newest first.")
  int list(@Mixin ServerOptions server, @Mixin ListOptions list) throws InterruptedException {
    return server.run(
        terminal,
        session ->
            session.show(
                list.of(session, ApiPath.BULK, USUAL),
                Facts.table(
                    "ID=id",
                    "ACTION=action",
                    "STATE=state",
                    "MATCHED=matched",
                    "DONE=done",
                    "FAILED=failed",
                    "CREATED=createdAt",
                    "BY=actor",
                    "REASON=reason")));
  }

  @Command(name = "show", description = "How far one is, and what it could not do.")
  int show(@Mixin ServerOptions server, @Parameters(paramLabel = "ID") String id)
      throws InterruptedException {
    return server.run(
        terminal, session -> session.get(ApiPath.BULK + "/" + ApiClient.encoded(id), Facts::lines));
  }

  @Command(name = "failures", description = "What one could not do, and why.")
  int failures(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "ID") String id,
      @Mixin ListOptions list)
      throws InterruptedException {
    String path = ApiPath.BULK + "/" + ApiClient.encoded(id) + "/failures";
    return server.run(terminal, session -> session.show(list.of(session, path, 200), Facts::lines));
  }

  @Command(name = "cancel", description = "End one; what it has done stays done.")
  int cancel(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "ID") String id,
      @Mixin ReasonOption reason)
      throws InterruptedException {
    String path = ApiPath.BULK + "/" + ApiClient.encoded(id) + "/cancel";
    return server.run(
        terminal,
        session ->
            session.showDone(
                session.client().post(path, reason.body()),
                "bulk operation " + id + " is cancelled"));
  }
}
