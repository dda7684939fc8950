-- How jobs have done over the days. Counted by the leader beside its work, in batches, from the transition log; kept
-- when the runs' own days are dropped. The counts and the place in the log are written in one transaction, so that
-- every run counts once whoever leads.

-- Histograms are of milliseconds in buckets of a quarter of a doubling, so that they can be added up: [1] is for less
-- than 1 ms, [i] for less than 2^((i-1)/4) ms. An array ends with its last bucket that has something.
create function histogram_sum(a int[], b int[]) returns int[] language sql immutable parallel safe as $$
  select coalesce(array_agg(coalesce(x, 0) + coalesce(y, 0) order by i), '{}')
  from unnest(a, b) with ordinality as u (x, y, i)
$$;
create function histogram_bucket(millis float8) returns int language sql immutable parallel safe as $$
  select case when millis >= 1 then least(140, 2 + floor(4 * ln(millis) / ln(2::float8))::int) else 1 end
$$;

revoke execute on function histogram_sum(int[], int[]), histogram_bucket(float8) from public;

create table job_day (
  job       bigint not null,
  day       date not null,
  runs      int not null,
  completed int not null,
  failed    int not null,
  cancelled int not null,
  ended     int not null,
  durations int[] not null,
  waits     int[] not null,
  primary key (job, day)
);
comment on table job_day is 'runs of the job itself that have ended, by the day (UTC) on which they were made; items of fan-outs are not in it';
comment on column job_day.ended is 'whose window closed';
comment on column job_day.durations is 'histogram from start to end, of the first end of each run';
comment on column job_day.waits is 'histogram from when a run was due, or made, to its start';

create table job_day_stage (
  job       bigint not null,
  day       date not null,
  stage     text not null,
  runs      int not null,
  failed    int not null,
  durations int[] not null,
  waits     int[] not null,
  primary key (job, day, stage)
);
comment on table job_day_stage is 'stages that were executed, of the runs that are in job_day';
comment on column job_day_stage.waits is 'histogram from ready to started, of the last attempt';

-- What of this hour is asked for all the time.
create table run_minute (
  namespace text not null,
  minute    timestamptz not null,
  completed int not null,
  failed    int not null,
  primary key (namespace, minute)
);
comment on table run_minute is 'runs by the minute in which they ended; deleted after some hours';
create table job_recent (
  job               bigint primary key,
  failures          int not null,
  last_failed_at    timestamptz,
  last_failed_run   bigint,
  last_completed_at timestamptz
);
create index job_recent_failed on job_recent (last_failed_at) where failures > 0;
comment on table job_recent is 'of jobs that have failed at least once';
comment on column job_recent.failures is 'runs that failed in a row; 0 since one completed';

-- Runs that had ended, were counted, and go on: their next end changes what they count as, and is no other run.
create table job_day_reopened (
  run bigint primary key
);

create table stats_cursor (
  name        text primary key,
  batch       bigint not null,
  at          timestamptz not null,
  begun_after bigint not null,
  history     bigint
);
comment on column stats_cursor.batch is 'batches of the log up to this one are counted';
comment on column stats_cursor.at is 'of that batch: nothing in the log that is more than a day older is above it';
comment on column stats_cursor.begun_after is 'batches up to this one were there before anybody counted';
comment on column stats_cursor.history is 'of the runs that ended in those, all up to this id are counted; null when all are';

-- Where the log is when this is done nobody writes to it: a migration has the schema for itself.
insert into stats_cursor (name, batch, at, begun_after, history)
select 'runs', s.batch, clock_timestamp(), s.batch, case when s.batch > 0 then 0 end
from (select case when is_called then last_value else last_value - 1 end as batch from transition_seq) s;

-- What the leader finds out about the whole, for the other nodes to show; written when it changes.
create table standing (
  name      text not null,
  namespace text not null,
  value     bigint not null,
  at        timestamptz not null,
  primary key (name, namespace)
);

-- What a look at the whole asks for, each of it rare.
create index job_paused on job (namespace, name) where state = 'PAUSED';
create index tick_missed on tick (recorded_at) where disposition = 'MISSED';
create index trigger_problem on trigger (id) where active and problem is not null;
