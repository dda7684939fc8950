package dev.millrace.benchmark;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * A schema of its own for one contender, and a pool whose connections see that schema only.
 *
 * <p>Safe for any thread once opened.
 */
final class PeerDatabase implements AutoCloseable {
  private final DatabaseAddress address;
  private final String schema;
  private final HikariDataSource pool;

  private PeerDatabase(DatabaseAddress address, String schema, HikariDataSource pool) {
    this.address = address;
    this.schema = schema;
    this.pool = pool;
  }

  /** Drops what an earlier run left behind, creates the schema and opens the pool. */
  static PeerDatabase open(DatabaseAddress address, String schema, int connections) {
    statement(address, "drop schema if exists " + schema + " cascade");
    statement(address, "create schema " + schema);
    var config = new HikariConfig();
    config.setPoolName(schema);
    config.setJdbcUrl(address.jdbcUrl());
    config.setUsername(address.user());
    config.setPassword(address.password());
    config.setSchema(schema);
    config.setMaximumPoolSize(connections);
    config.setMinimumIdle(connections);
    // Several inserts in one round trip; every peer that sends JDBC batches gains from it.
    config.addDataSourceProperty("reWriteBatchedInserts", "true");
    return new PeerDatabase(address, schema, new HikariDataSource(config));
  }

  HikariDataSource pool() {
    return pool;
  }

  void execute(String sql) {
    try (Connection connection = pool.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new IllegalStateException("schema " + schema + " refused a statement: " + sql, e);
    }
  }

  /** The single number a query answers with. */
  long number(String sql) {
    try (Connection connection = pool.getConnection();
        Statement statement = connection.createStatement();
        var rows = statement.executeQuery(sql)) {
      rows.next();
      return rows.getLong(1);
    } catch (SQLException e) {
      throw new IllegalStateException("schema " + schema + " refused a query: " + sql, e);
    }
  }

  @Override
  public void close() {
    pool.close();
    statement(address, "drop schema if exists " + schema + " cascade");
  }

  private static void statement(DatabaseAddress address, String sql) {
    try (Connection connection = address.connect();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new IllegalStateException(address + " refused: " + sql, e);
    }
  }
}
