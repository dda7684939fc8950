package dev.millrace.scheduler.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.RunId;
import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.Engine;
import dev.millrace.scheduler.engine.Fact;
import dev.millrace.scheduler.engine.Plan;
import dev.millrace.scheduler.engine.Plans;
import dev.millrace.settings.PostgresSettings;
import dev.millrace.testing.TestDatabase;
import dev.millrace.testing.TestServers;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the sweeps read is read page by page, over the days too, and nothing is left out. */
class StagesTest {
  private static final Plan PLAN =
      Plans.of(7, 3, Plans.stage("a"), Plans.stage("b"), Plans.stage("c"));
  private static final long DAY_MILLIS = 86_400_000;
  private static final long OLD_MICROS = 20_000_000;

  private TestDatabase postgres;
  private Database database;
  private long now;

  @BeforeEach
  void start() throws Exception {
    postgres = TestServers.postgres().freshDatabase();
    database =
        new Database(
            new PostgresSettings(postgres.jdbcUrl(), postgres.user(), postgres.password(), 4));
    database.start();
    database.leader().useHandle(Partitions::ensure);
    now =
        database
            .api()
            .withHandle(
                handle ->
                    handle.createQuery("select micros(clock_timestamp())").mapTo(Long.class).one());
  }

  @AfterEach
  void stop() throws SQLException {
    database.close();
    postgres.close();
  }

  private interface Page {
    List<Stages.Open> after(Handle handle, Stages.Key key, int limit);
  }

  private List<Stages.Open> allPages(Page page, int size) {
    return database
        .leader()
        .withHandle(
            handle -> {
              List<Stages.Open> all = new ArrayList<>();
              List<Stages.Open> some = page.after(handle, Stages.Key.BEFORE_ALL, size);
              while (!some.isEmpty()) {
                assertThat(some).hasSizeLessThanOrEqualTo(size);
                all.addAll(some);
                assertThat(all).as("pages without an end").hasSizeLessThan(1_000);
                some = page.after(handle, some.getLast().key(), size);
              }
              return all;
            });
  }

  @Test
  void whatRunsIsReadPageByPage() {
    List<Stages.Key> expected = new ArrayList<>();
    for (int day = -1; day <= 1; day++) { // its runs lie in three partitions
      for (int i = 1; i <= 5; i++) {
        Draft draft = running(now / 1_000 + day * DAY_MILLIS, i, now - OLD_MICROS);
        expected.add(new Stages.Key(draft.run().id(), 0));
        expected.add(new Stages.Key(draft.run().id(), 2));
      }
    }
    running(now / 1_000, 99, now); // too young
    for (int size : new int[] {1, 2, 7, 30, 1_000}) {
      List<Stages.Open> all =
          allPages(
              (handle, key, limit) -> Stages.runningSince(handle, now - OLD_MICROS / 2, key, limit),
              size);
      assertThat(all).extracting(Stages.Open::key).as("pages of %d", size).isEqualTo(expected);
      assertThat(all).allMatch(stage -> stage.worker().equals("w1"));
    }
  }

  @Test
  void whatShouldHaveStoppedIsReadPageByPage() {
    List<Stages.Key> expected = new ArrayList<>();
    for (int day = -1; day <= 0; day++) {
      for (int i = 1; i <= 4; i++) {
        Draft going = running(now / 1_000 + day * DAY_MILLIS, i, now);
        if (i % 2 == 0) {
          Draft stopping = Draft.of(going.run());
          Engine.apply(stopping, new Fact.Stop("tester", null), now, 0);
          Engine.settle(stopping, now);
          write(stopping, now);
          expected.add(new Stages.Key(going.run().id(), 0));
          expected.add(new Stages.Key(going.run().id(), 2));
        }
      }
    }
    for (int size : new int[] {1, 3, 1_000}) {
      assertThat(allPages(Stages::runningOfStopping, size))
          .extracting(Stages.Open::key)
          .as("pages of %d", size)
          .isEqualTo(expected);
    }
  }

  /** A run whose stages a and c run, and whose b is queued. */
  private Draft running(long millis, int number, long at) {
    Draft fresh = Engine.create(Plans.run(RunId.firstAt(millis) + number, PLAN, at), "command", at);
    write(fresh, at);
    Draft draft = Draft.of(fresh.run());
    for (int stage = 0; stage < 3; stage++) {
      Engine.apply(draft, new Fact.Dispatched(stage, number), at, 0);
      if (stage != 1) {
        Engine.apply(draft, new Fact.Started(stage, 1, "w1"), at, 0);
      }
    }
    Engine.settle(draft, at);
    write(draft, at);
    return draft;
  }

  private void write(Draft draft, long at) {
    database.leader().useTransaction(tx -> Runs.write(tx, List.of(draft), 1, at));
  }
}
