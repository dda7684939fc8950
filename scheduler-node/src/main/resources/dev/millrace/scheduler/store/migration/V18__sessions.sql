-- Logins of people by a browser. The cookie's value is nowhere; ended here is ended on every node.
create table session (
  hash     bytea primary key check (octet_length(hash) = 32),
  name     text not null,
  kind     text not null check (kind in ('token', 'oidc')),
  token    bigint references api_token,
  roles    text,
  ip       text not null,
  made_at  timestamptz not null default clock_timestamp(),
  seen_at  timestamptz not null default clock_timestamp(),
  ends_at  timestamptz not null,
  ended_at timestamptz,
  constraint roles_of_token_or_own check ((token is null) = (roles is not null))
);
create index session_over on session (ends_at);
comment on column session.roles is 'JSON, of a login by OIDC; those of a token are the token''s, as they are now';
comment on column session.seen_at is 'written at most once a minute';
