package dev.millrace.worker;

import static dev.millrace.worker.FakeLeader.await;
import static dev.millrace.worker.FakeLeader.start;
import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.Connection;
import dev.millrace.amqp.AmqpLink;
import dev.millrace.runtime.Faults;
import dev.millrace.settings.RabbitSettings;
import dev.millrace.testing.TestServers;
import dev.millrace.testing.TestVirtualHost;
import dev.millrace.wire.Start;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the settings say is what happens. */
final class WorkerSettingsInForceTest {
  @TempDir Path directory;

  @Test
  void theHeartbeatIsTheOneOfTheSettings() throws Exception {
    try (TestVirtualHost host = TestServers.broker().freshVirtualHost()) {
      RabbitSettings settings =
          new RabbitSettings(host.uri().toString(), Duration.ofSeconds(7), Duration.ofSeconds(5));
      CompletableFuture<Integer> seconds = new CompletableFuture<>();
      AmqpLink link = new AmqpLink("test", settings, List.of(new Opened(seconds)));
      link.start();
      assertThat(seconds.get(20, TimeUnit.SECONDS)).isEqualTo(7);
      link.close();
    }
  }

  private record Opened(CompletableFuture<Integer> heartbeatSeconds) implements AmqpLink.Session {
    @Override
    public void opened(Connection connection, long generation) {
      heartbeatSeconds.complete(connection.getHeartbeat());
    }

    @Override
    public void closed(long generation) {
      // nothing of its own is on the connection
    }
  }

  /** It accepts and then says nothing, as a hung broker behind a living proxy does. */
  @Test
  void aBrokerThatSaysNothingIsGivenUpInTime() throws Exception {
    try (ServerSocket mute = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      String uri = "amqp://guest:guest@127.0.0.1:" + mute.getLocalPort();
      RabbitSettings settings =
          new RabbitSettings(uri, Duration.ofSeconds(10), Duration.ofMillis(150));
      AmqpLink link = new AmqpLink("test", settings, List.of());
      String before = link.lastFailure();
      long startedNanos = System.nanoTime();
      link.start();
      await("the first failure").until(() -> !link.lastFailure().equals(before));
      assertThat(Duration.ofNanos(System.nanoTime() - startedNanos))
          .as("far below the usual patience")
          .isLessThan(Duration.ofSeconds(4));
      link.close();
    }
  }

  @Test
  void theLogOfAnAttemptIsKeptAsFarAsTheSettingsSay() throws Exception {
    StageHandler chatty =
        new StageHandler() {
          @Override
          public String name() {
            return "chatty";
          }

          @Override
          public Result execute(StageContext context) {
            for (int i = 0; i < 8; i++) {
              context.log("stdout", "0123456789");
            }
            return Result.completed();
          }
        };
    Start start = start("chatty", "{}");
    try (TestVirtualHost host = TestServers.broker().freshVirtualHost();
        FakeLeader leader = new FakeLeader(host.uri())) {
      WorkerNode worker = worker(host, 45, chatty);
      leader.publish(start);
      leader.awaitFinished(start.claim());
      await("all lines").until(() -> leader.linesOf(start.claim()).size() == 7);
      assertThat(leader.linesOf(start.claim()))
          .containsExactly(
              "stdout: 0123456789",
              "stdout: 0123456789",
              "stdout: 0123456789",
              "stdout: 0123456789",
              "stdout: 0123456789",
              "system: the log of this attempt has reached 45 bytes (worker.output-max-bytes of this"
                  + " worker); further lines are counted, not kept",
              "system: 3 more lines with 30 characters were not kept");
      worker.close();
    }
  }

  private WorkerNode worker(TestVirtualHost host, int logBytesMax, StageHandler handler)
      throws Exception {
    WorkerNode worker =
        new WorkerNode(
            new WorkerNodeConfig(
                RabbitSettings.of(host.uri().toString()),
                List.of(new WorkerNodeConfig.PoolSlots(FakeLeader.POOL, 1)),
                Duration.ofSeconds(20),
                directory,
                logBytesMax,
                Set.of(),
                List.of(handler),
                Duration.ofMillis(200),
                Duration.ofSeconds(60),
                Faults.NONE,
                "test",
                List.of()),
            new SimpleMeterRegistry());
    worker.start();
    return worker;
  }
}
