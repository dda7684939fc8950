package dev.millrace.worker;

import static dev.millrace.worker.FakeLeader.await;
import static dev.millrace.worker.FakeLeader.newClaim;
import static dev.millrace.worker.FakeLeader.start;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.embedded.LocalBroker;
import dev.millrace.model.Claim;
import dev.millrace.testing.TestServers;
import dev.millrace.testing.TestVirtualHost;
import dev.millrace.wire.Control;
import dev.millrace.wire.Heartbeat;
import dev.millrace.wire.Outcome;
import dev.millrace.wire.Report;
import dev.millrace.wire.Start;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@SuppressWarnings("try") // workers that only have to be there
final class WorkerNodeTest {
  @TempDir Path directory;
  private TestVirtualHost host;
  private FakeLeader leader;
  private final CountDownLatch release = new CountDownLatch(1);
  private final AtomicInteger executions = new AtomicInteger();

  @BeforeEach
  void connect() throws Exception {
    host = TestServers.broker().freshVirtualHost();
    leader = new FakeLeader(host.uri());
  }

  @AfterEach
  void disconnect() throws Exception {
    leader.close();
    host.close();
  }

  /** Counts, and holds its slot until the test releases it. */
  private StageHandler holding() {
    return new StageHandler() {
      @Override
      public String name() {
        return "hold";
      }

      @Override
      public Result execute(StageContext context) throws Exception {
        executions.incrementAndGet();
        release.await();
        return Result.completed("{\"held\":true}");
      }
    };
  }

  private static StageHandler failing(Exception e) {
    return new StageHandler() {
      @Override
      public String name() {
        return "fail";
      }

      @Override
      public Result execute(StageContext context) throws Exception {
        throw e;
      }
    };
  }

  private static StageHandler answering(String output) {
    return new StageHandler() {
      @Override
      public String name() {
        return "answer";
      }

      @Override
      public Result execute(StageContext context) {
        return Result.completed(output);
      }
    };
  }

  @Test
  void aStageIsExecutedAndItsDeliveryIsAcked() throws Exception {
    Start start = start("noop", "{}");
    try (WorkerNode worker = TestWorker.started(host.uri(), directory, 4)) {
      leader.publish(start);
      assertThat(leader.awaitFinished(start.claim()).outcome()).isEqualTo(Outcome.COMPLETED);
      assertThat(worker.connected()).isTrue();
    }
    assertThat(leader.waiting()).isZero();
    assertThat(leader.ends(start.claim())).hasSize(1);
  }

  @Test
  void aStartIsAckedWhileTheStageStillRuns() throws Exception {
    Start start = start("hold", "{}");
    WorkerNode worker = TestWorker.started(host.uri(), directory, 1, holding());
    leader.publish(start);
    leader.awaitStarted(start.claim());
    await("the claim in a heartbeat")
        .until(() -> leader.heartbeats.stream().anyMatch(beat -> names(beat, start.claim())));
    release.countDown();
    assertThat(leader.awaitFinished(start.claim()).output()).isEqualTo("{\"held\":true}");
    await("the claim gone from heartbeats")
        .until(() -> !names(leader.heartbeats.getLast(), start.claim()));
    worker.close();
    assertThat(leader.waiting()).isZero();
  }

  private static boolean names(Heartbeat beat, Claim claim) {
    return beat.open().stream().anyMatch(open -> open.claim().equals(claim));
  }

  @Test
  void aDuplicateIsNotExecutedAgain() throws Exception {
    Start start = start("hold", "{}");
    try (WorkerNode worker = TestWorker.started(host.uri(), directory, 4, holding())) {
      leader.publish(start);
      leader.publish(start, start);
      leader.awaitStarted(start.claim());
      release.countDown();
      leader.awaitFinished(start.claim());
      leader.publish(start);
      await("the last word again").until(() -> leader.ends(start.claim()).size() >= 2);
    }
    assertThat(executions).hasValue(1);
    assertThat(Set.copyOf(leader.outcomes(start.claim()))).containsExactly(Outcome.COMPLETED);
    assertThat(leader.waiting()).isZero();
  }

