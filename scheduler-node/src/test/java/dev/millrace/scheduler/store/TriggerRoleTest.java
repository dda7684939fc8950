package dev.millrace.scheduler.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.millrace.settings.PostgresSettings;
import dev.millrace.testing.PrivatePostgres;
import dev.millrace.testing.TestDatabase;
import dev.millrace.testing.TestServers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A user who may start jobs by SQL may do nothing else. */
class TriggerRoleTest {
  private static TestDatabase postgres;
  private static Database database;
  private static String user;
  private static Connection app;

  @BeforeAll
  static void start() throws Exception {
    postgres = TestServers.postgres().freshDatabase();
    database =
        new Database(
            new PostgresSettings(postgres.jdbcUrl(), postgres.user(), postgres.password(), 4));
    database.start();
    user = postgres.name() + "_app";
    admin("create role " + user + " login password 'app-password'");
    admin("grant millrace_trigger to " + user);
    admin(
        "insert into millrace.job (namespace, name, state, version, source, created_at, updated_at)"
            + " values ('default', 'hello', 'SCHEDULED', 1, 'api', now(), now())");
    app = DriverManager.getConnection(postgres.jdbcUrl(), user, "app-password");
  }

  @AfterAll
  static void stop() throws Exception {
    app.close();
    database.close();
    admin("drop owned by " + user);
    admin("drop role " + user);
    postgres.close();
  }

