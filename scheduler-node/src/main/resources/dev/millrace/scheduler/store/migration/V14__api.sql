-- What lists are filtered by, operations on many runs or jobs, and the size that somebody wants a pool to have.

-- Labels and the description of what is in force. Beside the definition, so that a list need not read that of each job.
alter table job add column description text not null default '';
create table job_label (
  namespace text not null,
  key       text not null,
  value     text not null,
  name      text not null,
  job       bigint not null references job,
  primary key (job, key)
);
create index job_label_value on job_label (namespace, key, value, name, job);
comment on table job_label is 'labels of the version in force; of an archived job those that it had last';

-- A definition that has what no jsonb can hold, such as a NUL in a text, has no label here until it is applied again.
create function pg_temp.read_or_nothing(definition text) returns jsonb language plpgsql as $$
begin
  return definition::jsonb;
exception when others then
  return '{}';
end $$;
update job j set description = coalesce(pg_temp.read_or_nothing(v.definition) ->> 'description', '')
from job_version v
where v.job = j.id and v.version = j.version and v.definition like '%"description"%';
insert into job_label (namespace, key, value, name, job)
select j.namespace, l.key, l.value, j.name, j.id
from job j
join job_version v on v.job = j.id and v.version = j.version and v.definition like '%"labels":{"%'
cross join lateral jsonb_each_text(pg_temp.read_or_nothing(v.definition) -> 'labels') as l (key, value);

-- An operation on many: what it is about is listed when it is asked for, and the leader works it off in small steps. Where it
-- is, is here and nowhere else: a step moves it and acts in one transaction.
create table bulk_operation (
  id         bigint primary key,
  namespace  text not null,
  action     text not null,
  filter     text not null,
  matched    int not null check (matched between 1 and 100000),
  reached    int not null default 0,
  done       int not null default 0,
  failed     int not null default 0,
  steps      bigint not null default 0,
  state      text not null default 'RUNNING' check (state in ('RUNNING', 'DONE', 'CANCELLED')),
  actor      text not null,
  reason     text,
  created_at timestamptz not null default clock_timestamp(),
  ended_at   timestamptz,
  ended_by   text,
  constraint bulk_over_has_end check ((ended_at is not null) = (state <> 'RUNNING'))
);
create index bulk_operation_list on bulk_operation (namespace, id);
create index bulk_operation_running on bulk_operation (id) where state = 'RUNNING';
create index bulk_operation_ended on bulk_operation (ended_at) where ended_at is not null;
comment on column bulk_operation.filter is 'what was asked for, as JSON';
comment on column bulk_operation.reached is 'items up to this number were dealt with';

create table bulk_item (
  bulk    bigint not null references bulk_operation on delete cascade,
  n       int not null,
  subject bigint not null,
  status  smallint,
  detail  text,
  primary key (bulk, n)
);
create index bulk_item_failed on bulk_item (bulk, n) where status is not null;
comment on column bulk_item.subject is 'a run, or a job';
comment on column bulk_item.status is 'why it was refused, as HTTP says it; null while it waits and when it is done';

create table pool_scale (
  pool    text primary key,
  desired int not null check (desired between 0 and 100000),
  actor   text not null,
  reason  text,
  at      timestamptz not null default clock_timestamp()
);
comment on table pool_scale is 'how many workers somebody wants a pool to have; an autoscaler reads it, Millrace starts none';
