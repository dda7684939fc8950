package dev.millrace.worker;

import static dev.millrace.worker.FakeLeader.start;

import dev.millrace.runtime.Faults;
import dev.millrace.testing.TestServers;
import dev.millrace.testing.TestVirtualHost;
import dev.millrace.wire.Outcome;
import dev.millrace.wire.Report;
import dev.millrace.wire.ReportCodec;
import dev.millrace.wire.Reports;
import dev.millrace.wire.Start;
import dev.millrace.wire.StartCodec;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Measures one worker: {@code -Dtest=NoopThroughput}. Its name keeps it out of ordinary builds. The
 * leader's side is not in the figure: reports stay in their queue.
 */
@SuppressWarnings("try") // workers that only have to be there
final class NoopThroughput {
  private static final int STARTS = 200_000;
  @TempDir Path directory;

  private static final class ThreadedNoop implements StageHandler {
    @Override
    public String name() {
      return "threaded";
    }

    @Override
    public Result execute(StageContext context) {
      return Result.completed();
    }
  }

  @Test
  void startsPerSecond() throws Exception {
    json();
    for (int round = 0; round < 2; round++) {
      measure("noop", 50, STARTS);
      measure("threaded", 50, STARTS);
      measure("noop", 1, STARTS / 5);
    }
  }

  private void measure(String handler, int bundle, int count) throws Exception {
    try (TestVirtualHost host = TestServers.broker().freshVirtualHost()) {
      fill(host.uri(), handler, bundle, count);
      SimpleMeterRegistry registry = new SimpleMeterRegistry();
      long begin = System.nanoTime();
      try (WorkerNode worker = worker(host.uri(), registry)) {
        var done = registry.get("millrace.worker.attempts").tag("outcome", "completed").counter();
        var unconfirmed = registry.get("millrace.worker.reports.unconfirmed").gauge();
        Awaitility.await()
            .atMost(Duration.ofSeconds(100))
            .pollInterval(Duration.ofMillis(5))
            .until(() -> done.count() >= count && unconfirmed.value() == 0);
        double seconds = (System.nanoTime() - begin) / 1e9;
        System.out.printf(
            "handler=%s bundle=%d starts=%d: %.0f starts/s%n",
            handler, bundle, count, count / seconds);
      }
    }
  }

  private static void fill(URI uri, String handler, int bundle, int count) throws Exception {
    try (FakeLeader leader = new FakeLeader(uri)) {
      for (int i = 0; i < count; i += bundle) {
        List<Start> starts = new ArrayList<>();
        for (int k = 0; k < bundle; k++) {
          starts.add(start(handler, "{}"));
        }
        leader.publish(starts.toArray(Start[]::new));
      }
      FakeLeader.await("all in the queue").until(() -> leader.waiting() == count / bundle);
    }
  }

  private WorkerNode worker(URI uri, SimpleMeterRegistry registry) throws Exception {
    WorkerNode worker =
        new WorkerNode(
            new WorkerNodeConfig(
                uri.toString(),
                List.of(new WorkerNodeConfig.PoolSlots(FakeLeader.POOL, 200)),
                Duration.ofSeconds(5),
                directory,
                Set.of(),
                List.of(new ThreadedNoop()),
                Duration.ofSeconds(2),
                Duration.ofSeconds(10),
                Faults.NONE,
                "bench"),
            registry);
    worker.start();
    return worker;
  }

  private static void json() {
    List<Start> starts = new ArrayList<>();
    List<Report> reports = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      Start start = start("noop", "{\"a\":1,\"b\":\"text\"}");
      starts.add(start);
      reports.add(new Report.Finished(start.claim(), Outcome.COMPLETED, 0, null, null, null, null));
    }
    byte[] startBytes = StartCodec.encode(starts);
    byte[] reportBytes = ReportCodec.encode(new Reports("w", reports));
    time("encode start", () -> StartCodec.encode(starts).length);
    time("decode start", () -> StartCodec.decode(startBytes).hashCode());
    time("encode report", () -> ReportCodec.encode(new Reports("w", reports)).length);
    time("decode report", () -> ReportCodec.decode(reportBytes).hashCode());
  }

  private static void time(String what, java.util.function.IntSupplier work) {
    long sum = 0;
    for (int i = 0; i < 10_000; i++) {
      sum += work.getAsInt();
    }
    long begin = System.nanoTime();
    for (int i = 0; i < 20_000; i++) {
      sum += work.getAsInt();
    }
    System.out.printf(
        "%s: %.0f ns each (%d)%n", what, (System.nanoTime() - begin) / (20_000.0 * 50), sum % 10);
  }
}
