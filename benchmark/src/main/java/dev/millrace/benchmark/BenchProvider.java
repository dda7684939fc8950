package dev.millrace.benchmark;

import dev.millrace.cli.CommandProvider;

/** Adds {@code bench} to the executable. Main thread. */
public final class BenchProvider implements CommandProvider {
  @Override
  public String name() {
    return "bench";
  }

  @Override
  public Object command() {
    return new BenchCommands();
  }
}
