package dev.millrace.scheduler.store;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.pool.HikariPool.PoolInitializationException;
import dev.millrace.runtime.Delays;
import dev.millrace.runtime.Pulse;
import dev.millrace.runtime.Service;
import dev.millrace.settings.PostgresSettings;
import io.micrometer.core.instrument.MeterRegistry;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Properties;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.postgres.PostgresPlugin;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way to Postgres: migrations, and three pools, so that a busy API cannot starve the leader:
 * one for the API and one for the leader's single writer; the lease has a connection of its own.
 * pgjdbc waits for ever by default, so every connection has its timeouts. Start blocks until the
 * database answers, with a clear line each time it does not.
 */
public final class Database implements Service {
  public static final String SCHEMA = "millrace";
  private static final Logger log = LoggerFactory.getLogger(Database.class);
  private static final Duration RETRY_FIRST = Duration.ofMillis(250);
  private static final Duration RETRY_MAX = Duration.ofSeconds(5);
  private static final int LEADER_CONNECTIONS = 5;

  private final PostgresSettings settings;
  private final MeterRegistry metrics;
  private final Pulse pulse = new Pulse();
  private HikariDataSource apiPool;
  private HikariDataSource leaderPool;
  private Jdbi api;
  private Jdbi leader;

  public Database(PostgresSettings settings) {
    this(settings, null);
  }

  /**
   * @param metrics where the pools tell how they are, or null
   */
  public Database(PostgresSettings settings, MeterRegistry metrics) {
    this.settings = settings;
    this.metrics = metrics;
  }

  @Override
  public void start() throws InterruptedException {
    Delays delays = new Delays(RETRY_FIRST, RETRY_MAX);
    while (true) {
      try {
        migrate();
        apiPool = pool("api", settings.poolSize(), "-c statement_timeout=4s -c lock_timeout=2s");
        // The leader's statements are all driven by keys. Without these the planner, seeing a small
        // or fresh table,
        // prefers a hash join over a sequential scan, keeps that plan, and the table grows under
        // it.
        leaderPool =
            pool(
                "leader",
                LEADER_CONNECTIONS,
                "-c statement_timeout=20s -c lock_timeout=5s -c enable_seqscan=off -c enable_hashjoin=off"
                    + " -c enable_mergejoin=off -c enable_bitmapscan=off");
        break;
      } catch (FlywayException | PoolInitializationException | StoreException e) {
        closePools();
        if (!isConnectionTrouble(e)) {
          throw e; // waiting does not mend a schema that cannot be migrated
        }
        if (pulse.stopping()) {
          throw new InterruptedException("closed while waiting for the database");
        }
        long delayMillis = delays.nextMillis();
        log.warn(
            "cannot reach Postgres url={} cause={}; trying again in {} ms",
            safeUrl(),
            rootMessage(e),
            delayMillis);
        pulse.awaitMillis(delayMillis);
      }
    }
    api = Jdbi.create(apiPool).installPlugin(new PostgresPlugin());
    leader = Jdbi.create(leaderPool).installPlugin(new PostgresPlugin());
  }

  @Override
  public void close() {
    pulse.stop();
    closePools();
  }

  private void closePools() {
    if (apiPool != null) {
      apiPool.close();
    }
    if (leaderPool != null) {
      leaderPool.close();
    }
  }

  /** For the API, log intake and everything that is not the leader's writer. */
  public Jdbi api() {
    return api;
  }

  /** For the leader's turn and sweeps. */
  public Jdbi leader() {
    return leader;
  }

  /**
   * A connection of its own, outside every pool; the caller closes it. Times out in seconds, not
   * minutes.
   */
  public Connection single(String purpose, Duration socketTimeout) throws SQLException {
    Properties properties = properties(purpose, "-c statement_timeout=2s -c lock_timeout=2s");
    properties.setProperty("socketTimeout", Long.toString(socketTimeout.toSeconds()));
    return DriverManager.getConnection(settings.url(), properties);
  }

  private void migrate() {
    Properties properties = properties("migrate", "");
    try (Connection probe = DriverManager.getConnection(settings.url(), properties)) {
      if (!probe.isValid(5)) {
        throw new StoreException("the database does not answer");
      }
    } catch (SQLException e) {
      throw new StoreException(e.getMessage(), e);
    }
    Flyway.configure()
        .dataSource(settings.url(), orNull(settings.user()), orNull(settings.password()))
        .schemas(SCHEMA)
        .defaultSchema(SCHEMA)
        .createSchemas(true)
        .locations("classpath:dev/millrace/scheduler/store/migration")
        .connectRetries(0)
        .load()
        .migrate();
  }

  /** The URL may name both instead. */
  private static String orNull(String text) {
    return text.isEmpty() ? null : text;
  }

  private HikariDataSource pool(String purpose, int size, String options) {
    HikariConfig config = new HikariConfig();
    config.setPoolName("millrace-" + purpose);
    if (metrics != null) {
      config.setMetricRegistry(metrics);
    }
    config.setJdbcUrl(settings.url());
    config.setDataSourceProperties(properties(purpose, options));
    config.setMaximumPoolSize(size);
    config.setMinimumIdle(1);
    config.setConnectionTimeout(3_000);
    config.setValidationTimeout(1_500);
    config.setKeepaliveTime(120_000);
    config.setMaxLifetime(1_800_000);
    return new HikariDataSource(config);
  }

  private Properties properties(String purpose, String options) {
    Properties properties = new Properties();
    if (!settings.user().isEmpty()) {
      properties.setProperty("user", settings.user());
    }
    if (!settings.password().isEmpty()) {
      properties.setProperty("password", settings.password());
    }
    properties.setProperty("ApplicationName", "millrace-" + purpose);
    properties.setProperty("currentSchema", SCHEMA);
    properties.setProperty("connectTimeout", "4");
    properties.setProperty("loginTimeout", "4");
    properties.setProperty("socketTimeout", "25");
    properties.setProperty("tcpKeepAlive", "true");
    properties.setProperty(
        "options",
        "-c idle_in_transaction_session_timeout=4s -c timezone=UTC -c jit=off " + options);
    return properties;
  }

  private String safeUrl() {
    return settings.url().replaceAll("password=[^&]*", "password=***");
  }

  private static boolean isConnectionTrouble(Throwable e) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof SQLException) {
        return true;
      }
    }
    return false;
  }

  private static String rootMessage(Throwable e) {
    Throwable root = e;
    while (root.getCause() != null && root.getCause() != root) {
      root = root.getCause();
    }
    return String.valueOf(root.getMessage())
        .lines()
        .findFirst()
        .orElse(root.getClass().getSimpleName());
  }

  @Override
  public String toString() {
    return "database " + safeUrl();
  }
}
