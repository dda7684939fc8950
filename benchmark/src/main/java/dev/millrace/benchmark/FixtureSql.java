package dev.millrace.benchmark;

import java.util.List;

/** The statements of {@link FixtureLoad}; DAY stands for the day of the partitions. */
final class FixtureSql {
  private FixtureSql() {}

  static final String JOB =
      """
      with j as (
        insert into job (namespace, name, state, version, source, created_at, updated_at)
        values (?, ?, ?, 1, 'api', now() - interval '90 days', now() - interval '90 days') returning id, namespace, name
      ), v as (
        insert into job_version (job, version, definition, hash, actor, source, created_at)
        select id, 1, ?, ?, 'fixture', 'api', now() - interval '90 days' from j
      ), t as (
        insert into trigger (job, position, kind, spec, active, next_at, created_at)
        select id, 0, 'cron', '{"cron":"*/5 * * * *","timezone":"UTC"}', true, now() + interval '1 day', now()
        from j where ? = 1
      ), l as (
        insert into job_label (namespace, key, value, name, job) select namespace, 'team', ?, name, id from j
      )
      select id from j
      """;

  /**
   * What the tables of a day have in common: from, to, milliseconds for each, first millisecond,
   * size of a chunk, ids of the jobs, first chunk. Runs of a chunk begin and end in one batch of
   * the log each.
   */
  static final String SEED =
      """
      create temporary table seed as
      select i, %7$d + (i - %1$d) / %5$d as chunk, ((i - %1$d) %% %5$d)::int as place, k, ids[k + 1] as job,
        ((%4$d + floor(i * %3$s)::bigint) << 22) | (i & 1023) as id,
        to_timestamp((%4$d + 1577836800000 + floor(i * %3$s)::bigint) / 1000.0) as created,
        to_timestamp((%4$d + 1577836800000 + floor((%1$d + ((i - %1$d) / %5$d + 1) * %5$d) * %3$s)::bigint) / 1000.0) as closes,
        (i * 31337 %% 100) < 3 as failed, k %% 10 = 0 and i %% 3 = 0 as timed,
        case when k %% 4 = 0 then 3 else 1 end as stages
      from (
        select i, ((i * 7919) %% 200 * ((i * 104729) %% 200) / 200)::int as k
        from generate_series(%1$d::bigint, %2$d::bigint) i) n
      cross join (select '%6$s'::bigint[] as ids) j
      """;

