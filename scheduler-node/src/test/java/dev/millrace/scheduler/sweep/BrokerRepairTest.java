package dev.millrace.scheduler.sweep;

import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import dev.millrace.amqp.QueueConsumer;
import dev.millrace.amqp.Topology;
import dev.millrace.model.Claim;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.dispatch.Outbox;
import dev.millrace.scheduler.dispatch.Pools;
import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.Engine;
import dev.millrace.scheduler.engine.Fact;
import dev.millrace.scheduler.engine.Plan;
import dev.millrace.scheduler.engine.Plans;
import dev.millrace.scheduler.ingest.ReportIntake;
import dev.millrace.scheduler.store.Database;
import dev.millrace.scheduler.store.DatabaseClock;
import dev.millrace.scheduler.store.Runs;
import dev.millrace.scheduler.store.Stages;
import dev.millrace.settings.EngineSettings;
import dev.millrace.settings.PostgresSettings;
import dev.millrace.settings.RabbitSettings;
import dev.millrace.settings.WorkerTimeouts;
import dev.millrace.testing.TestDatabase;
import dev.millrace.testing.TestServers;
import dev.millrace.testing.TestVirtualHost;
import dev.millrace.wire.Entities;
import dev.millrace.wire.Heartbeat;
import dev.millrace.wire.HeartbeatCodec;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the broker lost is found from real rows and a real broker's queues; rows are aged. */
class BrokerRepairTest {
  private static final Plan PLAN = Plans.of(7, 3, Plans.stage("a"));
  private static final long SECOND = 1_000_000;

  private final List<Stages.Key> lostStarts = new ArrayList<>();
  private final List<Claim> lostReports = new ArrayList<>();
  private final List<Claim> stillRunning = new ArrayList<>();
  private final DatabaseClock clock = new DatabaseClock();
  private final Pools pools = new Pools(new EngineSettings(100, 64, 1_000, 64));
  private TestDatabase postgres;
  private Database database;
  private TestVirtualHost host;
  private Connection connection;
  private Channel channel;
  private WorkerTable workers;
  private BrokerRepair repair;
  private long now;
  private long runs;

  @BeforeEach
  void start() throws Exception {
    postgres = TestServers.postgres().freshDatabase();
    database =
        new Database(
            new PostgresSettings(postgres.jdbcUrl(), postgres.user(), postgres.password(), 4));
    database.start();
    now =
        database
            .api()
            .withHandle(
                handle ->
                    handle.createQuery("select micros(clock_timestamp())").mapTo(Long.class).one());
    clock.sync(now, System.nanoTime());
    host = TestServers.broker().freshVirtualHost();
    ConnectionFactory factory = new ConnectionFactory();
    factory.setUri(host.uri());
    connection = factory.newConnection("test");
    channel = connection.createChannel();
    Topology.declareShared(channel);
    Topology.declarePool(channel, "default");
    makeRepair();
  }

  private void makeRepair() {
    workers =
        new WorkerTable(
            new WorkerTimeouts(Duration.ofHours(1), Duration.ofSeconds(6), Duration.ofSeconds(10)),
            new Outbox("test", RabbitSettings.of(host.uri().toString())),
            pools,
            database.leader(),
            clock,
            new WorkerTable.Identity("test", () -> {}, new SimpleMeterRegistry()));
    repair =
        new BrokerRepair(
            database.leader(),
            clock,
            pools,
            workers,
            new ReportIntake(() -> {}),
            new BrokerRepair.Findings(lostStarts::addAll, lostReports::addAll, stillRunning::add));
    repair.opened(connection, 1);
    hear(HeartbeatCodec.encodeCanary("test", 1));
    workers.judge(System.nanoTime());
  }

  @AfterEach
  void stop() throws Exception {
    connection.abort(1_000);
    host.close();
    database.close();
    postgres.close();
  }

  private void hear(byte[] message) {
    workers.on(new QueueConsumer.Delivery(1, 1, false, message));
  }

  private void beat(String worker, int free, Claim... open) {
    hear(
        HeartbeatCodec.encode(
            new Heartbeat(
                worker,
                "host",
                1,
                "test",
                0,
                List.of(new Heartbeat.PoolSlots("default", 4, free)),
                List.of("noop"),
                false,
                Arrays.stream(open).map(one -> new Heartbeat.Open(one, null, null)).toList())));
  }

