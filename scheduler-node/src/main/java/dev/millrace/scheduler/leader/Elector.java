package dev.millrace.scheduler.leader;

import dev.millrace.runtime.Delays;
import dev.millrace.runtime.Pulse;
import dev.millrace.runtime.Service;
import dev.millrace.scheduler.store.Database;
import dev.millrace.scheduler.store.DatabaseClock;
import dev.millrace.scheduler.store.Leases;
import dev.millrace.settings.LeaderSettings;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Wins, renews and loses terms. Owns one thread and one connection: that connection's session is
 * the sign of life that followers look for, so that they can take over at once when this process
 * dies. Losing the term, by any way, closes the duties before anything else.
 */
public final class Elector implements Service {
  /** What a leader does. Made for each term, on the elector's thread. */
  @FunctionalInterface
  public interface Duties {
    /**
     * Starts everything leader-only.
     *
     * @return closes all of it and waits until it has ended
     * @throws Exception gives the term back: a leader that leads nothing is worse than none
     */
    AutoCloseable start(Term term) throws Exception;
  }

  private static final Logger log = LoggerFactory.getLogger(Elector.class);
  private static final Duration SOCKET_TIMEOUT = Duration.ofSeconds(3);

  private final Database database;
  private final DatabaseClock clock;
  private final LeaderSettings settings;
  private final String node;
  private final Duties duties;
  private final Pulse pulse = new Pulse();
  private final Delays delays = new Delays(Duration.ofMillis(200), Duration.ofSeconds(2));
  private Thread thread;
  private Connection connection;
  private AutoCloseable running;
  private volatile Term term;
  private volatile String leaderSeen;
  private volatile long epochSeen;
  private volatile long confirmed;
  private volatile String problem = "not connected yet";

  public Elector(
      Database database, DatabaseClock clock, LeaderSettings settings, String node, Duties duties) {
    this.database = database;
    this.clock = clock;
    this.settings = settings;
    this.node = node;
    this.duties = duties;
  }

  @Override
  public void start() {
    thread = Thread.ofPlatform().name("millrace-elector").daemon().start(this::run);
  }

  /** Ends the term if there is one, resigns, and stops. A follower notices within its next look. */
  @Override
  public void close() {
    pulse.stop();
    try {
      if (thread != null) {
        thread.join(Duration.ofSeconds(20));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** The term this node holds, or null. */
  public Term term() {
    return term;
  }

  /** Who leads as far as this node knows, or null. */
  public String leaderSeen() {
    return leaderSeen;
  }

  public long epochSeen() {
    return epochSeen;
  }

  /** Why the lease cannot be read, or null while it can. */
  public String problem() {
    return problem;
  }

  /** Dispatches up to this number are confirmed; stored with the next renewal. Any thread. */
  public void confirmedUpTo(long dispatch) {
    confirmed = dispatch;
  }

  private void run() {
    while (!pulse.stopping()) {
      try {
        boolean leading = pass();
        delays.succeeded();
        problem = null;
        pulse.await((leading ? settings.renewEvery() : settings.followerPoll()).toNanos());
      } catch (SQLException e) {
        problem = firstLine(e);
        // A leader whose connection broke may still hold the lease, but its session is gone:
        // followers take over now.
        lose("the lease connection broke: " + problem);
        dropConnection();
        long delayMillis = delays.nextMillis();
        if (delays.failures() == 1 || delays.failures() % 10 == 0) {
          log.warn("cannot reach the lease cause={}; trying again in {} ms", problem, delayMillis);
        }
        pulse.awaitMillis(delayMillis);
      } catch (RuntimeException e) {
        log.error("the elector failed; it gives up the term and goes on as a follower", e);
        lose("elector failure");
        dropConnection();
        pulse.awaitMillis(delays.nextMillis());
      }
    }
    resign();
    dropConnection();
  }

  /** One look: renews, takes, or follows. */
  private boolean pass() throws SQLException {
    if (connection == null) {
      connection = database.single("lease", SOCKET_TIMEOUT);
    }
    if (term != null) {
      return renew();
    }
    double ttlSeconds = settings.leaseTtl().toMillis() / 1_000.0;
    Leases.Look look = Leases.look(connection, ttlSeconds);
    clock.sync(look.now(), System.nanoTime());
    leaderSeen = look.free() ? null : look.holder();
    epochSeen = look.epoch();
    return look.free() && take(ttlSeconds);
  }

  private boolean take(double ttlSeconds) throws SQLException {
    long askedAt = System.nanoTime();
    Optional<Leases.Won> won = Leases.take(connection, node, node, ttlSeconds);
    if (won.isEmpty()) {
      return false;
    }
    clock.sync(won.get().now(), System.nanoTime());
    confirmed = won.get().confirmed();
    Term gained =
        new Term(won.get().epoch(), won.get().confirmed(), settings.leaseTtl().toNanos(), askedAt);
    term = gained;
    leaderSeen = node;
    epochSeen = gained.epoch();
    log.info("leading node={} epoch={}", node, gained.epoch());
    try {
      running = duties.start(gained);
      return true;
    } catch (Exception e) {
      log.error(
          "could not take up the leader's duties epoch={}; giving the term back",
          gained.epoch(),
          e);
      resign();
      return false;
    }
  }

  private boolean renew() throws SQLException {
    long askedAt = System.nanoTime();
    Optional<Long> now =
        Leases.renew(
            connection, node, term.epoch(), settings.leaseTtl().toMillis() / 1_000.0, confirmed);
    if (now.isEmpty()) {
      lose("the lease went to somebody else or expired");
      return false;
    }
    clock.sync(now.get(), System.nanoTime());
    term.renewed(askedAt);
    return true;
  }

  private void lose(String why) {
    Term lost = term;
    if (lost == null) {
      return;
    }
    lost.end();
    term = null;
    leaderSeen = null;
    log.warn(
        "lost leadership node={} epoch={} cause={}; stopping everything leader-only",
        node,
        lost.epoch(),
        why);
    closeDuties();
  }

  private void resign() {
    Term resigned = term;
    if (resigned == null) {
      return;
    }
    resigned.end();
    closeDuties();
    term = null;
    leaderSeen = null;
    try {
      Leases.resign(connection, node, resigned.epoch(), confirmed);
      log.info("resigned node={} epoch={}", node, resigned.epoch());
    } catch (SQLException e) {
      log.warn(
          "could not resign epoch={} cause={}; the lease expires by itself",
          resigned.epoch(),
          firstLine(e));
    }
  }

  private void closeDuties() {
    AutoCloseable closing = running;
    running = null;
    if (closing == null) {
      return;
    }
    try {
      closing.close();
    } catch (Exception e) {
      log.error("could not close a leader's duty", e);
    }
  }

  private void dropConnection() {
    if (connection == null) {
      return;
    }
    try {
      connection.close();
    } catch (SQLException e) {
      log.debug("closing the lease connection", e);
    }
    connection = null;
  }

  private static String firstLine(Exception e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse(e.getClass().getSimpleName());
  }

  @Override
  public String toString() {
    return "elector of " + node;
  }
}
