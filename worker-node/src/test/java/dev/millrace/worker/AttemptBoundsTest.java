package dev.millrace.worker;

import static dev.millrace.worker.FakeLeader.await;
import static dev.millrace.worker.FakeLeader.newClaim;
import static dev.millrace.worker.FakeLeader.start;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.testing.TestServers;
import dev.millrace.testing.TestVirtualHost;
import dev.millrace.wire.Control;
import dev.millrace.wire.Outcome;
import dev.millrace.wire.Report;
import dev.millrace.wire.Start;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How attempts are ended that would not end, and what they may say of the next one. */
@SuppressWarnings("try") // workers that only have to be there
final class AttemptBoundsTest {
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

  private static Start silentFor(String handler, Duration heartbeatTimeout) {
    return new Start(
        newClaim(),
        "job",
        "default",
        handler,
        "{}",
        "{}",
        "{}",
        null,
        null,
        null,
        null,
        null,
        Start.NO_ITEM,
        heartbeatTimeout);
  }

  @Test
  void aHandlerThatSaysNothingIsEndedLikeATimeout() throws Exception {
    StageHandler silent =
        Handlers.named(
            "silent",
            context -> {
              release.await();
              return Result.completed();
            });
    Start start = silentFor("silent", Duration.ofMillis(200));
    try (WorkerNode worker = TestWorker.started(host.uri(), directory, 1, silent)) {
      leader.publish(start);
      assertThat(leader.awaitFinished(start.claim()))
          .extracting(Report.Finished::outcome, Report.Finished::errorClass)
          .containsExactly(Outcome.TIMED_OUT, "heartbeat");
    }
  }

  @Test
  void whateverAHandlerSaysShowsThatItLives() throws Exception {
    Duration silenceMax = Duration.ofMillis(1_500);
    StageHandler talking =
        Handlers.named(
            "talking",
            context -> {
              long untilNanos = System.nanoTime() + silenceMax.multipliedBy(2).toNanos();
              for (int i = 0; System.nanoTime() - untilNanos < 0; i++) {
                switch (i % 4) {
                  case 0 -> context.log("stdout", "line " + i);
                  case 1 -> context.progress(i % 100, null);
                  case 2 -> context.checkpoint(Integer.toString(i));
                  default -> context.counter("i", i);
                }
                release.await(20, TimeUnit.MILLISECONDS);
              }
              return Result.completed();
            });
    Start start = silentFor("talking", silenceMax);
    try (WorkerNode worker = TestWorker.started(host.uri(), directory, 1, talking)) {
      leader.publish(start);
      assertThat(leader.awaitFinished(start.claim()).outcome()).isEqualTo(Outcome.COMPLETED);
    }
  }

  @Test
  void aKillEndsEveryProcessAtOnce() throws Exception {
    Path pids = directory.resolve("pids");
    // Ignores TERM, and has a child that left its session, its parent and its streams.
    String script =
        """
        trap '' TERM HUP
        echo $$ >> %1$s
        setsid nohup sh -c 'trap "" TERM; echo $$ >> %1$s; while :; do sleep 1; done' \
          </dev/null >/dev/null 2>&1 &
        (setsid sh -c '(nohup sleep 600 <&- >&- 2>&- & echo $! >> %1$s)')
        while :; do sleep 1; done
        """
            .formatted(pids);
    Start start = start("command", Json.shell(script));
    try (WorkerNode worker = TestWorker.started(host.uri(), directory.resolve("work"), 1)) {
      leader.publish(start);
      await("all processes")
          .until(() -> Files.exists(pids) && Files.readAllLines(pids).size() == 3);
      List<String> all = Files.readAllLines(pids);
      long askedNanos = System.nanoTime();
      leader.say(new Control.Cancel(start.claim(), 0));
      await("all gone").until(() -> all.stream().noneMatch(AttemptBoundsTest::alive));
      assertThat(Duration.ofNanos(System.nanoTime() - askedNanos))
          .isLessThan(Duration.ofSeconds(2));
      assertThat(leader.awaitFinished(start.claim()))
          .extracting(Report.Finished::outcome, Report.Finished::errorClass)
          .containsExactly(Outcome.CANCELLED, "cancelled");
    }
  }

  private static boolean alive(String pid) {
    try {
      return !Files.readString(Path.of("/proc", pid, "stat")).contains(") Z ");
    } catch (IOException e) {
      return false;
    }
  }