  private static void admin(String sql) throws SQLException {
    try (Connection connection = postgres.connect();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static List<String> admins(String sql) throws SQLException {
    try (Connection connection = postgres.connect();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      List<String> texts = new ArrayList<>();
      while (row.next()) {
        texts.add(row.getString(1));
      }
      return texts;
    }
  }

  private static String asApp(String sql) throws SQLException {
    try (Statement statement = app.createStatement()) {
      if (!statement.execute(sql)) {
        return null;
      }
      try (ResultSet row = statement.getResultSet()) {
        return row.next() ? row.getString(1) : null;
      }
    }
  }

  @Test
  void itStartsJobsAndTakesBackWhatIsItsOwn() throws Exception {
    assertThat(asApp("select millrace.trigger('hello', '{\"a\": 1}', 'k')")).hasSize(13);
    assertThat(admins("select actor from millrace.inbox")).containsOnly("sql:" + user);
    String later = asApp("select millrace.trigger('hello', at => now() + interval '1 day')");
    assertThat(asApp("select millrace.untrigger('" + later + "')")).isEqualTo("t");
    admin("select millrace.trigger('hello', at => now() + interval '1 day', key => 'admin')");
    String others = admins("select millrace.run_text(run) from millrace.start_later").getFirst();
    assertThat(asApp("select millrace.untrigger('" + others + "')")).isEqualTo("f");
  }

  /** Also those that a later version adds. */
  @Test
  void itReadsAndWritesNoTable() throws Exception {
    List<String> tables = names("'r', 'p'");
    assertThat(tables).contains("millrace.inbox", "millrace.run", "millrace.quota");
    for (String table : tables) {
      for (String sql :
          List.of(
              "select * from " + table + " limit 0",
              "delete from " + table,
              "truncate " + table,
              "insert into " + table + " default values")) {
        assertThatThrownBy(() -> asApp(sql)).as(sql).hasMessageContaining("permission denied");
      }
    }
    for (String view : names("'v', 'm', 'f'")) {
      assertThatThrownBy(() -> asApp("select * from " + view)).hasMessageContaining("denied");
    }
    assertThat(
            admins(
                """
                select c.oid::regclass || ' ' || p from pg_class c,
                  unnest(array['select', 'insert', 'update', 'references']) p
                where c.relnamespace = 'millrace'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
                  and has_any_column_privilege('%s', c.oid, p)
                """
                    .formatted(user)))
        .isEmpty();
  }

  private static List<String> names(String kinds) throws SQLException {
    return admins(
        """
        select format('millrace.%%I', relname) from pg_class
        where relnamespace = 'millrace'::regnamespace and relkind in (%s)
        """
            .formatted(kinds));
  }

  @Test
  void itUsesNoSequenceAndCallsNoOtherFunction() throws Exception {
    assertThat(
            admins(
                """
                select c.oid::regclass::text from pg_class c
                where c.relnamespace = 'millrace'::regnamespace
                  and case c.relkind when 'S' then has_sequence_privilege('%s', c.oid, 'usage, select, update') end
                """
                    .formatted(user)))
        .isEmpty();
    assertThat(
            admins(
                """
                select p.proname from pg_proc p
                where p.pronamespace = 'millrace'::regnamespace and has_function_privilege('%s', p.oid, 'execute')
                """
                    .formatted(user)))
        .containsExactlyInAnyOrder("trigger", "untrigger");
    assertThatThrownBy(() -> asApp("create table millrace.mine (n int)"))
        .hasMessageContaining("permission denied");
  }

  /** A function that runs as its owner must not be led to objects of its caller. */
  @Test
  void itsSearchPathChangesNothing() throws Exception {
    asApp("create temporary table job (namespace text, name text, state text)");
    asApp("insert into job values ('default', 'mine', 'SCHEDULED')");
    asApp("set search_path to pg_temp, public");
    assertThatThrownBy(() -> asApp("select millrace.trigger('mine')"))
        .hasMessageContaining("has no job 'mine'");
    asApp("reset search_path");
  }

  /** The example of the documentation, as it stands there. */
  @Test
  void theDocumentedPsqlWorks() throws Exception {
    assumeThat(Path.of("/usr/bin/psql")).exists();
    admin(
        "insert into millrace.job (namespace, name, state, version, source, created_at, updated_at)"
            + " values ('default', 'ship-order', 'SCHEDULED', 1, 'api', now(), now())");
    String doc = Files.readString(Path.of("../docs/triggers.md"));
    Matcher example = Pattern.compile("```sh psql\n(.*?)\n```", Pattern.DOTALL).matcher(doc);
    assertThat(example.find()).isTrue();
    ProcessBuilder shell = new ProcessBuilder("sh", "-euc", example.group(1));
    shell
        .environment()
        .put(
            "DATABASE",
            postgres
                .jdbcUrl()
                .replace("jdbc:postgresql://", "postgresql://" + postgres.user() + "@"));
    shell.environment().put("PGPASSWORD", postgres.password());
    Process process = shell.redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
    assertThat(said.strip()).hasSize(13);
    assertThat(
            admins(
                "select body from millrace.inbox where job = 'ship-order' and body like '%"
                    + said.strip()
                    + "%'"))
        .hasSize(1);
  }

  /** Roles belong to the whole server, and not everybody may make them. */
  @Test
  void whoMayMakeNoRolesMigratesAllTheSame() throws Exception {
    try (PrivatePostgres server = PrivatePostgres.start()) {
      try (Connection connection =
              DriverManager.getConnection(server.jdbcUrl(), server.user(), server.password());
          Statement statement = connection.createStatement()) {
        statement.execute("create role plain login password 'plain-password'");
        statement.execute("create database plain owner plain");
      }
      String url = server.jdbcUrl().replaceAll("/postgres$", "/plain");
      Database plain = new Database(new PostgresSettings(url, "plain", "plain-password", 2));
      plain.start();
      try {
        plain
            .api()
            .useHandle(
                handle -> {
                  assertThat(
                          handle
                              .createQuery(
                                  "select count(*) from pg_roles where rolname = 'millrace_trigger'")
                              .mapTo(Integer.class)
                              .one())
                      .isZero();
                  handle.execute(
                      """
                      insert into job (namespace, name, state, version, source, created_at, updated_at)
                      values ('default', 'hello', 'SCHEDULED', 1, 'api', now(), now())
                      """);
                  assertThat(
                          handle
                              .createQuery("select millrace.trigger('hello')")
                              .mapTo(String.class)
                              .one())
                      .hasSize(13);
                });
      } finally {
        plain.close();
      }
    }
  }

  @Test
  void aUserWithoutTheRoleMayNotEvenCall() throws Exception {
    String other = user + "2";
    admin("create role " + other + " login password 'app-password'");
    try (Connection connection =
            DriverManager.getConnection(postgres.jdbcUrl(), other, "app-password");
        Statement statement = connection.createStatement()) {
      assertThatThrownBy(() -> statement.execute("select millrace.trigger('hello')"))
          .hasMessageContaining("permission denied for schema millrace");
    } finally {
      admin("drop role " + other);
    }
  }
}
