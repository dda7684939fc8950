package dev.millrace.worker;

import dev.millrace.amqp.AmqpLink;
import dev.millrace.amqp.QueueConsumer;
import dev.millrace.amqp.Topology;
import dev.millrace.runtime.Delays;
import dev.millrace.runtime.Pulse;
import dev.millrace.runtime.Service;
import dev.millrace.wire.Decoded;
import dev.millrace.wire.Start;
import dev.millrace.wire.StartCodec;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes a pool's start messages and brings each start into a slot, once. Owns one thread;
 * deliveries come on the connection's thread and wait in a queue bounded by the prefetch.
 */
final class Intake implements Service {
  private static final Logger log = LoggerFactory.getLogger(Intake.class);
  private static final int PREFETCH_MAX = 64;
  private static final long WAIT_MILLIS = 100;
  private static final long TRUST_POLL_MILLIS = 2;
  private static final Duration ROOM_WAIT = Duration.ofMillis(WAIT_MILLIS);
  private static final Duration FAILURE_DELAY_FIRST = Duration.ofMillis(100);
  private static final Duration FAILURE_DELAY_MAX = Duration.ofSeconds(5);

  private final String pool;
  private final int slotsTotal;
  private final Semaphore slots;
  private final ArrayBlockingQueue<Bundle> queue;
  private final QueueConsumer consumer;
  private final Admission admission;
  private final Reporter reporter;
  private final LifeLine lifeLine;
  private final Quarantine quarantine;
  private final WorkerMeters meters;
  private final Pulse pulse = new Pulse();
  private final Delays delays = new Delays(FAILURE_DELAY_FIRST, FAILURE_DELAY_MAX);
  private volatile Ledger ledger;
  private volatile AmqpLink link;
  private volatile boolean draining;
  private Thread thread;

  Intake(WorkerNodeConfig.PoolSlots pool, Parts parts) {
    this.pool = pool.name();
    this.slotsTotal = pool.slots();
    this.slots = new Semaphore(pool.slots());
    int prefetch = Math.min(pool.slots(), PREFETCH_MAX);
    this.queue = new ArrayBlockingQueue<>(prefetch + 1);
    this.consumer =
        new QueueConsumer(
            channel -> Topology.declarePool(channel, pool.name()), prefetch, this::delivered);
    this.admission = parts.admission();
    this.reporter = parts.reporter();
    this.lifeLine = parts.lifeLine();
    this.quarantine = parts.quarantine();
    this.meters = parts.meters();
    this.ledger = new Ledger(consumer, 0);
  }

  /** What every pool of a worker shares. */
  record Parts(
      Admission admission,
      Reporter reporter,
      LifeLine lifeLine,
      Quarantine quarantine,
      WorkerMeters meters) {}

  /** What must be opened on the consuming link. */
  AmqpLink.Session session() {
    return consumer;
  }

  void on(AmqpLink owner) {
    link = owner;
    consumer.on(owner);
  }

  String pool() {
    return pool;
  }

  int slots() {
    return slotsTotal;
  }

  int freeSlots() {
    return slots.availablePermits();
  }

  @Override
  public void start() {
    thread = Thread.ofPlatform().name("millrace-intake-" + pool).daemon().start(this::run);
  }

