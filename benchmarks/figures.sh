#!/usr/bin/env bash
# Measures and writes the README's figures: nothing there is typed by hand.
#   benchmarks/figures.sh [ROUNDS]
set -euo pipefail
cd "$(dirname "$0")/.."
lab=$(benchmarks/lab.sh "${1:-7}" 1000000)
ours=$(dotnet .artifacts/bin/Scheduler/release/Scheduler.dll sleep 1000000)
pool=$(dotnet .artifacts/bin/Scheduler/release/Scheduler.dll sleep 1000000 --pool)
machine="$(nproc) cores, $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1), .NET $(dotnet --list-runtimes | sed -n 's/^Microsoft.NETCore.App \([^ ]*\).*/\1/p' | tail -1)"
python3 - "$lab" "$ours" "$pool" "$machine" "$(date +%F)" <<'P'
import re, sys
lab, ours, pool, machine, date = sys.argv[1:]
block = f"""The scheduler beside a feasibility study of the bare mechanism (pooled coroutines on a ring: no ExecutionContext, no cancellation, no errors, no names), in one run; the ratio is what all of that costs. `benchmarks/lab.sh`, {date}, {machine}:

```
{lab}
```

One million tasks that sleep ten seconds, `Scheduler sleep 1000000` (project `benchmarks/Scheduler`), and the same with `Task.Delay` on the thread pool (`--pool`):

```
EventLoop    {ours}
thread pool  {pool}
```
"""
readme = open('README.md').read()
readme = re.sub(r'(<!-- figures:begin[^\n]*-->\n).*?(<!-- figures:end -->)', lambda m: m[1] + block + m[2], readme, flags=re.S)
open('README.md', 'w').write(readme)
P
