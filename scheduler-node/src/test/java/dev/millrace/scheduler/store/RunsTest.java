package dev.millrace.scheduler.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.model.RunId;
import dev.millrace.model.StageDefinition;
import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.Engine;
import dev.millrace.scheduler.engine.Fact;
import dev.millrace.scheduler.engine.Plan;
import dev.millrace.scheduler.engine.Plans;
import dev.millrace.scheduler.engine.Run;
import dev.millrace.scheduler.engine.Verdict;
import dev.millrace.settings.PostgresSettings;
import dev.millrace.testing.TestDatabase;
import dev.millrace.testing.TestServers;
import dev.millrace.wire.Outcome;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What the engine decides goes into a real Postgres and comes out of it as it was. */
class RunsTest {
  private static final Plan PLAN =
      Plans.of(
          7,
          3,
          Plans.stage("a", Plans.retry(3, 2), Duration.ofMinutes(1), Duration.ofMinutes(2)),
          Plans.stage("b", "a"));

  private static TestDatabase postgres;
  private static Database database;
  private static AtomicLong ids;
  private static long now;

  @BeforeAll
  static void start() throws Exception {
    postgres = TestServers.postgres().freshDatabase();
    database = database(postgres.user(), postgres.password());
    now = one("select micros(clock_timestamp())", Long.class);
    ids = new AtomicLong(RunId.firstAt(now / 1_000));
  }

  private static Database database(String user, String password) throws Exception {
    Database made = new Database(new PostgresSettings(postgres.jdbcUrl(), user, password, 4));
    made.start();
    return made;
  }

  @AfterAll
  static void stop() throws SQLException {
    database.close();
    postgres.close();
  }

  @Test
  void migrationsThatAreAppliedAreLeftAlone() throws Exception {
    long applied = one("select count(*) from flyway_schema_history", Long.class);
    database(postgres.user(), postgres.password()).close();
    assertThat(one("select count(*) from flyway_schema_history", Long.class)).isEqualTo(applied);
  }

  @Test
  void everyColumnComesBack() {
    Run asked =
        new Run(
            ids.incrementAndGet(),
            PLAN,
            dev.millrace.lifecycle.RunState.PENDING,
            "cron",
            11,
            now - 5_000_001,
            "{\"who\":\"wörld\"}",
            "trigger:cron",
            "a reason",
            null,
            now,
            0,
            0,
            Engine.fresh(PLAN));
    Draft draft = Engine.create(asked, "tick", now);
    Run stored = writeAndLoad(draft);

    draft = Draft.of(stored);
    apply(draft, new Fact.Dispatched(0, 77));
    stored = writeAndLoad(draft);
    draft = Draft.of(stored);
    apply(draft, new Fact.Started(0, 1, "w\"1"));
    apply(draft, new Fact.Checkpointed(0, 1, "w\"1", "{\"page\":4}"));
    stored = writeAndLoad(draft);
    draft = Draft.of(stored);
    apply(draft, finished(0, 1, "w\"1", Outcome.FAILED));
    stored = writeAndLoad(draft);
    assertThat(one("select outcome from attempt where run = " + stored.id(), String.class))
        .isEqualTo("failed");
    draft = Draft.of(stored);
    apply(draft, new Fact.Due(0), stored.stages()[0].dueAt());
    apply(draft, new Fact.Dispatched(0, 78));
    apply(draft, finished(0, 2, "w2", Outcome.COMPLETED));
    apply(draft, new Fact.Dispatched(1, 79));
    apply(draft, new Fact.Started(1, 1, "w2"));
    stored = writeAndLoad(draft);
    draft = Draft.of(stored);
    apply(draft, new Fact.Stop("tester", "enough"));
    apply(draft, finished(1, 1, "w2", Outcome.CANCELLED));
    assertThat(writeAndLoad(draft).stopReason()).isEqualTo("enough");
  }

  @Test
  void whatPostgresCannotHoldDoesNotStopTheLeader() {
    Draft draft = created();
    apply(draft, new Fact.Dispatched(0, 1));
    apply(
        draft,
        new Fact.Finished(
            0, 1, "w\0\ud800", Outcome.FAILED, 0, 1, "x\0", "binary \0 output \udfff", null));
    write(List.of(draft));
    assertThat(load(draft.run().id()).stages()[0].error()).startsWith("binary \uFFFD output");
  }

  @Test
  void aRowThatMovedOnIsNotOverwritten() {
    Draft draft = created();
    write(List.of(draft));
    Run known = draft.run();
    Draft one = Draft.of(known);
    apply(one, new Fact.Dispatched(0, 1));
    write(List.of(one));
    Draft stale = Draft.of(known);
    apply(stale, new Fact.Dispatched(0, 2));
    assertThatThrownBy(() -> write(List.of(stale)))
        .isInstanceOf(StoreException.class)
        .hasMessageContaining("rolled back");
  }

