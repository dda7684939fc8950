package dev.millrace.flow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.rabbitmq.client.Channel;
import dev.millrace.model.Claim;
import dev.millrace.scheduler.SchedulerNode;
import dev.millrace.wire.Decoded;
import dev.millrace.wire.Entities;
import dev.millrace.wire.Heartbeat;
import dev.millrace.wire.HeartbeatCodec;
import dev.millrace.wire.LogCodec;
import dev.millrace.wire.LogLines;
import dev.millrace.wire.Report;
import dev.millrace.wire.ReportCodec;
import dev.millrace.wire.Reports;
import dev.millrace.wire.StartCodec;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs go all the way: API, inbox, leader, broker, worker and back, in one process. */
class WholeFlowTest {
  private static final String HELLO =
      """
      id: %s
      stages:
        - {id: hello, run: command, pool: %s, with: {shell: "echo hello"}}
      """;

  @TempDir Path folder;
  private Flow flow;
  private SchedulerNode leader;

  @BeforeEach
  void start() throws Exception {
    flow = new Flow(folder);
    leader = flow.scheduler("one");
    flow.leads(leader);
  }

  @AfterEach
  void stop() throws Exception {
    flow.close();
  }

  @Test
  void aGraphWithARetryRunsToItsEnd() throws Exception {
    flow.worker("default");
    Path done = folder.resolve("done");
    flow.apply(
        leader,
        """
        id: fan
        retry: {max-attempts: 3, initial: 100ms, jitter: 0}
        stages:
          - {id: root, run: command, with: {shell: "test $MILLRACE_ATTEMPT -ge 2"}}
          - {id: left, run: command, needs: [root], with: {shell: "echo left >> %1$s"}}
          - {id: right, run: command, needs: [root], with: {shell: "echo right >> %1$s"}}
          - {id: last, run: command, needs: [left, right], with: {shell: "wc -l < %1$s >> %1$s"}}
        """
            .formatted(done));
    String run = flow.run(leader, "fan");
    flow.awaitRun(run, "COMPLETED");
    assertThat(flow.stage(run, "root", "attempt")).isEqualTo("2");
    assertThat(flow.one("select outcome from attempt where run = " + Flow.id(run)))
        .isEqualTo("failed");
    assertThat(Files.readAllLines(done)).hasSize(3).last().asString().contains("2");
    assertThat(flow.get(leader, "/api/v1/runs/" + run).path("state").asText())
        .isEqualTo("COMPLETED");
  }

  @Test
  void aStopEndsARunningCommand() throws Exception {
    flow.worker("default");
    flow.apply(
        leader,
        """
        id: long
        stages:
          - {id: wait, run: command, with: {shell: "exec sleep 600"}}
          - {id: after, run: command, needs: [wait], with: {shell: "echo no"}}
        """);
    String run = flow.run(leader, "long");
    await().atMost(Flow.SOON).until(() -> "RUNNING".equals(flow.stage(run, "wait", "state")));
    JsonNode stopped = flow.post(leader, "/api/v1/runs/" + run + "/stop");
    assertThat(stopped.get("httpStatus").asInt()).isEqualTo(200);
    flow.awaitRun(run, "CANCELLED");
    assertThat(flow.stage(run, "after", "state")).isEqualTo("CANCELLED");
  }

  @Test
  void badMessagesAreQuarantinedOnceAndTheGoodOnesGoOn() throws Exception {
    flow.worker("default");
    Channel channel = flow.amqp().createChannel();
    byte[] rubbish = "{\"v\":1,\"type\":".getBytes(StandardCharsets.UTF_8);
    channel.basicPublish("", Entities.REPORTS, null, rubbish);
    channel.basicPublish("", Entities.REPORTS, null, new byte[0]);
    channel.basicPublish("", Entities.HEARTBEATS, null, rubbish);
    channel.basicPublish("", Entities.LOGS, null, rubbish);
    channel.basicPublish("", Entities.LOGS, null, LogCodec.encode(lineOfNoRun()));
    await().atMost(Flow.SOON).until(() -> channel.messageCount(Entities.DEAD) == 3);
    flow.apply(leader, HELLO.formatted("after-rubbish", "default"));
    String run = flow.run(leader, "after-rubbish");
    flow.awaitRun(run, "COMPLETED");
    await()
        .atMost(Flow.SOON)
        .until(() -> flow.one("select text from stage_log where run = " + Flow.id(run)) != null);
    assertThat(channel.messageCount(Entities.DEAD)).isEqualTo(3);
  }

  private static LogLines lineOfNoRun() {
    Claim nobodys = new Claim(new dev.millrace.model.RunId(1), "a", 1);
    return new LogLines("w", List.of(new LogLines.Line(nobodys, 1, "stdout", 0, "lost")));
  }

