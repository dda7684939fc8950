package dev.millrace.scheduler.sweep;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import dev.millrace.amqp.AmqpLink;
import dev.millrace.model.Claim;
import dev.millrace.scheduler.dispatch.Pools;
import dev.millrace.scheduler.ingest.ReportIntake;
import dev.millrace.scheduler.store.DatabaseClock;
import dev.millrace.scheduler.store.Stages;
import dev.millrace.wire.Entities;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jdbi.v3.core.Jdbi;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds by fact what the broker lost: starts (QUEUED, the pool's queue is empty, a worker is idle,
 * nobody holds them), reports (RUNNING, its worker speaks and does not hold it) and cancels
 * (RUNNING in a run that is to stop). A wrong guess is harmless: the second start of a claim is
 * refused, a late report of an old claim is stale, a second cancel changes nothing. Runs on its own
 * loop; asks the broker on the heartbeat connection.
 */
public final class BrokerRepair implements AmqpLink.Session {
  /** What the repair finds goes to the turn. */
  public record Findings(
      Consumer<Collection<Stages.Key>> lostStarts,
      Consumer<Collection<Claim>> lostReports,
      Consumer<Claim> stillRunning) {}

  private static final Logger log = LoggerFactory.getLogger(BrokerRepair.class);
  private static final long QUEUED_FOR_MICROS = TimeUnit.SECONDS.toMicros(3);
  private static final long RUNNING_FOR_MICROS = TimeUnit.SECONDS.toMicros(10);

  /**
   * A full worker may sit on starts that it has taken; only after this long another may have them.
   */
  private static final long HOARDED_FOR_MICROS = TimeUnit.SECONDS.toMicros(60);

  private static final int RUNNING_MAX = 50_000;
  private static final int STAGES_PER_PASS_MAX = 2_000;

  private final Jdbi jdbi;
  private final DatabaseClock clock;
  private final Pools pools;
  private final WorkerTable workers;
  private final ReportIntake intake;
  private final Findings findings;
  private volatile Connection connection;
  private Set<Claim> suspects = Set.of();
  private long suspectedNanos;

  public BrokerRepair(
      Jdbi jdbi,
      DatabaseClock clock,
      Pools pools,
      WorkerTable workers,
      ReportIntake intake,
      Findings findings) {
    this.jdbi = jdbi;
    this.clock = clock;
    this.pools = pools;
    this.workers = workers;
    this.intake = intake;
    this.findings = findings;
  }

  @Override
  public void opened(Connection on, long generation) {
    connection = on;
  }

  @Override
  public void closed(long generation) {
    connection = null;
  }

  /** One pass over pools and over running stages; quiet when nothing is in flight. */
  public boolean runOnce() throws IOException {
    if (workers.frozen() || connection == null) {
      return false;
    }
    for (Pools.Pool pool : pools.all()) {
      if (pool.queued() > 0
          && workers.idleIn(pool.name())
          && queueIsEmpty(Entities.stagesOf(pool.name()))) {
        findLostStarts(pool);
      }
    }
    findLostReports();
    // Control messages are transient, and a leader may have died between its commit and the cancel.
    jdbi.withHandle(handle -> Stages.runningOfStopping(handle, STAGES_PER_PASS_MAX))
        .forEach(stage -> findings.stillRunning.accept(stage.claim()));
    return false;
  }

  private void findLostStarts(Pools.Pool pool) {
    long queuedFor = workers.fullIn(pool.name()) ? HOARDED_FOR_MICROS : QUEUED_FOR_MICROS;
    List<Stages.Open> old =
        jdbi.withHandle(
            handle ->
                Stages.queuedSince(
                    handle, pool.name(), clock.micros() - queuedFor, STAGES_PER_PASS_MAX));
    List<Stages.Key> lost = new ArrayList<>();
    for (Stages.Open stage : old) {
      if (!workers.isHeld(stage.claim())) {
        lost.add(stage.key());
      }
    }
    if (!lost.isEmpty()) {
      log.warn(
          "the broker does not have {} starts of pool {}; publishing them again",
          lost.size(),
          pool.name());
      findings.lostStarts.accept(lost);
    }
  }

  /** Two looks, each after fresh heartbeats, with every report on the way taken in between. */
  private void findLostReports() throws IOException {
    boolean anyRunning =
        pools.all().stream().anyMatch(pool -> pool.running() > 0) || !suspects.isEmpty();
    if (!anyRunning || !intake.isEmpty() || !queueIsEmpty(Entities.REPORTS)) {
      return;
    }
    List<Stages.Open> running =
        jdbi.withHandle(
            handle ->
                Stages.runningSince(handle, clock.micros() - RUNNING_FOR_MICROS, RUNNING_MAX));
    Set<Claim> missing = new HashSet<>();
    for (Stages.Open stage : running) {
      if (!workers.isHeld(stage.claim()) && workers.spokeSince(stage.worker(), suspectedNanos)) {
        missing.add(stage.claim());
      }
    }
    List<Claim> confirmed = missing.stream().filter(suspects::contains).toList();
    if (!confirmed.isEmpty()) {
      log.warn(
          "{} running stages are held by no worker; their reports were lost, their attempts end",
          confirmed.size());
      findings.lostReports.accept(confirmed);
    }
    suspects = missing;
    suspectedNanos = System.nanoTime();
  }

  private boolean queueIsEmpty(String queue) throws IOException {
    Connection on = connection;
    if (on == null) {
      return false;
    }
    try (Channel channel = on.createChannel()) {
      return channel.queueDeclarePassive(queue).getMessageCount() == 0;
    } catch (IOException e) {
      return on.isOpen(); // the channel died of a 404: a queue that does not exist holds nothing
    } catch (java.util.concurrent.TimeoutException e) {
      throw new IOException("the broker did not answer in time", e);
    }
  }
}
