package dev.millrace.scheduler;

import dev.millrace.runtime.Loop;
import dev.millrace.runtime.Pulse;
import dev.millrace.runtime.Service;
import dev.millrace.scheduler.store.Database;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the leader, wherever it is, that the inbox has something: directly in its own process, else
 * by NOTIFY. Only a hint: the leader looks once a second anyway. NOTIFY takes a global lock at
 * commit, so rings are coalesced and never in anybody's transaction. Owns two loops.
 */
final class InboxBell implements Service {
  private static final Logger log = LoggerFactory.getLogger(InboxBell.class);
  private static final String CHANNEL = "millrace_inbox";
  private static final Duration COALESCE = Duration.ofMillis(50);
  private static final int LISTEN_MILLIS = 1_000;

  private final Database database;
  private final BooleanSupplier nudgeHere;
  private final Pulse ringing = new Pulse();
  private final Pulse hearing = new Pulse();
  private final Loop ringer = new Loop("bell-ring", this::ringOnce, ringing, Duration.ofHours(1));
  private final Loop listener = new Loop("bell-listen", this::listenOnce, hearing, Duration.ZERO);
  private volatile boolean rung;
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

  private boolean ringOnce() {
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
        }
      }
      PGNotification[] heard =
          connection.unwrap(PGConnection.class).getNotifications(LISTEN_MILLIS);
      if (heard != null && heard.length > 0 && !nudgeHere.getAsBoolean()) {
        log.trace("heard a ring for another node");
      }
      return true;
    } catch (SQLException e) {
      log.debug("cannot listen to the inbox; the leader looks once a second all the same", e);
      drop();
      hearing.awaitMillis(2_000);
      return true;
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
