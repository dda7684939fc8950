-- Files that start runs. What started one is remembered here, in the transaction that made it: the key is what nothing
-- can double, whoever leads, and whatever looks at the files again.

create table file_seen (
  id           bigint generated always as identity primary key,
  job          bigint not null references job,
  pool         text not null,
  path         text not null check (octet_length(path) <= 1024),
  size         bigint not null check (size >= 0),
  modified     bigint not null,
  trigger      bigint not null references trigger,
  run          bigint not null,
  epoch        bigint not null,
  seen_at      timestamptz not null,
  last_seen_at timestamptz not null,
  archive_to   text,
  archived_at  timestamptz,
  archived_as  text,
  constraint archived_was_owed check (archived_at is null or archive_to is not null),
  constraint archived_is_somewhere check (archived_as is null or archived_at is not null)
);
create unique index file_seen_once on file_seen (job, pool, path, size, modified);
create index file_seen_owed on file_seen (id) where archive_to is not null and archived_at is null;
create index file_seen_of_trigger on file_seen (trigger, last_seen_at);
comment on table file_seen is 'files that started a run, until the file was not there for a month';
comment on column file_seen.pool is 'whose file system it is; empty for that of the scheduler''s nodes';
comment on column file_seen.modified is 'its date by its file system, in microseconds since 1970';
comment on column file_seen.trigger is 'the one that started it, later that of the same job which found it last';
comment on column file_seen.last_seen_at is 'to the day; by the database''s clock';
comment on column file_seen.archive_to is 'the folder that it is owed to once its run is COMPLETED';
comment on column file_seen.archived_as is 'where it is now; null when it had gone by itself';

-- Stages that wait for files on the scheduler's nodes: the leader looks for all of them.
create table file_wait (
  run     bigint not null,
  idx     integer not null,
  attempt integer not null,
  spec    text not null,
  primary key (run, idx)
);
comment on column file_wait.spec is 'its `with` as JSON, without expressions';

-- How the last look went, for people; written when that changes.
create table file_watch (
  trigger bigint primary key references trigger,
  state   text not null check (state in ('READ', 'MISSING', 'UNREADABLE', 'REFUSED', 'CROWDED', 'UNWATCHED')),
  problem text,
  since   timestamptz not null,
  waiting integer not null,
  why     text
);
comment on column file_watch.waiting is 'whole files that have started no run yet';
comment on column file_watch.why is 'what keeps them from it, or null';
