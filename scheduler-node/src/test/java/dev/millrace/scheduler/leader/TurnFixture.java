package dev.millrace.scheduler.leader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.GetResponse;
import dev.millrace.amqp.AmqpLink;
import dev.millrace.amqp.Topology;
import dev.millrace.definition.DefinitionJson;
import dev.millrace.definition.DefinitionReader;
import dev.millrace.model.Claim;
import dev.millrace.runtime.Faults;
import dev.millrace.runtime.Loop;
import dev.millrace.runtime.Pulse;
import dev.millrace.runtime.Services;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.command.Commands;
import dev.millrace.scheduler.command.Outcome;
import dev.millrace.scheduler.dispatch.Dispatcher;
import dev.millrace.scheduler.dispatch.Outbox;
import dev.millrace.scheduler.dispatch.Pools;
import dev.millrace.scheduler.file.FileWatching;
import dev.millrace.scheduler.ingest.ReportIntake;
import dev.millrace.scheduler.store.Database;
import dev.millrace.scheduler.store.DatabaseClock;
import dev.millrace.scheduler.store.Inbox;
import dev.millrace.scheduler.store.Leases;
import dev.millrace.scheduler.store.Stages;
import dev.millrace.scheduler.sweep.BrokerRepair;
import dev.millrace.scheduler.sweep.WorkerTable;
import dev.millrace.settings.EngineSettings;
import dev.millrace.settings.RabbitSettings;
import dev.millrace.settings.WorkerTimeouts;
import dev.millrace.testing.TestDatabase;
import dev.millrace.testing.TestServers;
import dev.millrace.testing.TestVirtualHost;
import dev.millrace.wire.Control;
import dev.millrace.wire.Decoded;
import dev.millrace.wire.Entities;
import dev.millrace.wire.Start;
import dev.millrace.wire.StartCodec;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;

/**
 * A term on a real Postgres and a real broker, whose turn is called by hand; the test is the
 * worker. Used by one test's thread.
 */
final class TurnFixture implements AutoCloseable {
  static final Duration TTL = Duration.ofMinutes(10);
  private static final Duration SOON = Duration.ofSeconds(20);
  private static final Duration OFTEN = Duration.ofMillis(2);
  private static final EngineSettings SETTINGS = new EngineSettings(2_000, 2_000, 20_000, 64);

  final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
  final AtomicReference<Faults> faults = new AtomicReference<>(Faults.NONE);
  final Database database;
  final Term term;
  private final TestDatabase postgres;
  final TestVirtualHost host;
  private final java.sql.Connection lease;
  final DatabaseClock clock = new DatabaseClock();
  private final EngineSettings settings;
  private final Pools pools;
  final Outbox outbox;
  private final Dispatcher dispatcher;
  private final Loop publishing;
  private final ReportIntake intake = new ReportIntake(() -> {});
  private final AmqpLink consuming;
  private final Connection connection;
  final Channel channel;
  private final WorkerReports reports;
  private final Commands commands;
  private final RabbitSettings rabbit;
  private final List<AmqpLink> more = new ArrayList<>();
  private ControlTap controls;
  private final Map<String, Pools.Capacity> capacities = new HashMap<>();
  private final Starters starters;
  private final Services queues = new Services();
  private volatile Turn turn;
  FileWatching.Hubs files = FileWatching.Hubs.of(List.of());

  TurnFixture() throws Exception {
    this(SETTINGS);
  }

  TurnFixture(EngineSettings settings) throws Exception {
    this(settings, TestServers.broker().freshVirtualHost());
  }

  /** At a broker of the test's choice. */
  TurnFixture(TestVirtualHost host) throws Exception {
    this(SETTINGS, host);
  }

