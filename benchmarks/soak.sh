#!/usr/bin/env bash
# A server and its clients in two processes, with random delays, resets and half-closes. Ends with 0 when no task, descriptor or memory
# leaked and every message is accounted for; else with 1, and a line for each thing that is wrong. Everything stays on 127.0.0.1.
#   soak.sh [SECONDS=60] [--workers 32] [--seed S]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
seconds=60
if [[ ${1:-} =~ ^[0-9]+$ ]]; then seconds=$1; shift; fi

dotnet build "$here/Soak" -c Release -v quiet -nologo -maxcpucount:1 >/dev/null
soak=$here/../.artifacts/bin/Soak/release/Soak
output=$(mktemp)
server=
finish() {
  if [ -n "$server" ] && kill -0 "$server" 2>/dev/null; then kill -KILL "$server"; fi
  rm -f "$output"
}
trap finish EXIT

"$soak" --server yes >"$output" &
server=$!
for _ in $(seq 100); do grep -q '^listening' "$output" && break; sleep 0.1; done
port=$(awk '/^listening/ { print $2 }' "$output")
[ -n "$port" ] || { echo "FAILED: the server did not start" >&2; exit 1; }

failed=0
timeout $((seconds + 120)) "$soak" --port "$port" --seconds "$seconds" "$@" || failed=1
for _ in $(seq 200); do kill -0 "$server" 2>/dev/null || break; sleep 0.1; done
if kill -0 "$server" 2>/dev/null; then
  echo "WRONG (server): it does not end"
  failed=1
else
  wait "$server" || failed=1
fi
grep -v '^listening' "$output" || true
[ "$failed" = 0 ] && echo "soak of $seconds s: nothing leaked, nothing lost" || echo "soak of $seconds s: FAILED"
exit "$failed"
