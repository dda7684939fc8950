package dev.millrace.worker;

import com.rabbitmq.client.Connection;
import dev.millrace.amqp.AmqpLink;
import dev.millrace.amqp.ConfirmedPublisher;
import dev.millrace.runtime.Faults;
import dev.millrace.runtime.Service;
import dev.millrace.wire.Entities;
import dev.millrace.wire.Report;
import dev.millrace.wire.ReportCodec;
import dev.millrace.wire.Reports;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings reports to the broker in few messages and keeps each until the broker has confirmed it,
 * over any number of broker losses. While nothing is under way a report is sent at once; while
 * something is, reports gather until the answer comes, 200 wait, or 5 ms are over. Owns one thread,
 * which also settles what the confirmed reports allow to settle; any thread may report.
 */
final class Reporter implements Service {
  private static final Logger log = LoggerFactory.getLogger(Reporter.class);
  private static final long LINGER_NANOS_MAX = TimeUnit.MILLISECONDS.toNanos(5);
  private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
  private static final int BATCH_BYTES_MAX = 150 * 1024;
  private static final int REPORT_BYTES_FIXED = 320;
  private static final Duration CLOSE_WAIT_MAX = Duration.ofSeconds(15);

  /** A report that waits; null when a later one has said it too. */
  private static final class Waiting {
    final Attempt attempt;
    Report report;

    Waiting(Attempt attempt, Report report) {
      this.attempt = attempt;
      this.report = report;
    }
  }

  /** Reports that travel together; the body is null until they are encoded, once. */
  private record Batch(long number, List<Waiting> entries, byte[] body) {}

  private final String worker;
  private final Claims claims;
  private final Faults faults;
  private final int unconfirmedMax;
  private final ConfirmedPublisher<Batch> publisher;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition work = lock.newCondition();
  private final Condition room = lock.newCondition();
  private ArrayDeque<Waiting> buffer = new ArrayDeque<>();
  private final ArrayDeque<Batch> confirmed = new ArrayDeque<>();
  private final TreeMap<Long, Batch> again = new TreeMap<>();
  private long oldestNanos;
  private int underWay;
  private final AtomicInteger unconfirmed = new AtomicInteger();
  private long retryAtNanos = System.nanoTime();
  private long batches;
  private boolean stopping;
  private volatile AmqpLink link;
  private Thread thread;

  Reporter(String worker, Claims claims, Faults faults, int unconfirmedMax) {
    this.worker = worker;
    this.claims = claims;
    this.faults = faults;
    this.unconfirmedMax = unconfirmedMax;
    this.publisher = new ConfirmedPublisher<>(new Fates());
  }

  /** What must be opened on the publishing link, in this order. */
  List<AmqpLink.Session> sessions() {
    return List.of(publisher, new Nudge());
  }

  void on(AmqpLink owner) {
    link = owner;
    publisher.on(owner);
  }

  @Override
  public void start() {
    thread = Thread.ofPlatform().name("millrace-reporter").daemon().start(this::run);
  }

