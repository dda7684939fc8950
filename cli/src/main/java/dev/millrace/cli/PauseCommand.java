package dev.millrace.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Pauses, or resumes, everything, a namespace or a pool. Main thread. */
@Command(
    description = {
      "Pause or resume everything, a namespace or a pool.",
      "Attempts in flight finish, nothing new starts, timers stand still; it outlives every"
          + " restart.",
      "",
      "  millrace pause all",
      "  millrace pause namespace shop",
      "  millrace resume pool scraper"
    })
final class PauseCommand implements Callable<Integer> {
  private final Terminal terminal;
  private final boolean resumes;

  @Mixin ServerOptions server;

  @Parameters(paramLabel = "all|namespace|pool")
  String scope;

  @Parameters(paramLabel = "NAME", arity = "0..1")
  String name;

  @Mixin ReasonOption reason;

  PauseCommand(Terminal terminal, boolean resumes) {
    this.terminal = terminal;
    this.resumes = resumes;
  }

  @Override
  public Integer call() throws InterruptedException {
    ObjectNode body = reason.body().put("scope", scope).put("name", name == null ? "" : name);
    String path = resumes ? ApiPath.PAUSES + "/resume" : ApiPath.PAUSES;
    try (Session session = server.open(terminal)) {
      ApiClient.Answer answer = session.client().post(path, body);
      String what = name == null ? scope : scope + " " + name;
      boolean changed = answer.body().path("changed").asBoolean(true);
      String done = resumes ? " goes on" : " is paused";
      String was = resumes ? " was not paused" : " was paused already";
      session.show(
          answer.body(),
          body2 ->
              List.of(
                  answer.status() == 202
                      ? "accepted; no leader answered yet"
                      : what + (changed ? done : was)));
    }
    return ExitCode.OK;
  }
}