  @Test
  void aCancelEndsARunningStage() throws Exception {
    Start start = start("hold", "{}");
    try (WorkerNode worker = TestWorker.started(host.uri(), directory, 4, holding())) {
      leader.publish(start);
      leader.awaitStarted(start.claim());
      leader.say(new Control.Cancel(start.claim(), 1_000));
      assertThat(leader.awaitFinished(start.claim()).outcome()).isEqualTo(Outcome.CANCELLED);
    }
  }

  @Test
  void aCancelMayOvertakeItsStart() throws Exception {
    Start first = start("hold", "{}");
    Start second = start("hold", "{}");
    try (WorkerNode worker = TestWorker.started(host.uri(), directory, 1, holding())) {
      leader.publish(first);
      leader.awaitStarted(first.claim());
      leader.say(new Control.Cancel(second.claim(), 0));
      leader.say(new Control.Cancel(first.claim(), 0));
      leader.awaitFinished(first.claim());
      leader.publish(second);
      assertThat(leader.awaitFinished(second.claim()).outcome()).isEqualTo(Outcome.CANCELLED);
    }
    assertThat(executions).hasValue(1);
  }

  @Test
  void aDroppedClaimEndsWithoutAReport() throws Exception {
    Start dropped = start("hold", "{}");
    Start after = start("noop", "{}");
    try (WorkerNode worker = TestWorker.started(host.uri(), directory, 1, holding())) {
      leader.publish(dropped);
      leader.awaitStarted(dropped.claim());
      leader.say(new Control.Drop(dropped.claim(), "somebody else"));
      leader.say(new Control.Drop(dropped.claim(), worker.id()));
      leader.publish(after);
      leader.awaitFinished(after.claim());
    }
    assertThat(leader.ends(dropped.claim())).isEmpty();
  }

  @Test
  void aMalformedMessageIsQuarantinedWithItsCause() throws Exception {
    Start fine = start("noop", "{}");
    try (WorkerNode worker = TestWorker.started(host.uri(), directory, 4)) {
      leader.publishRaw("{\"v\":1,\"type\":\"job.start\",".getBytes(StandardCharsets.UTF_8));
      leader.publishRaw("{\"v\":2,\"type\":\"job.start\"}".getBytes(StandardCharsets.UTF_8));
      leader.publishRaw(new byte[] {(byte) 0xff, 0, 1});
      leader.publish(fine);
      leader.awaitFinished(fine.claim());
      await("all in quarantine").until(() -> leader.dead.size() == 3);
    }
    assertThat(leader.waiting()).isZero();
    assertThat(leader.dead).anyMatch(text -> text.contains("only v=1"));
  }

  @Test
  void whatAWorkerCannotDoItSays() throws Exception {
    Start unknown = start("nobody.has.this", "{}");
    Start crash = start("fail", "{}");
    Start large = start("answer", "{}");
    try (WorkerNode worker =
        TestWorker.started(
            host.uri(),
            directory,
            4,
            failing(new IllegalStateException("no luck")),
            answering("\"" + "x".repeat(70_000) + "\""))) {
      leader.publish(unknown, crash, large);
      assertThat(leader.awaitFinished(unknown.claim()).outcome()).isEqualTo(Outcome.UNSUPPORTED);
      assertThat(leader.awaitFinished(crash.claim()))
          .extracting(Report.Finished::errorClass, Report.Finished::error)
          .containsExactly("crash", "IllegalStateException: no luck");
      assertThat(leader.awaitFinished(large.claim()))
          .extracting(Report.Finished::outcome, Report.Finished::errorClass)
          .containsExactly(Outcome.FAILED, "config");
      await("the stack trace")
          .until(
              () -> leader.linesOf(crash.claim()).toString().contains("whatAWorkerCannotDoItSays"));
    }
  }

  @Test
  void anAttemptHasATimeout() throws Exception {
    Start start = start(newClaim(), "hold", "{}", Duration.ofMillis(100));
    try (WorkerNode worker = TestWorker.started(host.uri(), directory, 4, holding())) {
      leader.publish(start);
      assertThat(leader.awaitFinished(start.claim()))
          .extracting(Report.Finished::outcome, Report.Finished::errorClass)
          .containsExactly(Outcome.TIMED_OUT, "timeout");
    }
  }

