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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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

  private static final long SPOKE_LATELY_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final int STAGES_PER_PAGE = 2_000;
  private static final int RUNNING_PAGES_PER_PASS_MAX = 25;
  private static final int STOPPING_PAGES_PER_PASS_MAX = 1;
  private static final int SUSPECTS_MAX = 50_000;

  private final Jdbi jdbi;
  private final DatabaseClock clock;
  private final Pools pools;
  private final WorkerTable workers;
  private final ReportIntake intake;
  private final Findings findings;
  private final Rounds running = new Rounds(STAGES_PER_PAGE, RUNNING_PAGES_PER_PASS_MAX);
  private final Rounds stopping = new Rounds(STAGES_PER_PAGE, STOPPING_PAGES_PER_PASS_MAX);
  private volatile Connection connection;

  /** Held by nobody at the last look, and when that was; of this round and of the one before. */
  private Map<Claim, Long> suspects = new HashMap<>();

  private Map<Claim, Long> suspectsBefore = Map.of();

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

  /** One pass over pools and over running stages; asks little when nothing is in flight. */
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
    // The rows do not tell which stages a stop leaves alone, as those that always come last: the
    // turn does.
    stopping.goOn(
        (after, limit) -> jdbi.withHandle(handle -> Stages.runningOfStopping(handle, after, limit)),
        stage -> findings.stillRunning.accept(stage.claim()));
    return false;
  }

  private void findLostStarts(Pools.Pool pool) {
    long queuedFor = workers.fullIn(pool.name()) ? HOARDED_FOR_MICROS : QUEUED_FOR_MICROS;
    List<Stages.Open> old =
        jdbi.withHandle(
            handle ->
                Stages.queuedSince(
                    handle, pool.name(), clock.micros() - queuedFor, STAGES_PER_PAGE));
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

  /** Two looks at each, with fresh heartbeats and every report on the way taken in between. */
  private void findLostReports() throws IOException {
    boolean anyRunning =
        pools.all().stream().anyMatch(pool -> pool.running() > 0)
            || !suspects.isEmpty()
            || !suspectsBefore.isEmpty();
    if (!anyRunning || !intake.isEmpty() || !queueIsEmpty(Entities.REPORTS)) {
      return;
    }
    long nowNanos = System.nanoTime();
    long before = clock.micros() - RUNNING_FOR_MICROS;
    List<Claim> confirmed = new ArrayList<>();
    boolean roundComplete =
        running.goOn(
            (after, limit) ->
                jdbi.withHandle(handle -> Stages.runningSince(handle, before, after, limit)),
            stage -> {
              if (!workers.isHeld(stage.claim()) && suspect(stage, nowNanos)) {
                confirmed.add(stage.claim());
              }
            });
    if (roundComplete) {
      suspectsBefore = suspects;
      suspects = new HashMap<>();
    }
    if (!confirmed.isEmpty()) {
      log.warn(
          "{} running stages are held by no worker; their reports were lost, their attempts end",
          confirmed.size());
      findings.lostReports.accept(confirmed);
    }
  }

  /**
   * Nobody says that it holds this one.
   *
   * @return true when that was so at an earlier look too and its worker has spoken since
   */
  private boolean suspect(Stages.Open stage, long nowNanos) {
    Long sinceNanos = suspectsBefore.get(stage.claim());
    if (sinceNanos != null) {
      suspects.put(stage.claim(), sinceNanos);
      return workers.spokeSince(stage.worker(), sinceNanos);
    }
    boolean spoke = workers.spokeSince(stage.worker(), nowNanos - SPOKE_LATELY_NANOS);
    if (spoke && suspects.size() < SUSPECTS_MAX) { // others in later rounds, when these have ended
      suspects.put(stage.claim(), nowNanos);
    }
    return false;
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
