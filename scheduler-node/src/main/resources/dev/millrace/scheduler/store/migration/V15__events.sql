-- How far followers of the transition log that outlive their process have come. "amqp" is the one that publishes to the
-- exchange millrace.events: everything up to its batch was confirmed by the broker, or had nobody to go to.
create table event_cursor (
  name  text primary key,
  batch bigint not null,
  epoch bigint not null,
  at    timestamptz not null
);
comment on column event_cursor.batch is 'of transition_batch; written about once a second while it moves';
comment on column event_cursor.epoch is 'of the leader that wrote it; an earlier one is refused';