  private TurnFixture(EngineSettings settings, TestVirtualHost host) throws Exception {
    this.settings = settings;
    pools = new Pools(settings);
    postgres = TestSchema.fresh();
    database = TestSchema.open(postgres);
    database.start();
    commands = new Commands(database.api(), () -> turn.inboxHint());
    lease = database.single("lease", Duration.ofSeconds(10));
    Leases.Won won = Leases.take(lease, "test", "test", TTL.toSeconds()).orElseThrow();
    clock.sync(won.now(), System.nanoTime());
    term = new Term(won.epoch(), won.confirmed(), TTL.toNanos(), System.nanoTime());
    this.host = host;
    rabbit = RabbitSettings.of(host.uri().toString());
    ConnectionFactory factory = new ConnectionFactory();
    factory.setUri(host.uri());
    connection = factory.newConnection("test");
    channel = connection.createChannel();
    Topology.declareShared(channel);
    Topology.declarePool(channel, "default");
    channel.confirmSelect();
    reports = new WorkerReports(channel, intake);
    outbox = new Outbox("test", rabbit);
    outbox.start();
    await().atMost(SOON).until(outbox::ready);
    dispatcher = new Dispatcher(outbox, pools, () -> {}, metrics, 0);
    publishing = dispatcher.loop();
    publishing.start();
    consuming =
        new AmqpLink("test-consume", rabbit, List.of(new Outbox.Declarations(), intake.consumer()));
    intake.consumer().on(consuming);
    consuming.start();
    await().atMost(SOON).until(consuming::connected);
    starters = new Starters("test", rabbit, database.leader(), outbox, metrics, () -> {});
    capacity("default", new Pools.Capacity(1, 100, Set.of("noop")));
    newTurn();
  }

  /** From now on messages of queues start runs: they are taken by the passes that follow. */
  void consumeQueues() throws Exception {
    starters.start(queues);
  }

  /** Ends the connection that takes messages; what was not acked is in the queues again. */
  void stopQueues() {
    queues.close();
  }

  /** For what the test does to the broker. */
  Channel channel() {
    return channel;
  }

  /** Passes until it is so. */
  void passUntil(String what, Callable<Boolean> so) {
    await(what)
        .atMost(SOON)
        .pollDelay(Duration.ZERO)
        .pollInterval(OFTEN)
        .until(
            () -> {
              turn.runOnce();
              return so.call();
            });
  }

  /** What repairs the broker's losses for this turn; its own canary has come back. */
  BrokerRepair repair() throws IOException {
    Pools unknown = new Pools(settings); // nobody beats here: the turn keeps what it was told
    WorkerTable hearing = workers(unknown);
    BrokerRepair repair =
        new BrokerRepair(
            database.leader(),
            clock,
            unknown,
            hearing,
            intake,
            Leadership.findings(turn, new Pulse()));
    repair.opened(connection, 1);
    AmqpLink link = new AmqpLink("test-heartbeats", rabbit, List.of(hearing.consumer()));
    hearing.consumer().on(link);
    more.add(link);
    link.start();
    await()
        .atMost(SOON)
        .until(
            () -> {
              hearing.sweepOnce();
              return !hearing.frozen();
            });
    return repair;
  }

  /** Has the publish loop meet a start of this claim that no message can hold. */
  void publishUnwritable(Start start, long dispatch) {
    Start bad =
        new Start(
            start.claim(),
            start.job(),
            start.namespace(),
            start.handler(),
            "{}",
            "{}",
            "{}",
            null,
            Duration.ofSeconds(Long.MAX_VALUE),
            null,
            null);
    Stages.Key key = new Stages.Key(start.claim().run().value(), 0);
    dispatcher.dispatch(List.of(new Dispatcher.Item(key, bad, "default", dispatch)), true);
    await().atMost(SOON).until(dispatcher::hasNews);
  }

  /** Copies of what the leader tells the workers from now on. */
  void listenToControl() throws IOException {
    controls = new ControlTap(channel);
  }

  /** What it has told them since the last call, up to and with this. */
  List<Control> controlsUpTo(Control last) {
    return controls.upTo(last);
  }

