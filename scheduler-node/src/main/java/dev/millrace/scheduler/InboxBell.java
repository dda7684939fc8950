package dev.millrace.scheduler;

import dev.millrace.runtime.Loop;
import dev.millrace.runtime.Pulse;
import dev.millrace.runtime.Service;
import dev.millrace.scheduler.store.Database;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the leader, wherever it is, that the inbox has something, and whoever follows events on
 * other nodes that the leader has written: directly in the same process, else by NOTIFY. Only
 * hints: all of them look once a second anyway. NOTIFY takes a global lock at commit, so rings are
 * coalesced and never in anybody's transaction. Owns two loops.
 */
final class InboxBell implements Service {
  private static final Logger log = LoggerFactory.getLogger(InboxBell.class);
  private static final String CHANNEL = "millrace_inbox";
  private static final String EVENTS = "millrace_events";
  private static final Duration COALESCE = Duration.ofMillis(50);

  /** Others then look several times a second for a while, whatever they hear. */
  private static final long WRITTEN_EVERY_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

  private static final int LISTEN_MILLIS = 1_000;

  private final Database database;
  private final BooleanSupplier nudgeHere;
  private final Pulse ringing = new Pulse();
  private final Pulse hearing = new Pulse();
  private final Loop ringer = new Loop("bell-ring", this::ringOnce, ringing, this::waitNanos);
  private final Loop listener = new Loop("bell-listen", this::listenOnce, hearing, Duration.ZERO);
  private volatile boolean rung;
  private volatile boolean written;
  private volatile Runnable onWritten = () -> {};
  private long toldNanos = System.nanoTime() - WRITTEN_EVERY_NANOS;
  private Connection connection;

  /**
   * @param nudgeHere nudges the leader in this process; false when it is not here
   */
  InboxBell(Database database, BooleanSupplier nudgeHere) {
    this.database = database;
    this.nudgeHere = nudgeHere;
  }

  @Override
  public void start() {
    ringer.start();
    listener.start();
  }

  @Override
  public void close() {
    ringer.close();
    listener.close();
    drop();
  }

  /** Any thread. */
  void ring() {
    if (!nudgeHere.getAsBoolean()) {
      rung = true;
      ringing.nudge();
    }
  }

  /** Something was written to the log, here or by a leader elsewhere; before the start. */
  void onWritten(Runnable told) {
    onWritten = told;
  }

  /** The leader in this process has committed something: followers of the log may look. */
  void written() {
    onWritten.run();
    if (!written) {
      written = true;
      ringing.nudge();
    }
  }

  private long waitNanos() {
    long rest = WRITTEN_EVERY_NANOS - (System.nanoTime() - toldNanos);
    return written ? Math.max(0, rest) : TimeUnit.HOURS.toNanos(1);
  }

  private boolean ringOnce() {
    if (written && System.nanoTime() - toldNanos >= WRITTEN_EVERY_NANOS) {
      toldNanos = System.nanoTime();
      written = false;
      database.api().useHandle(handle -> handle.execute("notify " + EVENTS));
    }
    if (!rung) {
      return false;
    }
    rung = false;
    database.api().useHandle(handle -> handle.execute("notify " + CHANNEL));
    ringing.awaitMillis(COALESCE.toMillis());
    return true;
  }

  private boolean listenOnce() {
    try {
      if (connection == null) {
        connection = database.single("listen", Duration.ofSeconds(10));
        try (Statement statement = connection.createStatement()) {
          statement.execute("listen " + CHANNEL);
          statement.execute("listen " + EVENTS);
        }
      }
      PGNotification[] heard =
          connection.unwrap(PGConnection.class).getNotifications(LISTEN_MILLIS);
      if (heard != null) {
        hear(heard);
      }
      return true;
    } catch (SQLException e) {
      log.debug("cannot listen to the inbox; the leader looks once a second all the same", e);
      drop();
      hearing.awaitMillis(2_000);
      return true;
    }
  }

  private void hear(PGNotification[] heard) {
    boolean inbox = false;
    boolean events = false;
    for (PGNotification each : heard) {
      inbox |= each.getName().equals(CHANNEL);
      events |= each.getName().equals(EVENTS);
    }
    if (events) {
      onWritten.run();
    }
    if (inbox && !nudgeHere.getAsBoolean()) {
      log.trace("heard a ring for another node");
    }
  }

  private void drop() {
    if (connection == null) {
      return;
    }
    try {
      connection.close();
    } catch (SQLException e) {
      log.debug("closing the listening connection", e);
    }
    connection = null;
  }
}