  /**
   * The first trap of batch updates: a plan made for a small table that reads all of the large one.
   */
  @Test
  void batchesOfAGrowingTableThatNobodyAnalysedNeverReadAllOfIt() {
    database
        .api()
        .useHandle(
            h -> h.execute("alter table run_%s set (autovacuum_enabled = off)".formatted(day())));
    database
        .api()
        .useHandle(
            h -> h.execute("alter table stage_%s set (autovacuum_enabled = off)".formatted(day())));
    long scansBefore = seqScans();
    for (int batch = 0; batch < 8; batch++) {
      List<Draft> born = new ArrayList<>();
      for (int i = 0; i < 2_000; i++) {
        born.add(created());
      }
      write(born);
      List<Draft> moved = new ArrayList<>();
      for (Draft draft : born.subList(0, 500)) {
        Draft next = Draft.of(draft.run());
        apply(next, new Fact.Dispatched(0, ids.incrementAndGet()));
        Engine.settle(next, now);
        moved.add(next);
      }
      write(moved);
      List<Long> some = moved.stream().map(draft -> draft.run().id()).toList();
      Map<Long, Run> loaded =
          database.leader().withHandle(h -> Runs.load(h, some, (job, version, part) -> PLAN));
      assertThat(loaded).hasSize(500);
      assertThat(loaded.get(some.get(7)).stages()).isEqualTo(moved.get(7).run().stages());
    }
    // Not zero: other tests of this class read some rows that way.
    assertThat(seqScans() - scansBefore).as("rows read by sequential scans").isLessThan(2_000);
  }

  @Test
  void theTablesRefuseWhatMustNeverBe() {
    Draft draft = created();
    apply(draft, new Fact.Dispatched(0, 5));
    write(List.of(draft));
    String run = " where run = " + draft.run().id() + " and idx = 0";
    refused("update stage set state = 'LIMBO'" + run, "stage_state_known");
    refused("update stage set state = 'RUNNING'" + run, "running_has_worker");
    refused("update stage set dispatch = null" + run, "queued_has_dispatch");
    refused("update stage set state = 'COMPLETED'" + run, "stage_final_has_finish");
    refused("update stage set finished_at = now()" + run, "stage_final_has_finish");
    refused("update stage set state = 'BACKING_OFF', due_at = null" + run, "backing_off_has_due");
    refused(
        "update run set state = 'FAILED' where id = " + draft.run().id(), "run_final_has_finish");
    Draft started = Draft.of(draft.run());
    apply(started, new Fact.Started(0, 1, "w"));
    write(List.of(started)); // neither its first row nor its last, so it has one in transition
    refused("update transition set seq = 2 where run = " + draft.run().id(), "append-only");
    refused("update transition_batch set moves = '{}'", "append-only");
    refused("delete from transition_batch", "append-only");
    refused("delete from transition where run = " + draft.run().id(), "append-only");
  }

  @Test
  void theHistoryOfARunIsWhatWasWrittenInOrder() {
    Draft draft = created();
    apply(draft, new Fact.Dispatched(0, 5));
    Draft other = created();
    write(List.of(other, draft));
    Draft started = Draft.of(draft.run());
    apply(started, new Fact.Started(0, 1, "w"));
    write(List.of(started));
    Draft stopped = Draft.of(started.run());
    apply(stopped, new Fact.Stop("tester", "enough"));
    apply(stopped, finished(0, 1, "w", Outcome.CANCELLED));
    write(List.of(stopped));
    List<ReadsRuns.Transition> history =
        database.leader().withHandle(h -> ReadsRuns.history(h, draft.run().id(), 0, 10));
    assertThat(history)
        .extracting(ReadsRuns.Transition::moves)
        .containsExactly(draft.movesJson(), started.movesJson(), stopped.movesJson());
    long after = ReadsEvents.batchOf(history.getFirst().seq());
    List<ReadsEvents.LogBatch> followed =
        database.leader().withHandle(h -> ReadsEvents.between(h, after, Long.MAX_VALUE, 100));
    List<String> told = new ArrayList<>();
    for (ReadsEvents.LogBatch batch : followed) {
      for (int i = 0; i < batch.runs().length; i++) {
        if (batch.runs()[i] == draft.run().id()) {
          told.add(batch.seq(i) + batch.moves()[batch.which()[i] - 1]);
        }
      }
    }
    assertThat(told)
        .as("a follower sees the same rows")
        .isEqualTo(history.subList(1, 3).stream().map(row -> row.seq() + row.moves()).toList());
  }

  @Test
  void partitionsAreMadeAheadOnce() {
    database.leader().useHandle(Partitions::ensure);
    assertThat(database.leader().withHandle(Partitions::ensure)).isZero();
    assertThat(
            one(
                "select count(*) from pg_inherits where inhparent = 'millrace.run'::regclass",
                Long.class))
        .isGreaterThanOrEqualTo(Partitions.DAYS_AHEAD + 2);
  }

