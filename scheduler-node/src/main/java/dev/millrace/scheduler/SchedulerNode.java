package dev.millrace.scheduler;

import dev.millrace.amqp.AmqpLink;
import dev.millrace.definition.DefinitionReader;
import dev.millrace.runtime.Faults;
import dev.millrace.runtime.Loop;
import dev.millrace.runtime.Pulse;
import dev.millrace.runtime.Service;
import dev.millrace.runtime.Services;
import dev.millrace.scheduler.artifact.ArtifactExchange;
import dev.millrace.scheduler.artifact.ArtifactStore;
import dev.millrace.scheduler.command.Commands;
import dev.millrace.scheduler.definition.StoredPatterns;
import dev.millrace.scheduler.dispatch.Outbox;
import dev.millrace.scheduler.dispatch.Pools;
import dev.millrace.scheduler.http.FirstToken;
import dev.millrace.scheduler.http.HttpConfig;
import dev.millrace.scheduler.http.HttpServer;
import dev.millrace.scheduler.ingest.LogIntake;
import dev.millrace.scheduler.leader.Elector;
import dev.millrace.scheduler.leader.Leadership;
import dev.millrace.scheduler.secret.MasterKeys;
import dev.millrace.scheduler.secret.SecretExchange;
import dev.millrace.scheduler.secret.SecretVault;
import dev.millrace.scheduler.status.NodeStatus;
import dev.millrace.scheduler.store.Database;
import dev.millrace.scheduler.store.DatabaseClock;
import dev.millrace.scheduler.trigger.JobsDirectory;
import dev.millrace.settings.SchedulerSettings;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ToDoubleFunction;

/**
 * One scheduler node: leads or follows, stores logs, and serves the API either way. {@link #start}
 * blocks until the database answers and the API is bound; the broker connects in the background.
 */
public final class SchedulerNode implements Service {
  private static final Duration WATERMARK_EVERY = Duration.ofSeconds(1);
  private static final Duration LOGS_POLL = Duration.ofSeconds(1);
  private static final Duration JOBS_DIR_EVERY = Duration.ofMillis(500);

  private final SchedulerSettings settings;
  private final String name;
  private final String version;
  private final Faults faults;
  private final boolean open;
  private final Services services = new Services();
  private final Set<String> boundPools = ConcurrentHashMap.newKeySet();
  private final PrometheusMeterRegistry metrics =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private Database database;
  private Outbox outbox;
  private Elector elector;
  private Leadership leadership;
  private Commands commands;
  private Pools pools;
  private volatile HttpServer http;
  private DatabaseClock clock;

  /** Closed: whoever calls its API shows who he is. */
  public SchedulerNode(SchedulerSettings settings, String name, String version, Faults faults) {
    this(settings, name, version, faults, false);
  }

  /**
   * @param name unique among the nodes that run now; shown as the leader's name
   * @param open whoever is on this machine may do everything by its API; only where there is no
   *     token in the settings, and on loopback
   */
  public SchedulerNode(
      SchedulerSettings settings, String name, String version, Faults faults, boolean open) {
    this.open = open;
    this.settings = settings;
    this.name = name;
    this.version = version;
    this.faults = faults;
  }

  @Override
  public void start() throws Exception {
    database = services.start(new Database(settings.postgres(), metrics));
    SecretVault secrets = new SecretVault(database.api(), new MasterKeys(settings.secrets()));
    secrets.check();
    outbox = services.start(new Outbox(name, settings.rabbit()));
    clock = new DatabaseClock();
    pools = new Pools(settings.engine());
    InboxBell bell = new InboxBell(database, () -> leadership.nudge());
    commands = new Commands(database.api(), bell::ring);
    leadership =
        new Leadership(
            new Leadership.Node(
                name,
                settings,
                database,
                clock,
                outbox,
                commands,
                metrics,
                faults,
                secrets::granted),
            pools);
    leadership.onCommit(bell::written);
    bell.onWritten(
        () -> {
          HttpServer serving = http;
          if (serving != null) {
            serving.nudgeEvents();
          }
        });
    elector = new Elector(database, clock, settings.leader(), name, leadership);
    services.start(bell);
    services.start(elector);
    services.start(new Loop("watermark", this::passWatermark, new Pulse(), WATERMARK_EVERY));
    startLogs();
    ArtifactStore artifacts =
        new ArtifactStore(database.api(), settings.artifacts(), Clock.systemUTC());
    services.start(new ArtifactExchange(name, settings.rabbit(), artifacts, outbox, metrics));
    services.start(new SecretExchange(name, settings.rabbit(), database.api(), secrets, metrics));
    bindGauges();
    http =
        services.start(
            new HttpServer(
                new HttpConfig(
                    settings.http().bind(),
                    settings.http().port(),
                    token(),
                    name,
                    version,
                    System::getenv,
                    open && token() == null,
                    settings.access()),
                settings.events(),
                database.api(),
                commands,
                artifacts,
                secrets,
                this::status,
                metrics));
    watchJobs();
  }

  /**
   * The first token, admin of everything: once, when there has never been any and no other way in.
   * One of several nodes that start together gets it. Nobody can ask for it again.
   */
  public Optional<String> firstToken() {
    return token() == null && !open
        ? FirstToken.make(database.api(), settings.access())
        : Optional.empty();
  }

