package dev.millrace.benchmark;

import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code bench pages}: how long every page of the dashboard waits. Main thread. */
@Command(
    name = "pages",
    description = "Time each GET route of a running node that lists or that a page calls.")
final class Pages implements Callable<Integer> {
  @Option(names = "--server", required = true, description = "such as http://127.0.0.1:8080")
  String server;

  @Option(names = "--token", description = "sent as Bearer")
  String token;

  @Option(names = "--requests", defaultValue = "30", description = "for each route")
  int requests;

  @Option(
      names = "--limit-millis",
      defaultValue = "200",
      description = "what p95 may be (default: ${DEFAULT-VALUE})")
  int limitMillis;

  @Override
  public Integer call() throws Exception {
    List<PagesRun.Timed> all = new PagesRun(server, token, requests).measure();
    System.out.printf("%-72s %7s %9s %9s %9s%n", "route", "bytes", "p50 ms", "p95 ms", "max ms");
    boolean slow = false;
    for (PagesRun.Timed one : all) {
      boolean over = one.p95Millis() > limitMillis || one.status() >= 400;
      slow |= over;
      System.out.printf(
          Locale.ROOT,
          "%-72s %7d %9.1f %9.1f %9.1f%s%n",
          one.path(),
          one.bytes(),
          one.p50Millis(),
          one.p95Millis(),
          one.maxMillis(),
          one.status() >= 400 ? "  HTTP " + one.status() : over ? "  OVER " + limitMillis : "");
    }
    return slow ? 1 : 0;
  }
}
