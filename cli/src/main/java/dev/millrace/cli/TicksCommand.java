package dev.millrace.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The ledger of a job. Main thread. */
@Command(name = "ticks", description = "What became of the ticks of a job, newest first.")
final class TicksCommand implements Callable<Integer> {
  private final Terminal terminal;

  @Mixin ServerOptions server;

  @Parameters(paramLabel = "JOB")
  String job;

  @Option(
      names = "--limit",
      paramLabel = "N",
      defaultValue = "50",
      description = "At most so many rows (default ${DEFAULT-VALUE}).")
  int limit;

  TicksCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() throws InterruptedException {
    String path = ApiPath.TICKS + new ApiQuery().with("job", job);
    try (Session session = server.open(terminal)) {
      session.show(Pages.upTo(session.client(), path, Math.max(1, limit)), TickView::ledger);
    }
    return ExitCode.OK;
  }
}
