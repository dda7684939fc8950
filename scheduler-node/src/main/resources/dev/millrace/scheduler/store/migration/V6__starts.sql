-- Starts that are not time's: by SQL, through the API, in bulk, by a webhook; and how much of it a namespace may have.
-- Whoever is accepted gets the id of the run at once. The leader makes the run under that id, or, where nobody waits
-- for the answer, a run that has ended and says why: an id that was given out leads to exactly one run, or to who took
-- the start back before its time.

-- Ids of runs that were accepted differ from the leader's own by bit 21: those count up from a random number below 2^20.
create sequence start_number cache 32;
create function next_run_id(at timestamptz) returns bigint language sql volatile as $$
  select ((floor(extract(epoch from at) * 1000)::bigint - 1577836800000) << 22) | (1 << 21)
    | (nextval('millrace.start_number') & ((1 << 21) - 1))
$$;
create function run_text(id bigint) returns text language sql immutable strict parallel safe as $$
  select string_agg(substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((id >> (60 - 5 * i)) & 31)::int + 1, 1), '' order by i)
  from generate_series(0, 12) i
$$;
comment on function run_text is 'a run''s id as the API shows it';
create function run_number(id text) returns bigint language sql immutable strict parallel safe as $$
  select bit_or((strpos('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substr(translate(upper(id), 'ILO', '110'), i + 1, 1)) - 1)::bigint
    << (60 - 5 * i))
  from generate_series(0, 12) i
  where translate(upper(id), 'ILO', '110') ~ '^[0-9A-F][0-9A-HJKMNP-TV-Z]{12}$'
$$;
comment on function run_number is 'the number of a run''s id; null when it is none';

-- Who asks twice with one key gets one run. The key is claimed in the transaction that asks; two that ask at the same
-- time wait for each other here.
create table start_key (
  namespace text not null,
  job       text not null,
  key       text not null,
  hash      bytea not null,
  run       bigint not null,
  primary key (namespace, job, key)
);
create index start_key_run on start_key (run);
comment on column start_key.key is 'k: and the asker''s key, or s: and the signature of a webhook';
comment on column start_key.hash is 'of the params; a key with other params is a mistake. Empty for a signature';
comment on column start_key.run is 'its upper bits tell the age; deleted after seven days';

-- Accepted, and not to start before an instant. The leader takes what is due, as from the inbox.
create table start_later (
  run       bigint primary key,
  due_at    timestamptz not null,
  namespace text not null,
  job       text not null,
  body      text not null,
  actor     text not null,
  reason    text,
  taken_back_at timestamptz,
  taken_back_by text,
  constraint taken_back_by_somebody check ((taken_back_at is null) = (taken_back_by is null))
);
create index start_later_due on start_later (due_at) where taken_back_at is null;
create index start_later_list on start_later (namespace, run) where taken_back_at is null;
create index start_later_taken_back on start_later (taken_back_at) where taken_back_at is not null;
comment on table start_later is 'instants are judged by the database''s clock; what was taken back is deleted after seven days';

-- Takes a start in, for every surface. Raises 23505 when the key was used for other params.
create function accept_start(
  of_namespace text, of_job text, params text, with_key text, with_signature text, not_before timestamptz,
  by_kind text, in_orchestration text, by_actor text, for_reason text, wait_for_answer boolean,
  out run bigint, out number bigint, out replayed boolean, out later boolean
) language plpgsql as $$
declare
  keys text[] := array_remove(array['s:' || with_signature, 'k:' || with_key], null);
  one text;
  hashed bytea;
  old_run bigint;
  old_hash bytea;
  content text;
begin
  later := not_before is not null and not_before > clock_timestamp();
  run := next_run_id(case when later then not_before else clock_timestamp() end);
  replayed := false;
  foreach one in array keys loop
    hashed := case when starts_with(one, 's:') then ''::bytea else sha256(convert_to((params::jsonb)::text, 'UTF8')) end;
    loop
      insert into start_key (namespace, job, key, hash, run)
      values (of_namespace, of_job, one, hashed, accept_start.run)
      on conflict do nothing;
      exit when found;
      select k.run, k.hash into old_run, old_hash from start_key k
      where k.namespace = of_namespace and k.job = of_job and k.key = one;
      continue when not found; -- it was given back a moment ago
      if old_hash <> hashed then
        raise exception 'key ''%'' of job ''%'' was used with other params', substr(one, 3), of_job
          using errcode = 'unique_violation', detail = 'It started run ' || run_text(old_run) || '.',
          hint = 'Send the same params to get the same run, or use a new key for a new run.';
      end if;
      update start_key k set run = old_run where k.run = accept_start.run; -- a signature that came with a known key
      run := old_run;
      replayed := true;
      later := false;
      return;
    end loop;
  end loop;
  content := '{"run":"' || run_text(run) || '","by":' || to_json(by_kind)
    || coalesce(',"orchestration":' || to_json(in_orchestration), '') || ',"params":' || params || '}';
  if later then
    insert into start_later (run, due_at, namespace, job, body, actor, reason)
    values (accept_start.run, not_before, of_namespace, of_job, content, by_actor, for_reason);
    return;
  end if;
  insert into inbox (kind, namespace, job, body, actor, reason, answer)
  values ('run.start', of_namespace, of_job, content, by_actor, for_reason, wait_for_answer)
  returning id into number;
end $$;

-- What was to start later never does; its key may be used again. False when it is not waiting any more.
create function take_back_start(of_run bigint, by_actor text, for_reason text) returns boolean language plpgsql as $$
begin
  update start_later set taken_back_at = clock_timestamp(), taken_back_by = by_actor || coalesce(': ' || for_reason, '')
  where run = of_run and taken_back_at is null;
  if not found then
    return false;
  end if;
  delete from start_key where run = of_run;
  return true;
end $$;

-- NOTIFY takes a lock on the whole database until the commit is on disk: all who notify commit one after the other. So
-- only one open transaction at a time does. What the others add is found by the leader, who looks again soon after it
-- was rung for, and once a second anyway. Measured: docs/adr/0013.
create function ring() returns void language plpgsql as $$
begin
  if coalesce(current_setting('millrace.notify', true), '') <> 'off'
    and pg_try_advisory_xact_lock(hashtext('millrace.ring'), 0)
  then
    perform pg_notify('millrace_inbox', '');
  end if;
end $$;

-- The transactional start: select millrace.trigger('job', '{"order": 7}', key => 'order-7'). See docs/triggers.md.
create function trigger(
  job text, params jsonb default '{}', key text default null, at timestamptz default null,
  namespace text default 'default', reason text default null, orchestration text default null
) returns text language plpgsql security definer set search_path = millrace, pg_temp as $$
declare
  to_job alias for $1;
  with_params jsonb := coalesce($2, '{}');
  with_key alias for $3;
  not_before alias for $4;
  in_namespace alias for $5;
  for_reason alias for $6;
  in_orchestration alias for $7;
  state text;
  run bigint;
begin
  if to_job is null or in_namespace is null then
    raise exception 'job and namespace cannot be null' using errcode = 'null_value_not_allowed',
      hint = 'Call millrace.trigger(''my-job'').';
  end if;
  if jsonb_typeof(with_params) <> 'object' then
    raise exception 'params of job ''%'' are a JSON %, not an object', to_job, jsonb_typeof(with_params)
      using errcode = 'invalid_parameter_value', hint = 'Pass for example ''{"order": 7}''.';
  end if;
  if length(with_params::text) > 32768 then
    raise exception 'params of job ''%'' have % characters, the limit is 32768', to_job, length(with_params::text)
      using errcode = 'program_limit_exceeded',
      hint = 'Keep large values in a table of yours and pass their key.';
  end if;
  if length(with_key) not between 1 and 200 then
    raise exception 'the key has % characters, possible are 1 to 200', length(with_key)
      using errcode = 'invalid_parameter_value', hint = 'Use what names the event, such as ''order-7''; null for none.';
  end if;
  if length(for_reason) > 1000 then
    raise exception 'the reason has % characters, the limit is 1000', length(for_reason)
      using errcode = 'invalid_parameter_value', hint = 'Say it shorter.';
  end if;
  if in_orchestration !~ '^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$' then
    raise exception '''%'' is not possible as the id of an orchestration', left(in_orchestration, 200)
      using errcode = 'invalid_parameter_value',
      hint = 'Use letters, digits, ''_'', ''.'', '':'' and ''-'', at most 128; null for none.';
  end if;
  if not isfinite(not_before) or not_before > now() + interval '10 years' then
    raise exception 'at is %, the limit is ten years from now', not_before
      using errcode = 'invalid_parameter_value', hint = 'Leave it out to start at once.';
  end if;
  select j.state into state from millrace.job j
  where j.namespace = in_namespace and j.name = to_job and j.state <> 'ARCHIVED';
  if not found then
    raise exception 'namespace ''%'' has no job ''%''', in_namespace, to_job using errcode = 'undefined_object',
      hint = 'Create the job first, or pass namespace => ''...'' of the one you mean. Names are case-sensitive.';
  end if;
  if state = 'STOPPED' then
    raise exception 'job ''%'' is stopped and starts no runs any more', to_job
      using errcode = 'object_not_in_prerequisite_state', hint = 'Resume it first, or start another job.';
  end if;
  select a.run into run from millrace.accept_start(in_namespace, to_job, with_params::text, with_key, null, not_before,
    'sql', in_orchestration, 'sql:' || session_user, for_reason, false) a;
  perform millrace.ring();
  return millrace.run_text(run);
end $$;
comment on function trigger is 'starts a run when this transaction commits; returns the id of the run';

create function untrigger(run text, reason text default null) returns boolean
language plpgsql security definer set search_path = millrace, pg_temp as $$
declare
  id bigint := millrace.run_number($1);
begin
  if id is null then
    raise exception '''%'' is not the id of a run', $1 using errcode = 'invalid_parameter_value',
      hint = 'Pass what millrace.trigger returned: 13 characters, like 0HZXW3V5K2Q8T.';
  end if;
  if not exists (select from millrace.start_later l where l.run = id and l.actor = 'sql:' || session_user) then
    return false;
  end if;
  return millrace.take_back_start(id, 'sql:' || session_user, $2);
end $$;
comment on function untrigger is
  'takes back what this user asked to start later; false when it has started, was taken back, or is not this user''s';

-- Nobody but their owner calls what is not meant to be called. The role may start jobs and do nothing else; where the
-- one who migrates may not make roles, docs/triggers.md says what to grant.
revoke execute on all functions in schema millrace from public;
do $$
begin
  if not exists (select from pg_roles where rolname = 'millrace_trigger') then
    create role millrace_trigger nologin;
  end if;
  grant usage on schema millrace to millrace_trigger;
  grant execute on function trigger(text, jsonb, text, timestamptz, text, text, text) to millrace_trigger;
  grant execute on function untrigger(text, text) to millrace_trigger;
exception
  when insufficient_privilege then
    raise notice 'the role millrace_trigger was not made: % may not create roles; see docs/triggers.md', current_user;
  when duplicate_object or unique_violation then -- another database of this server was migrated at the same moment
    grant usage on schema millrace to millrace_trigger;
    grant execute on function trigger(text, jsonb, text, timestamptz, text, text, text) to millrace_trigger;
    grant execute on function untrigger(text, text) to millrace_trigger;
end $$;

-- How much a namespace may have; null is without a limit. What is used of it is counted by the leader, in memory.
create table quota (
  namespace           text primary key,
  jobs                int check (jobs >= 0),
  queued              int check (queued >= 0),
  running             int check (running >= 1),
  runs_per_day        int check (runs_per_day >= 0),
  payload_bytes       int check (payload_bytes >= 2),
  min_interval_millis bigint check (min_interval_millis >= 1),
  when_over           text not null check (when_over in ('reject', 'wait')),
  actor               text not null,
  changed_at          timestamptz not null
);
create table quota_day (
  namespace text not null,
  day       date not null,
  runs      int not null check (runs >= 0),
  primary key (namespace, day)
);
comment on table quota_day is 'runs admitted on a day (UTC), of namespaces with such a quota; survives failovers and dropped days';

alter table tick drop constraint tick_disposition_check;
alter table tick add constraint tick_disposition_check check (disposition in ('FIRED', 'MISSED', 'SKIPPED_PAUSED',
  'SKIPPED_OVERLAP', 'SKIPPED_WINDOW', 'SKIPPED_DST', 'SKIPPED_QUOTA', 'SKIPPED_CALENDAR', 'COALESCED'));

-- Of runs with limits, what their ended attempts have counted; attempts under way say it in their heartbeats.
create table run_counter (
  run   bigint not null,
  name  text not null,
  value bigint not null,
  primary key (run, name)
);
comment on column run.marks is
  'bits: late 1, ending 2, killed 4, manual end 8, prepared 16, not admitted 32, waits for other jobs 64, limited 128, limits lifted 256';
