package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Shows what applying a set would change. Main thread. */
@Command(
    name = PlanCommand.NAME,
    description = {
      "Show what applying job files would change on the server; changes nothing.",
      "Exits with 0 when nothing would change, 2 when something would, 1 when it cannot be said."
    })
final class PlanCommand implements Callable<Integer> {
  static final String NAME = "plan";

  private final Terminal terminal;

  @Mixin ServerOptions server;
  @Mixin SetOptions set;

  @Option(names = "--full", description = "Show what new jobs say, too.")
  boolean full;

  PlanCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() throws InterruptedException {
    try (Session session = server.open(terminal)) {
      String path = ApiPath.set(set.name()) + "/plan";
      JsonNode plan = session.client().postLong(path, set.body()).body();
      session.show(plan, shown -> SetView.plan(shown, full));
      if (SetView.conflicts(plan) > 0) {
        return ExitCode.FAILED;
      }
      return plan.path("changes").asInt() > 0 ? ExitCode.CHANGES : ExitCode.OK;
    }
  }
}