  /** Takes nothing more, and gives back what was not started; returns when that is done. */
  void drain() {
    if (!draining) {
      draining = true;
      pulse.stop();
      consumer.pause();
    }
    try {
      if (thread != null) {
        thread.join();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    drain();
  }

  /** On the connection's thread. */
  private void delivered(QueueConsumer.Delivery delivery) {
    Ledger current = ledger;
    if (current.generation() != delivery.generation()) {
      // What the old connection brought and nobody started comes again on this one.
      queue.clear();
      current = new Ledger(consumer, delivery.generation());
      ledger = current;
    }
    Bundle bundle = current.enter(delivery);
    if (draining && thread != null && !thread.isAlive()) {
      current.putBack(bundle);
    } else if (!queue.offer(bundle)) {
      Thread.ofVirtual().start(() -> link.reset("more deliveries than asked for"));
    }
  }

  private void run() {
    while (!draining) {
      try {
        Bundle bundle = queue.poll(WAIT_MILLIS, TimeUnit.MILLISECONDS);
        if (bundle != null) {
          take(bundle);
          delays.succeeded();
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      } catch (RuntimeException | Error e) {
        startOver(e);
      }
    }
    for (Bundle bundle = queue.poll(); bundle != null; bundle = queue.poll()) {
      bundle.ledger().putBack(bundle);
    }
  }

  /**
   * Without its thread the pool would take deliveries and start none of them. The one that failed
   * is unacked: a new connection brings it again, here or elsewhere.
   */
  private void startOver(Throwable e) {
    long delayMillis = delays.nextMillis();
    log.error(
        "the intake failed pool={} failuresInARow={}; resetting the connection, so that what was not"
            + " started is delivered again, and going on in {} ms",
        pool,
        delays.failures(),
        delayMillis,
        e);
    link.reset("the intake of pool " + pool + " failed: " + e);
    pulse.awaitMillis(delayMillis);
  }

  private void take(Bundle bundle) throws InterruptedException {
    switch (StartCodec.decode(bundle.delivery().body())) {
      case Decoded.Bad<List<Start>> bad -> {
        meters.quarantined();
        log.warn("a start message cannot be read pool={} cause={}; quarantined", pool, bad.cause());
        bundle.expectOne();
        quarantine.put(bundle, pool, bad.cause());
      }
      case Decoded.Ok<List<Start>> ok -> {
        boolean startedAny = false;
        for (Start start : ok.value()) {
          if (!take(start, bundle, startedAny)) {
            return; // given back, or gone with its connection
          }
          startedAny = true;
        }
      }
    }
    if (bundle.oneDone()) {
      bundle.ledger().settle();
    }
  }

  /**
   * @return false when the whole bundle is not ours any more
   */
  private boolean take(Start start, Bundle bundle, boolean startedAny) throws InterruptedException {
    if (!awaitPermission(bundle)) {
      return refuse(start, bundle, startedAny);
    }
    if (admission.alreadyKnown(start, bundle)) {
      return true;
    }
    StageHandler handler = admission.handlerOrEnd(start, bundle);
    if (handler == null) {
      return true;
    }
    if (handler.slotless() && !handler.inline()) {
      admission.executeWaiting(start, bundle, handler);
      return true;
    }
    if (!awaitSlot(bundle)) {
      return refuse(start, bundle, startedAny);
    }
    admission.execute(start, bundle, handler, slots::release);
    return true;
  }

  /** Nothing starts while the broker is unsure of us, or too many reports wait for it. */
  private boolean awaitPermission(Bundle bundle) throws InterruptedException {
    while (!draining && bundle.ledger().isCurrent()) {
      if (!lifeLine.trusted()) {
        pulse.awaitMillis(TRUST_POLL_MILLIS);
      } else if (reporter.awaitRoom(ROOM_WAIT)) {
        return true;
      }
    }
    return false;
  }

  private boolean awaitSlot(Bundle bundle) throws InterruptedException {
    while (!draining && bundle.ledger().isCurrent()) {
      if (slots.tryAcquire() || slots.tryAcquire(WAIT_MILLIS, TimeUnit.MILLISECONDS)) {
        return true;
      }
    }
    return false;
  }

  /**
   * A bundle of which nothing has started goes back whole; what has started keeps the delivery, so
   * the rest goes back by report. A delivery of a lost connection comes again by itself.
   */
  private boolean refuse(Start start, Bundle bundle, boolean startedAny) {
    if (!bundle.ledger().isCurrent()) {
      return false;
    }
    if (!startedAny) {
      bundle.ledger().putBack(bundle);
      return false;
    }
    if (!admission.alreadyKnown(start, bundle)) {
      admission.handBack(start, bundle);
    }
    return true;
  }
}