  @Test
  void aDrainGivesBackWhatHasNotStartedAndLetsTheRestFinish() throws Exception {
    Start running = start("hold", "{}");
    Start sibling = start("hold", "{}");
    Start waiting = start("hold", "{}");
    WorkerNode worker = TestWorker.started(host.uri(), directory, 1, holding());
    leader.publish(running, sibling);
    leader.awaitStarted(running.claim());
    leader.publish(waiting);
    leader.say(new Control.Drain(worker.id()));
    assertThat(leader.awaitFinished(sibling.claim()).outcome()).isEqualTo(Outcome.RETURNED);
    await("the unstarted message back in its queue").until(() -> leader.waiting() == 1);
    assertThat(leader.ends(running.claim())).isEmpty();
    release.countDown();
    worker.ended().get();
    assertThat(leader.awaitFinished(running.claim()).outcome()).isEqualTo(Outcome.COMPLETED);
    assertThat(executions).hasValue(1);
  }

  @Test
  void aStopHandsBackWhatRuns() throws Exception {
    Start running = start("hold", "{}");
    WorkerNode worker = TestWorker.started(host.uri(), directory, 1, holding());
    leader.publish(running);
    leader.awaitStarted(running.claim());
    worker.close();
    assertThat(leader.awaitFinished(running.claim()).outcome()).isEqualTo(Outcome.RETURNED);
  }

  @Test
  void aBrokerThatComesBackEmptyStillHearsTheEnd() throws Exception {
    Start start = start("hold", "{}");
    LocalBroker broker = LocalBroker.settings().start();
    WorkerNode worker;
    try (FakeLeader before = new FakeLeader(broker.uri())) {
      worker = TestWorker.started(broker.uri(), directory, 1, holding());
      before.publish(start);
      before.awaitStarted(start.claim());
    }
    broker.close();
    release.countDown();
    var same = LocalBroker.settings().port(broker.port());
    try (LocalBroker again = same.credentials(broker.user(), broker.password()).start();
        FakeLeader after = new FakeLeader(again.uri())) {
      assertThat(after.awaitFinished(start.claim()).outcome()).isEqualTo(Outcome.COMPLETED);
      worker.close();
    }
    assertThat(executions).hasValue(1);
  }

  @Test
  void aWorkerThatIsCutOffEndsItsStagesItself() throws Exception {
    Path pid = directory.resolve("pid");
    Start start =
        start("command", "{\"shell\": \"trap '' TERM; echo $$ > " + pid + "; sleep 600 & wait\"}");
    LocalBroker broker = LocalBroker.settings().start();
    WorkerNode worker;
    try (FakeLeader before = new FakeLeader(broker.uri())) {
      worker =
          TestWorker.started(
              broker.uri(), directory.resolve("work"), 1, Duration.ofSeconds(1), holding());
      before.publish(start);
      await("the command's process").until(() -> Files.exists(pid) && Files.size(pid) > 1);
    }
    long process = Long.parseLong(Files.readString(pid).strip());
    broker.close();
    await("the process gone").until(() -> ProcessHandle.of(process).isEmpty());
    var same = LocalBroker.settings().port(broker.port());
    try (LocalBroker again = same.credentials(broker.user(), broker.password()).start();
        FakeLeader after = new FakeLeader(again.uri())) {
      assertThat(after.awaitFinished(start.claim()).outcome()).isEqualTo(Outcome.LOST);
      worker.close();
    }
  }

  @Test
  void aThousandBundlesEndOnceEach() throws Exception {
    List<Start> all = new ArrayList<>();
    for (int bundle = 0; bundle < 1_000; bundle++) {
      List<Start> starts = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        starts.add(start("noop", "{}"));
      }
      all.addAll(starts);
      leader.publish(starts.toArray(Start[]::new));
    }
    try (WorkerNode worker = TestWorker.started(host.uri(), directory, 64)) {
      await("all ends").until(() -> leader.reports.size() >= all.size());
    }
    Set<Claim> ended = new HashSet<>();
    leader.reports.forEach(report -> ended.add(report.claim()));
    assertThat(ended).hasSize(all.size());
    assertThat(leader.reports).hasSize(all.size());
    assertThat(leader.waiting()).isZero();
  }
}
