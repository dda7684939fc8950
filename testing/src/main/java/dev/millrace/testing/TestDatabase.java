package dev.millrace.testing;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;

/**
 * One empty database of one test; closing it cuts its sessions and drops it.
 *
 * <p>Immutable; safe for any thread.
 */
public final class TestDatabase implements AutoCloseable {
  private final TestPostgres server;
  private final String name;
  private final String jdbcUrl;
  private final String user;
  private final String password;

  TestDatabase(TestPostgres server, String name, String jdbcUrl, String user, String password) {
    this.server = server;
    this.name = name;
    this.jdbcUrl = jdbcUrl;
    this.user = user;
    this.password = password;
  }

  public String name() {
    return name;
  }

  /** Without credentials. */
  public String jdbcUrl() {
    return jdbcUrl;
  }

  public String user() {
    return user;
  }

  public String password() {
    return password;
  }

  public Connection connect() throws SQLException {
    return DriverManager.getConnection(jdbcUrl, user, password);
  }

  @Override
  public void close() throws SQLException {
    server.drop(name);
  }
}
