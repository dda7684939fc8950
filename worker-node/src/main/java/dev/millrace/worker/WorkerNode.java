package dev.millrace.worker;

import dev.millrace.amqp.AmqpLink;
import dev.millrace.amqp.Topology;
import dev.millrace.file.FileRoots;
import dev.millrace.runtime.Loop;
import dev.millrace.runtime.Pulse;
import dev.millrace.runtime.Service;
import dev.millrace.runtime.Services;
import dev.millrace.wire.Heartbeat;
import dev.millrace.worker.watch.FileWatch;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A worker: serves its pools until it is drained or closed. Start, drain and close are called by
 * the owner's thread; the rest may be asked from any.
 */
public final class WorkerNode implements Service {
  private static final Logger log = LoggerFactory.getLogger(WorkerNode.class);
  private static final Duration WATCH_EVERY = Duration.ofMillis(100);
  private static final Duration LOGS_EVERY = Duration.ofMillis(100);
  private static final Duration KILL_GRACE = Duration.ofSeconds(2);
  private static final Duration KILL_WAIT_MAX = Duration.ofSeconds(10);
  private static final Duration FLUSH_WAIT_MAX = Duration.ofSeconds(5);

  /** Long enough for another leader to come and record the start. */
  private static final NodeRequests.Patience SECRETS_PATIENCE =
      new NodeRequests.Patience(Duration.ofSeconds(5), Duration.ofSeconds(30));

  /** Unconfirmed reports, beside one per slot, above which nothing new starts. */
  private static final int UNCONFIRMED_MAX = 2_000;

  private final WorkerNodeConfig config;
  private final String id;
  private final long startedNanos = System.nanoTime();
  private final Claims claims = new Claims();
  private final StageHandlers handlers;
  private final Reporter reporter;
  private final LogShipper shipper;
  private final ArtifactClient artifacts;
  private final SecretClient secrets;
  private final Runner runner;
  private final LifeLine lifeLine;
  private final Heartbeats heartbeats;
  private final Quarantine quarantine;
  private final Waits waits;
  private final FileWatch files;
  private final List<Intake> intakes;
  private final AmqpLink publishing;
  private final AmqpLink consuming;
  private final Services services = new Services();
  private final Pulse heartbeatPulse = new Pulse();
  private final Pulse logPulse = new Pulse();
  private final AtomicBoolean ending = new AtomicBoolean();
  private final CompletableFuture<Void> ended = new CompletableFuture<>();
  private volatile boolean draining;

  public WorkerNode(WorkerNodeConfig config, MeterRegistry registry) {
    this.config = config;
    this.id = newId();
    WorkerMeters meters = new WorkerMeters(registry);
    int slots = config.pools().stream().mapToInt(WorkerNodeConfig.PoolSlots::slots).sum();
    handlers = StageHandlers.of(config.handlers(), config.allowedHandlers(), config.fileRoots());
    reporter = new Reporter(id, claims, config.faults(), UNCONFIRMED_MAX + slots);
    shipper = new LogShipper(id, logPulse);
    artifacts = new ArtifactClient(id, config.rabbit(), ArtifactClient.Patience.USUAL);
    secrets = new SecretClient(id, config.rabbit(), SECRETS_PATIENCE);
    runner = new Runner(claims, reporter, shipper, artifacts, secrets, meters, config);
    lifeLine = new LifeLine(config.lostAfter(), this::cutOff);
    heartbeats = new Heartbeats(this::heartbeat, claims, lifeLine, heartbeatPulse);
    quarantine = new Quarantine(id);
    waits = new Waits(slots);
    Admission admission = new Admission(handlers, claims, reporter, runner, meters, waits);
    var parts = new Intake.Parts(admission, reporter, lifeLine, quarantine, meters);
    intakes = config.pools().stream().map(pool -> new Intake(pool, parts)).toList();
    files =
        new FileWatch(
            new FileWatch.Parts(
                id,
                config.pools().stream().map(WorkerNodeConfig.PoolSlots::name).toList(),
                new FileRoots(config.fileRoots()),
                System::nanoTime));
    ControlIntake control = new ControlIntake(id, claims, runner, this::drainSoon, files::take);
    publishing = new AmqpLink("worker-publish", config.rabbit(), publishingSessions());
    consuming = new AmqpLink("worker-consume", config.rabbit(), consumingSessions(control));
    reporter.on(publishing);
    heartbeats.on(publishing);
    shipper.on(publishing);
    quarantine.on(publishing);
    files.on(publishing);
    control.on(consuming);
    intakes.forEach(intake -> intake.on(consuming));
    register(meters);
  }

  /** New at each start of a process. */
  public String id() {
    return id;
  }

  /** True when both connections to the broker are open. */
  public boolean connected() {
    return publishing.connected() && consuming.connected();
  }

  /** The handlers that this worker has and allows. */
  public StageHandlers handlers() {
    return handlers;
  }

  /** Completes when the worker has ended, also when the leader asked it to drain. */
  public CompletableFuture<Void> ended() {
    return ended.copy();
  }

  /** Starts connecting; does not wait for the broker. */
  @Override
  public void start() throws Exception {
    services.start(reporter);
    services.start(new Loop("logs", shipper, logPulse, LOGS_EVERY));
    for (Intake intake : intakes) {
      services.start(intake);
    }
    services.start(files);
    services.start(publishing);
    services.start(artifacts);
    services.start(secrets);
    services.start(consuming);
    services.start(new Loop("heartbeats", heartbeats, heartbeatPulse, config.heartbeatEvery()));
    services.start(new Loop("watch", lifeLine, new Pulse(), WATCH_EVERY));
    log.info("worker started id={} pools={} handlers={}", id, config.pools(), handlers.names());
  }

