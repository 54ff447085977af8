#!/usr/bin/env bash
# Echo servers against one load generator, alternately in one run: the server on core 0, the load on core 1. Everything is a ratio to
# the C server on raw epoll of the same run.
#   echo.sh [--seconds 3] [--rounds 3] [--sizes "1024"] [--connections "64"] [--peers "c raw stream"]
# Peers: c, raw, stream, and every label that peers/list.sh knows (go, libuv, node, ...).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
seconds=3 rounds=3 sizes=1024 connections=64 peers="c raw stream"
while [ $# -gt 0 ]; do
  case $1 in
    --seconds) seconds=$2 ;; --rounds) rounds=$2 ;; --sizes) sizes=$2 ;; --connections) connections=$2 ;; --peers) peers=$2 ;;
    *) sed -n '2,5s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
  shift 2
done

make -s -C "$here/load"
[ -x "$here/peers/build/epoll_echo" ] || "$here/peers/build.sh" >&2
dotnet build "$here/../samples/EchoServer" -c Release -v quiet -nologo >&2
echo_server=$(ls -d "$here"/../.artifacts/bin/EchoServer/release/EchoServer)

command_of() {
  case $1 in
    c) echo "$here/peers/build/epoll_echo" ;;
    raw | stream) echo "$echo_server --style $1" ;;
    *) (cd "$here/peers" && ./list.sh echo | awk -F'\t' -v l="$1" '$1 == l { print $2 }') ;;
  esac
}

results=$(mktemp)
trap 'rm -f "$results"' EXIT
for size in $sizes; do for count in $connections; do for round in $(seq "$rounds"); do for peer in $peers; do
  read -ra server <<<"$(command_of "$peer")"
  [ ${#server[@]} -gt 0 ] || { echo "unknown peer: $peer" >&2; continue; }
  (cd "$here/peers" && timeout $((seconds * 3 + 40)) ../load/run-echo.sh "$peer" --size "$size" --connections "$count" --seconds "$seconds" --warmup 3 -- "${server[@]}") >>"$results" || echo "$peer failed" >&2
done; done; done; done

python3 - "$results" <<'PYTHON'
import json, statistics, sys
rows = [json.loads(line) for line in open(sys.argv[1]) if line.startswith("{")]
cases = sorted({(r["size"], r["connections"]) for r in rows})
for size, count in cases:
    here = [r for r in rows if (r["size"], r["connections"]) == (size, count)]
    labels = list(dict.fromkeys(r["label"] for r in here))
    median = lambda label, key: statistics.median(r[key] for r in here if r["label"] == label)
    print(f"{size} B, {count} connections")
    for label in labels:
        ratio = f'  {median(label, "rps") / median("c", "rps"):5.2f} x rps  {median(label, "server_cpu_us") / median("c", "server_cpu_us"):5.2f} x CPU' if "c" in labels else ""
        print(f'  {label:10} {median(label, "rps"):9.0f} rps  {median(label, "server_cpu_us"):6.2f} us CPU  p50 {median(label, "p50_us"):7.1f} us  p99 {median(label, "p99_us"):7.1f} us{ratio}')
PYTHON