  /** Ends the thread; what is not confirmed by now stays unsaid. */
  @Override
  public void close() {
    lock.lock();
    try {
      stopping = true;
      work.signalAll();
      room.signalAll();
    } finally {
      lock.unlock();
    }
    try {
      if (thread != null && !thread.join(CLOSE_WAIT_MAX)) {
        log.warn("the reporter did not end in time waited={}", CLOSE_WAIT_MAX);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  void started(Attempt attempt) {
    add(attempt, new Report.Started(attempt.claim()));
  }

  /** Keeps only the newest checkpoint of an attempt while it waits. */
  void checkpoint(Attempt attempt, String json) {
    Report.Checkpoint report = new Report.Checkpoint(attempt.claim(), json);
    lock.lock();
    try {
      for (Waiting waiting : buffer) {
        if (waiting.attempt == attempt && waiting.report instanceof Report.Checkpoint) {
          waiting.report = report;
          return;
        }
      }
      add(attempt, report);
    } finally {
      lock.unlock();
    }
  }

  void finished(Attempt attempt, Report.Finished report) {
    faults.at(Faults.Point.ENDED_NOT_REPORTED);
    add(attempt, report);
  }

  private void add(Attempt attempt, Report report) {
    lock.lock();
    try {
      if (buffer.isEmpty()) {
        oldestNanos = System.nanoTime();
      }
      buffer.add(new Waiting(attempt, report));
      unconfirmed.incrementAndGet();
      int size = buffer.size();
      if (size == 1 || size == Reports.BATCH_MAX) {
        work.signal();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Reports that the broker has not confirmed. */
  int unconfirmed() {
    return unconfirmed.get();
  }

  /**
   * Waits until fewer reports than the bound are unconfirmed.
   *
   * @return false when the time was over before
   */
  boolean awaitRoom(Duration atMost) throws InterruptedException {
    return unconfirmed.get() < unconfirmedMax || awaitBelow(unconfirmedMax, atMost);
  }

  /** Waits until the broker has everything. */
  boolean awaitEmpty(Duration atMost) throws InterruptedException {
    return awaitBelow(1, atMost);
  }

  private boolean awaitBelow(int bound, Duration atMost) throws InterruptedException {
    long nanos = atMost.toNanos();
    lock.lockInterruptibly();
    try {
      while (unconfirmed.get() >= bound && nanos > 0 && !stopping) {
        nanos = room.awaitNanos(nanos);
      }
      return unconfirmed.get() < bound;
    } finally {
      lock.unlock();
    }
  }

  private void run() {
    List<Batch> toSettle = new ArrayList<>();
    while (true) {
      Batch toSend = null;
      lock.lock();
      try {
        while (confirmed.isEmpty() && !stopping && (toSend = next()) == null) {
          awaitWork();
        }
        if (stopping && confirmed.isEmpty()) {
          return;
        }
        toSettle.addAll(confirmed);
        confirmed.clear();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      } finally {
        lock.unlock();
      }
      try {
        settle(toSettle);
      } catch (RuntimeException e) {
        log.error("could not settle confirmed reports; the broker delivers their starts again", e);
      }
      toSettle.clear();
      if (toSend != null) {
        send(toSend);
      }
    }
  }

  /** The next message to send now, or null. Holds the lock. */
  private Batch next() {
    if (!publisher.ready() || retryAtNanos - System.nanoTime() > 0) {
      return null;
    }
    if (!again.isEmpty()) {
      return again.pollFirstEntry().getValue();
    }
    if (buffer.isEmpty()
        || (underWay > 0
            && buffer.size() < Reports.BATCH_MAX
            && System.nanoTime() - oldestNanos < LINGER_NANOS_MAX)) {
      return null;
    }
    return new Batch(++batches, take(), null);
  }

  @SuppressWarnings("WaitNotInLoop") // the caller loops
  private void awaitWork() throws InterruptedException {
    long now = System.nanoTime();
    if (buffer.isEmpty() && again.isEmpty()) {
      work.await();
    } else if (!publisher.ready() || retryAtNanos - now > 0) {
      work.awaitNanos(RETRY_NANOS);
    } else {
      work.awaitNanos(Math.max(1, LINGER_NANOS_MAX - (now - oldestNanos)));
    }
  }

  /** Up to 200 reports from the head; a start whose finish is among them is left out. */
  private List<Waiting> take() {
    List<Waiting> taken = new ArrayList<>(Math.min(buffer.size(), Reports.BATCH_MAX));
    int bytes = 0;
    while (!buffer.isEmpty() && taken.size() < Reports.BATCH_MAX) {
      int size = sizeOf(buffer.peek().report);
      if (!taken.isEmpty() && bytes + size > BATCH_BYTES_MAX) {
        break;
      }
      bytes += size;
      taken.add(buffer.poll());
    }
    oldestNanos = System.nanoTime();
    mergeStarts(taken);
    return taken;
  }

  private void mergeStarts(List<Waiting> taken) {
    Set<Attempt> finished = null;
    boolean started = false;
    for (Waiting waiting : taken) {
      started |= waiting.report instanceof Report.Started;
    }
    if (!started) {
      return;
    }
    for (int i = taken.size() - 1; i >= 0; i--) {
      Waiting waiting = taken.get(i);
      switch (waiting.report) {
        case Report.Finished f -> {
          finished = finished == null ? new HashSet<>() : finished;
          finished.add(waiting.attempt);
        }
        // The leader must see a start before a checkpoint.
        case Report.Checkpoint c -> {
          if (finished != null) {
            finished.remove(waiting.attempt);
          }
        }
        case Report.Started s -> {
          if (finished != null && finished.contains(waiting.attempt)) {
            waiting.report = null;
          }
        }
      }
    }
  }

  private byte[] encode(List<Waiting> entries) {
    List<Report> reports = new ArrayList<>(entries.size());
    for (Waiting entry : entries) {
      if (entry.report != null) {
        reports.add(entry.report);
      }
    }
    return ReportCodec.encode(new Reports(worker, reports));
  }

  private void send(Batch taken) {
    Batch batch =
        taken.body() != null
            ? taken
            : new Batch(taken.number(), taken.entries(), encode(taken.entries()));
    lock.lock();
    try {
      underWay++;
    } finally {
      lock.unlock();
    }
    if (!publisher.publish("", Entities.REPORTS, true, true, batch.body(), batch)) {
      comesBack(batch);
    }
  }

  private void comesBack(Batch batch) {
    lock.lock();
    try {
      underWay--;
      again.put(batch.number(), batch);
      retryAtNanos = System.nanoTime() + RETRY_NANOS;
      work.signal();
    } finally {
      lock.unlock();
    }
  }

  private void settle(List<Batch> batchesConfirmed) {
    Set<Ledger> ledgers = new HashSet<>();
    for (Batch batch : batchesConfirmed) {
      for (Waiting entry : batch.entries()) {
        for (Bundle bundle : entry.attempt.confirmed()) {
          if (bundle.oneDone()) {
            ledgers.add(bundle.ledger());
          }
        }
        if (entry.report instanceof Report.Finished finished) {
          claims.ended(finished);
        }
      }
    }
    if (!ledgers.isEmpty()) {
      faults.at(Faults.Point.STARTED_NOT_ACKED);
      ledgers.forEach(Ledger::settle);
    }
    lock.lock();
    try {
      for (Batch batch : batchesConfirmed) {
        unconfirmed.addAndGet(-batch.entries().size());
      }
      room.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private static int sizeOf(Report report) {
    return REPORT_BYTES_FIXED
        + switch (report) {
          case Report.Started s -> 0;
          case Report.Checkpoint c -> JsonText.utf8Length(c.checkpoint());
          case Report.Finished f ->
              (f.output() == null ? 0 : JsonText.utf8Length(f.output()))
                  + (f.error() == null ? 0 : 2 * JsonText.utf8Length(f.error()));
        };
  }

  /** Told on the connection's threads: only hands over. */
  private final class Fates implements ConfirmedPublisher.Fate<Batch> {
    @Override
    public void confirmed(Batch batch) {
      lock.lock();
      try {
        underWay--;
        confirmed.add(batch);
        work.signal();
      } finally {
        lock.unlock();
      }
    }

    @Override
    public void unroutable(Batch batch) {
      comesBack(batch);
      // Declaring it again is what a new connection does.
      Thread.ofVirtual().start(() -> link.reset("queue " + Entities.REPORTS + " is gone"));
    }

    @Override
    public void lost(Batch batch) {
      comesBack(batch);
    }
  }

  /** Wakes the thread when there is a connection again. */
  private final class Nudge implements AmqpLink.Session {
    @Override
    public void opened(Connection connection, long generation) {
      lock.lock();
      try {
        retryAtNanos = System.nanoTime();
        work.signal();
      } finally {
        lock.unlock();
      }
    }

    @Override
    public void closed(long generation) {
      // the publisher tells the fates
    }
  }
}
