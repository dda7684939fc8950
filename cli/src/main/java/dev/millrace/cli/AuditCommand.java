package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What is recorded, and whether it is complete; one method per command. Main thread. */
@Command(
    name = "audit",
    description = "Who did what, and whether what is recorded is complete.",
    synopsisSubcommandLabel = "COMMAND")
final class AuditCommand {
  private static final int USUAL = 50;
  private final Terminal terminal;

  AuditCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Command(
      name = "ticks",
      description =
          "Compare every tick that was planned with the ledger; exit with 0 only when it has all.")
  int ticks(
      @Mixin ServerOptions server,
      @Option(names = "--job", paramLabel = "JOB", description = "Only of this job.") String job)
      throws InterruptedException {
    try (Session session = server.open(terminal)) {
      ObjectNode all = whole(session.client(), job);
      session.show(all, AuditCommand::lines);
      return all.path("unaccounted").asLong() == 0 && !unclear(all) ? ExitCode.OK : ExitCode.FAILED;
    }
  }

  @Command(
      name = "log",
      description = "Who changed what, newest first, also what was refused to them.")
  int log(@Mixin ServerOptions server, @Mixin AuditFilter filter, @Mixin ListOptions list)
      throws InterruptedException {
    return server.run(
        terminal,
        session ->
            session.show(
                list.of(session, ApiPath.AUDIT + filter.query(), USUAL),
                Facts.table(
                    "AT=at",
                    "WHO=actor",
                    "ACTION=action",
                    "NAMESPACE=namespace",
                    "SUBJECT=subject",
                    "STATUS=status",
                    "FROM=ip",
                    "REASON=reason")));
  }

  private static boolean unclear(JsonNode all) {
    for (JsonNode item : all.path("items")) {
      if (item.path("problem").isTextual()) {
        return true;
      }
    }
    return false;
  }

  /** All pages as one; of what is sound only the sums. */
  private static ObjectNode whole(ApiClient client, String job) throws InterruptedException {
    ObjectNode all = ApiClient.JSON.createObjectNode();
    ArrayNode items = all.putArray("items");
    String next = null;
    do {
      ApiQuery query = new ApiQuery().with("job", job).with("limit", 500).with("after", next);
      JsonNode page = client.get(ApiPath.TICKS + "/audit" + query);
      for (String sum : List.of("planned", "accounted", "unaccounted")) {
        all.put(sum, all.path(sum).asLong() + page.path(sum).asLong());
      }
      for (JsonNode item : page.path("items")) {
        if (!item.path("gaps").isEmpty() || item.path("problem").isTextual()) {
          items.add(item);
        }
      }
      next = page.path("next").isTextual() ? page.path("next").asText() : null;
    } while (next != null);
    return all;
  }

  private static List<String> lines(JsonNode all) {
    List<String> lines = new ArrayList<>();
    Table table = new Table("JOB", "TRIGGER", "WHAT", "FROM", "UNTIL", "TICKS");
    for (JsonNode item : all.path("items")) {
      for (JsonNode gap : item.path("gaps")) {
        table.row(
            item.path("job").asText(),
            item.path("trigger").asText(),
            gap.path("kind").asText(),
            Times.local(gap.path("from")),
            Times.local(gap.path("until")),
            gap.path("ticks").asText());
      }
      if (item.path("problem").isTextual()) {
        lines.add(
            "job "
                + item.path("job").asText()
                + " cannot be audited: "
                + item.path("problem").asText());
      }
    }
    if (!all.path("items").isEmpty()) {
      lines.addAll(table.lines());
    }
    lines.add(
        "%s planned, %s in the ledger, %s unaccounted"
            .formatted(
                all.path("planned").asText(),
                all.path("accounted").asText(),
                all.path("unaccounted").asText()));
    return lines;
  }
}
