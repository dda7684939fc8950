package dev.millrace.benchmark;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.cli.Version;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * {@code bench throughput | latency | ticks | storm | fixture | pages}: measures, prints a table or
 * JSON. Main thread.
 */
@Command(
    name = "bench",
    description = "Measure throughput, latency and punctuality, beside the peers.",
    mixinStandardHelpOptions = true,
    subcommands = {
      BenchCommands.Throughput.class,
      BenchCommands.Latency.class,
      BenchCommands.TickLateness.class,
      BenchCommands.Storm.class,
      Fixture.class,
      Pages.class
    })
final class BenchCommands {
  private static final String EMBEDDED = "embedded unless given";

  /** Where to measure, and how to print. */
  static final class Where {
    @Option(names = "--postgres-url", description = "JDBC URL; " + EMBEDDED)
    String postgresUrl;

    @Option(names = "--postgres-user", defaultValue = "postgres")
    String postgresUser;

    @Option(names = "--postgres-password", defaultValue = "")
    String postgresPassword;

    @Option(names = "--rabbitmq-url", description = "AMQP URI; " + EMBEDDED)
    String rabbitUrl;

    @Option(names = "--output", defaultValue = "table", description = "table or json")
    String output;

    Servers open() throws Exception {
      if (postgresUrl == null && rabbitUrl == null) {
        return Servers.embedded();
      }
      if (postgresUrl == null || rabbitUrl == null) {
        throw new IllegalArgumentException(
            "--postgres-url and --rabbitmq-url belong together; without both, the embedded parts"
                + " are measured");
      }
      return Servers.given(
          new DatabaseAddress(postgresUrl, postgresUser, postgresPassword), rabbitUrl);
    }

    boolean json() {
      return output.equals("json");
    }
  }

  @Command(
      name = "throughput",
      description = "No-op jobs, enqueued in bulk, executed and recorded, beside the peers.")
  static final class Throughput implements Callable<Integer> {
    @Mixin Where where;

    @Option(
        names = "--jobs",
        description = "jobs for each system; by default each its own, about ten seconds' worth")
    Integer jobs;

    @Option(
        names = "--systems",
        split = ",",
        description = "of: millrace, db-scheduler, jobrunr, quartz; default all")
    List<String> systems;

    @Option(
        names = "--time-limit",
        defaultValue = "180",
        description = "seconds for one system at the most")
    int timeLimitSeconds;

    @Override
    public Integer call() throws Exception {
      try (Servers servers = where.open()) {
        List<Contender> contenders = new ArrayList<>();
        contenders.add(new MillraceContender(servers, Version.text()));
        contenders.addAll(Peers.all(servers.database()));
        if (systems != null) {
          contenders.removeIf(
              contender ->
                  systems.stream().noneMatch(name -> contender.system().equalsIgnoreCase(name)));
        }
        if (contenders.isEmpty()) {
          System.err.println(
              "error: --systems names none of millrace, db-scheduler, jobrunr, quartz");
          return 2;
        }
        List<ThroughputResult> results =
            new ThroughputRun(Duration.ofSeconds(timeLimitSeconds))
                .all(
                    contenders,
                    contender -> jobs == null ? contender.jobsDefault() : jobs,
                    result ->
                        System.err.printf(
                            Locale.ROOT,
                            "%s: %.0f/s%n",
                            result.system(),
                            result.endToEndPerSecond()));
        BenchReport report =
            new BenchReport(Machine.describe(servers.database(), servers.broker()), results);
        System.out.println(where.json() ? report.json() : report.text());
        return results.stream().allMatch(ThroughputResult::complete) ? 0 : 1;
      }
    }
  }

  @Command(name = "latency", description = "From POST to the handler's entry, at a fixed rate.")
  static final class Latency implements Callable<Integer> {
    @Mixin Where where;

    @Option(
        names = "--rate",
        defaultValue = "200",
        description = "triggers per second (default: ${DEFAULT-VALUE})")
    int rate;

    @Option(names = "--seconds", defaultValue = "20")
    int seconds;

    @Override
    public Integer call() throws Exception {
      try (Servers servers = where.open()) {
        Percentiles result = new LatencyRun(servers, rate, Duration.ofSeconds(seconds)).measure();
        print(where, servers, "trigger to handler at " + rate + "/s", result, -1);
        return 0;
      }
    }
  }

  @Command(name = "ticks", description = "Many schedules over a minute: how late, and never early.")
  static final class TickLateness implements Callable<Integer> {
    @Mixin Where where;

    @Option(
        names = "--schedules",
        defaultValue = "10000",
        description = "how many are armed (default: ${DEFAULT-VALUE})")
    int schedules;

    @Option(names = "--due", description = "how many of them fire (default: all)")
    Integer due;

    @Option(
        names = "--seconds",
        defaultValue = "60",
        description = "the time over which they fire (default: ${DEFAULT-VALUE})")
    int seconds;

    @Override
    public Integer call() throws Exception {
      return ticks(where, schedules, due == null ? schedules : due, Duration.ofSeconds(seconds));
    }
  }

  @Command(name = "storm", description = "Many ticks due at one instant: when does the last begin?")
  static final class Storm implements Callable<Integer> {
    @Mixin Where where;

    @Option(
        names = "--due",
        defaultValue = "50000",
        description = "how many fire (default: ${DEFAULT-VALUE})")
    int due;

    @Override
    public Integer call() throws Exception {
      return ticks(where, due, due, Duration.ZERO);
    }
  }

  private static int ticks(Where where, int schedules, int due, Duration spread) throws Exception {
    if (due < 1 || due > schedules) {
      throw new IllegalArgumentException("--due is not in 1.." + schedules + ": " + due);
    }
    try (Servers servers = where.open()) {
      TicksRun.Lateness result = new TicksRun(servers, schedules, due, spread).measure();
      String what =
          due
              + " ticks of "
              + schedules
              + " schedules "
              + (spread.isZero() ? "at one instant" : "over " + spread.toSeconds() + " s");
      print(where, servers, what + ", to the run's creation", result.created(), result.early());
      print(where, servers, what + ", to the handler's entry", result.entered(), -1);
      return result.early() == 0 ? 0 : 1;
    }
  }

  private static void print(
      Where where, Servers servers, String what, Percentiles result, int early) throws Exception {
    Machine machine = Machine.describe(servers.database(), servers.broker());
    if (where.json()) {
      var json = new ObjectMapper().createObjectNode();
      json.put("machine", machine.text()).put("measured", what).put("count", result.count());
      json.put("p50Millis", result.p50Millis())
          .put("p99Millis", result.p99Millis())
          .put("maxMillis", result.maxMillis());
      if (early >= 0) {
        json.put("early", early);
      }
      System.out.println(json);
      return;
    }
    System.out.printf(
        Locale.ROOT,
        "%s%n%s: %d measured, p50 %.2f ms, p99 %.2f ms, max %.2f ms%s%n",
        machine.text(),
        what,
        result.count(),
        result.p50Millis(),
        result.p99Millis(),
        result.maxMillis(),
        early >= 0 ? ", early " + early : "");
  }
}
