-- While a trigger is armed, every tick that its schedule plans comes to have a row in the ledger; which it is, is
-- audited. What it would have planned while its job was stopped was never planned. A fixed delay plans one tick at a
-- time, after the end of a run, so there is nothing to compare.
create table trigger_span (
  trigger    bigint not null references trigger,
  from_at    timestamptz not null,
  until_at   timestamptz,
  checked_at timestamptz not null,
  primary key (trigger, from_at)
);
comment on column trigger_span.from_at is 'the first tick that was planned';
comment on column trigger_span.until_at is 'the first tick that was not; null while the trigger is armed: that is its next tick';
comment on column trigger_span.checked_at is 'of all ticks before this one it is known that the ledger has them';

-- Of what was before, nobody knows when a trigger was stopped.
insert into trigger_span (trigger, from_at, checked_at)
select id, next_at, next_at from trigger
where active and next_at is not null and kind in ('cron', 'at', 'every', 'plan')
  and spec not like '%"mode":"fixed-delay"%';

-- A backfill makes runs for past ticks of a trigger, in their order, as many at a time as its limits allow.
create table backfill (
  id             bigint primary key,
  job            bigint not null references job,
  trigger        bigint not null references trigger,
  from_at        timestamptz not null,
  until_at       timestamptz not null,
  params         text not null,
  max_parallel   int not null check (max_parallel between 1 and 1000),
  rate           text,
  micros_between bigint not null,
  priority       int not null check (priority between 0 and 9),
  rerun          boolean not null,
  state          text not null check (state in ('RUNNING', 'PAUSED', 'COMPLETED', 'CANCELLED')),
  next_at        timestamptz,
  paced_at       timestamptz,
  total          int not null,
  made           int not null default 0 check (made >= 0),
  skipped        int not null default 0 check (skipped >= 0),
  actor          text not null,
  reason         text,
  created_at     timestamptz not null,
  moved_by       text,
  moved_reason   text,
  moved_at       timestamptz,
  ended_at       timestamptz,
  constraint range_is_one check (from_at < until_at),
  constraint rate_is_whole check ((rate is null) = (micros_between = 0)),
  constraint over_has_end check ((ended_at is not null) = (state in ('COMPLETED', 'CANCELLED')))
);
create index backfill_live on backfill (id) where state in ('RUNNING', 'PAUSED');
comment on column backfill.next_at is 'ticks before this one are dealt with; null when all are';
comment on column backfill.moved_by is 'who paused, resumed or cancelled it last; null when nobody did';

-- The runs of a backfill. The key is what no failover can double; what the ledger says of the tick stays as it is.
create table backfill_run (
  backfill   bigint not null references backfill,
  planned_at timestamptz not null,
  trigger    bigint not null,
  run        bigint not null,
  primary key (backfill, planned_at)
);
create index backfill_run_of_tick on backfill_run (trigger, planned_at);

alter table run add column priority int;
comment on column run.priority is 'its own and one more; null when it has its job''s';
