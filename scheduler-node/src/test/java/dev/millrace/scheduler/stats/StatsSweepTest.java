package dev.millrace.scheduler.stats;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.RunId;
import dev.millrace.runtime.QuietFailure;
import dev.millrace.scheduler.store.Database;
import dev.millrace.scheduler.store.Jobs;
import dev.millrace.settings.PostgresSettings;
import dev.millrace.testing.TestDatabase;
import dev.millrace.testing.TestServers;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Random;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is counted is what has ended, each run once, whatever happens to those who count. */
class StatsSweepTest {
  private TestDatabase postgres;
  private Database database;
  private Jdbi jdbi;
  private long job;
  private long nextId;
  private final MeterRegistry metrics = new SimpleMeterRegistry();

  @BeforeEach
  void start() throws Exception {
    postgres = TestServers.postgres().freshDatabase();
    database =
        new Database(
            new PostgresSettings(postgres.jdbcUrl(), postgres.user(), postgres.password(), 4));
    database.start();
    jdbi = database.leader();
    job =
        number(
            """
            insert into job (namespace, name, state, version, source, created_at, updated_at)
            values ('shop', 'counted', 'CREATED', 1, 'api', now(), now()) returning id
            """);
    nextId = RunId.firstAt(number("select micros(clock_timestamp()) / 1000"));
  }

  @AfterEach
  void stop() throws Exception {
    database.close();
    postgres.close();
  }

  private long number(String sql) {
    return jdbi.withHandle(handle -> handle.createQuery(sql).mapTo(Long.class).one());
  }

  private long day(String column) {
    return number("select coalesce(sum(" + column + "), 0) from job_day where job = " + job);
  }

  private void sql(String text) {
    jdbi.useHandle(handle -> handle.execute(text));
  }

  /** A run of one stage under way, which waited a second and began four seconds ago. */
  private long run() {
    long id = nextId++;
    sql(
        """
        insert into run (id, job, version, state, trigger_kind, params, actor, created_at, started_at, born)
        values (%d, %d, 1, 'RUNNING', 'manual', '{}', 'test', now() - interval '5 s', now() - interval '4 s', 0)
        """
            .formatted(id, job));
    sql(
        """
        insert into stage (run, idx, name, handler, pool, priority, state, attempt, failures, lost, worker, ready_at,
          started_at)
        values (%d, 0, 'work', 'noop', 'default', 5, 'RUNNING', 1, 0, 0, 'w', now() - interval '5 s',
          now() - interval '4 s')
        """
            .formatted(id));
    return id;
  }

  private void moved(long run, String from, String to) {
    jdbi.useTransaction(tx -> moved(tx, run, from, to));
  }

  /** As the leader writes it: the row and the log in one transaction. */
  private void moved(Handle tx, long run, String from, String to) {
    boolean ends = "COMPLETED FAILED CANCELLED".contains(to);
    tx.execute(
        "update run set state = ?, finished_at = case when ? then clock_timestamp() end where id ="
            + " ?",
        to,
        ends,
        run);
    if (ends) {
      tx.execute(
          "update stage set state = ?, finished_at = clock_timestamp() where run = ?", to, run);
    } else {
      tx.execute("update stage set state = 'RUNNING', finished_at = null where run = ?", run);
    }
    long now = tx.createQuery("select micros(clock_timestamp())").mapTo(Long.class).one();
    String moves =
        "[[\"work\",\"RUNNING\",\"%2$s\",\"x\",null,null],[\"\",\"%1$s\",\"%2$s\",\"x\",null,null]]"
            .formatted(from, to);
    Jobs.recordMove(tx, run, job, 1, now, moves);
    if (ends) {
      tx.execute(
          "update run set ended = (select max(seq) from transition where run = id) where id = ?",
          run);
    }
  }

  private long ended(String state) {
    long run = run();
    moved(run, "RUNNING", state);
    return run;
  }

  /** Until there is nothing more to count; a gap needs a few looks. */
  private void count(StatsSweep sweep) {
    for (int i = 0; i < 50; i++) {
      sweep.runOnce();
    }
  }

