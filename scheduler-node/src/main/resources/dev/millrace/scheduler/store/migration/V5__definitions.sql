-- Definitions: where a version came from, sets of jobs, patterns, and runs that belong together.

-- Who wrote a version is in "actor"; null in what was written before this migration.
alter table job_version
  add column source          text,
  add column reason          text,
  add column restored        int,
  add column pattern         bigint,
  add column pattern_version int,
  add column written         text,
  add constraint pattern_has_version check ((pattern is null) = (pattern_version is null));
comment on column job_version.source is 'the way it came: api, dir:PATH or set:NAME';
comment on column job_version.restored is 'the older version that this one is a copy of, where somebody rolled back';
comment on column job_version.written is 'of a job that uses a pattern: what its author wrote, as JSON';
comment on column job.source is 'who owns it: api, dir:PATH of a file in a watched directory, or set:NAME';
create index job_of_source on job (source) where state <> 'ARCHIVED';

-- A pattern is kept as it was written: what it says is judged with the values of each job that uses it.
create table pattern (
  id         bigint generated always as identity primary key,
  namespace  text not null,
  name       text not null,
  version    int not null check (version >= 1),
  source     text not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  gone_at    timestamptz
);
-- A deleted pattern keeps its versions for the jobs that were made of them; its name is free again.
create unique index pattern_name on pattern (namespace, name) where gone_at is null;

create table pattern_version (
  pattern    bigint not null references pattern,
  version    int not null,
  text       text not null,
  format     text not null check (format in ('yaml', 'json')),
  hash       text not null,
  actor      text not null,
  reason     text,
  source     text not null,
  created_at timestamptz not null,
  primary key (pattern, version)
);
comment on column pattern_version.hash is 'of what it says, not of how it is laid out';
alter table job_version add constraint job_version_pattern
  foreign key (pattern, pattern_version) references pattern_version;
create index job_version_of_pattern on job_version (pattern, pattern_version) where pattern is not null;

alter table run add column orchestration text;
create index run_of_orchestration on run (orchestration, id) where orchestration is not null;
comment on column run.orchestration is 'the id under which somebody started what belongs together; runs of its stages have it too';
