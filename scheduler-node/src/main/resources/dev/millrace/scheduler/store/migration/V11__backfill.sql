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
