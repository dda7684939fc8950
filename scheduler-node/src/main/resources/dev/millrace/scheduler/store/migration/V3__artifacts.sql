-- What is known of artifacts is here whatever store their bytes are in. Both instants are judged by the database's clock.
create table artifact (
  id         text primary key check (id ~ '^[0-9a-f]{32}$'),
  run        bigint not null,
  stage      text not null,
  attempt    int not null check (attempt >= 1),
  name       text not null,
  media_type text not null,
  size       bigint not null check (size >= 0),
  sha256     text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  state      text not null check (state in ('UPLOADING', 'STORED')),
  location   text not null check (location in ('postgres', 'dir', 's3')),
  created_at timestamptz not null,
  expires_at timestamptz not null,
  constraint artifact_name unique (run, stage, attempt, name)
);
create index artifact_expiry on artifact (expires_at);
comment on column artifact.location is 'where its bytes are once it is STORED; until then they are in artifact_chunk always';
comment on column artifact.expires_at is 'of an upload: when it is given up; of what is stored: when it is deleted';

-- Chunks of uploads, which come through any node in any order; of stored artifacts only those whose location is postgres.
create table artifact_chunk (
  artifact text not null references artifact on delete cascade,
  number   int not null check (number >= 0),
  bytes    bytea not null,
  primary key (artifact, number)
);
-- Most of what is large is compressed already.
alter table artifact_chunk alter column bytes set storage external;
