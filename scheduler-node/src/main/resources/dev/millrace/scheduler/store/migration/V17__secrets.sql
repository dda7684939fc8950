-- Master keys that have been used here, by the ids that the nodes' settings give them; never a key itself.
create table secret_key (
  id       text primary key,
  canary   bytea not null,
  added_at timestamptz not null default clock_timestamp()
);
comment on column secret_key.canary is 'a fixed text sealed with the key: a node whose key of this id does not open it has another key, and does not start';

-- Secrets of jobs. The value is sealed with AES-256-GCM, bound to its namespace, name, version and key.
create table secret (
  namespace  text not null,
  name       text not null,
  version    int not null check (version >= 1),
  key        text not null references secret_key,
  sealed     bytea not null,
  created_at timestamptz not null,
  created_by text not null,
  changed_at timestamptz not null,
  changed_by text not null,
  primary key (namespace, name)
);
create index secret_of_key on secret (key, namespace, name);
comment on column secret.version is 'grows with each new value; sealing the same value with another key is no new version';
comment on column secret.sealed is 'nonce, ciphertext and tag';
