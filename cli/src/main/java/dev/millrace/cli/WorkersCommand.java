package dev.millrace.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The workers that are there. Main thread. */
@Command(name = "workers", description = "Workers: who is there, for which pools, how busy.")
final class WorkersCommand implements Callable<Integer> {
  private static final int USUAL = 200;
  private final Terminal terminal;

  @Mixin ServerOptions server;
  @Mixin ListOptions list;

  @Option(names = "--gone", description = "Also those that are gone.")
  boolean gone;

  WorkersCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() throws InterruptedException {
    String path = ApiPath.WORKERS + (gone ? "?all=true" : "");
    return server.run(
        terminal,
        session ->
            session.show(
                list.of(session, path, USUAL),
                Facts.table(
                    "WORKER=id",
                    "HOST=host",
                    "STATE=state",
                    "DRAINING=draining",
                    "OPEN=open",
                    "POOLS=pools",
                    "SEEN=seenAt",
                    "VERSION=version",
                    "HANDLERS=handlers")));
  }
}
