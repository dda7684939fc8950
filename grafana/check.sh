#!/bin/sh
# Checks the Prometheus configuration, and runs every query of the dashboards against a real
# Prometheus that scrapes example values. Says so and succeeds where no Prometheus is installed
# (Debian: apt-get install prometheus). Uses free ports on loopback and leaves nothing behind.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)

for tool in prometheus promtool python3; do
  if ! command -v "$tool" >/dev/null 2>&1; then
    echo "grafana/check.sh: skipped, there is no $tool on the PATH; no query was checked"
    exit 0
  fi
done

scratch=$(mktemp -d "${TMPDIR:-/tmp}/millrace-grafana.XXXXXX")
exporter=
prometheus=
end() {
  for pid in $prometheus $exporter; do
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  rm -rf "$scratch"
}
trap end EXIT
trap 'exit 130' INT TERM

# promtool wants the token's file to exist.
echo example >"$scratch/token"
sed "s|/run/secrets/millrace_token|$scratch/token|" "$here/prometheus.yml" >"$scratch/shipped.yml"
promtool check config "$scratch/shipped.yml"

python3 "$here/example_exporter.py" "$scratch/port" &
exporter=$!
tries=0
until [ -s "$scratch/port" ]; do
  tries=$((tries + 1))
  [ "$tries" -lt 100 ] || { echo "the example exporter did not start" >&2; exit 1; }
  sleep 0.1
done

sed -e 's/scrape_interval: .*/scrape_interval: 1s/' -e 's/scrape_timeout: .*/scrape_timeout: 1s/' \
  -e "s/targets: .*/targets: [\"127.0.0.1:$(cat "$scratch/port")\"]/" \
  "$scratch/shipped.yml" >"$scratch/prometheus.yml"
free=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
prometheus --config.file="$scratch/prometheus.yml" --storage.tsdb.path="$scratch/data" \
  --web.listen-address="127.0.0.1:$free" >"$scratch/prometheus.log" 2>&1 &
prometheus=$!

status=0
for dashboard in "$here"/dashboards/*.json; do
  echo "checking $(basename "$dashboard")"
  python3 "$here/check_queries.py" "http://127.0.0.1:$free" "$dashboard" || status=1
done
[ "$status" -eq 0 ] || tail -n 20 "$scratch/prometheus.log" >&2
exit "$status"