  @Test
  void aKillOvertakesAPoliteCancel() throws Exception {
    Path pid = directory.resolve("pid");
    Start start =
        start(
            "command",
            Json.shell("trap '' TERM; echo $$ > %s; while :; do sleep 1; done".formatted(pid)));
    try (WorkerNode worker = TestWorker.started(host.uri(), directory.resolve("work"), 1)) {
      leader.publish(start);
      await("the process").until(() -> Files.exists(pid) && Files.size(pid) > 1);
      leader.say(new Control.Cancel(start.claim(), 600_000));
      leader.say(new Control.Cancel(start.claim(), 0));
      assertThat(leader.awaitFinished(start.claim()).outcome()).isEqualTo(Outcome.CANCELLED);
    }
  }

  @Test
  void aHandlerThatCannotBeInterruptedIsReportedAllTheSame() throws Exception {
    StageHandler stubborn =
        Handlers.named(
            "stubborn",
            context -> {
              boolean interrupted = true;
              while (interrupted) {
                try {
                  release.await();
                  interrupted = false;
                } catch (InterruptedException e) {
                  interrupted = true;
                }
              }
              return Result.completed();
            });
    Start start = start("stubborn", "{}");
    WorkerNode worker = TestWorker.started(host.uri(), directory, 1, stubborn);
    leader.publish(start);
    leader.awaitStarted(start.claim());
    leader.say(new Control.Cancel(start.claim(), 0));
    assertThat(leader.awaitFinished(start.claim()))
        .satisfies(end -> assertThat(end.outcome()).isEqualTo(Outcome.CANCELLED))
        .satisfies(end -> assertThat(end.error()).contains("left behind"))
        .satisfies(end -> assertThat(end.ranMillis()).isLessThan(15_000));
    release.countDown();
    await("its slot back").until(() -> leader.heartbeats.getLast().pools().getFirst().free() == 1);
    worker.close();
    assertThat(leader.ends(start.claim())).hasSize(1);
  }

  @Test
  void whatAHandlerSaysOfTheNextAttemptIsReported() throws Exception {
    StageHandler busy =
        Handlers.named(
            "busy",
            context -> Result.failed("http:503", "busy").withRetryAfter(Duration.ofDays(400)));
    StageHandler hopeless =
        Handlers.named("hopeless", context -> Result.failed("parse", "no").notRetryable());
    Start later = start("busy", "{}");
    Start never = start("hopeless", "{}");
    Start usual = start("command", Json.shell("exit 7"));
    try (WorkerNode worker =
        TestWorker.started(host.uri(), directory.resolve("work"), 4, busy, hopeless)) {
      leader.publish(later, never, usual);
      assertThat(leader.awaitFinished(later.claim()))
          .extracting(Report.Finished::retryable, Report.Finished::retryAfter)
          .containsExactly(true, Duration.ofDays(30));
      assertThat(leader.awaitFinished(never.claim()))
          .extracting(Report.Finished::errorClass, Report.Finished::retryable)
          .containsExactly("parse", false);
      assertThat(leader.awaitFinished(usual.claim()))
          .extracting(
              Report.Finished::errorClass,
              Report.Finished::exitCode,
              Report.Finished::retryable,
              Report.Finished::retryAfter)
          .containsExactly("exit:7", 7, true, null);
    }
  }

  @Test
  void successCodesAndWrongWithsAreHonoured() throws Exception {
    Start fine = start("command", "{\"shell\":\"exit 3\",\"success-codes\":[0,3]}");
    Start other = start("command", "{\"shell\":\"exit 4\",\"success-codes\":[0,3]}");
    Start zero = start("command", "{\"shell\":\"exit 0\",\"success-codes\":[3]}");
    Start wrong = start("command", "{\"shell\":\"true\",\"success-codes\":[300]}");
    Start large =
        start("command", Json.shell("head -c 70000 /dev/zero | tr '\\0' 1 > $MILLRACE_OUTPUT"));
    Start broken = start("command", Json.shell("echo '{' > $MILLRACE_OUTPUT"));
    try (WorkerNode worker = TestWorker.started(host.uri(), directory, 8)) {
      leader.publish(fine, other, zero, wrong, large, broken);
      assertThat(leader.awaitFinished(fine.claim()))
          .extracting(Report.Finished::outcome, Report.Finished::exitCode)
          .containsExactly(Outcome.COMPLETED, 3);
      assertThat(leader.awaitFinished(other.claim()).errorClass()).isEqualTo("exit:4");
      assertThat(leader.awaitFinished(zero.claim()).errorClass()).isEqualTo("exit:0");
      for (Start config : List.of(wrong, large, broken)) {
        assertThat(leader.awaitFinished(config.claim()))
            .extracting(Report.Finished::errorClass, Report.Finished::retryable)
            .containsExactly("config", false);
      }
    }
  }
}
