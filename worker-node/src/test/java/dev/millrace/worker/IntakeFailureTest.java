package dev.millrace.worker;

import static dev.millrace.worker.FakeLeader.await;
import static dev.millrace.worker.FakeLeader.start;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.testing.TestServers;
import dev.millrace.testing.TestVirtualHost;
import dev.millrace.wire.Heartbeat;
import dev.millrace.wire.Outcome;
import dev.millrace.wire.Start;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An error while a start is taken in costs a connection, and never the pool or the start. */
final class IntakeFailureTest {
  private static final int FAILURES = 3;

  @TempDir Path directory;
  private TestVirtualHost host;
  private FakeLeader leader;
  private final AtomicInteger asked = new AtomicInteger();
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

  /** Asked on the intake's thread whether it is inline, it fails some times before it answers. */
  private StageHandler brittle(boolean inline) {
    return new StageHandler() {
      @Override
      public String name() {
        return "brittle";
      }

      @Override
      public boolean inline() {
        if (asked.incrementAndGet() <= FAILURES) {
          throw new LinkageError("an error of a test");
        }
        return inline;
      }

      @Override
      public Result execute(StageContext context) {
        executions.incrementAndGet();
        return Result.completed();
      }
    };
  }

  @Test
  void aFailingIntakeStartsOverAndLosesNothing() throws Exception {
    goesOn(brittle(false));
  }

  @Test
  void soItDoesWithAnInlineHandler() throws Exception {
    goesOn(brittle(true));
  }

  private void goesOn(StageHandler handler) throws Exception {
    Start before = start("noop", "{}");
    Start failing = start("brittle", "{}");
    Start behind = start("noop", "{}");
    Start next = start("noop", "{}");
    try (WorkerNode worker = TestWorker.started(host.uri(), directory, 1, handler)) {
      leader.publish(before, failing, behind);
      leader.publish(next);
      for (Start start : List.of(before, failing, behind, next)) {
        assertThat(leader.awaitFinished(start.claim()).outcome()).isEqualTo(Outcome.COMPLETED);
      }
      assertThat(worker.connected()).isTrue();
      await("an idle worker").until(() -> idle(leader.heartbeats.getLast()));
    }
    assertThat(asked).as("failed, and asked again").hasValue(FAILURES + 1);
    assertThat(executions).hasValue(1);
    assertThat(leader.waiting()).as("starts that nobody acked").isZero();
  }

  /** No slot and no claim was left behind by what failed. */
  private static boolean idle(Heartbeat beat) {
    return beat.open().isEmpty() && beat.pools().getFirst().free() == 1;
  }

  @Test
  void aWorkerWhoseIntakeFailsCanStillBeDrained() throws Exception {
    Start failing = start("brittle", "{}");
    StageHandler hopeless =
        new StageHandler() {
          @Override
          public String name() {
            return "brittle";
          }

          @Override
          public boolean inline() {
            asked.incrementAndGet();
            throw new IllegalStateException("an error of a test");
          }

          @Override
          public Result execute(StageContext context) {
            throw new AssertionError("cannot be reached");
          }
        };
    WorkerNode worker = TestWorker.started(host.uri(), directory, 1, hopeless);
    leader.publish(failing);
    await("two failures").until(() -> asked.get() >= 2);
    worker.close();
    await("the start back in its queue").until(() -> leader.waiting() == 1);
    assertThat(leader.ends(failing.claim())).isEmpty();
  }
}
