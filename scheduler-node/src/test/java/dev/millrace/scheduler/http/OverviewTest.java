package dev.millrace.scheduler.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.status.NodeStatus;
import dev.millrace.scheduler.store.ReadsOverview;
import dev.millrace.testing.TestDatabase;
import dev.millrace.testing.TestServers;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** One look at the whole: what is well is not shown, what is not is, with what to do about it. */
class OverviewTest {
  private TestDatabase database;
  private ApiFixture api;

  @BeforeEach
  void start() throws Exception {
    database = TestServers.postgres().freshDatabase();
    api = new ApiFixture(database.jdbcUrl(), database.user(), database.password(), null, 0);
    api.rows.execute(
        """
        insert into lease (name, holder, epoch, acquired_at, expires_at)
        values ('leader', 'node-1', 7, now(), now() + interval '1 hour')
        """);
  }

  @AfterEach
  void stop() throws Exception {
    api.close();
    database.close();
  }

  /** Not what a second ago was kept. */
  private Whole look() {
    return api.jdbi.withHandle(Whole::read);
  }

  private List<Trouble.Item> trouble() {
    return Trouble.of(look(), api.status.get());
  }

  private RunId run(String text) {
    return api.rows.run(api.rows.job(text), Rows.definition(text), "{}");
  }

  @Test
  void allIsWellWithWorkUnderWayAndAWorkerForIt() throws Exception {
    RunId run = run("id: calm\nstages: [{id: a, run: noop}]");
    api.rows.worker("w-1", "default", 4, "[\"noop\"]");
    api.rows.stage(run, "a", "ready_at = now() - interval '1 minute'");
    JsonNode all = api.get("/api/v1/overview?namespace=*").json();
    assertThat(all.path("state").asText()).as(all.toString()).isEqualTo("well");
    assertThat(all.path("problems")).isEmpty();
    assertThat(all.path("runs").path("open").asInt()).isEqualTo(1);
    JsonNode pool = all.path("backlog").path("pools").path(0);
    assertThat(pool.path("name").asText()).isEqualTo("default");
    assertThat(pool.path("slots").asInt()).isEqualTo(4);
    assertThat(pool.path("ready").asInt()).isEqualTo(1);
    assertThat(pool.path("oldestReadySeconds").asInt()).isBetween(60, 120);
    assertThat(all.path("leader").path("node").asText()).isEqualTo("node-1");
    assertThat(all.path("workers").path("alive").asInt()).isEqualTo(1);
  }

  @Test
  void workWithoutAWorkerIsBadAndWorkThatWaitsLongAWarning() throws Exception {
    RunId run = run("id: alone\nstages: [{id: a, run: noop, pool: gpu}]");
    api.rows.stage(run, "a", "ready_at = now() - interval '10 minutes'");
    assertThat(api.get("/api/v1/pools").json().path("items"))
        .anySatisfy(pool -> assertThat(pool.path("name").asText()).isEqualTo("gpu"));
    assertThat(trouble())
        .singleElement()
        .satisfies(
            item -> {
              assertThat(item.severity()).isEqualTo("bad");
              assertThat(item.what()).isEqualTo("No worker for pool gpu");
              assertThat(item.detail()).isEqualTo("1 stage is ready, the oldest since 10 min.");
              assertThat(item.remedy()).contains("millrace worker --pool gpu");
            });
    api.rows.worker("w-1", "gpu", 2, "[\"noop\"]");
    assertThat(trouble())
        .singleElement()
        .satisfies(item -> assertThat(item.what()).isEqualTo("Work waits long in pool gpu"));
    api.rows.execute("insert into pause values ('pool', 'gpu', now(), 'me', 'upgrade')");
    assertThat(trouble()).extracting(Trouble.Item::what).containsExactly("Pool gpu is paused");
  }

