package dev.millrace.scheduler.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lifecycle.JobState;
import dev.millrace.settings.PostgresSettings;
import dev.millrace.testing.TestDatabase;
import dev.millrace.testing.TestServers;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What the leader writes about jobs and their triggers. */
class JobsTest {
  private static final long NOW = 1_800_000_000_000_000L;
  private static final long SECOND = 1_000_000;
  private static TestDatabase postgres;
  private static Database database;

  @BeforeAll
  static void start() throws Exception {
    postgres = TestServers.postgres().freshDatabase();
    database =
        new Database(
            new PostgresSettings(postgres.jdbcUrl(), postgres.user(), postgres.password(), 4));
    database.start();
  }

  @AfterAll
  static void stop() throws SQLException {
    database.close();
    postgres.close();
  }

  @Test
  void ofSeveralTicksOfOneTriggerTheLastOneCounts() {
    long many = trigger("many");
    long one = trigger("one");
    long never = trigger("never");
    long other = trigger("other");
    List<Jobs.Advance> advances = new ArrayList<>();
    for (int tick = 1; tick <= 50; tick++) {
      advances.add(new Jobs.Advance(many, NOW + tick * SECOND, 0, 0));
      if (tick == 25) {
        advances.add(new Jobs.Advance(one, NOW + SECOND, 0, 0));
      }
    }
    advances.add(new Jobs.Advance(never, NOW + SECOND, 0, 0));
    advances.add(new Jobs.Advance(never, 0, 0, 0));
    database.leader().useTransaction(tx -> Jobs.advance(tx, advances));
    assertThat(nextAt(many)).isEqualTo(NOW + 50 * SECOND);
    assertThat(nextAt(one)).isEqualTo(NOW + SECOND);
    assertThat(nextAt(never)).as("it has no next tick").isZero();
    assertThat(nextAt(other)).as("not asked for").isEqualTo(NOW);
  }

  @Test
  void whereATriggerIsIsRemembered() {
    long late = trigger("late");
    long waiting = trigger("waiting");
    database
        .leader()
        .useTransaction(
            tx ->
                Jobs.advance(
                    tx,
                    List.of(
                        new Jobs.Advance(late, NOW + SECOND, NOW + 9 * SECOND, 0),
                        new Jobs.Advance(waiting, 0, 0, 77))));
    assertThat(row(late).nextAt()).isEqualTo(NOW + SECOND);
    assertThat(row(late).catchUpUntil()).isEqualTo(NOW + 9 * SECOND);
    assertThat(row(waiting).restsOn()).isEqualTo(77);
    assertThat(database.leader().withHandle(Jobs::restingOnEnded))
        .as("a run that is gone has ended")
        .containsEntry(waiting, 77L)
        .doesNotContainKey(late);
    database.leader().useTransaction(tx -> JobBatches.disarm(tx, List.of(waiting)));
    assertThat(database.leader().withHandle(Jobs::restingOnEnded)).doesNotContainKey(waiting);
  }

  @Test
  void nothingToAdvanceIsNoStatement() {
    long still = trigger("still");
    database.leader().useTransaction(tx -> Jobs.advance(tx, List.of()));
    assertThat(nextAt(still)).isEqualTo(NOW);
  }

  private static long trigger(String name) {
    return database
        .leader()
        .inTransaction(
            tx -> {
              long job = Jobs.insert(tx, "default", name, JobState.SCHEDULED, "api", NOW);
              return Jobs.insertTrigger(tx, job, 0, "every", "{\"every\":\"PT1S\"}", NOW, NOW);
            });
  }

  private static long nextAt(long trigger) {
    return row(trigger).nextAt();
  }

  private static Jobs.TriggerRow row(long trigger) {
    return database
        .leader()
        .withHandle(handle -> Jobs.allTriggers(handle).stream())
        .filter(row -> row.id() == trigger)
        .findFirst()
        .orElseThrow();
  }
}
