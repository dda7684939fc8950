package dev.millrace.scheduler.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.RunId;
import dev.millrace.settings.PostgresSettings;
import dev.millrace.testing.TestDatabase;
import dev.millrace.testing.TestServers;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.PreparedBatch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Whatever the filter and however little a page may look at, the pages of a list hold each run that
 * is wanted once, newest first, and end.
 */
class RunListsTest {
  private static final int RUNS = 1_500;
  private static final int FILTERS = 150;
  private static final List<String> STATES =
      List.of("PENDING", "SCHEDULED", "RUNNING", "PAUSED", "COMPLETED", "FAILED", "CANCELLED");
  private static final List<String> TRIGGERS = List.of("cron", "manual");
  private static TestDatabase postgres;
  private static Database database;
  private static final Random random = new Random(7);
  private static final List<Job> jobs = new ArrayList<>();
  private static final List<Row> rows = new ArrayList<>();

  private record Job(long id, String namespace, Map<String, String> labels) {}

  private record Row(
      long id,
      Job job,
      String state,
      String trigger,
      boolean child,
      String orchestration,
      String error) {
    boolean open() {
      return STATES.indexOf(state) < STATES.indexOf("COMPLETED");
    }
  }

  @BeforeAll
  static void start() throws Exception {
    postgres = TestServers.postgres().freshDatabase();
    database =
        new Database(
            new PostgresSettings(postgres.jdbcUrl(), postgres.user(), postgres.password(), 4));
    database.start();
    database.leader().useTransaction(RunListsTest::fill);
  }

  @AfterAll
  static void stop() throws SQLException {
    database.close();
    postgres.close();
  }

  private static <T> T any(List<T> list) {
    return list.get(random.nextInt(list.size()));
  }

