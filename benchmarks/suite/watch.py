"""What moved since the committed figures; see ../watch.sh."""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

import measure

NOISE = 0.15
CORE = ["yield", "call", "nested", "spawn", "eager", "spawnjoin", "pingpong", "timers"]
OPERATIONS = 200_000
OPERATIONS_OF_PYTHON = 5_000
LONGEST = 300       # seconds for the peers; a round that begins before ends


def committed(suite):
    """The file as it was committed: the one in the work tree may be a new one."""
    shown = subprocess.run(["git", "-C", measure.ROOT, "show", f"HEAD:benchmarks/results/{suite}.json"], capture_output=True, text=True)
    if shown.returncode == 0:
        return json.loads(shown.stdout)
    path = os.path.join(measure.RESULTS, suite + ".json")
    return json.load(open(path)) if os.path.exists(path) else None


def verdict(before, now):
    """Whether a ratio moved beyond noise: every round on the same side, and the median far enough. One round alone tells nothing."""
    change = statistics.median(now) / before - 1
    beyond = len(set(now)) > 1 and abs(change) > NOISE and (min(now) > before or max(now) < before)
    return change, beyond


def best_of(output):
    best, version = {}, None
    for line in measure.json_lines(output):
        version = line["version"]
        if line["round"] > 0:
            best[line["case"]] = min(line["ns"], best.get(line["case"], line["ns"]))
    return best, version


def watch_peers(rounds):
    measure.build([("Scheduler", "benchmarks/Scheduler")])
    runtimes = [runtime for runtime in measure.scheduler_runtimes(both_forms=False)]
    values, versions, failed, began = {}, {}, set(), time.monotonic()
    for number in range(rounds):
        if number and time.monotonic() - began > LONGEST:
            measure.say(f"stopped after {number} rounds: {LONGEST} s are over")
            break
        for label, command, options, env in runtimes:
            if label in failed:
                continue
            count = OPERATIONS_OF_PYTHON if label in measure.PYTHONS else OPERATIONS
            output = measure.run(measure.pinned(0, [*command, "all", str(count), "--json", *options]), 120, env, check=False)
            if output is None:
                failed.add(label)
                continue
            best, versions[label] = best_of(output)
            for case, ns in best.items():
                values.setdefault((case, label), {})[number] = ns
    before = committed("scheduler")
    old = {(row["case"], row["runtime"]): row["times_ours"] for row in before["rows"]} if before else {}
    moved, rows = 0, []
    for case in CORE:
        ours = values.get((case, "EventLoop"), {})
        for label in versions:
            theirs = values.get((case, label), {})
            now = [theirs[number] / ours[number] for number in theirs if number in ours]
            if label == "EventLoop" or not now:
                continue
            was = old.get((case, label))
            same = before and before["versions"].get(label) == versions[label]
            text = f"{was:.2f}" if was else "-"
            change, note = "", "new" if was is None else f"another version ({before['versions'].get(label)})" if not same else ""
            if was and same:
                difference, beyond = verdict(was, now)
                change = f"{difference:+.0%}"
                note = ("we lost ground" if difference < 0 else "we gained") if beyond else ""
                moved += beyond
            rows.append([case, f"{label} {versions[label]}", f"{statistics.median(ours.values()):.1f}", f"{statistics.median(theirs.values()):.1f}",
                         text, f"{statistics.median(now):.2f} ({min(now):.2f}-{max(now):.2f})", change, note])
    print("== beside others: times ours", flush=True)
    measure.table(["case", "runtime", "our ns", "their ns", "was", "now", "change", ""], rows)
    return moved


def lab_ratios(table):
    """Case and its last ratio but one, `best/best`, from the table of lab.sh."""
    found = {}
    for line in table.splitlines()[1:]:
        cells = line.split()
        if len(cells) >= 7:
            low, high = cells[4].strip("()").split("-")
            found[cells[0]] = (float(cells[3]), float(low), float(high), float(cells[5]))
    return found


def watch_lab(rounds, n):
    study = os.environ.get("LAB", os.path.join(measure.ROOT, "..", "shared", "lab", "coroutines"))
    if not os.path.exists(os.path.join(study, "coroutines.csproj")):
        measure.say("skipped  the feasibility study: not here; set LAB to its folder")
        return 0
    output = measure.run([os.path.join(measure.BENCHMARKS, "lab.sh"), str(rounds), str(n)], 600, {"LAB": study})
    now, before = lab_ratios(output), committed("lab")
    old = lab_ratios(before["table"]) if before else {}
    moved, rows = 0, []
    for case, (ratio, low, high, best) in now.items():
        was = old.get(case)
        change, note = "", "" if was else "new"
        if was:
            difference, beyond = verdict(was[3], [low, best, high])
            beyond = beyond and abs(best / was[3] - 1) > NOISE
            change = f"{best / was[3] - 1:+.0%}"
            note = ("slower" if best > was[3] else "faster") if beyond else ""
            moved += beyond
        rows.append([case, f"{was[3]:.2f}" if was else "-", f"{best:.2f}", f"{ratio:.2f} ({low:.2f}-{high:.2f})", change, note])
    print("== beside the feasibility study: times its time, best against best", flush=True)
    measure.table(["case", "was", "now", "pairs", "change", ""], rows)
    return moved


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    busy = os.getloadavg()[0]
    if busy > 0.5:
        measure.say(f"note: the load average is {busy:.1f}; something else runs, and the spread will show it")
    moved = 0
    for watch in ([] if arguments.short else [lambda: watch_peers(arguments.rounds)]) + [
            lambda: watch_lab(2 if arguments.short else arguments.rounds, 200_000 if arguments.short else 500_000)]:
        try:
            moved += watch()
        except measure.Skipped as reason:
            measure.say(f"skipped  {reason}")
    print(f"{moved} ratio{'s' * (moved != 1)} moved beyond noise since the committed figures.")


if __name__ == "__main__":
    sys.exit(main())
