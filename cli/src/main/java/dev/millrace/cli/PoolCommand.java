package dev.millrace.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Pools of workers; one method per command. Main thread. */
@Command(
    name = "pool",
    description =
        "Pools of workers: their slots and backlog, how fast they start, how many there are.",
    synopsisSubcommandLabel = "COMMAND")
final class PoolCommand {
  private static final int USUAL = 200;
  private final Terminal terminal;

  PoolCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Command(name = "list", description = "All pools.")
  int list(@Mixin ServerOptions server, @Mixin ListOptions list) throws InterruptedException {
    return server.run(
        terminal,
        session ->
            session.show(
                list.of(session, ApiPath.POOLS, USUAL),
                Facts.table(
                    "POOL=name",
                    "WORKERS=workers",
                    "SLOTS=slots",
                    "READY=ready",
                    "QUEUED=queued",
                    "RUNNING=running")));
  }

  @Command(name = "show", description = "One pool.")
  int show(@Mixin ServerOptions server, @Parameters(paramLabel = "POOL") String pool)
      throws InterruptedException {
    return server.run(terminal, session -> session.get(ApiPath.pool(pool), Facts::lines));
  }

  @Command(
      name = "rate",
      description = "Let a pool start at most so many stages in a time.",
      footer = {"", "  millrace pool rate scraper 30 --per 1m", "  millrace pool rate scraper 0"})
  int rate(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "POOL") String pool,
      @Parameters(paramLabel = "STARTS", description = "So many; 0 lifts the rate.") int starts,
      @Option(
              names = "--per",
              paramLabel = "DURATION",
              defaultValue = "1s",
              description = "In such a time (default ${DEFAULT-VALUE}).")
          String per,
      @Mixin ReasonOption reason)
      throws InterruptedException {
    return server.run(
        terminal,
        session ->
            session.showDone(
                session
                    .client()
                    .put(
                        ApiPath.pool(pool) + "/rate",
                        reason.body().put("starts", starts).put("per", per)),
                starts == 0
                    ? "pool " + pool + " starts as fast as it can"
                    : "pool " + pool + " starts at most " + starts + " in " + per));
  }

  @Command(
      name = "scale",
      description = "Say how many workers a pool should have; whoever runs workers reads it.")
  int scale(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "POOL") String pool,
      @Parameters(paramLabel = "WORKERS") int workers,
      @Mixin ReasonOption reason)
      throws InterruptedException {
    return server.run(
        terminal,
        session ->
            session.show(
                session
                    .client()
                    .post(ApiPath.pool(pool) + "/scale", reason.body().put("desired", workers))
                    .body(),
                Facts::lines));
  }
}
