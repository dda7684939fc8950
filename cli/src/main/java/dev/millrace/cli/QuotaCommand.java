package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** How much a namespace may have; one method per command. Main thread. */
@Command(
    name = "quota",
    description = "How much a namespace may have, and what it has used of it.",
    synopsisSubcommandLabel = "COMMAND")
final class QuotaCommand {
  private static final String NONE = "none";
  private static final List<String> NUMBERS =
      List.of("jobs", "queued", "running", "runsPerDay", "payloadBytes");

  private final Terminal terminal;

  QuotaCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  /** Each is a number, or none; what is not given stays as it is. */
  static final class Limits {
    @Option(names = "--jobs", paramLabel = "N", description = "Jobs; none for no limit.")
    String jobs;

    @Option(
        names = "--queued",
        paramLabel = "N",
        description = "Runs that have not begun to execute.")
    String queued;

    @Option(names = "--running", paramLabel = "N", description = "Runs under way at once.")
    String running;

    @Option(names = "--runs-per-day", paramLabel = "N", description = "Runs of a day (UTC).")
    String runsPerDay;

    @Option(names = "--payload-bytes", paramLabel = "N", description = "Params of one run.")
    String payloadBytes;

    @Option(
        names = "--min-interval",
        paramLabel = "DURATION",
        description = "Between two ticks of a trigger, such as 1m.")
    String minInterval;

    @Option(
        names = "--when-over",
        paramLabel = "reject|wait",
        description = "What becomes of a run for which there is no room.")
    String whenOver;

    void into(ObjectNode quota) {
      number(quota, "jobs", jobs);
      number(quota, "queued", queued);
      number(quota, "running", running);
      number(quota, "runsPerDay", runsPerDay);
      number(quota, "payloadBytes", payloadBytes);
      if (minInterval != null) {
        quota.put("minInterval", minInterval.equals(NONE) ? null : minInterval);
      }
      if (whenOver != null) {
        quota.put("whenOver", whenOver);
      }
    }

    private static void number(ObjectNode quota, String name, String text) {
      if (text == null) {
        return;
      }
      if (text.equals(NONE)) {
        quota.putNull(name);
        return;
      }
      try {
        quota.put(name, Integer.parseInt(text));
      } catch (NumberFormatException e) {
        throw new UserError("'" + text + "' is not a number for " + name, "Give one, or: none", e);
      }
    }
  }

  @Command(name = "show", description = "A quota and its use.")
  int show(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "NAMESPACE", defaultValue = "default") String namespace)
      throws InterruptedException {
    try (Session session = server.open(terminal)) {
      session.show(session.client().get(ApiPath.quota(namespace)), QuotaCommand::table);
    }
    return ExitCode.OK;
  }

  @Command(name = "set", description = "Set some of its limits; none lifts one.")
  int set(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "NAMESPACE") String namespace,
      @Mixin Limits limits,
      @Mixin ReasonOption reason)
      throws InterruptedException {
    try (Session session = server.open(terminal)) {
      JsonNode now = session.client().get(ApiPath.quota(namespace));
      ObjectNode wanted = reason.body();
      NUMBERS.forEach(name -> wanted.set(name, now.path(name)));
      wanted.set("minInterval", now.path("minInterval"));
      wanted.set("whenOver", now.path("whenOver"));
      limits.into(wanted);
      ApiClient.Answer answer = session.client().put(ApiPath.quota(namespace), wanted);
      session.showDone(answer, "the quota of namespace " + namespace + " is set");
    }
    return ExitCode.OK;
  }

  private static List<String> table(JsonNode quota) {
    Table table = new Table("LIMIT", "MOST", "USED");
    for (String name : NUMBERS) {
      JsonNode used = quota.path("used").path(name);
      table.row(name, quota.path(name).asText(NONE), used.asText(Times.NONE));
    }
    table.row("minInterval", quota.path("minInterval").asText(NONE), Times.NONE);
    table.row("whenOver", quota.path("whenOver").asText(), Times.NONE);
    return table.lines();
  }
}
