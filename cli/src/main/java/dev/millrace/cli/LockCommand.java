package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Named locks; one method per command. Main thread. */
@Command(
    name = "lock",
    description = "Named locks: who holds them, who waits, how much of them there is.",
    synopsisSubcommandLabel = "COMMAND")
final class LockCommand {
  private final Terminal terminal;

  LockCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Command(name = "list", description = "All locks.")
  int list(@Mixin ServerOptions server) throws InterruptedException {
    try (Session session = server.open(terminal)) {
      session.show(session.client().get(ApiPath.LOCKS), LockCommand::table);
    }
    return ExitCode.OK;
  }

  @Command(name = "set", description = "Set a capacity.")
  int set(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "LOCK") String lock,
      @Parameters(paramLabel = "CAPACITY") int capacity,
      @Mixin ReasonOption reason)
      throws InterruptedException {
    try (Session session = server.open(terminal)) {
      ApiClient.Answer answer =
          session
              .client()
              .put(
                  ApiPath.LOCKS + "/" + ApiClient.encoded(lock),
                  reason.body().put("capacity", capacity));
      session.showDone(answer, "lock " + lock + " has capacity " + capacity);
    }
    return ExitCode.OK;
  }

  private static List<String> table(JsonNode page) {
    Table table = new Table("LOCK", "CAPACITY", "ROLE", "RUN", "STAGE", "WEIGHT", "SINCE");
    for (JsonNode lock : page.path("items")) {
      if (lock.path("holders").isEmpty() && lock.path("waiting").isEmpty()) {
        table.row(
            lock.path("lock").asText(), lock.path("capacity").asText(), "free", "", "", "", "");
      }
      lock.path("holders").forEach(seat -> row(table, lock, "holds", seat));
      lock.path("waiting").forEach(seat -> row(table, lock, "waits", seat));
    }
    return table.lines();
  }

  private static void row(Table table, JsonNode lock, String role, JsonNode seat) {
    table.row(
        lock.path("lock").asText(),
        lock.path("capacity").asText(),
        role,
        seat.path("run").asText(),
        seat.path("stage").asText(Times.NONE),
        seat.path("weight").asText() + (seat.path("exclusive").asBoolean() ? " exclusive" : ""),
        Times.local(seat.path("since")));
  }
}
