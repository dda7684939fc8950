package dev.millrace.scheduler.http;

import dev.millrace.model.JobDefinition;
import dev.millrace.model.RunId;
import dev.millrace.testing.TestDatabase;
import dev.millrace.testing.TestServers;
import java.util.concurrent.CountDownLatch;

/** Serves the dashboard over rows that show most of it, for people who work on how it looks. */
final class DashboardPreview {
  private DashboardPreview() {}

  private static final String PIPELINE =
      """
      id: price-watch
      description: Watches competitor prices and tells what changed
      params:
        listing: {type: string, required: true}
        depth: {type: integer, default: 2}
        dry-run: {type: boolean, default: false}
        api-key: {type: string, secret: true}
      triggers:
        - cron: "*/5 * * * *"
          timezone: Europe/London
      stages:
        - {id: discover, run: web.discover, pool: net}
        - {id: robots, run: web.robots, pool: net}
        - {id: scrape, run: web.scrape, pool: net, needs: [discover, robots]}
        - {id: parse, run: web.parse, pool: cpu, needs: [scrape]}
        - {id: screenshots, run: web.shoot, pool: gpu, needs: [scrape]}
        - {id: store, run: web.store, pool: cpu, needs: [parse]}
        - {id: report, run: command, pool: cpu, needs: [store, screenshots], with: {shell: "true"}}
      """;

  /** {@code args}: the port. */
  public static void main(String[] args) throws Exception {
    try (TestDatabase database = TestServers.postgres().freshDatabase();
        ApiFixture api =
            new ApiFixture(
                database.jdbcUrl(),
                database.user(),
                database.password(),
                null,
                Integer.parseInt(args[0]))) {
      api.leader.start();
      fill(api.rows);
      new CountDownLatch(1).await();
    }
  }

  private static void fill(Rows rows) {
    rows.worker("net-7f3a", "net", 16, "[\"web.discover\",\"web.robots\",\"web.scrape\"]");
    rows.worker("cpu-11c0", "cpu", 4, "[\"command\",\"web.parse\",\"web.store\"]");
    rows.execute("insert into pool values ('gpu', now())");
    long nightly = rows.job(Rows.CHAIN.formatted("nightly-report"));
    rows.job("namespace: default\n" + Rows.CHAIN.formatted("billing-export"));
    rows.execute("update job set state = 'PAUSED' where name = 'billing-export'");
    JobDefinition chain = Rows.definition(Rows.CHAIN.formatted("nightly-report"));
    for (int i = 0; i < 6; i++) {
      ended(rows, rows.run(nightly, chain, "{}"), i == 3);
    }
    long watch = rows.job(PIPELINE);
    JobDefinition pipeline = Rows.definition(PIPELINE);
    rows.execute("update trigger set next_at = now() + interval '97 seconds' where job = ?", watch);
    RunId run =
        rows.run(watch, pipeline, "{\"listing\":\"https://shop.example\",\"api-key\":\"x\"}");
    live(rows, run, watch);
  }

  private static void ended(Rows rows, RunId run, boolean failed) {
    String state = failed ? "FAILED" : "COMPLETED";
    rows.execute(
        "update stage set state = ?, attempt = 1, queued_at = now() - interval '50 s', started_at ="
            + " now() - interval '40 s', finished_at = now() - interval '20 s' where run = ?",
        "COMPLETED",
        run.value());
    if (failed) {
      rows.stage(
          run,
          "parse",
          "state = 'FAILED', exit_code = 3, error = 'cannot parse line 12: <b>odd</b>'");
      rows.stage(run, "store", "state = 'SKIPPED'");
    }
    rows.execute(
        "update run set state = ?, created_at = now() - interval '51 s', started_at = now() -"
            + " interval '41 s', finished_at = now() - interval '20 s' where id = ?",
        state,
        run.value());
  }

  private static void live(Rows rows, RunId run, long job) {
    rows.execute(
        "update run set created_at = now() - interval '95 s', started_at = now() - interval '94 s'"
            + " where id = ?",
        run.value());
    String begun = "attempt = 1, ready_at = now() - interval '95 s', ";
    rows.stage(
        run,
        "discover",
        begun
            + "state = 'COMPLETED', started_at = now() - interval '94 s', finished_at = now() -"
            + " interval '70 s', output = '{\"urls\": 41}'");
    rows.stage(
        run,
        "robots",
        begun
            + "state = 'COMPLETED', started_at = now() - interval '90 s', finished_at = now() -"
            + " interval '86 s'");
    rows.stage(
        run,
        "scrape",
        "attempt = 2, ready_at = now() - interval '70 s', state = 'COMPLETED', started_at = now() -"
            + " interval '58 s', finished_at = now() - interval '20 s'");
    rows.stage(
        run,
        "parse",
        "attempt = 1, ready_at = now() - interval '20 s', started_at = now() - interval '11 s',"
            + " state = 'RUNNING', worker = 'cpu-11c0'");
    rows.stage(run, "screenshots", "ready_at = now() - interval '20 s', state = 'READY'");
    rows.execute(
        "insert into progress values (?, 'parse', 1, 62, 'page 26 of 41', now())", run.value());
    rows.transition(
        run, job, "[[\"\",null,\"SCHEDULED\",\"tick\"],[\"discover\",null,\"WAITING\",\"tick\"]]");
    rows.transition(
        run,
        job,
        "[[\"discover\",\"WAITING\",\"READY\",\"needs\"],[\"\",\"SCHEDULED\",\"RUNNING\",\"report\",\"net-7f3a\"]]");
    for (int i = 1; i <= 30; i++) {
      rows.log(
          run, "parse", 1, i, "\u001b[32mok\u001b[0m page " + i + " of 41: price 12.9" + i % 10);
    }
    rows.log(run, "scrape", 2, 1, "<script>alert(1)</script> is only text here");
  }
}