  /**
   * Takes nothing more, gives back what has not started, lets run what runs for the drain grace,
   * hands the rest back as not failed, and closes. Returns when all that is done.
   */
  public void drain() {
    endWithin(config.drainGrace());
  }

  /** Stops now: what runs is ended and handed back as not failed. */
  @Override
  public void close() {
    endWithin(Duration.ZERO);
  }

  private void drainSoon() {
    beginEnd(config.drainGrace());
  }

  private void endWithin(Duration grace) {
    beginEnd(grace);
    ended.join();
  }

  /**
   * On a thread of its own, because the caller may be interrupted: what stops a process often does
   * that, and a drain that gives up there leaves programs running that nobody watches.
   */
  private void beginEnd(Duration grace) {
    if (ending.compareAndSet(false, true)) {
      Thread.ofPlatform().name("millrace-drain").start(() -> end(grace));
    }
  }

  private void end(Duration grace) {
    draining = true;
    heartbeatPulse.nudge();
    try {
      log.info("worker drains id={} open={} grace={}", id, claims.size(), grace);
      intakes.forEach(Intake::drain);
      handBackWaits();
      if (!awaitNoneOpen(grace)) {
        claims.all().forEach(attempt -> runner.end(attempt, Ending.RETURNED, KILL_GRACE));
        awaitHandlers();
      }
      logPulse.nudge();
      if (publishing.connected() && !reporter.awaitEmpty(FLUSH_WAIT_MAX)) {
        log.warn("reports stay unsaid count={}; the leader finds out", reporter.unconfirmed());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      services.close();
      runner.close();
      log.info("worker ended id={}", id);
      ended.complete(null);
    }
  }

  /** They might wait for days; elsewhere they can go on at once. */
  private void handBackWaits() {
    claims.all().stream()
        .filter(Attempt::isSlotless)
        .forEach(attempt -> runner.end(attempt, Ending.RETURNED, Duration.ZERO));
  }

  /** Waits for handlers, and not for reports that a lost broker cannot confirm. */
  private boolean awaitNoneOpen(Duration atMost) throws InterruptedException {
    long until = System.nanoTime() + atMost.toNanos();
    for (Attempt attempt : claims.all()) {
      long left = Math.max(0, until - System.nanoTime());
      if (!attempt.isOver() && !attempt.awaitHandlerEnd(Duration.ofNanos(left))) {
        return false;
      }
    }
    return true;
  }

  private void awaitHandlers() throws InterruptedException {
    awaitNoneOpen(KILL_WAIT_MAX);
  }

  private void cutOff() {
    List<Attempt> running = claims.all().stream().filter(attempt -> !attempt.isOver()).toList();
    log.error(
        "cut off from the broker for nearly {}; ending {} running stages before others may start"
            + " them worker={}",
        config.lostAfter(),
        running.size(),
        id);
    running.forEach(attempt -> runner.end(attempt, Ending.LOST, Duration.ZERO));
  }

  private Heartbeat heartbeat(List<Heartbeat.Open> open) {
    List<Heartbeat.PoolSlots> pools =
        intakes.stream()
            .map(i -> new Heartbeat.PoolSlots(i.pool(), i.slots(), i.freeSlots()))
            .toList();
    return new Heartbeat(
        id,
        hostName(),
        ProcessHandle.current().pid(),
        config.version(),
        TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startedNanos),
        pools,
        handlers.names(),
        draining,
        open);
  }

  private List<AmqpLink.Session> publishingSessions() {
    List<AmqpLink.Session> sessions = new ArrayList<>();
    sessions.add(new SharedEntities());
    sessions.addAll(reporter.sessions());
    sessions.add(shipper.session());
    sessions.addAll(quarantine.sessions());
    sessions.addAll(heartbeats.sessions());
    sessions.add(files.session());
    return sessions;
  }

  private List<AmqpLink.Session> consumingSessions(ControlIntake control) {
    List<AmqpLink.Session> sessions = new ArrayList<>();
    sessions.add(control.session());
    intakes.forEach(intake -> sessions.add(intake.session()));
    return sessions;
  }

  private void register(WorkerMeters meters) {
    meters.gauge("millrace.worker.open", "Claims in this worker's hands", claims::size);
    meters.gauge(
        "millrace.worker.reports.unconfirmed",
        "Reports that the broker has not confirmed",
        reporter::unconfirmed);
    meters.gauge(
        "millrace.worker.log.lines.dropped",
        "Log lines dropped because they came too fast",
        shipper::linesDropped);
    meters.gauge("millrace.worker.waits", "Stages that wait here in no slot", waits::count);
    for (Intake intake : intakes) {
      meters.poolGauge(
          "millrace.worker.slots", "Slots of the pool here", intake.pool(), intake::slots);
      meters.poolGauge(
          "millrace.worker.slots.free", "Free slots", intake.pool(), intake::freeSlots);
    }
  }

  private static String newId() {
    String random = Long.toString(ThreadLocalRandom.current().nextLong(1L << 40), 36);
    return hostName() + "-" + ProcessHandle.current().pid() + "-" + random;
  }

  private static String hostName() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "unknown-host";
    }
  }

  /** The broker's entities that workers write to must exist before the first message. */
  private static final class SharedEntities implements AmqpLink.Session {
    @Override
    public void opened(com.rabbitmq.client.Connection connection, long generation)
        throws IOException {
      try (var channel = connection.createChannel()) {
        Topology.declareShared(channel);
      } catch (java.util.concurrent.TimeoutException e) {
        throw new IOException("the broker did not answer", e);
      }
    }

    @Override
    public void closed(long generation) {
      // entities stay
    }
  }

  @Override
  public String toString() {
    return "worker " + id;
  }
}
