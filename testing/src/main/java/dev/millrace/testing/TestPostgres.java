package dev.millrace.testing;

import dev.millrace.embedded.LocalPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicInteger;
import org.postgresql.Driver;

/**
 * The Postgres that this JVM's tests share; every test takes a database of its own from it.
 *
 * <p>Thread-safe.
 */
public final class TestPostgres implements AutoCloseable {
  static final String URL_VARIABLE = "MILLRACE_TEST_POSTGRES";

  private final String serverUrl;
  private final String adminDatabase;
  private final String user;
  private final String password;
  private final Stop stop;
  private final AtomicInteger databases = new AtomicInteger();
  private final Map<String, TestDatabase> templates = new HashMap<>();

  private interface Stop {
    void run() throws IOException;
  }

  private TestPostgres(
      String serverUrl, String adminDatabase, String user, String password, Stop stop) {
    this.serverUrl = serverUrl;
    this.adminDatabase = adminDatabase;
    this.user = user;
    this.password = password;
    this.stop = stop;
  }

  static TestPostgres find() {
    String url = System.getenv(URL_VARIABLE);
    return url == null || url.isBlank() ? packaged() : named(url.strip());
  }

  private static TestPostgres named(String url) {
    Properties parts = Driver.parseURL(url, new Properties());
    if (parts == null) {
      throw new IllegalArgumentException(URL_VARIABLE + " is not a PostgreSQL JDBC URL");
    }
    String server = parts.getProperty("PGHOST") + ":" + parts.getProperty("PGPORT", "5432");
    TestServers.announce("postgres at " + server + " (" + URL_VARIABLE + ")");
    return new TestPostgres(
        "jdbc:postgresql://" + server + "/",
        parts.getProperty("PGDBNAME", "postgres"),
        parts.getProperty("user", "postgres"),
        parts.getProperty("password", ""),
        () -> {});
  }

  private static TestPostgres packaged() {
    Path directory = TestServers.newDirectory("postgres");
    try {
      LocalPostgres server = LocalPostgres.in(directory).start();
      TestServers.announce(
          "packaged postgres on port " + server.port() + " (" + URL_VARIABLE + " is not set)");
      return new TestPostgres(
          server.jdbcUrl(""),
          "postgres",
          server.user(),
          server.password(),
          () -> {
            server.close();
            TestServers.deleteTree(directory);
          });
    } catch (IOException e) {
      throw new UncheckedIOException("the packaged postgres did not start", e);
    }
  }

  /** A new, empty database, dropped when closed. */
  public TestDatabase freshDatabase() throws SQLException {
    return created("template0");
  }

  /** What a database is to have in it. */
  @FunctionalInterface
  public interface Preparation {
    /** Leaves no session behind. */
    void prepare(TestDatabase database) throws Exception;
  }

  /**
   * A new database with what is prepared in another one, once in this process: to copy that takes a
   * tenth of the time. Dropped when closed.
   *
   * @param what names the preparation
   */
  public synchronized TestDatabase preparedDatabase(String what, Preparation preparation)
      throws Exception {
    TestDatabase prepared = templates.get(what);
    if (prepared == null) {
      prepared = freshDatabase();
      preparation.prepare(prepared);
      administer(
          "select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = '"
              + prepared.name()
              + "'");
      templates.put(what, prepared);
    }
    return created(prepared.name());
  }

  private TestDatabase created(String template) throws SQLException {
    String name =
        "millrace_test_" + ProcessHandle.current().pid() + "_" + databases.incrementAndGet();
    administer("create database " + name + " template " + template);
    return new TestDatabase(this, name, serverUrl + name, user, password);
  }

  void drop(String database) throws SQLException {
    administer("drop database if exists " + database + " with (force)");
  }

  private void administer(String sql) throws SQLException {
    try (Connection connection =
            DriverManager.getConnection(serverUrl + adminDatabase, user, password);
        var statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  @Override
  public synchronized void close() throws IOException {
    try {
      for (TestDatabase template : templates.values()) {
        template.close();
      }
      templates.clear();
    } catch (SQLException e) {
      throw new IOException("a prepared database cannot be dropped", e);
    } finally {
      stop.run();
    }
  }
}