  @Test
  void withoutALeaderAndABrokerItIsBad() {
    api.rows.execute("update lease set expires_at = now() - interval '5 minutes'");
    api.status.set(new NodeStatus("node-1", false, 7, null, null, "refused"));
    assertThat(trouble())
        .extracting(Trouble.Item::severity, Trouble.Item::what)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple("bad", "No node leads"),
            org.assertj.core.groups.Tuple.tuple("bad", "The broker does not answer"));
  }

  @Test
  void failingJobsAreNamedWithTheirNewestRun() {
    long once = api.rows.job("id: once\nstages: [{id: a, run: noop}]");
    long often = api.rows.job("id: often\nstages: [{id: a, run: noop}]");
    long mended = api.rows.job("id: mended\nstages: [{id: a, run: noop}]");
    api.rows.execute(
        "insert into job_recent values (%d, 1, now(), 7, null), (%d, 5, now(), 8, null), (%d, 0, now(), 9, now())"
            .formatted(once, often, mended));
    List<Trouble.Item> items = trouble();
    assertThat(items)
        .extracting(Trouble.Item::severity, Trouble.Item::what, Trouble.Item::link)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple("bad", "Job often fails", "#/runs/" + new RunId(8)),
            org.assertj.core.groups.Tuple.tuple(
                "warn", "Job once fails", "#/runs/" + new RunId(7)));
    assertThat(items.getFirst().detail()).startsWith("The last 5 runs failed");
  }

  @Test
  void whatWaitsForPeopleAndLocksIsThere() {
    String text =
        """
        id: waits
        stages:
          - {id: ask, run: wait.approval}
          - {id: press, run: noop, locks: [press]}
        """;
    RunId run = run(text);
    api.rows.stage(
        run,
        "ask",
        "state = 'RUNNING', worker = 'leader', attempt = 1, started_at = now() - interval '3"
            + " hours'");
    api.rows.stage(run, "press", "state = 'LOCK_WAIT'");
    api.rows.execute(
        "insert into seat values ('lock:default/press', "
            + run.value()
            + ", 1, 1, true, false, 1, now() - interval '20 minutes')");
    assertThat(trouble())
        .extracting(Trouble.Item::what, Trouble.Item::detail)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple(
                "Stage press waits long for a lock", "lock:default/press, for 20 min."),
            org.assertj.core.groups.Tuple.tuple(
                "1 stage waits for somebody to approve",
                "In namespace default, the oldest for 3 h."));
  }

  @Test
  void ticksQuotasPausesWorkersAndTriggersAreLookedAt() {
    long job = api.rows.job(Rows.CHAIN.formatted("timed"));
    api.rows.execute(
        """
        insert into tick (trigger, planned_at, planned_until, ticks, disposition, epoch, recorded_at)
        select id, now() - interval '2 hours', now() - interval '1 hour', 12, 'MISSED', 7, now() from trigger
        """);
    api.rows.execute("update trigger set problem = 'the queue is gone' where job = " + job);
    api.rows.execute("insert into standing values ('ticks.unaccounted', 'default', 3, now())");
    api.rows.execute("update job set state = 'PAUSED'");
    api.rows.execute(
        "insert into quota values ('default', null, null, null, 10, null, null, 'wait', 'me',"
            + " now())");
    api.rows.execute(
        "insert into quota_day values ('default', (now() at time zone 'UTC')::date, 9)");
    api.rows.worker("w-1", "default", 4, "[]");
    api.rows.execute("update worker set state = 'SUSPECT', seen_at = now() - interval '8 seconds'");
    assertThat(trouble())
        .extracting(Trouble.Item::what)
        .containsExactly(
            "The ledger lacks 3 ticks",
            "A trigger of job timed does not work",
            "Job timed missed 12 ticks",
            "Worker w-1 is silent",
            "Job timed is paused",
            "Namespace default is near its quota");
  }

  @Test
  void lateRunsAreAProblem() {
    String text = "id: late\nstages: [{id: a, run: noop}]";
    RunId run = run(text);
    api.rows.worker("w-1", "default", 4, "[\"noop\"]");
    api.rows.execute(
        "update run set scheduled_for = created_at - interval '90 seconds', trigger_kind = 'cron'"
            + " where id = "
            + run.value());
    assertThat(trouble())
        .singleElement()
        .satisfies(
            item -> {
              assertThat(item.severity()).isEqualTo("bad");
              assertThat(item.detail()).contains("over 90 s late; the latest of job late");
            });
    assertThat(look().lateMillis(50)).isEqualTo(90_000);
  }

  @Test
  void aNamespaceSeesItsOwn() throws Exception {
    api.rows.execute("insert into pool values ('default', now())");
    run("id: mine\nnamespace: shop\nstages: [{id: a, run: noop}]");
    api.rows.execute("update stage set namespace = 'shop', ready_at = now() - interval '1 hour'");
    api.rows.execute(
        "insert into run_minute values ('shop', date_trunc('minute', now()), 5, 1),"
            + " ('other', date_trunc('minute', now()), 70, 0)");
    JsonNode other = api.get("/api/v1/overview?namespace=other").json();
    assertThat(other.path("problems")).isEmpty();
    assertThat(other.path("runs").path("completedOfHour").asInt()).isEqualTo(70);
    JsonNode shop = api.get("/api/v1/overview?namespace=shop").json();
    assertThat(shop.path("problems").path(0).path("what").asText())
        .isEqualTo("No worker for pool default");
    assertThat(shop.path("runs").path("failedOfHour").asInt()).isEqualTo(1);
    assertThat(
            StreamSupport.stream(shop.path("runs").path("perMinute").spliterator(), false)
                .mapToInt(minute -> minute.path("completed").asInt()))
        .hasSize(60)
        .endsWith(new Integer[] {5});
    JsonNode all = api.get("/api/v1/overview?namespace=*").json();
    assertThat(all.path("runs").path("completedOfHour").asInt()).isEqualTo(75);
  }

  @Test
  void manyProblemsOfAKindBecomeOne() {
    List<ReadsOverview.Failing> many =
        java.util.stream.IntStream.range(0, 30)
            .mapToObj(
                i -> new ReadsOverview.Failing("default", "job-" + i, 4, Instant.EPOCH, i + 1L))
            .toList();
    Whole calm = look();
    Whole whole =
        new Whole(
            calm.leader(),
            calm.workers(),
            List.of(),
            List.of(),
            List.of(),
            List.of(),
            List.of(),
            List.of(),
            many,
            List.of(),
            List.of(),
            List.of(),
            List.of(),
            List.of(),
            List.of(),
            List.of());
    assertThat(Trouble.of(whole, api.status.get()))
        .hasSize(21)
        .last()
        .satisfies(item -> assertThat(item.what()).isEqualTo("10 more jobs fail"));
  }

  @Test
  void timeIsToldInOneUnit() {
    assertThat(Trouble.text(Duration.ofSeconds(119))).isEqualTo("119 s");
    assertThat(Trouble.text(Duration.ofSeconds(120))).isEqualTo("2 min");
    assertThat(Trouble.text(Duration.ofHours(47))).isEqualTo("47 h");
    assertThat(Trouble.text(Duration.ofHours(48))).isEqualTo("2 days");
    assertThat(Trouble.text(Duration.ofSeconds(-5))).isEqualTo("0 s");
  }
}
