-- The run engine: runs that belong to a stage of another run, pauses, timers of runs, locks, events, dead letters.
-- Only additions, all of them null for an ordinary run: its writes stay as small as they were.

alter table run
  add column parent         bigint,
  add column parent_idx     smallint,
  add column parent_attempt int,
  add column item           int,
  add column item_json      text,
  add column depth          smallint,
  add column part           smallint,
  add column key            text,
  add column due_at         timestamptz,
  add column ends_at        timestamptz,
  add column paused_at      timestamptz,
  add column paused_micros  bigint,
  add column pauses         int,
  add column marks          int;
comment on column run.parent is 'the run whose stage waits for this one: an item of a fan-out, or a run of another job';
comment on column run.part is 'of an item: the stage of its job''s version that is executed for each; null for a run of the job itself';
comment on column run.due_at is 'when the leader must look at the run again: deadline, timeout or the end of its window';
comment on column run.pauses is 'who paused it, as bits: run 1, job 2, namespace 4, everything 8, parent 16, a blackout 32; goes on when none is left';
comment on column run.marks is 'bits: late 1, ending 2, killed 4, manual end 8, prepared 16, not admitted 32';

-- Lists of a job's runs show those that somebody or something asked for, not the items of their stages.
drop index run_of_job;
create index run_of_job on run (job, id) where parent is null;
create index run_of_parent on run (parent, parent_idx, item) where parent is not null;
create index run_due on run (due_at) where due_at is not null;
-- Few are: what keeps a run from its end for long is a person, a window or a pause.
create index run_held_up on run (id) where pauses is not null or marks is not null;

alter table stage
  add column namespace   text not null default 'default',
  add column rest_micros bigint,
  add column marks       int,
  add column fan         text;
comment on column stage.rest_micros is 'what was left of the timer that a pause stopped';
comment on column stage.marks is 'bits: skipped by hand 1, killed 2, parked by a pause 4, skipped and its turn cannot come 8, too quick 16, too slow 32';
comment on column stage.fan is 'items, and of those started, completed, failed, cancelled';
alter table stage drop constraint backing_off_has_due;
alter table stage add constraint backing_off_has_due check
  (state <> 'BACKING_OFF' or due_at is not null or rest_micros is not null);
-- Order inside a lane, which is a pool, a namespace and a priority: the older run. What a pause parked is not there.
drop index stage_ready;
create index stage_ready on stage (pool, namespace, priority, run, idx) where state = 'READY' and marks is null;
create index stage_waits on stage (run, idx) where state in ('HELD', 'BACKING_OFF', 'LOCK_WAIT');

alter table trigger drop constraint trigger_kind_check;
alter table trigger add constraint trigger_kind_check check (kind in ('cron', 'at', 'every', 'plan'));
alter table tick drop constraint tick_disposition_check;
alter table tick add constraint tick_disposition_check check (disposition in ('FIRED', 'MISSED', 'SKIPPED_PAUSED',
  'SKIPPED_OVERLAP', 'SKIPPED_WINDOW', 'COALESCED'));

-- The list of a fan-out, in pieces that the leader reads one at a time; gone when the stage has ended.
create table fan_items (
  run     bigint not null,
  idx     smallint not null,
  attempt int not null,
  first   int not null,
  items   text not null,
  primary key (run, idx, attempt, first)
);

-- Who holds, and who waits in which order for, what there is only so much of: a named lock, a job's turn, a key's turn.
create table seat (
  subject   text not null,
  run       bigint not null,
  idx       smallint not null,
  weight    int not null check (weight >= 1),
  exclusive boolean not null,
  held      boolean not null,
  number    bigint not null,
  asked_at  timestamptz not null,
  primary key (subject, run, idx)
);
comment on column seat.subject is 'lock:NAMESPACE/NAME, job:ID, or key:ID:VALUE';
comment on column seat.idx is '-1 for the run as a whole';
comment on column seat.number is 'first come, first served, over terms';

create table named_lock (
  namespace text not null,
  name      text not null,
  capacity  int not null check (capacity >= 1),
  primary key (namespace, name)
);
comment on table named_lock is 'a lock without a row has the capacity 1';

-- What is paused as a whole. A job's pause is the job's state.
create table pause (
  scope  text not null check (scope in ('all', 'namespace', 'pool')),
  name   text not null,
  since  timestamptz not null,
  actor  text not null,
  reason text,
  primary key (scope, name)
);

-- Pauses of pools that are over: the time that a stage stood in line then does not count against its queue-timeout.
create table pool_rest (
  pool  text not null,
  since timestamptz not null,
  until timestamptz not null,
  primary key (pool, since)
);

