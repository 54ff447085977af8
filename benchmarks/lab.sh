#!/usr/bin/env bash
# The library's five scheduler cases beside the feasibility study (the bare mechanism: no ExecutionContext, no cancellation, no errors),
# alternately, each round in two fresh Release processes; prints the medians, the ratio library/lab of each pair, and the best against the best.
# Both collect the heap before each case (the study in a copy, by one line more), or a case would pay for a million tasks that the one before left.
# The goal is held against the last: the study's processes come out fast or slow by a factor of three, as the JIT had its way with them, and a
# median of pairs flatters whoever met the slow ones. Not pinned to a core, where the JIT's background thread would have to share it.
#   benchmarks/lab.sh [ROUNDS] [N]      LAB=dir with Lab.cs and coroutines.csproj (default: ../shared/lab/coroutines beside the checkout)
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-7} n=${2:-1000000}
lab=${LAB:-../shared/lab/coroutines}
[ -f "$lab/coroutines.csproj" ] || { echo "the feasibility study is not at $lab; set LAB to its folder" >&2; exit 2; }
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
cp -r "$lab" "$work/src"; chmod -R u+w "$work/src"
sed -i 's/^    long bytes = GC.GetAllocatedBytesForCurrentThread();/    GC.Collect();\n&/' "$work/src/Lab.cs"
grep -q '^    GC.Collect();' "$work/src/Lab.cs" || { echo "the study is not the one that this script knows: it has no place to collect before a case" >&2; exit 2; }
dotnet build "$work/src" -c Release --artifacts-path "$work/lab" -v quiet -nologo >&2
dotnet build benchmarks/Scheduler -c Release -v quiet -nologo >&2
for ((i = 0; i < rounds; i++)); do
  dotnet .artifacts/bin/Scheduler/release/Scheduler.dll steps "$n" | awk -v who=ours -v r=$i '{print who, r, $1, $2, $4}'
  dotnet "$work"/lab/bin/*/release/coroutines.dll all "$n" | awk -v who=lab -v r=$i '{print who, r, $1, $2, $4}'
done >"$work/all"
python3 - "$work/all" <<'P'
import statistics, sys
rows = {}
seen = {}
for line in open(sys.argv[1]):
    who, process, case, ns, size = line.split()
    key = (who, process, case)
    seen[key] = seen.get(key, 0) + 1
    if seen[key] > 1:                                   # the first of four rounds warms up
        rows.setdefault((who, case), {}).setdefault(process, []).append((float(ns), float(size)))
goal = {'yield': 1.5, 'spawn': 1.5, 'spawnjoin': 1.8, 'nested': 1.7, 'pingpong': 1.5}
print(f"{'case':<10} {'lab ns':>8} {'EventLoop ns':>13} {'ratio':>6} {'(spread)':>13} {'best/best':>10} {'goal':>5} {'B/op':>7}")
for case, most in goal.items():
    ours, lab = rows['ours', case], rows['lab', case]
    pairs = [min(x[0] for x in ours[p]) / min(x[0] for x in lab[p]) for p in ours]   # the best of a process: what noise there is only adds
    o = statistics.median(min(x[0] for x in v) for v in ours.values())
    l = statistics.median(min(x[0] for x in v) for v in lab.values())
    b = statistics.median(x[1] for v in ours.values() for x in v)
    ratio = statistics.median(pairs)
    best = min(min(x[0] for x in v) for v in ours.values()) / min(min(x[0] for x in v) for v in lab.values())
    print(f"{case:<10} {l:8.1f} {o:13.1f} {ratio:6.2f} {f'({min(pairs):.2f}-{max(pairs):.2f})':>13} {best:10.2f} {most:5.1f} {b:7.1f}{'' if best <= most else '   over the goal'}")
P
