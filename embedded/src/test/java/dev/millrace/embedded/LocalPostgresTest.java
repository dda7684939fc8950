package dev.millrace.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LocalPostgresTest {
  @TempDir Path directory;

  @Test
  void keepsItsDataAcrossRestarts() throws Exception {
    List<String> steps = new ArrayList<>();
    try (var postgres = LocalPostgres.in(directory).progress(steps::add).start()) {
      assertThat(postgres.port()).isNotEqualTo(5432);
      execute(postgres, "create table kept (n int)", "insert into kept values (42)");
    }
    assertThat(steps).contains("initialising database", "starting");
    steps.clear();
    try (var postgres = LocalPostgres.in(directory).progress(steps::add).start()) {
      assertThat(query(postgres, "select n from kept")).isEqualTo("42");
    }
    assertThat(steps).containsExactly("starting");
  }

  @Test
  void isPostgres18AndDurableAndClosedToStrangers() throws Exception {
    try (var postgres = LocalPostgres.in(directory).start()) {
      assertThat(query(postgres, "show server_version")).startsWith("18.");
      assertThat(query(postgres, "show fsync")).isEqualTo("on");
      assertThat(query(postgres, "show synchronous_commit")).isEqualTo("on");
      assertThat(query(postgres, "select upper('straße ä')")).contains("Ä");
      assertThatThrownBy(
              () -> DriverManager.getConnection(postgres.jdbcUrl("postgres"), "millrace", "guess"))
          .isInstanceOf(SQLException.class);
    }
  }

  @Test
  void aSecondOwnerIsRefusedUntilTheFirstCloses() throws Exception {
    try (var postgres = LocalPostgres.in(directory).start()) {
      assertThatThrownBy(() -> LocalPostgres.in(directory).start())
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("in use by process " + ProcessHandle.current().pid());
      assertThat(query(postgres, "select 1")).isEqualTo("1");
    }
  }

  @Test
  void closeLeavesNoProcessAndNoPidFile() throws Exception {
    var postgres = LocalPostgres.in(directory).start();
    ProcessHandle process = ProcessHandle.of(postgres.pid()).orElseThrow();
    var children = process.descendants().toList();
    assertThat(children).isNotEmpty();
    postgres.close();
    assertThat(process.isAlive()).isFalse();
    assertThat(children).noneMatch(ProcessHandle::isAlive);
    assertThat(directory.resolve("data/postmaster.pid")).doesNotExist();
    postgres.close();
  }

  @Test
  void recoversAfterTheServerWasKilled() throws Exception {
    try (var postgres = LocalPostgres.in(directory).start()) {
      execute(postgres, "create table kept (n int)", "insert into kept values (7)");
      ProcessHandle.of(postgres.pid()).orElseThrow().destroyForcibly();
      postgres.onExit().get(10, TimeUnit.SECONDS);
      assertThat(postgres.running()).isFalse();
    }
    try (var postgres = LocalPostgres.in(directory).start()) {
      assertThat(query(postgres, "select n from kept")).isEqualTo("7");
    }
  }

  @Test
  void stopsTheServerThatAKilledOwnerLeftBehind() throws Exception {
    Process owner = ownerProcess();
    long orphan = readPid(owner);
    owner.destroyForcibly().waitFor();
    ProcessHandle server = ProcessHandle.of(orphan).orElseThrow();
    assertThat(server.isAlive()).isTrue();
    try (var postgres = LocalPostgres.in(directory).start()) {
      assertThat(postgres.pid()).isNotEqualTo(orphan);
      // Where process 1 does not collect its children the dead one stays listed, without a program.
      assertThat(server.info().command()).isEmpty();
      assertThat(query(postgres, "select 1")).isEqualTo("1");
    }
  }

  @Test
  void anotherProcessIsRefusedWhileTheFirstLives() throws Exception {
    Process owner = ownerProcess();
    try {
      readPid(owner);
      assertThatThrownBy(() -> LocalPostgres.in(directory).start())
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("in use by process " + owner.pid());
    } finally {
      owner.getOutputStream().close();
      assertThat(owner.waitFor(30, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void aPidFileWhosePidBelongsToAnotherProgramDoesNotMatter() throws Exception {
    LocalPostgres.in(directory).start().close();
    Files.writeString(
        directory.resolve("data/postmaster.pid"),
        ProcessHandle.current().pid() + "\n" + directory.resolve("data") + "\n");
    try (var postgres = LocalPostgres.in(directory).start()) {
      assertThat(query(postgres, "select 1")).isEqualTo("1");
    }
  }

  @Test
  void takesTheGivenPort() throws Exception {
    int port;
    try (var first = LocalPostgres.in(directory).start()) {
      port = first.port();
    }
    try (var second = LocalPostgres.in(directory).port(port).start()) {
      assertThat(second.port()).isEqualTo(port);
      assertThatThrownBy(() -> LocalPostgres.in(directory.resolve("other")).port(port).start())
          .isInstanceOf(java.io.IOException.class)
          .hasMessageContaining("could not bind");
    }
  }

  private Process ownerProcess() throws Exception {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("java.class.path"),
            PostgresOwner.class.getName(),
            directory.toString())
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  private static long readPid(Process owner) throws Exception {
    String line = owner.inputReader().readLine();
    assertThat(line).as("pid printed within %s", Duration.ofSeconds(60)).matches("\\d+");
    return Long.parseLong(line);
  }

  private static void execute(LocalPostgres postgres, String... statements) throws SQLException {
    try (Connection connection = connect(postgres);
        var statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }

  private static String query(LocalPostgres postgres, String sql) throws SQLException {
    try (Connection connection = connect(postgres);
        var statement = connection.createStatement();
        var rows = statement.executeQuery(sql)) {
      rows.next();
      return rows.getString(1);
    }
  }

  private static Connection connect(LocalPostgres postgres) throws SQLException {
    return DriverManager.getConnection(
        postgres.jdbcUrl("postgres"), postgres.user(), postgres.password());
  }
}