  private String token() {
    String token = settings.http().token();
    return token == null || token.isEmpty() ? null : token;
  }

  private void startLogs() throws Exception {
    Pulse pulse = new Pulse();
    LogIntake logs = new LogIntake(database.api(), clock, outbox, pulse::nudge, metrics);
    AmqpLink link =
        new AmqpLink(
            name + "-logs", settings.rabbit(), List.of(new Outbox.Declarations(), logs.consumer()));
    logs.consumer().on(link);
    services.start(new Loop("logs", logs::runOnce, pulse, LOGS_POLL));
    services.start(link);
  }

  private boolean passWatermark() {
    long confirmed = leadership.confirmedUpTo();
    if (confirmed >= 0) {
      elector.confirmedUpTo(confirmed);
    }
    pools.all().forEach(this::bindPool);
    return false;
  }

  private void bindGauges() {
    new JvmMemoryMetrics().bindTo(metrics);
    new JvmThreadMetrics().bindTo(metrics);
    Gauge.builder("millrace.leader", () -> leading() ? 1 : 0).register(metrics);
    Gauge.builder("millrace.leader.epoch", () -> elector.epochSeen()).register(metrics);
    Gauge.builder("millrace.broker.connected", () -> outbox.link().connected() ? 1 : 0)
        .register(metrics);
    Gauge.builder("millrace.broker.blocked", () -> outbox.link().blocked() ? 1 : 0)
        .register(metrics);
    Gauge.builder("millrace.events.clients", () -> http == null ? 0 : http.eventClients())
        .register(metrics);
    Gauge.builder("millrace.publishes.unconfirmed", () -> outbox.unconfirmed()).register(metrics);
    Gauge.builder(
            "millrace.heartbeat.expiry.frozen",
            () -> leadership.workers() != null && leadership.workers().frozen() ? 1 : 0)
        .register(metrics);
    Gauge.builder("millrace.dead.letters.open", () -> leadership.openDeadLetters())
        .register(metrics);
    Gauge.builder("millrace.ticks.unaccounted", () -> leadership.unaccountedTicks())
        .register(metrics);
    Gauge.builder("millrace.queues.consumed", () -> leadership.queuesConsumed()).register(metrics);
    Gauge.builder("millrace.queues.blocked", () -> leadership.queuesBlocked()).register(metrics);
    Gauge.builder("millrace.start.messages.waiting", () -> leadership.startMessagesWaiting())
        .register(metrics);
    Gauge.builder("millrace.clock.offset", this::clockOffsetSeconds)
        .baseUnit("seconds")
        .register(metrics);
    for (String state :
        List.of("READ", "MISSING", "UNREADABLE", "REFUSED", "CROWDED", "UNWATCHED")) {
      Gauge.builder("millrace.file.triggers", () -> leadership.filesIn(state))
          .tag("state", state)
          .register(metrics);
    }
    for (String state : List.of("ALIVE", "SUSPECT", "LOST", "GONE")) {
      Gauge.builder("millrace.workers", () -> workersIn(state))
          .tag("state", state)
          .register(metrics);
    }
  }

  /** The database's clock minus this node's. */
  private double clockOffsetSeconds() {
    return clock.known() ? clock.micros() / 1e6 - Clock.systemUTC().millis() / 1e3 : 0;
  }

  private int workersIn(String state) {
    var table = leadership.workers();
    return table == null ? 0 : table.countByState().getOrDefault(state, 0);
  }

  /** Once for each pool that turns up. */
  private void bindPool(Pools.Pool pool) {
    if (!boundPools.add(pool.name())) {
      return;
    }
    bindPool("millrace.pool.ready", pool, Pools.Pool::ready);
    bindPool("millrace.pool.queued", pool, Pools.Pool::queued);
    bindPool("millrace.pool.window", pool, Pools.Pool::window);
    bindPool("millrace.pool.slots", pool, known -> known.capacity().slots());
  }

  private void bindPool(String meter, Pools.Pool pool, ToDoubleFunction<Pools.Pool> value) {
    Gauge.builder(meter, pool, known -> leading() ? value.applyAsDouble(known) : 0)
        .tag("pool", pool.name())
        .register(metrics);
  }

  /** Only nodes that were told a directory watch one; all that watch the same one may. */
  private void watchJobs() throws Exception {
    if (settings.jobsDir().isPresent()) {
      JobsDirectory jobs =
          new JobsDirectory(
              settings.jobsDir().get(),
              name,
              new DefinitionReader(new StoredPatterns(database.api())),
              commands,
              database.api());
      services.start(new Loop("jobs-dir", jobs::runOnce, new Pulse(), JOBS_DIR_EVERY));
    }
  }

  @Override
  public void close() {
    services.close();
    metrics.close();
  }

  /** The port that the API is bound to. */
  public int port() {
    return http.port();
  }

  public boolean leading() {
    return elector != null && elector.term() != null;
  }

  /** For programs in the same process: the way every command takes. */
  public Commands commands() {
    return commands;
  }

  public NodeStatus status() {
    return new NodeStatus(
        name,
        leading(),
        elector.epochSeen(),
        elector.leaderSeen(),
        elector.problem(),
        outbox.link().connected() ? null : outbox.link().lastFailure());
  }

  @Override
  public String toString() {
    return "scheduler node " + name;
  }
}
