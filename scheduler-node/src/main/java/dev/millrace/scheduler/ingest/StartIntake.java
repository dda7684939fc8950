package dev.millrace.scheduler.ingest;

import dev.millrace.runtime.QuietFailure;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.DelayQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Holds messages that start runs between the broker and the leader's turn, bounded by what the
 * queues prefetch. They come on the connection's thread, are read on a loop of their own ({@link
 * #readOnce}), because a job's expressions may take their time, are taken by the turn, and acked
 * after its commit. One per term.
 */
public final class StartIntake {
  private static final int READS_PER_PASS_MAX = 200;

  /** So often a message is tried with which the leader's transaction fails. */
  private static final int FAILURES_MAX = 5;

  private static final long FAILURE_DELAY_FIRST_MILLIS = 100;
  private static final long DELAY_MAX_MILLIS = Duration.ofSeconds(10).toMillis();

  /** Classes of SQL states that are no message's fault: connection, load, shutdown, conflicts. */
  private static final List<String> NOBODYS_FAULT = List.of("08", "53", "57", "58", "40", "55");

  private final ConcurrentLinkedQueue<QueueDelivery> arrived = new ConcurrentLinkedQueue<>();
  private final ConcurrentLinkedQueue<StartMessage> ready = new ConcurrentLinkedQueue<>();
  private final DelayQueue<StartMessage> later = new DelayQueue<>();
  private final MessageReader reader = new MessageReader();
  private final Refusals refusals;
  private final Runnable nudgeReader;
  private final Runnable nudgeTurn;
  private final MeterRegistry metrics;
  private final Map<String, Counter> counters = new ConcurrentHashMap<>();

  /**
   * @param refusals what is done with those that never start a run
   * @param nudgeReader that {@link #readOnce} has something to do
   * @param nudgeTurn that {@link #take} has something to give
   */
  public StartIntake(
      Refusals refusals, Runnable nudgeReader, Runnable nudgeTurn, MeterRegistry metrics) {
    this.refusals = refusals;
    this.nudgeReader = nudgeReader;
    this.nudgeTurn = nudgeTurn;
    this.metrics = metrics;
  }

  /** What {@link QueueConsumers} give their deliveries to. */
  public Consumer<QueueDelivery> sink() {
    return this::on;
  }

  private void on(QueueDelivery delivery) {
    arrived.add(delivery);
    nudgeReader.run();
  }

  /** One pass of reading: true when there is more. */
  public boolean readOnce() {
    int read = 0;
    for (QueueDelivery delivery = arrived.poll(); delivery != null; delivery = arrived.poll()) {
      if (delivery.source().closed()) {
        delivery.source().putBack(delivery.tag());
      } else {
        read(delivery);
      }
      if (++read == READS_PER_PASS_MAX) {
        return true;
      }
    }
    return false;
  }

  private void read(QueueDelivery delivery) {
    StartMessage message = reader.read(delivery);
    if (message == null) {
      delivery.source().ack(delivery.tag());
      count("ignored");
    } else if (message.refusal() != null) {
      refuse(message);
    } else {
      ready.add(message);
      nudgeTurn.run();
    }
  }

  /** True when {@link #take} has something. Any thread. */
  public boolean any() {
    return !ready.isEmpty() || nextNanos() <= 0;
  }

  /** How long until something is to be tried again; Long.MAX_VALUE for never. */
  public long nextNanos() {
    StartMessage next = later.peek();
    return next == null ? Long.MAX_VALUE : next.getDelay(TimeUnit.NANOSECONDS);
  }

  /** How many wait for another try. */
  public int waiting() {
    return later.size();
  }

  /**
   * Takes some, in order. One with which a transaction has failed comes alone, so that it fails
   * alone. The leader's thread.
   */
  public List<StartMessage> take(int max) {
    List<StartMessage> taken = new ArrayList<>();
    while (taken.size() < max) {
      StartMessage message = later.poll();
      if (message == null) {
        message = ready.poll();
      }
      if (message == null) {
        break;
      }
      if (message.isGone()) {
        message.putBack();
      } else if (message.refusal() != null) {
        refuse(message);
      } else if (message.failures() == 0) {
        taken.add(message);
      } else if (taken.isEmpty()) {
        return List.of(message);
      } else {
        later.add(message);
        break;
      }
    }
    return taken;
  }

  /**
   * Their transaction has failed: nothing of them was written. The leader's thread.
   *
   * @return true when that may be the fault of one of them
   */
  public boolean failed(List<StartMessage> taken, Throwable cause) {
    boolean theirFault = mayBeTheirFault(cause);
    for (StartMessage message : taken) {
      if (theirFault) {
        message.failed();
      }
      if (message.failures() >= FAILURES_MAX) {
        message.refuse(
            new StartMessage.Refusal(
                500,
                "the leader's transaction failed with it "
                    + FAILURES_MAX
                    + " times: "
                    + root(cause),
                "tell us, with the scheduler's log; put the message back when it is solved"));
      }
      message.dueIn(delayMillis(message.failures()));
      later.add(message);
    }
    return theirFault && !taken.isEmpty();
  }

  /** Without the statement, which has the params of others in it. */
  private static String root(Throwable cause) {
    Throwable root = cause;
    while (root.getCause() != null && root.getCause() != root) {
      root = root.getCause();
    }
    String message = String.valueOf(root.getMessage());
    return root.getClass().getSimpleName() + ": " + message.lines().findFirst().orElse("");
  }

  /** A message takes part in a failure that the database has nothing to do with, or its data. */
  private static boolean mayBeTheirFault(Throwable cause) {
    for (Throwable each = cause; each != null; each = each.getCause()) {
      if (each instanceof QuietFailure) {
        return false;
      }
      if (each instanceof SQLException sql) {
        String state = sql.getSQLState();
        return state != null && NOBODYS_FAULT.stream().noneMatch(state::startsWith);
      }
    }
    return true;
  }

  /** It cannot be done now, and this is not the message's fault: it is tried again, for ever. */
  public void later(StartMessage message, long firstMillis) {
    long millis = firstMillis << Math.min(message.waits(), 10);
    message.waitsFor(Math.min(DELAY_MAX_MILLIS, millis));
    later.add(message);
    count("waited");
  }

  /** Its run is committed. */
  public void done(StartMessage message, String result) {
    message.ack();
    count(result);
  }

  /** It never starts a run: it goes into quarantine, and only then is it acked. Any thread. */
  public void refuse(StartMessage message, StartMessage.Refusal why) {
    message.refuse(why);
    refuse(message);
  }

  private void refuse(StartMessage message) {
    refusals.put(
        message,
        () -> {
          message.ack();
          count("refused");
        },
        () -> {
          message.dueIn(delayMillis(3));
          later.add(message);
          nudgeTurn.run();
        });
  }

  private static long delayMillis(int failures) {
    return failures == 0
        ? 0
        : Math.min(DELAY_MAX_MILLIS, FAILURE_DELAY_FIRST_MILLIS << Math.min(failures - 1, 10));
  }

  private void count(String result) {
    counters
        .computeIfAbsent(
            result, any -> metrics.counter("millrace.start.messages", "result", result))
        .increment();
  }
}