  private StatsSweep sweep() {
    return new StatsSweep(jdbi, metrics);
  }

  @Test
  void runsAndTheirStagesAreCountedAndMeasured() {
    ended("COMPLETED");
    ended("COMPLETED");
    long failed = ended("FAILED");
    ended("CANCELLED");
    long open = run();
    count(sweep());
    assertThat(day("runs")).isEqualTo(4);
    assertThat(day("completed")).isEqualTo(2);
    assertThat(day("failed")).isEqualTo(1);
    assertThat(day("cancelled")).isEqualTo(1);
    assertThat(number("select sum(n) from job_day, unnest(durations) n")).isEqualTo(4);
    assertThat(number("select cardinality(durations) from job_day"))
        .as("four seconds and a little, in quarters of doublings")
        .isBetween((long) bucket(4_000), (long) bucket(7_000));
    assertThat(number("select cardinality(waits) from job_day")).isEqualTo(bucket(1_000));
    assertThat(number("select runs from job_day_stage where stage = 'work'")).isEqualTo(4);
    assertThat(number("select failed from job_day_stage where stage = 'work'")).isEqualTo(1);
    assertThat(number("select sum(completed) from run_minute where namespace = 'shop'"))
        .isEqualTo(2);
    assertThat(number("select failures from job_recent")).isEqualTo(1);
    assertThat(number("select last_failed_run from job_recent")).isEqualTo(failed);
    moved(open, "RUNNING", "COMPLETED");
    count(sweep());
    assertThat(day("runs")).as("another one goes on where the first was").isEqualTo(5);
    assertThat(number("select failures from job_recent")).isZero();
  }

  private static int bucket(int millis) {
    return 2 + (int) Math.floor(4 * Math.log(millis) / Math.log(2));
  }

  @Test
  void aRunThatGoesOnAndEndsDifferentlyIsStillOneRun() {
    StatsSweep sweep = sweep();
    long run = ended("FAILED");
    count(sweep);
    moved(run, "FAILED", "SCHEDULED");
    count(sweep);
    assertThat(day("runs")).isEqualTo(1);
    assertThat(day("failed")).isZero();
    moved(run, "RUNNING", "COMPLETED");
    count(sweep);
    assertThat(day("runs")).isEqualTo(1);
    assertThat(day("completed")).isEqualTo(1);
    assertThat(number("select count(*) from job_day_reopened")).isZero();
    long twice = ended("FAILED");
    moved(twice, "FAILED", "SCHEDULED");
    moved(twice, "RUNNING", "FAILED");
    moved(twice, "FAILED", "SCHEDULED");
    moved(twice, "RUNNING", "CANCELLED");
    count(sweep);
    assertThat(day("runs")).as("all of it between two looks").isEqualTo(2);
    assertThat(day("failed")).isZero();
    assertThat(day("cancelled")).isEqualTo(1);
  }

  @Test
  void itemsOfFanOutsAreNoRunsOfTheirJob() {
    long item = run();
    sql("update run set parent = 1, parent_idx = 0, part = 0, item = 3 where id = " + item);
    moved(item, "RUNNING", "FAILED");
    moved(item, "FAILED", "SCHEDULED");
    moved(item, "RUNNING", "COMPLETED");
    count(sweep());
    assertThat(day("runs + completed + failed")).isZero();
    assertThat(number("select count(*) from job_recent")).isZero();
  }

  /** A term that ended without knowing, and its successor. */
  @Test
  void whenTwoCountEveryRunCountsOnce() {
    StatsSweep[] both = {sweep(), sweep()};
    Random random = new Random(5);
    int lost = 0;
    for (int i = 0; i < 200; i++) {
      ended(i % 5 == 0 ? "FAILED" : "COMPLETED");
      if (random.nextInt(40) == 0) {
        both[random.nextInt(2)] = sweep(); // killed, and another one begins
      }
      try {
        both[random.nextInt(2)].runOnce();
      } catch (QuietFailure e) {
        lost++;
      }
    }
    count(sweep());
    assertThat(lost).as("they did meet").isPositive();
    assertThat(day("runs")).isEqualTo(200);
    assertThat(day("failed")).isEqualTo(40);
    assertThat(number("select sum(n) from job_day, unnest(durations) n")).isEqualTo(200);
  }