  private static void fill(Handle tx) {
    List<JobLabels.Said> said = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      String namespace = i < 6 ? "default" : "shop";
      Map<String, String> labels = new TreeMap<>();
      if (i % 2 == 0) {
        labels.put("team", i % 4 == 0 ? "pricing" : "stock");
      }
      if (i > 3) {
        labels.put("tier", "1");
      }
      long id =
          tx.createQuery(
                  """
                  insert into job (namespace, name, state, version, source, created_at, updated_at)
                  values (:namespace, :name, 'SCHEDULED', 1, 'api', now(), now()) returning id
                  """)
              .bind("namespace", namespace)
              .bind("name", "job-" + i)
              .mapTo(Long.class)
              .one();
      jobs.add(new Job(id, namespace, labels));
      said.add(new JobLabels.Said(id, namespace, "job-" + i, true, "", labels));
    }
    JobLabels.write(tx, said);
    long now = tx.createQuery("select micros(clock_timestamp())").mapTo(Long.class).one();
    long id = RunId.firstAt(now / 1_000 - Duration.ofDays(3).toMillis());
    Partitions.ensureDayOf(tx, id, now);
    for (int i = 0; i < RUNS; i++) {
      id = i == RUNS / 3 ? RunId.firstAt(now / 1_000) : id + 1 + random.nextInt(3);
      // One job has most of the runs, another hardly any.
      Job job = random.nextInt(3) > 0 ? jobs.getFirst() : any(jobs);
      String state = random.nextInt(10) > 0 ? "COMPLETED" : any(STATES);
      rows.add(
          new Row(
              id,
              job,
              state,
              any(TRIGGERS),
              random.nextInt(6) == 0,
              random.nextInt(20) == 0 ? "launch" : null,
              random.nextInt(30) == 0 ? "Connection RESET by peer" : null));
    }
    rows.sort(Comparator.comparing(Row::id).reversed());
    insert(tx);
  }

  private static void insert(Handle tx) {
    PreparedBatch runs =
        tx.prepareBatch(
            """
            insert into run (id, job, version, state, trigger_kind, params, actor, created_at, finished_at, born,
              parent, parent_idx, orchestration, pauses)
            values (:id, :job, 1, :state, :trigger, '{}', 'test', now(), case when :open then null else now() end, 1,
              nullif(:parent, 0), 0, :orchestration, case when :state = 'PAUSED' then 1 end)
            """);
    PreparedBatch stages =
        tx.prepareBatch(
            """
            insert into stage (run, idx, name, handler, pool, priority, state, attempt, failures, lost, dispatch, worker,
              finished_at, error, namespace)
            values (:id, :idx, 'a' || :idx, 'noop', :pool, :priority, :state, 1, 0, 0, 1, 'w',
              case when :open then null else now() end, :error, :namespace)
            """);
    for (Row row : rows) {
      runs.bind("id", row.id())
          .bind("job", row.job().id())
          .bind("state", row.state())
          .bind("trigger", row.trigger())
          .bind("open", row.open())
          .bind("parent", row.child() ? 1 : 0)
          .bind("orchestration", row.orchestration())
          .add();
      for (int idx = 0; idx < 2; idx++) {
        String open = row.state().equals("PAUSED") ? "WAITING" : idx == 1 ? "QUEUED" : "READY";
        stages
            .bind("id", row.id())
            .bind("idx", idx)
            .bind("pool", row.id() % 2 == 0 ? "default" : "other")
            .bind("priority", row.id() % 10)
            .bind("state", row.open() ? open : "COMPLETED")
            .bind("open", row.open())
            .bind("error", idx == 1 ? row.error() : null)
            .bind("namespace", row.job().namespace())
            .add();
      }
    }
    runs.execute();
    stages.execute();
  }

  private static RunFilter filter() {
    List<RunFilter.Label> labels = new ArrayList<>();
    if (random.nextInt(3) == 0) {
      labels.add(
          new RunFilter.Label("team", random.nextBoolean() ? any(List.of("pricing", "x")) : null));
    }
    if (random.nextInt(5) == 0) {
      labels.add(new RunFilter.Label("tier", "1"));
    }
    String namespace = random.nextInt(5) == 0 ? null : any(List.of("default", "shop"));
    Job job = any(jobs);
    List<String> states = random.nextInt(3) > 0 ? List.of() : List.of(any(STATES), any(STATES));
    return new RunFilter(
        namespace,
        random.nextInt(5) == 0 ? job.id() : null,
        states,
        random.nextInt(4) == 0,
        random.nextInt(3) == 0,
        labels,
        random.nextInt(4) == 0 ? any(rows).id() : 0,
        random.nextInt(4) == 0 ? any(rows).id() : Long.MAX_VALUE,
        random.nextInt(5) == 0 ? "reset BY" : null,
        random.nextInt(5) == 0 ? any(TRIGGERS) : null,
        random.nextInt(10) == 0 ? "launch" : null);
  }

  private static boolean wants(RunFilter filter, Row row) {
    return (filter.namespace() == null || filter.namespace().equals(row.job().namespace()))
        && (filter.job() == null || filter.job() == row.job().id())
        && (filter.states().isEmpty() || filter.states().contains(row.state()))
        && (!filter.open() || row.open())
        && (filter.children() || !row.child())
        && filter.labels().stream()
            .allMatch(
                label ->
                    label.value() == null
                        ? row.job().labels().containsKey(label.key())
                        : label.value().equals(row.job().labels().get(label.key())))
        && row.id() >= filter.from()
        && row.id() < filter.to()
        && (filter.error() == null || row.error() != null)
        && (filter.trigger() == null || filter.trigger().equals(row.trigger()))
        && (filter.orchestration() == null || filter.orchestration().equals(row.orchestration()));
  }

  private static ReadsRunLists.Bounds bounds() {
    return new ReadsRunLists.Bounds(
        20 + random.nextInt(200),
        20 + random.nextInt(50),
        20 + random.nextInt(100),
        random.nextInt(4),
        random.nextBoolean() ? 400 : 0,
        random.nextBoolean());
  }

  @Test
  void pagesHoldEachRunThatIsWantedOnce() {
    int found = 0;
    for (int i = 0; i < FILTERS; i++) {
      RunFilter filter = filter();
      ReadsRunLists.Bounds bounds = bounds();
      List<Long> wanted = rows.stream().filter(row -> wants(filter, row)).map(Row::id).toList();
      assertThat(all(filter, bounds)).as("%s %s", filter, bounds).isEqualTo(wanted);
      found += wanted.size();
    }
    assertThat(found).as("else nothing was tried").isGreaterThan(1_500);
  }

  private static List<Long> all(RunFilter filter, ReadsRunLists.Bounds bounds) {
    List<Long> all = new ArrayList<>();
    int limit = 1 + random.nextInt(19);
    Long before = Long.MAX_VALUE;
    while (before != null) {
      long below = before;
      ReadsRunLists.Page<Long> page =
          database.api().withHandle(h -> ReadsRunLists.ids(h, filter, below, limit, bounds));
      all.addAll(page.items());
      assertThat(page.items()).hasSizeLessThanOrEqualTo(limit);
      before = page.next();
      assertThat(before == null || before < below).as("goes on").isTrue();
    }
    return all;
  }
}
