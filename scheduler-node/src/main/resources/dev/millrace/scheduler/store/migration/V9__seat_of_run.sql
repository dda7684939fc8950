-- What a run and its stages hold and wait for: asked by whoever wants to know why it does not move, and by the leader
-- when they give it back.
create index seat_of_run on seat (run, idx);
