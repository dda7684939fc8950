package dev.millrace.scheduler.http;

import dev.millrace.definition.DefinitionJson;
import dev.millrace.definition.DefinitionReader;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.RunId;
import dev.millrace.model.StageDefinition;
import dev.millrace.scheduler.store.Jobs;
import java.util.concurrent.atomic.AtomicLong;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/** Rows as the leader would write them. Any thread. */
final class Rows {
  static final String CHAIN =
      """
      id: %s
      description: A chain of three
      params:
        who: {type: string, default: world}
        key: {type: string, secret: true}
      triggers:
        - cron: "0 9 * * 1"
      stages:
        - {id: fetch, run: http, pool: net, with: {url: "https://example.com"}}
        - {id: parse, run: command, needs: [fetch], with: {shell: "cat"}}
        - {id: store, run: command, needs: [parse], with: {shell: "cat"}}
      """;

  private final Jdbi jdbi;
  private final AtomicLong ids;

  Rows(Jdbi jdbi) {
    this.jdbi = jdbi;
    this.ids = new AtomicLong(RunId.firstAt(databaseMillis(jdbi)));
  }

  private static long databaseMillis(Jdbi jdbi) {
    return jdbi.withHandle(
        h ->
            h.createQuery("select (extract(epoch from clock_timestamp()) * 1000)::bigint")
                .mapTo(Long.class)
                .one());
  }

  static JobDefinition definition(String text) {
    return switch (new DefinitionReader().read(text, "test")) {
      case DefinitionReader.Result.Ok ok -> ok.job();
      case DefinitionReader.Result.Bad bad -> throw new AssertionError(bad.problems().toString());
    };
  }

  /** A job with its triggers; the number of its row. */
  long job(String text) {
    return jdbi.inTransaction(tx -> job(tx, definition(text)));
  }

  long job(Handle tx, JobDefinition job) {
    long id =
        tx.createQuery(
                """
                insert into job (namespace, name, state, version, source, created_at, updated_at)
                values (:ns, :name, 'SCHEDULED', 1, 'api', now(), now()) returning id
                """)
            .bind("ns", job.namespace())
            .bind("name", job.id())
            .mapTo(Long.class)
            .one();
    version(tx, id, 1, job);
    for (int i = 0; i < job.triggers().size(); i++) {
      tx.createUpdate(
              """
              insert into trigger (job, position, kind, spec, active, next_at, created_at)
              values (:job, :position, 'cron', '{"cron":"0 9 * * 1","timezone":"UTC"}', true,
                now() + interval '1 hour', now())
              """)
          .bind("job", id)
          .bind("position", i)
          .execute();
    }
    return id;
  }

  void version(Handle tx, long job, int version, JobDefinition definition) {
    tx.createUpdate(
            """
            insert into job_version (job, version, definition, hash, actor, created_at)
            values (:job, :version, :definition, :hash, 'test', now())
            """)
        .bind("job", job)
        .bind("version", version)
        .bind("definition", DefinitionJson.toJson(definition))
        .bind("hash", DefinitionJson.hash(definition))
        .execute();
  }

  /** A run that is RUNNING, its first stage READY and the others WAITING. */
  RunId run(long job, JobDefinition definition, String params) {
    return jdbi.inTransaction(tx -> run(tx, job, definition, params));
  }

  RunId run(Handle tx, long job, JobDefinition definition, String params) {
    return run(tx, ids.addAndGet(1L << 22), job, definition, params);
  }

  RunId run(Handle tx, long id, long job, JobDefinition definition, String params) {
    tx.createUpdate(
            """
            insert into run (id, job, version, state, trigger_kind, params, actor, created_at,
              started_at, born)
            values (:id, :job, 1, 'RUNNING', 'manual', :params, 'test', now(), now(), 0)
            """)
        .bind("id", id)
        .bind("job", job)
        .bind("params", params)
        .execute();
    int index = 0;
    for (StageDefinition stage : definition.stages()) {
      tx.createUpdate(
              """
              insert into stage (run, idx, name, handler, pool, priority, state, attempt, failures,
                lost, ready_at)
              values (:run, :idx, :name, :handler, :pool, 5, :state, 0, 0, 0, now())
              """)
          .bind("run", id)
          .bind("idx", index++)
          .bind("name", stage.id())
          .bind("handler", stage.handler())
          .bind("pool", stage.pool())
          .bind("state", stage.needs().stages().isEmpty() ? "READY" : "WAITING")
          .execute();
    }
    return new RunId(id);
  }

  void stage(RunId run, String stage, String assignments) {
    execute(
        "update stage set " + assignments + " where run = " + run.value() + " and name = ?", stage);
  }

  /** A row of the transition log; the seq it got. */
  long transition(RunId run, long job, String moves) {
    return jdbi.withHandle(h -> transition(h, run, job, moves));
  }

  static long transition(Handle handle, RunId run, long job, String moves) {
    long now = handle.createQuery("select micros(clock_timestamp())").mapTo(Long.class).one();
    Jobs.recordMove(handle, run.value(), job, 7, now, moves);
    return handle
        .createQuery("select max(seq) from transition where run = :run")
        .bind("run", run.value())
        .mapTo(Long.class)
        .one();
  }

  void log(RunId run, String stage, int attempt, long number, String text) {
    execute(
        "insert into stage_log values ("
            + run.value()
            + ", ?, "
            + attempt
            + ", "
            + number
            + ", now() + make_interval(secs => "
            + number
            + "), 'stdout', ?)",
        stage,
        text);
  }

  void worker(String id, String pool, int slots, String handlers) {
    execute("insert into pool values (?, now()) on conflict do nothing", pool);
    execute(
        "insert into worker values (?, 'host-1', 42, '0.1.0', 'ALIVE', ?, ?, false, 0, now(), now())",
        id,
        "[{\"pool\":\"" + pool + "\",\"slots\":" + slots + "}]",
        handlers);
  }

  void execute(String sql, Object... args) {
    jdbi.useHandle(handle -> handle.execute(sql, args));
  }
}
