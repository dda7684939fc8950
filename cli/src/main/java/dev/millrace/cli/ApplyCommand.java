package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Applies a set of job files, all of them or none. Main thread. */
@Command(
    name = "apply",
    description = {
      "Make the jobs of a set be what files say, all of them or none.",
      "What it does is shown before; it is done only while that is still so."
    })
final class ApplyCommand implements Callable<Integer> {
  private final Terminal terminal;

  @Mixin ServerOptions server;
  @Mixin SetOptions set;
  @Mixin ReasonOption reason;

  ApplyCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() throws InterruptedException {
    try (Session session = server.open(terminal)) {
      String path = ApiPath.set(set.name());
      ObjectNode body = set.body();
      JsonNode plan = session.client().postLong(path + "/plan", body).body();
      if (!session.json()) {
        SetView.plan(plan, false).forEach(terminal::say);
      }
      if (SetView.conflicts(plan) > 0) {
        throw new UserError(
            SetView.conflicts(plan) + " jobs belong to somebody else; nothing was applied",
            "Do what is said of each of them, and apply again.");
      }
      if (plan.path("changes").asInt() == 0) {
        session.show(plan, none -> List.of("nothing to do"));
        return ExitCode.OK;
      }
      body.put("expect", plan.path("basis").asText());
      body.setAll(reason.body());
      ApiClient.Answer answer = session.client().postLong(path + "/apply", body);
      session.show(answer.body(), done -> SetView.done(answer.status(), done));
      return ExitCode.OK;
    }
  }
}