  private WorkerTable workers(Pools pools) {
    return new WorkerTable(
        new WorkerTimeouts(Duration.ofSeconds(2), Duration.ofSeconds(6), Duration.ofSeconds(10)),
        outbox,
        pools,
        database.leader(),
        clock,
        new WorkerTable.Identity("test", () -> {}, metrics));
  }

  /** As at the start of a term: it knows what the tables say. */
  void newTurn() {
    turn =
        new Turn(
            new Turn.Parts(
                database.leader(),
                clock,
                term,
                commands,
                outbox,
                pools,
                dispatcher,
                intake,
                starters.forTurn(),
                workers(pools),
                new Meters(metrics),
                point -> faults.get().at(point),
                settings.batchMax(),
                files));
  }

  /** What live workers of a pool can do from now on; declares its queue. */
  void capacity(String pool, Pools.Capacity capacity) throws IOException {
    Topology.declarePool(channel, pool);
    capacities.put(pool, capacity);
    pools.capacities(Map.copyOf(capacities));
  }

  /** Asks this leader, as the API does; its answers come with the passes. */
  Commands commands() {
    return commands;
  }

  /** From now on the leader takes it for this instant. The days around it have their partitions. */
  void at(String instant) {
    Instant now = Instant.parse(instant);
    database
        .api()
        .useHandle(
            handle ->
                handle.execute(
                    "select ensure_partitions(?::date - 1, 3)",
                    LocalDate.ofInstant(now, ZoneOffset.UTC).toString()));
    clockAt(now);
  }

  /** The same on a day that has its partitions. */
  void clockAt(Instant now) {
    clock.sync(
        TimeUnit.SECONDS.toMicros(now.getEpochSecond()) + now.getNano() / 1_000, System.nanoTime());
  }

  /** The leader's sessions with the database end in the middle of what they do. */
  void cutSessions() {
    database
        .api()
        .useHandle(
            handle ->
                handle
                    .createQuery(
                        """
                        select count(pg_terminate_backend(pid, 5000)) from pg_stat_activity
                        where datname = current_database() and pid <> pg_backend_pid()
                          and application_name like '%leader%'
                        """)
                    .mapTo(Integer.class)
                    .one());
  }

  boolean pass() throws InterruptedException {
    return turn.runOnce();
  }

  /** Passes until there is nothing more to do. */
  void passes() throws InterruptedException {
    int passes = 0;
    do {
      assertThat(passes++).as("passes without an end").isLessThan(100);
    } while (turn.runOnce());
  }

  long ask(Command command) {
    long id = database.api().withHandle(handle -> Inbox.put(handle, command, true));
    turn.inboxHint();
    return id;
  }

  /** Something was put into the inbox in another way. */
  void hint() {
    turn.inboxHint();
  }

  void execute(String sql) {
    database.api().useHandle(handle -> handle.execute(sql));
  }

  void apply(String yaml) throws InterruptedException {
    apply(yaml, 201);
  }

  void applyAgain(String yaml) throws InterruptedException {
    apply(yaml, 200);
  }

  void apply(String yaml, int status) throws InterruptedException {
    String definition = canonical(yaml);
    long id =
        ask(
            new Command(
                Command.Kind.JOB_APPLY,
                "default",
                "job",
                "{\"definition\":" + definition + ",\"source\":\"api\"}",
                "tester",
                null));
    passes();
    assertThat(outcome(id).status()).isEqualTo(status);
  }

  /** A definition as the inbox has it. */
  static String canonical(String yaml) {
    return switch (new DefinitionReader().read(yaml, "test")) {
      case DefinitionReader.Result.Ok ok -> DefinitionJson.toJson(ok.job());
      case DefinitionReader.Result.Bad bad -> throw new AssertionError(bad.problems());
    };
  }

  Outcome outcome(long id) {
    return database.api().withHandle(handle -> Inbox.outcome(handle, id)).orElseThrow();
  }