  @Test
  void whatNobodyCanDoWaitsAndDoesNotHoldUpTheOthers() throws Exception {
    flow.worker("default");
    flow.apply(leader, HELLO.formatted("elsewhere", "moon"));
    flow.apply(
        leader,
        """
        id: strange
        stages:
          - {id: hello, run: teleport, with: {}}
        """);
    String elsewhere = flow.run(leader, "elsewhere");
    String strange = flow.run(leader, "strange");
    flow.apply(leader, HELLO.formatted("usual", "default"));
    for (int i = 0; i < 3; i++) {
      flow.awaitRun(flow.run(leader, "usual"), "COMPLETED");
    }
    assertThat(flow.stage(elsewhere, "hello", "state")).isEqualTo("READY");
    assertThat(flow.stage(strange, "hello", "state")).isEqualTo("READY");
    assertThat(flow.stage(strange, "hello", "attempt")).isEqualTo("0");
    flow.worker("moon");
    flow.awaitRun(elsewhere, "COMPLETED");
  }

  @Test
  void aFollowerForwardsCommandsAndTakesOver() throws Exception {
    flow.worker("default");
    SchedulerNode follower = flow.scheduler("two");
    assertThat(follower.leading()).isFalse();
    assertThat(flow.apply(follower, HELLO.formatted("hello", "default")).get("httpStatus").asInt())
        .isEqualTo(201);
    flow.awaitRun(flow.run(follower, "hello"), "COMPLETED");
    leader.close();
    flow.leads(follower);
    flow.awaitRun(flow.run(follower, "hello"), "COMPLETED");
    assertThat(flow.one("select count(distinct epoch) from history")).isEqualTo("2");
  }

  @Test
  void jobsGetVersionsAndGoAway() throws Exception {
    JsonNode first = flow.apply(leader, HELLO.formatted("changing", "default"));
    assertThat(first.get("version").asInt()).isEqualTo(1);
    JsonNode same = flow.apply(leader, HELLO.formatted("changing", "default"));
    assertThat(same.get("httpStatus").asInt()).isEqualTo(200);
    assertThat(same.get("version").asInt()).isEqualTo(1);
    assertThat(flow.apply(leader, HELLO.formatted("changing", "moon")).get("version").asInt())
        .isEqualTo(2);
    JsonNode gone = flow.send(leader, "DELETE", "/api/v1/jobs/changing", "application/json", "");
    assertThat(gone.get("httpStatus").asInt()).isEqualTo(200);
    assertThat(flow.post(leader, "/api/v1/jobs/changing/runs").get("httpStatus").asInt())
        .isEqualTo(409);
    assertThat(flow.apply(leader, HELLO.formatted("changing", "default")).get("version").asInt())
        .as("its name is free again")
        .isEqualTo(1);
  }

  @Test
  void everySecondLandsOnceInTheLedger() throws Exception {
    flow.worker("default");
    flow.apply(
        leader,
        """
        id: second
        triggers: [{every: 1s}]
        stages: [{id: nothing, run: noop}]
        """);
    await()
        .atMost(Flow.SOON)
        .until(() -> Integer.parseInt(flow.one("select count(*) from tick")) >= 4);
    assertThat(
            flow.one(
                """
                select count(*) from tick t join run r on r.id = t.run
                where disposition <> 'FIRED' or r.scheduled_for <> planned_at
                   or r.created_at < planned_at
                """))
        .as("early, doubled or without a run")
        .isEqualTo("0");
    assertThat(
            flow.one(
                "select extract(epoch from max(planned_at) - min(planned_at))::int + 1 - count(*) from tick"))
        .as("gaps")
        .isEqualTo("0");
  }

  @Test
  void theAttemptOfASilentWorkerIsLostAndTriedAgain() throws Exception {
    Channel channel = flow.amqp().createChannel();
    String queue = dev.millrace.amqp.Topology.declarePool(channel, "haunted");
    channel.basicPublish("", Entities.HEARTBEATS, null, HeartbeatCodec.encode(ghost()));
    flow.apply(leader, HELLO.formatted("haunt", "haunted"));
    String run = flow.run(leader, "haunt");
    var delivery =
        await()
            .atMost(Flow.SOON)
            .until(
                () -> {
                  channel.basicPublish(
                      "", Entities.HEARTBEATS, null, HeartbeatCodec.encode(ghost()));
                  return channel.basicGet(queue, true);
                },
                got -> got != null);
    var starts = StartCodec.decode(delivery.getBody());
    assertThat(starts).isInstanceOf(Decoded.Ok.class);
    Claim claim = new Claim(dev.millrace.model.RunId.parse(run), "hello", 1);
    channel.basicPublish(
        "",
        Entities.REPORTS,
        null,
        ReportCodec.encode(new Reports("ghost", List.of(new Report.Started(claim)))));
    await().atMost(Flow.SOON).until(() -> "RUNNING".equals(flow.stage(run, "hello", "state")));
    // ... and is never heard of again.
    flow.worker("haunted");
    flow.awaitRun(run, "COMPLETED");
    assertThat(flow.stage(run, "hello", "attempt || '/' || lost || '/' || failures"))
        .isEqualTo("2/1/0");
    assertThat(flow.one("select outcome from attempt where run = " + Flow.id(run)))
        .isEqualTo("lost");
    await()
        .atMost(Flow.SOON)
        .until(() -> "LOST".equals(flow.one("select state from worker where id = 'ghost'")));
  }

  private static Heartbeat ghost() {
    return new Heartbeat(
        "ghost",
        "nowhere",
        1,
        "test",
        0,
        List.of(new Heartbeat.PoolSlots("haunted", 1, 1)),
        List.of("command"),
        false,
        List.of());
  }
}
