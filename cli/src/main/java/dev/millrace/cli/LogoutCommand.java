package dev.millrace.cli;

import java.net.URI;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Forgets the token of a server. Main thread. */
@Command(
    name = "logout",
    description = "Forget the token of a server; it stays valid until it is revoked.")
final class LogoutCommand implements Callable<Integer> {
  private final Terminal terminal;

  @Mixin ServerAddress server;

  LogoutCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() {
    URI uri = server.one(terminal);
    boolean had = new Credentials(terminal.environment()).forget(uri);
    terminal.remark(had ? "logged out of " + uri : "nothing was kept for " + uri);
    return ExitCode.OK;
  }
}