-- How the workers of a pool are shared between namespaces that have work for it, and how fast a pool may start.
create table share (
  namespace text primary key,
  weight    int not null check (weight between 1 and 1000)
);
create table pool_rate (
  pool       text primary key,
  starts     int not null check (starts >= 1),
  per_millis bigint not null check (per_millis >= 1)
);

-- Events by name; a stage that waits for one takes those too that came since its run was created.
create table event (
  id          bigint generated always as identity primary key,
  namespace   text not null,
  environment text,
  name        text not null,
  key         text not null,
  data        text,
  actor       text not null,
  at          timestamptz not null
);
create index event_by_name on event (name, key, at);
create index event_by_age on event (at);
create table listener (
  run         bigint not null,
  idx         smallint not null,
  attempt     int not null,
  namespace   text not null,
  environment text,
  name        text not null,
  key         text not null,
  primary key (run, idx)
);
create index listener_by_name on listener (name, key);

create table dead_letter (
  id           bigint primary key,
  run          bigint not null,
  idx          smallint not null,
  attempt      int not null,
  parent       bigint,
  parent_idx   smallint,
  item         int,
  namespace    text not null,
  job          text not null,
  version      int not null,
  stage        text not null,
  handler      text not null,
  pool         text not null,
  message      text not null,
  reason       text not null,
  error        text,
  fingerprint  text not null,
  attempts     int not null,
  worker       text,
  first_failed timestamptz not null,
  last_failed  timestamptz not null,
  state        text not null default 'OPEN' check (state in ('OPEN', 'REDRIVEN', 'DISCARDED')),
  actor        text,
  note         text,
  ended_at     timestamptz,
  successor    bigint,
  published    boolean not null default false,
  constraint dead_letter_closed_has_end check ((ended_at is not null) = (state <> 'OPEN')),
  constraint only_a_redrive_has_a_successor check (successor is null or state = 'REDRIVEN')
);
create index dead_letter_list on dead_letter (namespace, id);
create index dead_letter_open on dead_letter (namespace, id) where state = 'OPEN';
create index dead_letter_group on dead_letter (namespace, fingerprint, id);
create index dead_letter_of_run on dead_letter (run, id);
-- A stage that leaves FAILED closes its letter, and those of the items that it had: one at the most, and few.
create unique index dead_letter_of_stage on dead_letter (run, idx) where state = 'OPEN';
create index dead_letter_of_parent on dead_letter (parent, parent_idx) where state = 'OPEN' and parent is not null;
create index dead_letter_unpublished on dead_letter (id) where not published;
create index dead_letter_closed on dead_letter (ended_at) where ended_at is not null;
comment on column dead_letter.message is 'what the last attempt was started with, as JSON; secrets masked';
comment on column dead_letter.reason is 'the class of the error';
comment on column dead_letter.fingerprint is 'equal for errors that differ only in numbers, ids and quoted values';
comment on column dead_letter.attempts is 'how many attempts failed or were lost since the stage was last started anew';
comment on column dead_letter.last_failed is 'the stage''s finished_at; with it the letter knows whether the failure is still the same one';
comment on column dead_letter.successor is 'the run that was started with other params instead; null when the stage itself was started again';

-- Many letters, redriven a few at a time. Those with an id below its own belong to it, so that what fails again meanwhile
-- is not taken twice; where it is, is here and nowhere else.
create table redrive_batch (
  id          bigint primary key,
  namespace   text not null,
  run         bigint,
  job         text,
  stage       text,
  fingerprint text,
  error       text,
  since       timestamptz,
  until       timestamptz,
  per_second  int not null check (per_second between 1 and 1000),
  reached     bigint not null default 0,
  total       int not null,
  redriven    int not null default 0,
  refused     int not null default 0,
  steps       bigint not null default 0,
  stepped_at  timestamptz not null,
  state       text not null default 'RUNNING' check (state in ('RUNNING', 'DONE', 'CANCELLED')),
  actor       text not null,
  reason      text,
  created_at  timestamptz not null,
  ended_at    timestamptz,
  constraint redrive_batch_over_has_end check ((ended_at is not null) = (state <> 'RUNNING'))
);
create index redrive_batch_list on redrive_batch (namespace, id);
create index redrive_batch_running on redrive_batch (id) where state = 'RUNNING';
comment on column redrive_batch.reached is 'letters up to this id were dealt with';
comment on column redrive_batch.total is 'letters that were there when it was asked for; counting stops at 100,000';
comment on column redrive_batch.stepped_at is 'up to when its rate is used up';