  @Test
  void linesOfARunThatIsNotThereAreLeftOut() {
    Draft draft = created();
    write(List.of(draft));
    StageLogs.Line known = line(draft.run().id(), 1);
    StageLogs.Line strange = line(1, 1);
    database
        .api()
        .useTransaction(
            tx -> StageLogs.insert(tx, StageLogs.ofKnownRuns(tx, List.of(known, strange, known))));
    assertThat(one("select count(*) from stage_log where run = " + draft.run().id(), Long.class))
        .as("delivered twice, stored once")
        .isEqualTo(1);
  }

  @Test
  void anOrdinaryRoleGetsTimeouts() throws Exception {
    String role = "millrace_role_" + ids.incrementAndGet();
    try (TestDatabase own = TestServers.postgres().freshDatabase()) {
      try (var connection = own.connect();
          var statement = connection.createStatement()) {
        statement.execute("create role " + role + " login password 'secret'");
        statement.execute("grant create on database " + own.name() + " to " + role);
      }
      try (Database made = new Database(new PostgresSettings(own.jdbcUrl(), role, "secret", 2))) {
        made.start();
        String settings =
            made.api()
                .withHandle(
                    h ->
                        h.createQuery(
                                """
                                select array_to_string(setconfig, ' ') from pg_db_role_setting
                                where setrole = current_user::regrole
                                """)
                            .mapTo(String.class)
                            .one());
        assertThat(settings)
            .contains("statement_timeout=30s", "lock_timeout=5s", "idle_in_transaction");
      }
      try (var connection = own.connect();
          var statement = connection.createStatement()) {
        statement.execute("drop owned by " + role);
        statement.execute("drop role " + role);
      }
    }
  }

  private static StageLogs.Line line(long run, long number) {
    return new StageLogs.Line(run, "a", 1, number, now, "out", "hello \0");
  }

  private static Draft created() {
    return Engine.create(Plans.run(ids.incrementAndGet(), PLAN, now), "command", now);
  }

  private static Fact finished(int stage, int attempt, String worker, Outcome outcome) {
    boolean good = outcome == Outcome.COMPLETED;
    return new Fact.Finished(
        stage,
        attempt,
        worker,
        outcome,
        1_000,
        good ? null : -7,
        good ? null : "exit:1",
        good ? null : "it broke",
        good ? "{\"rows\":1}" : null);
  }

  private static void apply(Draft draft, Fact fact) {
    apply(draft, fact, now);
  }

  private static void apply(Draft draft, Fact fact, long at) {
    assertThat(Engine.apply(draft, fact, at, 0.5)).isEqualTo(Verdict.ACCEPTED);
    Engine.settle(draft, at);
  }

  private static void write(List<Draft> drafts) {
    database.leader().useTransaction(tx -> Runs.write(tx, drafts, 1, now));
  }

  private static Run load(long id) {
    return database
        .leader()
        .withHandle(handle -> Runs.load(handle, List.of(id), (job, version, part) -> PLAN).get(id));
  }

  private static Run writeAndLoad(Draft draft) {
    Run expected = draft.run();
    write(List.of(draft));
    Run loaded = load(expected.id());
    assertThat(loaded.stages()).isEqualTo(expected.stages());
    assertThat(loaded)
        .usingRecursiveComparison()
        .ignoringFields("stages", "plan")
        .isEqualTo(expected);
    for (StageDefinition stage : List.of(PLAN.stage(0), PLAN.stage(1))) {
      assertThat(
              one(
                  "select pool || '/' || handler || '/' || priority from stage where name = '"
                      + stage.id()
                      + "' and run = "
                      + expected.id(),
                  String.class))
          .isEqualTo("default/noop/5");
    }
    return loaded;
  }

  private static void refused(String sql, String why) {
    assertThatThrownBy(() -> database.leader().useHandle(handle -> handle.execute(sql)))
        .as(sql)
        .hasMessageContaining(why);
  }

  private static String day() {
    return one("select to_char(clock_timestamp() at time zone 'UTC', 'YYYYMMDD')", String.class);
  }

  /** The statistics of the leader's own session, told at once. */
  private static long seqScans() {
    return database
        .leader()
        .withHandle(
            handle -> {
              handle.execute("select pg_stat_force_next_flush()");
              handle.execute("select pg_stat_clear_snapshot()");
              return handle
                  .createQuery(
                      """
                      select coalesce(sum(seq_tup_read), 0) from pg_stat_user_tables
                      where relname ~ '^(run|stage)_2'
                      """)
                  .mapTo(Long.class)
                  .one();
            });
  }

  private static <T> T one(String sql, Class<T> type) {
    return database.api().withHandle(handle -> handle.createQuery(sql).mapTo(type).one());
  }
}
