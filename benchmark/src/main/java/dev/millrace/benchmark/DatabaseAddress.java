package dev.millrace.benchmark;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;

/** Where the one Postgres of a benchmark is. Immutable. */
public record DatabaseAddress(String jdbcUrl, String user, String password) {

  Connection connect() throws SQLException {
    return DriverManager.getConnection(jdbcUrl, user, password);
  }

  @Override
  public String toString() {
    return jdbcUrl + " user=" + user + " password=***";
  }
}
