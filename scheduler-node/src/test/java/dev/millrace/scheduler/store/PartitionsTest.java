package dev.millrace.scheduler.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.model.RunId;
import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.Engine;
import dev.millrace.scheduler.engine.Fact;
import dev.millrace.scheduler.engine.Plan;
import dev.millrace.scheduler.engine.Plans;
import dev.millrace.settings.PostgresSettings;
import dev.millrace.testing.TestDatabase;
import dev.millrace.testing.TestServers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Days come ahead without anybody waiting, and go as the documentation says. */
class PartitionsTest {
  private static final List<String> PARENTS =
      List.of("run", "stage", "attempt", "transition", "transition_batch", "stage_log");
  private static final LocalDate FAR = LocalDate.of(2031, 5, 17);
  private static final Plan PLAN = Plans.of(7, 3, Plans.stage("a"));

  private TestDatabase postgres;
  private Database database;

  @BeforeEach
  void start() throws Exception {
    postgres = TestServers.postgres().freshDatabase();
    database =
        new Database(
            new PostgresSettings(postgres.jdbcUrl(), postgres.user(), postgres.password(), 4));
    database.start();
  }

  @AfterEach
  void stop() throws SQLException {
    database.close();
    postgres.close();
  }

  @Test
  void aDayIsMadeWhileOthersReadAndWrite() throws SQLException {
    Draft today = created(databaseMillis());
    write(today);
    try (Connection reader = postgres.connect();
        Connection writer = postgres.connect()) {
      beginWith(reader, "select count(*) from %s");
      beginWith(writer, "lock table %s in row exclusive mode");
      // The leader's connection waits five seconds for a lock and then fails.
      assertThat(ensure(FAR, 2)).isEqualTo(2 * PARENTS.size());
      assertThat(ensure(FAR, 2)).as("they are there").isZero();
      try (var statement = reader.createStatement();
          var row = statement.executeQuery("select count(*) from run")) {
        row.next();
        assertThat(row.getInt(1)).as("still in its transaction").isEqualTo(1);
      }
      writer.rollback();
      reader.rollback();
    }
  }

  private static void beginWith(Connection connection, String sql) throws SQLException {
    connection.setAutoCommit(false);
    try (var statement = connection.createStatement()) {
      statement.execute("set search_path to millrace");
      for (String parent : PARENTS) {
        statement.execute(sql.formatted(parent));
      }
    }
  }

  @Test
  void aDayThatWasAttachedObeysTheLawsOfItsParent() {
    ensure(FAR, 1);
    Draft then = created(FAR.atStartOfDay(ZoneOffset.UTC).toInstant().toEpochMilli());
    write(then);
    Engine.apply(then, new Fact.Dispatched(0, 5), then.run().createdAt(), 0);
    String day = day(FAR);
    assertThat(count("run_" + day)).isEqualTo(1);
    assertThat(count("stage_" + day)).isEqualTo(1);
    assertThatThrownBy(() -> execute("update stage_%s set state = 'LIMBO'".formatted(day)))
        .hasMessageContaining("stage_state_known");
    assertThatThrownBy(() -> execute("delete from transition_batch_" + day))
        .hasMessageContaining("append-only");
    assertThat(count("pg_indexes where tablename = 'stage_%s'".formatted(day)))
        .as("the key and four partial indexes")
        .isEqualTo(5);
  }

  @Test
  void aDayIsDroppedAsTheDocumentationSays() throws IOException, SQLException {
    ensure(FAR, 2);
    Draft old = created(FAR.atStartOfDay(ZoneOffset.UTC).toInstant().toEpochMilli());
    Draft next = created(FAR.plusDays(1).atStartOfDay(ZoneOffset.UTC).toInstant().toEpochMilli());
    write(old);
    write(next);
    assertThat(answer(documented(FAR).get(1))).as("a run of that day has not ended").isEqualTo(1);
    Draft ending = Draft.of(old.run());
    Engine.apply(ending, new Fact.Stop("tester", null), old.run().createdAt(), 0);
    Engine.settle(ending, old.run().createdAt());
    write(ending);
    assertThat(answer(documented(FAR).get(1))).as("all have").isZero();

    try (Connection connection = postgres.connect();
        var statement = connection.createStatement()) {
      for (String sql : documented(FAR)) {
        statement.execute(sql);
      }
    }
    assertThat(count("pg_class where relkind = 'r' and relname like '%%_%s'".formatted(day(FAR))))
        .isZero();
    assertThat(load(old)).as("it is gone").isEmpty();
    assertThat(load(next)).as("the next day stays").hasSize(1);
    assertThat(ensure(FAR, 2)).as("and the day could be made again").isEqualTo(PARENTS.size());
  }

  private int answer(String question) {
    return database
        .api()
        .withHandle(handle -> handle.createQuery(question).mapTo(Integer.class).one());
  }

  /** The statements of docs/operations.md, for another day. */
  private static List<String> documented(LocalDate day) throws IOException {
    String page = Files.readString(Path.of("../docs/operations.md"));
    Matcher block = Pattern.compile("```sql\n(.*?)```", Pattern.DOTALL).matcher(page);
    assertThat(block.find()).isTrue();
    String sql = block.group(1).replaceAll("--[^\n]*\n", "").replaceAll("20\\d{6}", day(day));
    List<String> statements =
        Pattern.compile(";\\s*").splitAsStream(sql).filter(one -> !one.isBlank()).toList();
    assertThat(statements).hasSize(3 + PARENTS.size());
    return statements;
  }

  private int ensure(LocalDate from, int days) {
    return database
        .leader()
        .withHandle(
            handle ->
                handle
                    .createQuery("select ensure_partitions(cast(:from as date), :days)")
                    .bind("from", from.toString())
                    .bind("days", days)
                    .mapTo(Integer.class)
                    .one());
  }

  private static Draft created(long millis) {
    return Engine.create(
        Plans.run(RunId.firstAt(millis) + 1, PLAN, millis * 1_000), "command", millis * 1_000);
  }

  private void write(Draft draft) {
    long now = draft.run().createdAt();
    database.leader().useTransaction(tx -> Runs.write(tx, List.of(draft), 1, now));
  }

  private java.util.Map<Long, dev.millrace.scheduler.engine.Run> load(Draft draft) {
    List<Long> id = List.of(draft.run().id());
    return database.leader().withHandle(tx -> Runs.load(tx, id, (job, version, part) -> PLAN));
  }

  private int count(String from) {
    return database
        .api()
        .withHandle(
            handle ->
                handle.createQuery("select count(*) from " + from).mapTo(Integer.class).one());
  }

  private void execute(String sql) {
    database.leader().useHandle(handle -> handle.execute(sql));
  }

  private long databaseMillis() {
    return database
        .api()
        .withHandle(
            handle ->
                handle
                    .createQuery("select micros(clock_timestamp()) / 1000")
                    .mapTo(Long.class)
                    .one());
  }

  private static String day(LocalDate day) {
    return day.format(DateTimeFormatter.BASIC_ISO_DATE);
  }
}
