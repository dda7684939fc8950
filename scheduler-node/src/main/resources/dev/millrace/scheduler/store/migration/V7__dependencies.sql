-- Jobs that wait for jobs. What a definition says is here too, so that nobody has to read all of them to know who
-- waits for whom; of runs that ended only what somebody waits for is kept, so that "the last one" is no scan of history.

alter table trigger drop constraint trigger_kind_check;
alter table trigger add constraint trigger_kind_check
  check (kind in ('cron', 'at', 'every', 'plan', 'after', 'queue', 'file', 'webhook'));

create table dependency (
  job       bigint not null references job,
  kind      text not null check (kind in ('after', 'requires', 'run')),
  namespace text not null,
  name      text not null,
  primary key (job, kind, namespace, name)
);
create index dependency_on on dependency (namespace, name);
comment on table dependency is 'the jobs that the current version of a job names; there need not be one of that name';
comment on column dependency.kind is 'after: its trigger waits for it; requires: its runs do; run: a stage of it starts it';

-- Stages that start other jobs, of the definitions that are there already.
insert into dependency (job, kind, namespace, name)
select distinct j.id, 'run', coalesce(s.stage -> 'with' ->> 'namespace', j.namespace), s.stage -> 'with' ->> 'job'
from job j
join job_version v on v.job = j.id and v.version = j.version
cross join lateral jsonb_path_query(v.definition::jsonb, '$.** ? (@.run == "job")') as s (stage)
where j.state <> 'ARCHIVED' and s.stage -> 'with' ->> 'job' is not null;

create table job_end (
  job        bigint not null,
  run        bigint not null,
  outcome    text not null check (outcome in ('COMPLETED', 'FAILED', 'CANCELLED', 'ENDED')),
  planned_at timestamptz,
  day_at     timestamptz not null,
  ended_at   timestamptz not null,
  number     bigint not null,
  primary key (job, run)
);
create unique index job_end_number on job_end (number);
create index job_end_last on job_end (job, outcome, number);
create index job_end_day on job_end (job, day_at);
comment on table job_end is 'runs that ended of jobs that others wait for, the newest so many of each outcome';
comment on column job_end.day_at is 'planned_at, or when the run was made: what day it is for';
comment on column job_end.number is 'grows in the order in which they ended; a run that ends again in the same way keeps its number';

-- What a trigger has had: ends of a job up to this number. The row of job 0 and key 0 is for all jobs and keys.
create table after_mark (
  trigger bigint not null references trigger,
  key     bigint not null,
  job     bigint not null,
  number  bigint not null,
  primary key (trigger, key, job)
);
comment on column after_mark.key is 'what the runs have in common: their planned instant in microseconds, their day since 1970, or 0';

-- One row for each set of runs that a trigger made something of. The key is what nothing can double.
create table after_fire (
  trigger     bigint not null references trigger,
  upstream    text not null,
  disposition text not null check (disposition in ('FIRED', 'SKIPPED_PAUSED', 'SKIPPED_OVERLAP', 'SKIPPED_QUOTA',
    'COALESCED')),
  run         bigint,
  epoch       bigint not null,
  recorded_at timestamptz not null,
  primary key (trigger, upstream),
  constraint after_fired_has_run check ((run is not null) = (disposition = 'FIRED'))
);
create index after_fire_by_time on after_fire (trigger, recorded_at);
comment on column after_fire.upstream is 'ids of the runs, in their order';

-- Up to which end of a run the last run of a job that requires something has looked.
create table gate_mark (
  job       bigint primary key,
  run       bigint not null,
  number    bigint not null,
  passed_at timestamptz not null
);