  static final List<String> TABLES =
      List.of(
          """
          insert into run_DAY (id, job, version, state, trigger_kind, params, actor, created_at, started_at, finished_at,
            born, ended)
          select id, job, 1, case when failed then 'FAILED' else 'COMPLETED' end,
            case when timed then 'cron' else 'manual' end, '{"n":' || i || '}',
            case when timed then 'time' else 'api:10.0.0.' || i % 250 end, created,
            created + (i % 40) * interval '5 milliseconds', closes + interval '3 seconds',
            ((chunk * 2 + 1) << 16) | place, ((chunk * 2 + 2) << 16) | place
          from seed order by id
          """,
          """
          insert into stage_DAY (run, idx, name, handler, pool, priority, state, attempt, failures, lost, dispatch, worker,
            ready_at, queued_at, started_at, finished_at, exit_code, error_class, error, output, namespace)
          select id, s, (array['extract', 'transform', 'load'])[s + 1], 'fixture', 'fixture', 5,
            case when bad then 'FAILED' else 'COMPLETED' end, case when bad then 2 else 1 end,
            case when bad then 2 else 0 end, 0, i, 'worker-' || i % 20, at, at + interval '2 milliseconds',
            at + (1 + i % 40) * interval '5 milliseconds', at + length, case when bad then 3 else 0 end,
            case when bad then 'exit:3' end,
            case when bad then 'connection refused by host-' || i % 17 || ': no route after ' || i % 30 || ' s' end,
            case when not bad then '{"rows":' || i % 100000 || '}' end,
            (array['default', 'shop', 'ops', 'data', 'labs'])[k % 5 + 1]
          from (
            select seed.*, s, failed and s = stages - 1 as bad, (closes + interval '3 seconds' - created) / stages as length,
              created + s * ((closes + interval '3 seconds' - created) / stages) as at
            from seed cross join generate_series(0, stages - 1) s) x
          order by id, s
          """,
          """
          insert into attempt_DAY (run, idx, attempt, outcome, worker, queued_at, started_at, finished_at, exit_code,
            error_class, error)
          select id, stages - 1, 1, 'FAILED', 'worker-' || i % 20, created, created, created + interval '1 second', 3,
            'exit:3', 'connection refused by host-' || i % 17
          from seed where failed order by id
          """,
          """
          insert into transition_batch (batch, epoch, at, jobs, moves, runs, which)
          select chunk * 2 + 1, 1, max(closes) + interval '1 second', array_agg(job order by i),
            array_agg('[["",null,"SCHEDULED","created","api",null],["","SCHEDULED","STARTING","queued",null,null],'
              || '["extract","READY","QUEUED","dispatched",null,null]]' order by i),
            array_agg(id order by i), array_agg((place + 1)::smallint order by i)
          from seed group by chunk order by chunk
          """,
          """
          insert into transition_batch (batch, epoch, at, jobs, moves, runs, which)
          select chunk * 2 + 2, 1, max(closes) + interval '3 seconds', array_agg(job order by i),
            array_agg('[["extract","QUEUED","RUNNING","started","worker-1",null],["","STARTING","RUNNING","started",null,null],'
              || '["extract","RUNNING","COMPLETED","finished","worker-1",null],'
              || case when failed then '["","RUNNING","FAILED","finished",null,"exit:3"]]'
                 else '["","RUNNING","COMPLETED","finished",null,null]]' end order by i),
            array_agg(id order by i), array_agg((place + 1)::smallint order by i)
          from seed group by chunk order by chunk
          """,
          """
          insert into stage_log_DAY (run, stage, attempt, number, at, stream, text)
          select id, 'extract', 1, n, created + n * interval '10 milliseconds', 'stdout',
            'line ' || n || ': read ' || i || ' rows from host-' || i % 17
          from seed cross join generate_series(1, 5) n where i % 100 = 0 order by id, n
          """,
          """
          insert into tick (trigger, planned_at, planned_until, ticks, disposition, run, epoch, recorded_at)
          select g.id, s.created, s.created, 1, 'FIRED', s.id, 1, s.created
          from seed s join trigger g on g.job = s.job where s.timed on conflict do nothing
          """);

  /** Today's: the first id of the last hour, how many stay open. */
  static final List<String> FINISH =
      List.of(
          "insert into pool (name, created_at) values ('fixture', now())",
          """
          insert into dead_letter (id, run, idx, attempt, namespace, job, version, stage, handler, pool, message, reason,
            error, fingerprint, attempts, worker, first_failed, last_failed, published)
          select r.id, r.id, 0, 2, j.namespace, j.name, 1, 'extract', 'fixture', 'fixture', '{}', 'exit:3',
            'connection refused by host-' || r.id %% 17, 'connection refused', 2, 'worker-1', r.created_at, r.finished_at, true
          from (select * from run where state = 'FAILED' order by id desc limit 3000) r join job j on j.id = r.job
          where %1$d > 0 and %2$d > 0
          """,
          """
          with o as (
            insert into run (id, job, version, state, trigger_kind, params, actor, created_at, born)
            select %1$d + (n::bigint << 22) + 2000000, (select min(id) from job) + n %% 200, 1, 'SCHEDULED', 'manual', '{}',
              'fixture', now() - interval '50 minutes', 1 << 16
            from generate_series(1, %2$d) n returning id, job
          )
          insert into stage (run, idx, name, handler, pool, priority, state, attempt, failures, lost, ready_at, namespace)
          select o.id, 0, 'extract', 'fixture', 'fixture', 5, 'READY', 0, 0, 0, now() - interval '50 minutes', j.namespace
          from o join job j on j.id = o.job
          """);
}
