#!/usr/bin/env bash
# Measures us and everyone else, alternately, and writes benchmarks/results/SUITE.json, prints a table of each suite and draws the charts
# into docs/img.
#   benchmarks/run.sh [--quick] [--rounds N] [SUITE...]
#     lab         our scheduler beside the feasibility study
#     scheduler   yield, spawn, spawn and join, ping-pong, timers: us, the thread pool and the other runtimes
#     sleepers    memory of tasks that sleep
#     echo        TCP echo servers under load
#     accept      short connections: accept, one message, close; nginx by HTTP
#     comparison  the same job with blocking calls, threads, async and the loop
#     http        files over HTTP
#     files       files read and written by LoopFile, .NET, threads, here and by tokio and asyncio, and io_uring
#     processes   child processes, worker processes, groups of loops, a cluster of two silos, Python's pool
#     web         ASP.NET Core on the loop beside Kestrel's own sockets and the servers of others (wrk; h2load for HTTP/2; twenty minutes)
#     inside      seeing inside a running program: what it costs and how right it is, with the goals (ten minutes)
#   --quick       fewer rounds and smaller numbers, and the lab only where it is named: five minutes instead of an hour
#   --rounds N    of scheduler, echo, accept, http and files, instead of five
# What is missing here is skipped with a line that says so. benchmarks/figures.sh writes docs/benchmarks.md from the files. Nothing else
# should run on the machine meanwhile.
set -euo pipefail
cd "$(dirname "$0")"
command -v python3 >/dev/null || { echo "run.sh needs python3 (its standard library only)" >&2; exit 2; }
case " $* " in *' --help '* | *' -h '*) sed -n '2,19s/^# \{0,1\}//p' "$0"; exit ;; esac
exec env PYTHONDONTWRITEBYTECODE=1 python3 suite/measure.py "$@"
