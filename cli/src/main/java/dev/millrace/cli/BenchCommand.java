package dev.millrace.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Unmatched;

/** Stands where the benchmark module would be when it is not on the class path. Main thread. */
@Command(
    name = "bench",
    description = "Measure throughput, latency and punctuality, beside the peers.")
final class BenchCommand implements Callable<Integer> {
  @Unmatched List<String> ignored = new ArrayList<>();

  @Override
  public Integer call() {
    throw new UserError(
        "the benchmark is not part of this installation",
        "Run ./millrace bench in a checkout of the sources; it builds the benchmark and its peers.");
  }
}
