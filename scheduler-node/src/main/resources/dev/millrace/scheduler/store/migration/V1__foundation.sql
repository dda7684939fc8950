-- Millrace keeps everything in the schema "millrace". One judge of time per column: every timestamptz below is the
-- database's clock (the leader measures its offset), never a worker's.
-- Hot tables are partitioned by day over the run's id, which is time-ordered: looking up a run touches one partition,
-- retention is a partition drop. They have no foreign keys: those would lock parents and make drops expensive.

-- Instants travel in batches as microseconds since 1970, 0 for none. Both functions must be inlined by the planner, or
-- each call costs some 4 microseconds (measured 2026-11-22, PG 15): so neither may claim to be less volatile than what
-- it calls. A double holds the microseconds of this century exactly.
create function ts(micros bigint) returns timestamptz language sql immutable parallel safe as $$
  select to_timestamp(nullif(micros, 0)::float8 / 1000000)
$$;
create function micros(at timestamptz) returns bigint language sql stable parallel safe as $$
  select coalesce((extract(epoch from at) * 1000000)::bigint, 0)
$$;

create table job (
  id         bigint generated always as identity primary key,
  namespace  text not null,
  name       text not null,
  state      text not null check (state in ('CREATED', 'SCHEDULED', 'PAUSED', 'STOPPED', 'ARCHIVED')),
  version    int not null check (version >= 1),
  source     text not null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
-- An archived job keeps its history; its name is free again.
create unique index job_name on job (namespace, name) where state <> 'ARCHIVED';
comment on column job.source is 'who defines it: api, or dir:PATH of a file in a watched directory';

create table job_version (
  job        bigint not null references job,
  version    int not null,
  definition text not null,
  hash       text not null,
  actor      text not null,
  created_at timestamptz not null,
  primary key (job, version)
);
comment on column job_version.definition is 'canonical JSON of the definition; immutable';

create table trigger (
  id         bigint generated always as identity primary key,
  job        bigint not null references job,
  position   int not null,
  kind       text not null check (kind in ('cron', 'at', 'every')),
  spec       text not null,
  active     boolean not null,
  next_at    timestamptz,
  created_at timestamptz not null
);
create index trigger_job on trigger (job) where active;
comment on column trigger.next_at is 'the next tick that has no disposition yet; null when there is none';

-- Every planned tick ends as exactly one run or one recorded disposition. The key is what no failover can double.
create table tick (
  trigger       bigint not null references trigger,
  planned_at    timestamptz not null,
  planned_until timestamptz not null,
  ticks         int not null check (ticks >= 1),
  disposition   text not null check (disposition in ('FIRED', 'MISSED', 'SKIPPED_PAUSED')),
  run           bigint,
  epoch         bigint not null,
  recorded_at   timestamptz not null,
  primary key (trigger, planned_at),
  constraint fired_has_run check ((run is not null) = (disposition = 'FIRED')),
  constraint fired_is_one check (disposition <> 'FIRED' or ticks = 1)
);

create table run (
  id            bigint not null primary key,
  job           bigint not null,
  version       int not null,
  state         text not null,
  trigger_kind  text not null,
  trigger       bigint,
  scheduled_for timestamptz,
  params        text not null,
  actor         text not null,
  reason        text,
  stop_reason   text,
  created_at    timestamptz not null,
  started_at    timestamptz,
  finished_at   timestamptz,
  born          bigint not null,
  ended         bigint,
  constraint run_state_known check (state in ('PENDING', 'SCHEDULED', 'STARTING', 'RUNNING', 'PAUSED', 'STOPPING',
    'COMPLETED', 'FAILED', 'CANCELLED', 'ENDED')),
  constraint run_final_has_finish check
    ((finished_at is not null) = (state in ('COMPLETED', 'FAILED', 'CANCELLED', 'ENDED')))
) partition by range (id);
-- No index on anything that changes, so that a run's moves stay on its page (HOT). Open runs are found by their stages.
create index run_of_job on run (job, id);
comment on column run.born is 'seq of the run''s first row in the transition log';
comment on column run.ended is 'seq of the row with which the run ended, null too when it ended with its first; those between are in "transition"';

create table stage (
  run         bigint not null,
  idx         smallint not null,
  name        text not null,
  handler     text not null,
  pool        text not null,
  priority    smallint not null,
  state       text not null,
  attempt     int not null,
  failures    int not null,
  lost        int not null,
  dispatch    bigint,
  worker      text,
  due_at      timestamptz,
  ready_at    timestamptz,
  queued_at   timestamptz,
  started_at  timestamptz,
  finished_at timestamptz,
  exit_code   int,
  error_class text,
  error       text,
  output      text,
  checkpoint  text,
  primary key (run, idx),
  constraint stage_state_known check (state in ('WAITING', 'READY', 'QUEUED', 'RUNNING', 'BACKING_OFF', 'HELD',
    'LOCK_WAIT', 'COMPLETED', 'FAILED', 'CANCELLED', 'SKIPPED', 'SKIPPED_COMPLETE', 'ACKNOWLEDGED')),
  constraint stage_final_has_finish check ((finished_at is not null) = (state in ('COMPLETED', 'FAILED', 'CANCELLED',
    'SKIPPED', 'SKIPPED_COMPLETE', 'ACKNOWLEDGED'))),
  constraint running_has_worker check (state <> 'RUNNING' or worker is not null),
  constraint queued_has_dispatch check (state <> 'QUEUED' or (dispatch is not null and attempt >= 1)),
  constraint backing_off_has_due check (state <> 'BACKING_OFF' or due_at is not null)
) partition by range (run);
-- What the leader scans, and nothing else. Order of READY: higher priority first, then the older run.
create index stage_ready on stage (pool, priority desc, run, idx) where state = 'READY';
create index stage_in_flight on stage (run, idx) where state in ('QUEUED', 'RUNNING');
create index stage_due on stage (due_at) where due_at is not null;
comment on column stage.dispatch is 'number of the dispatch, growing over terms; a new leader publishes again above the confirmed watermark';
comment on column stage.due_at is 'when the leader must look at the stage again: retry time, queue-wait or attempt timeout';

-- Superseded attempts only: the current one lives in the stage row.
create table attempt (
  run         bigint not null,
  idx         smallint not null,
  attempt     int not null,
  outcome     text not null,
  worker      text,
  queued_at   timestamptz,
  started_at  timestamptz,
  finished_at timestamptz not null,
  exit_code   int,
  error_class text,
  error       text,
  primary key (run, idx, attempt)
) partition by range (run);

-- The transition log. A batch holds the moves that one transaction made: the distinct lists of moves, the runs, and
-- which list each run went through. Followers read batches in their order. Where a run's own rows are is told by
-- run.born, run.ended and, for those between, by "transition": a clean run of one stage has none there.
-- People read the view "history".
create sequence transition_seq cache 1;
create table transition_batch (
  batch bigint not null default nextval('millrace.transition_seq'),
  epoch bigint not null,
  at    timestamptz not null,
  xid   xid8 not null default pg_current_xact_id(),
  jobs  bigint[] not null,
  moves text[] not null,
  runs  bigint[] not null,
  which smallint[] not null,
  primary key (batch, at)
) partition by range (at);
-- Compressing 1,000 ids costs more than writing them: 0.9 microseconds a run (2026-11-24, PG 15).
alter table transition_batch alter column runs set storage external, alter column which set storage external;
comment on table transition_batch is 'append-only; readers follow batch and wait at a gap until its writer has ended';
comment on column transition_batch.jobs is 'of each list of moves, the job it is about';
comment on column transition_batch.moves is 'JSON lists of [subject, from, to, cause, actor, reason]; subject is "" for the run, "@job" for the job, else the stage';
comment on column transition_batch.which is 'of each run, its place in jobs and moves, from 1';

create table transition (
  run bigint not null,
  seq bigint not null,
  primary key (run, seq)
) partition by range (run);
comment on table transition is 'append-only; where a run''s rows are in the log, but for its first and last';
comment on column transition.seq is 'batch << 16 | place of the run in it, from 0';

create view history as
  select t.seq, t.run, b.jobs[b.which[(t.seq & 65535) + 1]] as job, b.epoch, b.at, b.xid,
         b.moves[b.which[(t.seq & 65535) + 1]] as moves
  from (
    select run, seq from transition
    union all select id, born from run
    union all select id, ended from run where ended is not null
  ) t join transition_batch b on b.batch = t.seq >> 16
    -- Only to spare the days before the run was born; its id has their milliseconds, by the same clock.
    and b.at >= to_timestamp(((t.run >> 22) + 1577836800000) / 1000.0) - interval '24 hours';

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'millrace.% is append-only: % refused', tg_table_name, tg_op using errcode = 'insufficient_privilege';
end $$;
create trigger transition_append_only before update or delete on transition
  for each row execute function refuse_change();
create trigger transition_batch_append_only before update or delete on transition_batch
  for each row execute function refuse_change();

create table stage_log (
  run     bigint not null,
  stage   text not null,
  attempt int not null,
  number  bigint not null,
  at      timestamptz not null,
  stream  text not null,
  text    text not null,
  primary key (run, stage, attempt, number)
) partition by range (run);

-- Commands and trigger requests, written in the caller's transaction; the leader takes them in batches.
create table inbox (
  id        bigint generated always as identity primary key,
  kind      text not null,
  namespace text not null,
  job       text,
  body      text not null,
  actor     text not null,
  reason    text,
  answer    boolean not null,
  weight    int not null default 1 check (weight >= 1),
  at        timestamptz not null default clock_timestamp()
);
comment on column inbox.weight is 'runs that the command asks for; the leader takes what fits';
create table outcome (
  inbox  bigint primary key,
  status int not null,
  body   text not null,
  at     timestamptz not null
);
comment on table outcome is 'what became of an inbox row whose writer waits for the answer; swept after an hour';

-- One row: who leads. Judged by the database's clock only.
create table lease (
  name          text primary key,
  holder        text not null,
  epoch         bigint not null,
  pid           int,
  backend_start timestamptz,
  address       text,
  acquired_at   timestamptz not null,
  expires_at    timestamptz not null,
  confirmed     bigint not null default 0
);
comment on column lease.confirmed is 'dispatches up to this number are confirmed by the broker';

create table worker (
  id         text primary key,
  host       text not null,
  pid        bigint not null,
  version    text not null,
  state      text not null check (state in ('ALIVE', 'SUSPECT', 'LOST', 'GONE')),
  pools      text not null,
  handlers   text not null,
  draining   boolean not null,
  open       int not null,
  started_at timestamptz not null,
  seen_at    timestamptz not null
);

-- What running attempts say of themselves. Kept out of stage, where it would spoil the rows; worth nothing after a crash.
create unlogged table progress (
  run     bigint not null,
  stage   text not null,
  attempt int not null,
  percent int,
  message text,
  at      timestamptz not null,
  primary key (run, stage)
);

create table pool (
  name       text primary key,
  created_at timestamptz not null
);

-- Day partitions over the ids, id = (milliseconds since 2020-01-01) << 22; of the log's batches over their instant.
create function ensure_partitions(from_day date, days int) returns int language plpgsql as $$
declare
  parent text;
  child text;
  day date;
  midnight timestamptz;
  low text;
  high text;
  made int := 0;
begin
  for i in 0 .. days - 1 loop
    day := from_day + i;
    midnight := day::timestamp at time zone 'UTC';
    foreach parent in array array['run', 'stage', 'attempt', 'transition', 'transition_batch', 'stage_log'] loop
      child := parent || '_' || to_char(day, 'YYYYMMDD');
      if to_regclass('millrace.' || child) is null then
        -- Attached afterwards: created as a partition it would lock its parent against every reader.
        execute format('create table millrace.%I (like millrace.%I including all)
          with (fillfactor = %s, autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_insert_scale_factor = 0.5)',
          child, parent, case parent when 'run' then 50 else 100 end);
        if parent = 'transition_batch' then
          low := quote_literal(midnight);
          high := quote_literal(midnight + interval '24 hours');
        else
          low := ((extract(epoch from midnight)::bigint * 1000 - 1577836800000) << 22)::text;
          high := (((extract(epoch from midnight)::bigint + 86400) * 1000 - 1577836800000) << 22)::text;
        end if;
        execute format('alter table millrace.%I attach partition millrace.%I for values from (%s) to (%s)',
          parent, child, low, high);
        made := made + 1;
      end if;
    end loop;
  end loop;
  return made;
end $$;

select ensure_partitions((now() at time zone 'UTC')::date - 1, 3);

-- A client that dies or hangs must not hold the others: role-level timeouts, for this database only, so that a client
-- that forgot to set them is covered. A superuser is left alone: other programs may share it.
do $$
begin
  if not (select rolsuper from pg_roles where rolname = current_user) then
    execute format('alter role current_user in database %I set idle_in_transaction_session_timeout = ''5s''', current_database());
    execute format('alter role current_user in database %I set statement_timeout = ''30s''', current_database());
    execute format('alter role current_user in database %I set lock_timeout = ''5s''', current_database());
  end if;
end $$;
