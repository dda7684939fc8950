package dev.millrace.worker;

import static dev.millrace.worker.FakeLeader.await;
import static dev.millrace.worker.FakeLeader.start;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.testing.TestServers;
import dev.millrace.testing.TestVirtualHost;
import dev.millrace.wire.Control;
import dev.millrace.wire.Heartbeat;
import dev.millrace.wire.Outcome;
import dev.millrace.wire.Report;
import dev.millrace.wire.Start;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What attempts say while they run. */
@SuppressWarnings("try") // workers that only have to be there
final class ProgressTest {
  @TempDir Path directory;
  private TestVirtualHost host;
  private FakeLeader leader;
  private final CountDownLatch release = new CountDownLatch(1);

  @BeforeEach
  void connect() throws Exception {
    host = TestServers.broker().freshVirtualHost();
    leader = new FakeLeader(host.uri());
  }

  @AfterEach
  void disconnect() throws Exception {
    release.countDown();
    leader.close();
    host.close();
  }

  private void awaitOpen(Start start, Predicate<Heartbeat.Open> like) {
    await("a heartbeat that says so")
        .until(
            () ->
                leader.heartbeats.stream()
                    .flatMap(beat -> beat.open().stream())
                    .anyMatch(open -> open.claim().equals(start.claim()) && like.test(open)));
  }

  @Test
  void aHandlersCountersAreInTheHeartbeats() throws Exception {
    StageHandler counting =
        Handlers.named(
            "counting",
            context -> {
              context.counter("pages", 1);
              context.counter("errors", 0);
              context.counter("pages", 2);
              release.await();
              return Result.completed();
            });
    Start start = start("counting", "{}");
    try (WorkerNode worker = TestWorker.started(host.uri(), directory, 1, counting)) {
      leader.publish(start);
      awaitOpen(start, open -> open.counters().equals(Map.of("pages", 2L, "errors", 0L)));
      release.countDown();
      leader.awaitFinished(start.claim());
    }
  }

  @Test
  void countersHaveBounds() throws Exception {
    StageHandler tooMany =
        Handlers.named(
            "many",
            context -> {
              for (int i = 0; i <= Heartbeat.COUNTERS_MAX; i++) {
                context.counter("n" + i, i);
              }
              return Result.completed();
            });
    StageHandler tooLong =
        Handlers.named(
            "long",
            context -> {
              context.counter("n".repeat(Heartbeat.COUNTER_NAME_CHARS_MAX), 1);
              context.counter("n".repeat(Heartbeat.COUNTER_NAME_CHARS_MAX + 1), 1);
              return Result.completed();
            });
    Start many = start("many", "{}");
    Start long_ = start("long", "{}");
    try (WorkerNode worker = TestWorker.started(host.uri(), directory, 2, tooMany, tooLong)) {
      leader.publish(many, long_);
      assertThat(leader.awaitFinished(many.claim()).error()).contains("'n20' is one too many");
      assertThat(leader.awaitFinished(long_.claim()).error()).contains("1 to 40 characters");
    }
  }

  @Test
  void aHandlerKnowsItsItem() throws Exception {
    StageHandler item =
        Handlers.named(
            "item",
            context -> Result.completed("[" + context.index() + "," + context.item() + "]"));
    Start plain = start("item", "{}");
    Start third =
        new Start(
            FakeLeader.newClaim(),
            "job",
            "default",
            "item",
            "{}",
            "{}",
            "{}",
            null,
            null,
            null,
            null,
            "{\"url\":\"x\"}",
            2,
            null);
    try (WorkerNode worker = TestWorker.started(host.uri(), directory, 2, item)) {
      leader.publish(plain, third);
      assertThat(leader.awaitFinished(plain.claim()).output()).isEqualTo("[-1,null]");
      assertThat(leader.awaitFinished(third.claim()).output()).isEqualTo("[2,{\"url\":\"x\"}]");
    }
  }

  @Test
  void aCommandReportsWhileItRunsAndUpToItsEnd() throws Exception {
    Path go = directory.resolve("go");
    Start start =
        start(
            "command",
            Json.shell(
                """
                echo '{"percent":40,"message":"page 4"}' >> $MILLRACE_REPORTS
                echo 'page 4' >> $MILLRACE_REPORTS
                echo '{"counters":{"pages":4}}' >> $MILLRACE_REPORTS
                while [ ! -e %s ]; do sleep 0.05; done
                printf '{"checkpoint":{"page":4}}' >> $MILLRACE_REPORTS
                exit 1
                """
                    .formatted(go)));
    try (WorkerNode worker = TestWorker.started(host.uri(), directory.resolve("work"), 1)) {
      leader.publish(start);
      awaitOpen(
          start,
          open ->
              Integer.valueOf(40).equals(open.percent())
                  && "page 4".equals(open.message())
                  && open.counters().equals(Map.of("pages", 4L)));
      Files.createFile(go);
      assertThat(leader.awaitFinished(start.claim()).errorClass()).isEqualTo("exit:1");
      assertThat(checkpointAndEnd(start)).containsExactly("{\"page\":4}", "failed");
      await("the bad line in the log")
          .until(() -> leader.linesOf(start.claim()).toString().contains("system: line 2 of"));
    }
  }

  @Test
  void whatAKilledCommandHasWrittenIsReported() throws Exception {
    Path written = directory.resolve("written");
    Start start =
        start(
            "command",
            Json.shell(
                """
                trap '' TERM
                echo '{"checkpoint":7}' >> $MILLRACE_REPORTS
                touch %s
                while :; do sleep 1; done
                """
                    .formatted(written)));
    try (WorkerNode worker = TestWorker.started(host.uri(), directory.resolve("work"), 1)) {
      leader.publish(start);
      await("the line written").until(() -> Files.exists(written));
      leader.say(new Control.Cancel(start.claim(), 0));
      assertThat(leader.awaitFinished(start.claim()).outcome()).isEqualTo(Outcome.CANCELLED);
      assertThat(checkpointAndEnd(start)).containsExactly("7", "cancelled");
    }
  }

  private List<String> checkpointAndEnd(Start start) {
    return leader.reports.stream()
        .filter(report -> report.claim().equals(start.claim()))
        .map(
            report ->
                switch (report) {
                  case Report.Started started -> "";
                  case Report.Checkpoint checkpoint -> checkpoint.checkpoint();
                  case Report.Finished finished ->
                      finished.outcome().name().toLowerCase(java.util.Locale.ROOT);
                })
        .filter(text -> !text.isEmpty())
        .toList();
  }
}