  /** A run whose only stage is QUEUED since then, RUNNING on the worker when there is one. */
  private Draft stage(String worker, long agoSeconds) {
    long at = now - agoSeconds * SECOND;
    Draft fresh =
        Engine.create(Plans.run(RunId.firstAt(now / 1_000) + ++runs, PLAN, at), "command", at);
    write(fresh, at);
    Draft draft = Draft.of(fresh.run());
    Engine.apply(draft, new Fact.Dispatched(0, runs), at, 0);
    if (worker != null) {
      Engine.apply(draft, new Fact.Started(0, 1, worker), at, 0);
    }
    Engine.settle(draft, at);
    write(draft, at);
    pools.load(Map.of(), Map.of("default", 1), Map.of("default", 1));
    return draft;
  }

  private void write(Draft draft, long at) {
    database.leader().useTransaction(tx -> Runs.write(tx, List.of(draft), 1, at));
  }

  private static Claim claim(Draft draft) {
    return new Claim(new RunId(draft.run().id()), "a", 1);
  }

  private static Stages.Key key(Draft draft) {
    return new Stages.Key(draft.run().id(), 0);
  }

  @Test
  void startsThatAFullWorkerMayHoldAreNotTakenForLost() throws Exception {
    Draft fresh = stage(null, 5);
    Draft old = stage(null, 70);
    beat("full", 0);
    repair.runOnce();
    assertThat(lostStarts).as("nobody has room").isEmpty();
    beat("idle", 4);
    repair.runOnce();
    assertThat(lostStarts).as("the full one may hold what is younger").containsExactly(key(old));
    lostStarts.clear();
    beat("full", 1);
    repair.runOnce();
    assertThat(lostStarts).containsExactlyInAnyOrder(key(fresh), key(old));
  }

  @Test
  void startsThatAreThereAreNotLost() throws Exception {
    Draft held = stage(null, 70);
    stage(null, 1); // too young
    beat("idle", 3, claim(held));
    repair.runOnce();
    assertThat(lostStarts).isEmpty();
    Draft waiting = stage(null, 70);
    byte[] any = "any".getBytes(StandardCharsets.UTF_8);
    channel.confirmSelect();
    channel.basicPublish(Entities.STAGES, "default", null, any);
    channel.waitForConfirmsOrDie(10_000);
    repair.runOnce();
    assertThat(lostStarts).as("the queue has something").isEmpty();
    channel.basicGet(Entities.stagesOf("default"), true);
    repair.runOnce();
    assertThat(lostStarts).containsExactly(key(waiting));
  }

  @Test
  void aReportIsLostWhenItsWorkerSpeaksTwiceAndHoldsNothing() throws Exception {
    Draft gone = stage("one", 20);
    Draft held = stage("one", 20);
    Draft silent = stage("two", 20);
    stage("one", 2); // too young
    beat("one", 3, claim(held));
    beat("two", 4);
    repair.runOnce();
    assertThat(lostReports).as("the first look").isEmpty();
    repair.runOnce();
    assertThat(lostReports).as("nobody has spoken since").isEmpty();
    beat("one", 3, claim(held));
    repair.runOnce();
    assertThat(lostReports).containsExactly(claim(gone));
    lostReports.clear();
    beat("two", 4);
    beat("one", 3, claim(held));
    repair.runOnce();
    assertThat(Set.copyOf(lostReports)).isEqualTo(Set.of(claim(gone), claim(silent)));
  }

  @Test
  void whatIsHeldAgainIsNoLongerSuspect() throws Exception {
    Draft stage = stage("one", 20);
    beat("one", 4);
    repair.runOnce();
    beat("one", 3, claim(stage));
    repair.runOnce();
    beat("one", 4);
    repair.runOnce();
    assertThat(lostReports).as("a first look again").isEmpty();
  }

  @Test
  void whatShouldHaveStoppedIsToldAgain() throws Exception {
    Draft going = stage("one", 2);
    Draft stopping = stage("one", 2);
    Draft draft = Draft.of(stopping.run());
    Engine.apply(draft, new Fact.Stop("tester", null), now, 0);
    Engine.settle(draft, now);
    write(draft, now);
    beat("one", 2, claim(going), claim(stopping));
    repair.runOnce();
    repair.runOnce();
    assertThat(stillRunning).containsExactly(claim(stopping), claim(stopping));
  }
}
