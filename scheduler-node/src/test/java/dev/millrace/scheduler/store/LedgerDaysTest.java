package dev.millrace.scheduler.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.scheduler.store.ReadsStats.Ledger;
import dev.millrace.scheduler.store.ReadsStats.Ticks;
import dev.millrace.settings.PostgresSettings;
import dev.millrace.testing.TestDatabase;
import dev.millrace.testing.TestServers;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the ledger says of a job's ticks, by days, and where it stops to count. */
class LedgerDaysTest {
  private static final LocalDate DAY = LocalDate.of(2026, 3, 10);
  private static final Instant START = Instant.parse("2026-03-10T00:00:00Z");
  private TestDatabase postgres;
  private Database database;
  private long job;

  @BeforeEach
  void start() throws Exception {
    postgres = TestServers.postgres().freshDatabase();
    database =
        new Database(
            new PostgresSettings(postgres.jdbcUrl(), postgres.user(), postgres.password(), 4));
    database.start();
    job =
        id(
            """
            insert into job (namespace, name, state, version, source, created_at, updated_at)
            values ('shop', 'counted', 'SCHEDULED', 1, 'api', now(), now()) returning id
            """);
  }

  @AfterEach
  void stop() throws Exception {
    database.close();
    postgres.close();
  }

  private long id(String sql) {
    return database.leader().withHandle(h -> h.createQuery(sql).mapTo(Long.class).one());
  }

  private long trigger() {
    return id(
        "insert into trigger (job, position, kind, spec, active, created_at) values ("
            + job
            + ", 0, 'cron', '{}', true, now()) returning id");
  }

  /** A tick every hour of three days, of which the last of each day is missed. */
  private void hourly(long trigger) {
    database
        .leader()
        .useHandle(
            h ->
                h.execute(
                    """
                    insert into tick (trigger, planned_at, planned_until, ticks, disposition, run, epoch, recorded_at)
                    select ?, t, t, 1, case when l then 'MISSED' else 'FIRED' end, case when l then null else 1 end, 1, t
                    from generate_series(timestamptz '2026-03-10 00:00Z', '2026-03-12 23:00Z', '1 hour') t,
                      lateral (select extract(hour from t at time zone 'UTC') = 23 as l) x
                    """,
                    trigger));
  }

  private Ledger ticks(int from, int to, int max) {
    return database
        .api()
        .withHandle(
            h ->
                ReadsStats.ticks(
                    h,
                    job,
                    START.plus(Duration.ofHours(from)),
                    START.plus(Duration.ofHours(to)),
                    max));
  }

  @Test
  void everyDayHasItsTicksByWhatBecameOfThem() {
    hourly(trigger());
    hourly(trigger());
    Ledger ledger = ticks(12, 48, 36);
    assertThat(ledger.upTo()).as("as many as may be are not too many").isNull();
    assertThat(ledger.ticks())
        .containsExactlyInAnyOrder(
            new Ticks(DAY, "FIRED", 22),
            new Ticks(DAY, "MISSED", 2),
            new Ticks(DAY.plusDays(1), "FIRED", 46),
            new Ticks(DAY.plusDays(1), "MISSED", 2));
  }

  @Test
  void ofTooManyTheNewestAreCountedAndItIsSaid() {
    hourly(trigger());
    Ledger ledger = ticks(0, 72, 30);
    assertThat(ledger.upTo()).isEqualTo(START.plus(Duration.ofHours(41)));
    assertThat(ledger.ticks())
        .containsExactlyInAnyOrder(
            new Ticks(DAY.plusDays(1), "FIRED", 5),
            new Ticks(DAY.plusDays(1), "MISSED", 1),
            new Ticks(DAY.plusDays(2), "FIRED", 23),
            new Ticks(DAY.plusDays(2), "MISSED", 1));
  }

  @Test
  void aJobWithoutTicksHasNone() {
    assertThat(ticks(0, 72, 30)).isEqualTo(new Ledger(List.of(), null));
  }
}
