#!/bin/sh
# Makes .env with random passwords for docker-compose.yml; refuses to overwrite one.
#
# They are used when the volumes are first made: a new .env with old volumes does not fit.
set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
if [ -e "$root/.env" ]; then
  echo "error: $root/.env exists and is left as it is" >&2
  exit 1
fi
umask 077
# Hexadecimal, so that it may stand in a URL as it is.
random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
for name in POSTGRES_PASSWORD RABBITMQ_PASSWORD MILLRACE_TOKEN GRAFANA_PASSWORD; do
  printf '%s=%s\n' "$name" "$(random)"
done >"$root/.env.new"
mv "$root/.env.new" "$root/.env"
# Made here, because a folder that Docker makes belongs to root.
mkdir -p "$root/jobs.d"
echo "made .env (readable by you only) and jobs.d"
