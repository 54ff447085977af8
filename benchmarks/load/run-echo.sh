#!/usr/bin/env bash
# Loads one echo server and prints the result as one JSON line:
#   run-echo.sh LABEL [echoload options…] -- SERVER COMMAND…
# The server must take `--port 0`, say `listening PORT` on its standard output and end on SIGTERM. It runs on core SERVER_CORE (0)
# and the generator on core LOAD_CORE (1). Exactly the server started here is stopped, whatever happens.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

[ $# -ge 3 ] || { sed -n '2,5s/^# \{0,1\}//p' "$0" >&2; exit 2; }
label=$1; shift
load=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do load+=("$1"); shift; done
shift
[ $# -gt 0 ] || { echo "no server command after --" >&2; exit 2; }

# A thousand connections do not fit in the usual soft limit, and not every runtime raises it for itself.
ulimit -n "$(ulimit -Hn)"

output=$(mktemp)
taskset -c "${SERVER_CORE:-0}" "$@" --port 0 >"$output" &          # taskset replaces itself: this is the server's own pid
server=$!
stop() {
  kill -TERM "$server" 2>/dev/null || true
  for _ in $(seq 50); do kill -0 "$server" 2>/dev/null || break; sleep 0.1; done
  kill -KILL "$server" 2>/dev/null || true
  wait "$server" 2>/dev/null || true
  rm -f "$output"
}
trap stop EXIT

port=""
for _ in $(seq 200); do
  port=$(sed -n 's/^listening \([0-9]*\).*/\1/p' "$output")
  [ -z "$port" ] || break
  kill -0 "$server" 2>/dev/null || { echo "$label: the server ended before it listened" >&2; exit 1; }
  sleep 0.1
done
[ -n "$port" ] || { echo "$label: the server did not say that it listens" >&2; exit 1; }

taskset -c "${LOAD_CORE:-1}" "$here/build/${LOAD:-echoload}" --label "$label" --port "$port" --server-pid "$server" --json "${load[@]}"
