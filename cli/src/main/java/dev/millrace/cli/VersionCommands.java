package dev.millrace.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** What a job was before; a class for each command of {@code job}. Main thread. */
final class VersionCommands {
  private static final int USUAL = 20;

  private VersionCommands() {}

  /** Lists them. */
  @Command(name = "versions", description = "What a job's definition was, newest first.")
  static final class Versions implements Callable<Integer> {
    private final Terminal terminal;

    @Mixin ServerOptions server;
    @Mixin ListOptions list;

    @Parameters(paramLabel = "JOB")
    String job;

    Versions(Terminal terminal) {
      this.terminal = terminal;
    }

    @Override
    public Integer call() throws InterruptedException {
      return server.run(
          terminal,
          session ->
              session.show(
                  list.of(session, ApiPath.job(job) + "/versions", USUAL), VersionView::table));
    }
  }

  /** Compares two of them. */
  @Command(name = "diff", description = "What changed between two versions of a job.")
  static final class Diff implements Callable<Integer> {
    private final Terminal terminal;

    @Mixin ServerOptions server;

    @Parameters(paramLabel = "JOB", index = "0")
    String job;

    @Parameters(
        paramLabel = "FROM",
        arity = "0..1",
        index = "1",
        description = "The older version; the one before the other when not given.")
    Integer from;

    @Parameters(
        paramLabel = "TO",
        arity = "0..1",
        index = "2",
        description = "The newer version; the one in force when not given.")
    Integer to;

    Diff(Terminal terminal) {
      this.terminal = terminal;
    }

    @Override
    public Integer call() throws InterruptedException {
      return server.run(
          terminal, session -> session.get(ApiPath.diff(job, from, to), VersionView::diff));
    }
  }

  /** Goes back to one of them. */
  @Command(
      name = "rollback",
      description = "Make a new version of a job that says what an older one said.")
  static final class Rollback implements Callable<Integer> {
    private final Terminal terminal;

    @Mixin ServerOptions server;

    @Parameters(paramLabel = "JOB", index = "0")
    String job;

    @Parameters(paramLabel = "VERSION", index = "1")
    int version;

    @Mixin ReasonOption reason;

    Rollback(Terminal terminal) {
      this.terminal = terminal;
    }

    @Override
    public Integer call() throws InterruptedException {
      return server.run(terminal, this::back);
    }

    private void back(Session session) throws InterruptedException {
      ApiClient.Answer answer =
          session
              .client()
              .post(ApiPath.job(job) + "/rollback", reason.body().put("version", version));
      session.showDone(
          answer,
          "job %s is now at version %s, which says what version %d said"
              .formatted(job, answer.body().path("version").asText(), version));
    }
  }
}
