package dev.millrace.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.testing.TestDatabase;
import dev.millrace.testing.TestServers;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every peer really runs, on a real Postgres; how fast is nobody's business here. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class ThroughputTest {
  private static final Duration GENEROUS = Duration.ofMinutes(2);

  private TestDatabase postgres;
  private DatabaseAddress database;

  @BeforeAll
  void startPostgres() throws SQLException {
    postgres = TestServers.postgres().freshDatabase();
    database = new DatabaseAddress(postgres.jdbcUrl(), postgres.user(), postgres.password());
  }

  @AfterAll
  void stopPostgres() throws SQLException {
    postgres.close();
  }

  List<Contender> peers() {
    return Peers.all(database);
  }

  @ParameterizedTest
  @MethodSource("peers")
  void everyJobOfAPeerIsRunOnceAndRecorded(Contender peer) throws SQLException {
    int jobs = peer.system().equals("quartz") ? 50 : 200;

    var result = new ThroughputRun(GENEROUS).one(peer, jobs);

    assertThat(result.complete()).isTrue();
    assertThat(result.completed()).isEqualTo(jobs);
    assertThat(result.doubles()).isZero();
    assertThat(result.system()).isEqualTo(peer.system());
    assertThat(result.version()).matches("[0-9]+\\.[0-9]+\\.[0-9]+");
    assertThat(result.enqueuePerSecond()).isPositive();
    assertThat(result.endToEndPerSecond()).isPositive();
    assertThat(benchSchemas()).isEmpty();
  }

  @Test
  void aRunOverItsTimeIsReportedAsIncomplete() {
    var peer = new QuartzContender(database);

    var result = new ThroughputRun(Duration.ZERO).one(peer, 2_000);

    assertThat(result.complete()).isFalse();
    assertThat(result.completed()).isLessThan(2_000);
    assertThat(new BenchReport(Machine.describe(database, "none"), List.of(result)).text())
        .contains("stopped by the time limit");
  }

  private List<String> benchSchemas() throws SQLException {
    var names = new ArrayList<String>();
    try (var connection = database.connect();
        var statement = connection.createStatement();
        var rows =
            statement.executeQuery(
                "select nspname from pg_namespace where nspname like 'bench%'")) {
      while (rows.next()) {
        names.add(rows.getString(1));
      }
    }
    return names;
  }
}