  /** Exactly so many starts, in whatever messages; more would be found by the next call. */
  List<Start> starts(int count) {
    List<Start> starts = new ArrayList<>();
    await().atMost(SOON).until(() -> takeStarts(starts) >= count);
    assertThat(starts).hasSize(count);
    return starts;
  }

  private int takeStarts(List<Start> into) throws IOException {
    String queue = Entities.stagesOf("default");
    for (GetResponse got = channel.basicGet(queue, true);
        got != null;
        got = channel.basicGet(queue, true)) {
      switch (StartCodec.decode(got.getBody())) {
        case Decoded.Ok<List<Start>> ok -> into.addAll(ok.value());
        case Decoded.Bad<List<Start>> bad -> throw new AssertionError(bad.cause());
      }
    }
    return into.size();
  }

  /** Everything that was dispatched is with the broker, and nothing of it is in the queue. */
  void assertNoStarts() {
    await().atMost(SOON).until(() -> outbox.unconfirmed() == 0);
    List<Start> starts = new ArrayList<>();
    try {
      takeStarts(starts);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    assertThat(starts).isEmpty();
  }

  /** Reports that these have completed, in one message, and waits until it is in the intake. */
  void complete(List<Claim> claims, String output) throws Exception {
    reports.finished(claims, any -> output);
  }

  /** The same, each with an output of its own. */
  void finished(List<Claim> claims, Function<Claim, String> outputs) throws Exception {
    reports.finished(claims, outputs);
  }

  /** Reports that these are being executed. */
  void started(List<Claim> claims) throws Exception {
    reports.started(claims);
  }

  /** Reports that these have completed and counted so much each. */
  void complete(List<Claim> claims, Map<String, Long> counters) throws Exception {
    reports.counted(claims, counters);
  }

  /** A heartbeat says that this attempt has counted so much. */
  void counts(Claim claim, Map<String, Long> counters) {
    turn.counting().heard(claim, counters);
  }

  /** Reports that these have failed, each with this class. */
  void fail(List<Claim> claims, String errorClass) throws Exception {
    reports.failed(claims, errorClass);
  }

  /** Takes what is in a queue. */
  List<String> messages(String queue) throws IOException {
    List<String> bodies = new ArrayList<>();
    for (GetResponse got = channel.basicGet(queue, true);
        got != null;
        got = channel.basicGet(queue, true)) {
      bodies.add(new String(got.getBody(), StandardCharsets.UTF_8));
    }
    return bodies;
  }

  /** Reports that nobody acked; ends the leader's connection, so that the broker shows them. */
  long unackedReports() throws IOException {
    consuming.close();
    return channel.messageCount(Entities.REPORTS);
  }

  /** The next so many commits that write an outcome fail at the very end. */
  void failCommits(int count) {
    failCommits(count, "P0001");
  }

  /** The same, by an error of this SQL state. */
  void failCommits(int count, String sqlState) {
    FailingCommits.make(database.api(), count, sqlState, "outcome");
  }

  /** The next so many commits that write a row of this table fail at the very end. */
  void failCommitsOf(String table, int count) {
    FailingCommits.make(database.api(), count, "P0001", table);
  }

  List<String> texts(String sql) {
    return database.api().withHandle(handle -> handle.createQuery(sql).mapTo(String.class).list());
  }

  int count(String sql) {
    return database.api().withHandle(handle -> handle.createQuery(sql).mapTo(Integer.class).one());
  }

  String text(String sql) {
    return database.api().withHandle(handle -> handle.createQuery(sql).mapTo(String.class).one());
  }

  @Override
  public void close() throws IOException, SQLException {
    queues.close();
    more.forEach(AmqpLink::close);
    consuming.close();
    publishing.close();
    outbox.close();
    connection.abort(1_000);
    host.close();
    lease.close();
    database.close();
    postgres.close();
  }
}
