package dev.millrace.flow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.GetResponse;
import dev.millrace.amqp.Topology;
import dev.millrace.model.Claim;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.SchedulerNode;
import dev.millrace.wire.Control;
import dev.millrace.wire.ControlCodec;
import dev.millrace.wire.Decoded;
import dev.millrace.wire.Entities;
import dev.millrace.wire.Heartbeat;
import dev.millrace.wire.HeartbeatCodec;
import dev.millrace.wire.Report;
import dev.millrace.wire.ReportCodec;
import dev.millrace.wire.Reports;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A worker whose machine was suspended comes back and does not know that it was lost. The test
 * speaks for it: a suspended machine cannot be had here.
 */
class LostWorkerReturnsTest {
  private static final String POOL = "sleepy";

  @TempDir Path folder;
  private Flow flow;
  private SchedulerNode leader;
  private Channel channel;

  @BeforeEach
  void start() throws Exception {
    flow = new Flow(folder);
    leader = flow.scheduler("one");
    flow.leads(leader);
    channel = flow.amqp().createChannel();
  }

  @AfterEach
  void stop() throws Exception {
    flow.close();
  }

  private void beat(Claim... open) throws IOException {
    Heartbeat beat =
        new Heartbeat(
            "sleeper",
            "nowhere",
            1,
            "test",
            0,
            List.of(new Heartbeat.PoolSlots(POOL, 1, 1 - open.length)),
            List.of("command"),
            false,
            Stream.of(open).map(claim -> new Heartbeat.Open(claim, null, null)).toList());
    channel.basicPublish("", Entities.HEARTBEATS, null, HeartbeatCodec.encode(beat));
  }

  @Test
  void itIsToldToDropWhatOthersHaveNow() throws Exception {
    String stages = Topology.declarePool(channel, POOL);
    String control = Topology.declareControl(channel);
    beat();
    flow.apply(
        leader,
        """
        id: dream
        stages:
          - {id: only, run: command, pool: sleepy, with: {shell: "true"}}
        """);
    String run = flow.run(leader, "dream");
    await()
        .atMost(Flow.SOON)
        .until(
            () -> {
              beat();
              return channel.basicGet(stages, true) != null;
            });
    Claim claim = new Claim(RunId.parse(run), "only", 1);
    Report started = new Report.Started(claim);
    byte[] report = ReportCodec.encode(new Reports("sleeper", List.of(started)));
    channel.basicPublish("", Entities.REPORTS, null, report);
    await()
        .atMost(Flow.SOON)
        .until(
            () -> {
              beat(claim);
              return "RUNNING".equals(flow.stage(run, "only", "state"));
            });

    // It sleeps; another one does its work.
    flow.worker(POOL);
    flow.awaitRun(run, "COMPLETED");
    assertThat(flow.stage(run, "only", "attempt || '/' || lost")).isEqualTo("2/1");
    assertThat(next(control)).as("nobody is there to be told").isNull();

    await()
        .atMost(Flow.SOON)
        .until(
            () -> {
              beat(claim);
              return next(control);
            },
            new Control.Drop(claim, "sleeper")::equals);
    beat();
  }

  private Control next(String queue) throws IOException {
    GetResponse got = channel.basicGet(queue, true);
    if (got == null) {
      return null;
    }
    return switch (ControlCodec.decode(got.getBody())) {
      case Decoded.Ok<Control> ok -> ok.value();
      case Decoded.Bad<Control> bad -> throw new AssertionError(bad.cause());
    };
  }
}