  @Test
  void whatIsCommittedLateIsNotMissedAndWhatNeverIsHoldsUpNobody() {
    StatsSweep sweep = sweep();
    long late = run();
    Handle writer = jdbi.open();
    writer.begin();
    moved(writer, late, "RUNNING", "FAILED");
    ended("COMPLETED"); // has the next number, and is committed first
    count(sweep);
    assertThat(day("runs")).as("the one before it may still come").isZero();
    writer.commit();
    count(sweep);
    assertThat(day("runs")).isEqualTo(2);
    writer.begin();
    moved(writer, run(), "RUNNING", "FAILED");
    writer.rollback();
    writer.close();
    ended("COMPLETED");
    count(sweep);
    assertThat(day("runs")).isEqualTo(3);
    assertThat(day("failed")).isEqualTo(1);
  }

  /** A day that is dropped takes what it had with it, and holds up nobody. */
  @Test
  void aDayThatIsDroppedBeforeItIsCountedIsPassed() {
    LocalDate day = LocalDate.now(ZoneOffset.UTC).minusDays(9);
    String suffix = day.format(DateTimeFormatter.BASIC_ISO_DATE);
    sql("select ensure_partitions(date '" + day + "', 1)");
    long today = nextId;
    nextId = RunId.firstAt(day.atStartOfDay(ZoneOffset.UTC).toInstant().toEpochMilli());
    ended("COMPLETED");
    long open = ended("FAILED");
    moved(open, "FAILED", "SCHEDULED");
    moved(open, "RUNNING", "COMPLETED");
    nextId = today;
    ended("COMPLETED");
    sql("drop table stage_" + suffix);
    sql("drop table run_" + suffix);
    StatsSweep sweep = sweep();
    ended("FAILED");
    count(sweep);
    assertThat(day("runs")).as("of the days that are there").isEqualTo(2);
    assertThat(day("failed")).isEqualTo(1);
    assertThat(metrics.counter("millrace.stats.runs.lost").count()).isEqualTo(2);
  }

  /** Of a day whose stages are dropped the runs still count. */
  @Test
  void runsWithoutTheirStagesCount() {
    LocalDate day = LocalDate.now(ZoneOffset.UTC).minusDays(9);
    sql("select ensure_partitions(date '" + day + "', 1)");
    nextId = RunId.firstAt(day.atStartOfDay(ZoneOffset.UTC).toInstant().toEpochMilli());
    ended("COMPLETED");
    sql("drop table stage_" + day.format(DateTimeFormatter.BASIC_ISO_DATE));
    count(sweep());
    assertThat(day("runs")).isEqualTo(1);
    assertThat(number("select count(*) from job_day_stage")).isZero();
  }

  @Test
  void whatEndedBeforeAnybodyCountedIsCountedOnceToo() {
    for (int i = 0; i < 20; i++) {
      ended("COMPLETED");
    }
    long goesOn = ended("FAILED");
    long begunBefore = run();
    long logged = number("select last_value from transition_seq");
    sql("update stats_cursor set batch = %1$d, begun_after = %1$d, history = 0".formatted(logged));
    moved(goesOn, "FAILED", "SCHEDULED");
    StatsSweep sweep = sweep();
    sweep.runOnce(); // the log first
    moved(begunBefore, "RUNNING", "COMPLETED");
    moved(goesOn, "RUNNING", "COMPLETED");
    ended("COMPLETED");
    count(sweep);
    assertThat(number("select count(*) from stats_cursor where history is null")).isEqualTo(1);
    assertThat(day("runs")).isEqualTo(23);
    assertThat(day("completed")).isEqualTo(23);
    assertThat(day("failed")).isZero();
  }
}
