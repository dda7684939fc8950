-- Who may use the API, and what was done with it.

create table api_token (
  id             bigint generated always as identity primary key,
  name           text not null check (name ~ '^[A-Za-z0-9][A-Za-z0-9 ._@-]{0,99}$'),
  hash           bytea not null check (octet_length(hash) = 32),
  roles          text not null,
  created_by     text not null,
  created_at     timestamptz not null default clock_timestamp(),
  expires_at     timestamptz,
  revoked_at     timestamptz,
  revoked_by     text,
  revoked_reason text,
  used_at        timestamptz,
  constraint revoked_by_somebody check ((revoked_at is null) = (revoked_by is null))
);
create unique index api_token_name on api_token (name) where revoked_at is null;
comment on column api_token.hash is 'SHA-256 of its secret, which has 256 bits and is nowhere';
comment on column api_token.roles is 'JSON object: namespace or * -> viewer, operator, editor, admin';
comment on column api_token.used_at is 'written at most once a minute';

-- Every call that asked for a change, also those that were refused. A call is written before it is executed, without a
-- status; its end is the only change that a row may see. Partitioned by month over the id, which is time-ordered.
create table audit (
  id        bigint not null primary key,
  at        timestamptz not null default clock_timestamp(),
  actor     text not null,
  kind      text not null,
  ip        text not null,
  action    text not null,
  method    text not null,
  path      text not null,
  namespace text,
  subject   text,
  status    int,
  reason    text
) partition by range (id);
create index audit_namespace on audit (namespace, id);
create index audit_actor on audit (actor, id);
comment on column audit.status is 'of the answer; null while it is executed, and for ever when the node ended meanwhile';

create function audit_is_kept() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and old.status is null and new.status is not null
    and (old.id, old.at, old.actor, old.kind, old.ip, old.action, old.method, old.path)
      is not distinct from (new.id, new.at, new.actor, new.kind, new.ip, new.action, new.method, new.path)
  then
    return new;
  end if;
  raise exception 'what is in the audit log stays as it is' using errcode = 'insufficient_privilege';
end $$;
create trigger audit_is_kept before update or delete on audit for each row execute function audit_is_kept();

create function audit_is_not_emptied() returns trigger language plpgsql as $$
begin
  raise exception 'what is in the audit log stays as it is' using errcode = 'insufficient_privilege';
end $$;
create trigger audit_is_not_emptied before truncate on audit for each statement execute function audit_is_not_emptied();

-- Makes the partitions of this month and the next, and drops those that ended longer ago than is to be kept.
create function keep_audit(days int) returns int language plpgsql as $$
declare
  today date := (clock_timestamp() at time zone 'UTC')::date;
  month date;
  child text;
  low bigint;
  high bigint;
  old record;
  changed int := 0;
begin
  perform pg_advisory_xact_lock(hashtext('millrace.audit'), 0);
  foreach month in array array[date_trunc('month', today - 1)::date, date_trunc('month', today)::date,
    (date_trunc('month', today) + interval '1 month')::date]
  loop
    child := 'audit_' || to_char(month, 'YYYYMM');
    if to_regclass('millrace.' || child) is null then
      low := (extract(epoch from month::timestamp at time zone 'UTC')::bigint * 1000 - 1577836800000) << 22;
      high := (extract(epoch from (month + interval '1 month')::timestamp at time zone 'UTC')::bigint * 1000
        - 1577836800000) << 22;
      execute format('create table millrace.%I partition of millrace.audit for values from (%s) to (%s)', child, low, high);
      execute format('create trigger audit_is_not_emptied before truncate on millrace.%I
        for each statement execute function millrace.audit_is_not_emptied()', child);
      changed := changed + 1;
    end if;
  end loop;
  for old in
    select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'millrace.audit'::regclass
      and to_date(substr(c.relname, 7), 'YYYYMM') + interval '1 month' < today - days
  loop
    execute format('drop table millrace.%I', old.name);
    changed := changed + 1;
  end loop;
  return changed;
end $$;
select keep_audit(36500);
revoke execute on function audit_is_kept(), audit_is_not_emptied(), keep_audit(int) from public;
