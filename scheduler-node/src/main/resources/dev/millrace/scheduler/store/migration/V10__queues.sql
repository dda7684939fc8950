-- Runs started by messages: of millrace.triggers and of queues that jobs are bound to.

-- All kinds that there are, so that it does not matter in which order the versions came that added them.
alter table trigger drop constraint trigger_kind_check;
alter table trigger add constraint trigger_kind_check
  check (kind in ('cron', 'at', 'every', 'plan', 'after', 'queue', 'file', 'webhook'));
alter table trigger add column queue text;
alter table trigger add column problem text;
alter table trigger add constraint trigger_of_queue_names_it check ((queue is not null) = (kind = 'queue'));
comment on column trigger.problem is 'why it cannot do its work at the moment, for people; null when it can';

-- Two jobs at one queue would each get some of its messages, and nobody could tell which.
create unique index trigger_queue on trigger (queue) where active and queue is not null;

-- Answers that are owed to those who sent a message and named a queue for the answer. Written in the transaction that makes the
-- run, deleted when the broker has confirmed the last one: at least once, whatever is killed.
create table start_reply (
  id          bigint generated always as identity primary key,
  queue       text not null,
  correlation text,
  run         bigint not null,
  answer      text,
  outcome     boolean not null,
  created_at  timestamptz not null default clock_timestamp(),
  constraint something_is_owed check (answer is not null or outcome)
);
create index start_reply_due on start_reply (id) where answer is not null;
create index start_reply_run on start_reply (run) where outcome;
comment on column start_reply.answer is 'what is to be sent now; null when it was, and the run''s end is waited for';
comment on column start_reply.outcome is 'whether the run''s end is still to be told';
