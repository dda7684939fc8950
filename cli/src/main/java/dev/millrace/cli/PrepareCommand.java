package dev.millrace.cli;

import dev.millrace.embedded.EmbeddedParts;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Does at build time what a first start would otherwise wait for. Main thread. */
@Command(name = "prepare", hidden = true, description = "What a build ends with.")
final class PrepareCommand implements Callable<Integer> {
  private final Terminal terminal;

  @Option(names = "--lib", description = "The folder of jars to make ready for an archive.")
  Path lib;

  PrepareCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() throws Exception {
    if (lib != null) {
      for (Path jar : SignedJars.in(lib)) {
        SignedJars.unsign(jar);
        terminal.note("jars: " + jar.getFileName() + " made ready");
      }
    }
    EmbeddedParts.prepare(step -> terminal.note("postgres: " + step));
    return ExitCode.OK;
  }
}
