package dev.millrace.benchmark;

import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code bench fixture}: fills an empty database. Main thread. */
@Command(
    name = "fixture",
    description = "Fill an empty database with the history of a busy installation.")
final class Fixture implements Callable<Integer> {
  @Option(names = "--url", required = true, description = "JDBC URL of an empty database")
  String url;

  @Option(names = "--user", defaultValue = "postgres")
  String user;

  @Option(names = "--password", defaultValue = "")
  String password;

  @Option(
      names = "--runs",
      defaultValue = "10m",
      description = "how many, such as 200k or 10m (default: ${DEFAULT-VALUE})")
  String runs;

  @Option(names = "--days", defaultValue = "30", description = "over how many days")
  int days;

  @Override
  public Integer call() throws Exception {
    FixtureLoad load =
        new FixtureLoad(
            new DatabaseAddress(url, user, password), count(runs), days, System.err::println);
    FixtureLoad.Made made = load.load();
    System.out.printf(
        Locale.ROOT,
        "%d runs, %d stages, %.1f GB, in %.0f s%n",
        made.runs(),
        made.stages(),
        made.bytes() / 1e9,
        made.seconds());
    return 0;
  }

  /** A number with an optional k or m. */
  static long count(String text) {
    String lower = text.toLowerCase(Locale.ROOT);
    long factor = lower.endsWith("m") ? 1_000_000 : lower.endsWith("k") ? 1_000 : 1;
    String digits = factor == 1 ? lower : lower.substring(0, lower.length() - 1);
    try {
      long count = Math.multiplyExact(Long.parseLong(digits), factor);
      if (count >= 1) {
        return count;
      }
    } catch (NumberFormatException | ArithmeticException e) {
      // told below
    }
    throw new IllegalArgumentException(
        "'" + text + "' is not a number of runs such as 200k or 10m");
  }
}
