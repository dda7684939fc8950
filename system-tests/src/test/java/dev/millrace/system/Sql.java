package dev.millrace.system;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;

/**
 * Looks at the tables from outside. Opens its connection again after a failure. The test's thread.
 */
final class Sql implements AutoCloseable {
  private final String url;
  private final Properties properties = new Properties();
  private Connection connection;

  Sql(String url, String user, String password) {
    this.url = url;
    properties.setProperty("user", user);
    properties.setProperty("password", password);
    properties.setProperty("currentSchema", "millrace");
    properties.setProperty("socketTimeout", "30");
  }

  /** Makes something of the row that the result stands on. */
  interface Row<T> {
    T of(ResultSet row) throws SQLException;
  }

  <T> List<T> rows(String sql, Row<T> mapper, Object... args) throws SQLException {
    try (PreparedStatement statement = prepare(sql, args);
        ResultSet row = statement.executeQuery()) {
      List<T> all = new ArrayList<>();
      while (row.next()) {
        all.add(mapper.of(row));
      }
      return all;
    } catch (SQLException e) {
      close();
      throw e;
    }
  }

  /** The first column of the first row; 0 when there is none. */
  long number(String sql, Object... args) throws SQLException {
    List<Long> found = rows(sql, row -> row.getLong(1), args);
    return found.isEmpty() ? 0 : found.getFirst();
  }

  /** The first column of the first row; empty when there is none. */
  String text(String sql, Object... args) throws SQLException {
    List<String> found = rows(sql, row -> row.getString(1), args);
    return found.isEmpty() || found.getFirst() == null ? "" : found.getFirst();
  }

  int execute(String sql, Object... args) throws SQLException {
    try (PreparedStatement statement = prepare(sql, args)) {
      return statement.executeUpdate();
    }
  }

  /** Another connection, as an application has one; the caller closes it. */
  Connection open() throws SQLException {
    return DriverManager.getConnection(url, properties);
  }

  private PreparedStatement prepare(String sql, Object... args) throws SQLException {
    if (connection == null || connection.isClosed()) {
      connection = DriverManager.getConnection(url, properties);
    }
    PreparedStatement statement = connection.prepareStatement(sql);
    for (int i = 0; i < args.length; i++) {
      statement.setObject(i + 1, args[i]);
    }
    return statement;
  }

  @Override
  public void close() throws SQLException {
    if (connection != null) {
      connection.close();
      connection = null;
    }
  }
}
