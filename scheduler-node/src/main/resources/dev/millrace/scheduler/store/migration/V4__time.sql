-- What the clocks and the calendar keep from firing is planned too, and accounted for.
alter table tick drop constraint tick_disposition_check;
alter table tick add constraint tick_disposition_check check (disposition in ('FIRED', 'MISSED', 'SKIPPED_PAUSED',
  'SKIPPED_OVERLAP', 'SKIPPED_WINDOW', 'SKIPPED_DST', 'SKIPPED_CALENDAR', 'COALESCED'));
comment on column tick.planned_until is 'of a range the last tick; ranges with different dispositions may lie in each other';

alter table trigger add column catch_up_until timestamptz;
comment on column trigger.catch_up_until is 'every tick up to then fires, however late: the misfire policy has chosen it';
alter table trigger add column rests_on bigint;
comment on column trigger.rests_on is 'of a fixed delay: the run after whose end the next tick comes';
alter table trigger add constraint rests_or_ticks check (rests_on is null or next_at is null);
