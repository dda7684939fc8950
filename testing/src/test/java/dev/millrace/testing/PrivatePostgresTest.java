package dev.millrace.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.DriverManager;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;

final class PrivatePostgresTest {
  @Test
  void committedWorkSurvivesKillAndStop() throws Exception {
    try (var postgres = PrivatePostgres.start()) {
      String url = postgres.jdbcUrl();
      execute(postgres, "create table t (n int)");
      execute(postgres, "insert into t values (1)");
      postgres.killHard();
      assertThat(postgres.running()).isFalse();
      postgres.startAgain();
      execute(postgres, "insert into t values (2)");
      postgres.stop();
      postgres.startAgain();
      assertThat(postgres.jdbcUrl()).isEqualTo(url);
      assertThat(count(postgres)).isEqualTo(2);
    }
  }

  private static void execute(PrivatePostgres postgres, String sql) throws SQLException {
    try (var connection =
            DriverManager.getConnection(postgres.jdbcUrl(), postgres.user(), postgres.password());
        var statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static int count(PrivatePostgres postgres) throws SQLException {
    try (var connection =
            DriverManager.getConnection(postgres.jdbcUrl(), postgres.user(), postgres.password());
        var statement = connection.createStatement();
        var rows = statement.executeQuery("select count(*) from t")) {
      rows.next();
      return rows.getInt(1);
    }
  }
}
