package dev.millrace.worker;

import static dev.millrace.worker.FakeLeader.POOL;
import static dev.millrace.worker.FakeLeader.await;
import static dev.millrace.worker.FakeLeader.newClaim;
import static dev.millrace.worker.FakeLeader.start;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.model.Claim;
import dev.millrace.model.RunId;
import dev.millrace.testing.TestServers;
import dev.millrace.testing.TestVirtualHost;
import dev.millrace.wire.Control;
import dev.millrace.wire.Heartbeat;
import dev.millrace.wire.HeartbeatCodec;
import dev.millrace.wire.Outcome;
import dev.millrace.wire.Report;
import dev.millrace.wire.Start;
import dev.millrace.wire.Wire;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Stages that only wait, and hold no slot meanwhile. */
@SuppressWarnings("try") // workers that only have to be there
final class WaitsTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  @TempDir Path directory;
  private TestVirtualHost host;
  private FakeLeader leader;
  private Path root;
  private final CountDownLatch release = new CountDownLatch(1);

  @BeforeEach
  void connect() throws Exception {
    host = TestServers.broker().freshVirtualHost();
    leader = new FakeLeader(host.uri());
    root = directory.resolve("root");
  }

  @AfterEach
  void disconnect() throws Exception {
    release.countDown();
    leader.close();
    host.close();
  }

  private StageHandler holding() {
    return Handlers.named("hold", this::untilReleased);
  }

  private StageHandler waiting() {
    return Handlers.slotless("waiting", this::untilReleased);
  }

  private Result untilReleased(StageContext context) throws InterruptedException {
    release.await();
    return Result.completed();
  }

  private WorkerNode worker(int slots, List<Path> roots) throws Exception {
    return TestWorker.started(
        TestWorker.config(
                host.uri(),
                directory.resolve("work"),
                slots,
                Duration.ofSeconds(60),
                holding(),
                waiting())
            .withFileRoots(roots));
  }

  private Start waitFor(String files) {
    return start(
        "wait.file", "{\"path\":\"" + root.resolve(files) + "\",\"stable-for\":\"100ms\"}");
  }

  @Test
  void aStageWaitsForAFileThatComesLater() throws Exception {
    Start start = waitFor("in/*.csv");
    try (WorkerNode worker = worker(1, List.of(root))) {
      leader.publish(start);
      await("what it waits for, in a heartbeat")
          .until(
              () ->
                  leader.heartbeats.stream()
                      .flatMap(beat -> beat.open().stream())
                      .anyMatch(
                          open ->
                              open.message() != null && open.message().startsWith("waiting for")));
      Path in = Files.createDirectories(root.resolve("in"));
      Files.writeString(in.resolve("a.csv"), "123");
      Report.Finished end = leader.awaitFinished(start.claim());
      assertThat(end.outcome()).isEqualTo(Outcome.COMPLETED);
      assertThat(JSON.readTree(end.output()).at("/files/0/path").asText())
          .isEqualTo(in.resolve("a.csv").toString());
      assertThat(JSON.readTree(end.output()).at("/files/0/size").asInt()).isEqualTo(3);
      await("the log").until(() -> !leader.linesOf(start.claim()).isEmpty());
      assertThat(leader.linesOf(start.claim()))
          .containsExactly("system: " + in + " is not there; waiting for it");
    }
  }

  @Test
  void aWorkerLooksOnlyWhereItsOwnerSays() throws Exception {
    Start outside = start("wait.file", "{\"path\":\"/etc/*\"}");
    Start nowhere = start("wait.file", "{\"path\":\"" + root + "/*\"}");
    try (WorkerNode worker = worker(1, List.of(root))) {
      leader.publish(outside);
      assertRefused(outside);
    }
    try (WorkerNode worker = worker(1, List.of())) {
      leader.publish(nowhere);
      assertRefused(nowhere);
    }
  }

  private void assertRefused(Start start) {
    assertThat(leader.awaitFinished(start.claim()))
        .satisfies(end -> assertThat(end.outcome()).isEqualTo(Outcome.FAILED))
        .satisfies(end -> assertThat(end.errorClass()).isEqualTo("config"))
        .satisfies(end -> assertThat(end.retryable()).isFalse())
        .satisfies(end -> assertThat(end.error()).contains("worker.file-roots"));
  }

  @Test
  void waitsHoldNoSlot() throws Exception {
    List<Start> waits = new ArrayList<>();
    Start running = start("hold", "{}");
    Start after = start("noop", "{}");
    try (WorkerNode worker = worker(1, List.of(root))) {
      leader.publish(running);
      leader.awaitStarted(running.claim());
      for (int i = 0; i < 100; i++) {
        waits.add(waitFor(i % 2 + ".csv"));
        leader.publish(waits.getLast());
      }
      waits.forEach(wait -> leader.awaitStarted(wait.claim()));
      await("all in a heartbeat").until(() -> leader.heartbeats.getLast().open().size() == 101);
      assertThat(leader.waiting()).as("prefetched and taken, one after another").isZero();
      release.countDown();
      leader.awaitFinished(running.claim());
      leader.publish(after);
      assertThat(leader.awaitFinished(after.claim()).outcome()).isEqualTo(Outcome.COMPLETED);
      leader.say(new Control.Cancel(waits.getFirst().claim(), 10_000));
      assertThat(leader.awaitFinished(waits.getFirst().claim()).outcome())
          .isEqualTo(Outcome.CANCELLED);
      Files.createDirectories(root);
      Files.writeString(root.resolve("1.csv"), "1");
      for (int i = 1; i < 100; i += 2) {
        assertThat(leader.awaitFinished(waits.get(i).claim()).outcome())
            .isEqualTo(Outcome.COMPLETED);
      }
      assertThat(leader.ends(waits.get(2).claim())).isEmpty();
    }
  }

  @Test
  void aDrainHandsWaitsBackAtOnceAndLetsTheRestFinish() throws Exception {
    Start running = start("hold", "{}");
    Start wait = waitFor("*.csv");
    WorkerNode worker = worker(1, List.of(root));
    leader.publish(running, wait);
    leader.awaitStarted(running.claim());
    leader.awaitStarted(wait.claim());
    leader.say(new Control.Drain(worker.id()));
    assertThat(leader.awaitFinished(wait.claim()).outcome()).isEqualTo(Outcome.RETURNED);
    assertThat(leader.ends(running.claim())).isEmpty();
    release.countDown();
    worker.ended().get();
    assertThat(leader.awaitFinished(running.claim()).outcome()).isEqualTo(Outcome.COMPLETED);
  }

  @Test
  void whatHasNoRoomIsHandedBackAndTheRoomComesBack() throws Exception {
    List<Claim> all = new ArrayList<>();
    try (WorkerNode worker = worker(WorkerNodeConfig.SLOTS_MAX, List.of())) {
      Waits room = new Waits(WorkerNodeConfig.SLOTS_MAX);
      int fit = 0;
      while (room.tryTake(longest(newClaim()))) {
        fit++;
      }
      assertThat(fit).isBetween(10, 1_000);
      for (int i = 0; i < fit + 5; i++) {
        all.add(longest(newClaim()));
        leader.publish(start(all.getLast(), "waiting", "{}", null));
      }
      await("five handed back")
          .until(() -> all.stream().filter(one -> !leader.ends(one).isEmpty()).count() == 5);
      Claim returned =
          all.stream().filter(one -> !leader.ends(one).isEmpty()).findFirst().orElseThrow();
      assertThat(leader.awaitFinished(returned))
          .extracting(Report.Finished::outcome, Report.Finished::retryAfter)
          .containsExactly(Outcome.RETURNED, Duration.ofSeconds(5));
      release.countDown();
      all.forEach(leader::awaitFinished);
      Claim next = longest(newClaim());
      leader.publish(start(next, "waiting", "{}", null));
      assertThat(leader.awaitFinished(next).outcome()).isEqualTo(Outcome.COMPLETED);
    }
    assertThat(leader.waiting()).isZero();
  }

  private static Claim longest(Claim claim) {
    return new Claim(claim.run(), "x".repeat(128), claim.attempt());
  }

  @Test
  void aHeartbeatCanNameAllOfThem() {
    for (int slots : new int[] {1, 16, 200, WorkerNodeConfig.SLOTS_MAX}) {
      Waits room = new Waits(slots);
      List<Heartbeat.Open> open = new ArrayList<>();
      for (int i = 0; i < slots; i++) {
        open.add(new Heartbeat.Open(claim(i, "a-stage-with-a-rather-long-name", 12), null, null));
      }
      for (int i = 0; ; i++) {
        Claim claim = claim(i, "wait", Integer.MAX_VALUE);
        if (!room.tryTake(claim)) {
          break;
        }
        open.add(new Heartbeat.Open(claim, 100, null));
      }
      var pools = List.of(new Heartbeat.PoolSlots(POOL, slots, 0));
      byte[] message =
          HeartbeatCodec.encode(
              new Heartbeat("w", "h", 1, "v", 1, pools, List.of("command"), false, open));
      assertThat(open).hasSizeGreaterThan(slots + 100);
      assertThat(message.length).as(slots + " slots").isLessThan(Wire.MESSAGE_BYTES_MAX);
    }
  }

  private static Claim claim(long run, String stage, int attempt) {
    return new Claim(new RunId(run + 1), stage, attempt);
  }

  @Test
  void roomIsBoundedByNumberToo() {
    Waits room = new Waits(-1_000_000); // with room for all their names
    for (int i = 0; i < StageHandler.SLOTLESS_MAX; i++) {
      assertThat(room.tryTake(claim(i, "wait", 1))).isTrue();
    }
    assertThat(room.tryTake(claim(0, "wait", 1))).isFalse();
    room.giveBack(claim(1, "wait", 1));
    assertThat(room.tryTake(claim(0, "wait", 1))).isTrue();
    assertThat(room.count()).isEqualTo(StageHandler.SLOTLESS_MAX);
  }
}
