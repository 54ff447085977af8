"""Builds, runs and records the suites; see ../run.sh."""
import concurrent.futures
import datetime
import json
import os
import re
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import figures
import loads
import web

HERE = os.path.dirname(os.path.abspath(__file__))
BENCHMARKS = os.path.dirname(HERE)
ROOT = os.path.dirname(BENCHMARKS)
RESULTS = os.path.join(BENCHMARKS, "results")
SUITES = ["lab", "scheduler", "sleepers", "echo", "accept", "comparison", "http", "files", "processes", "web", "inside"]
SLOW_SLEEPERS = ["asyncio", "uvloop", "trio", "gevent"]
PYTHONS = {"asyncio", "uvloop", "trio", "gevent"}

# Operations of Python's peers and of the others. A million are a matter of a second for the others and of half a minute for Python's: they
# do fewer, and one operation costs the same. (Where it does not, in `spawnjoin`, fewer tasks at a time are the cheaper ones.)
OPERATIONS = {True: (5_000, 300_000), False: (50_000, 1_000_000)}

ROUNDS = None      # of scheduler, echo and http, where it is given


class Skipped(Exception):
    pass


def say(text):
    print(text, file=sys.stderr, flush=True)


def program(project):
    return os.path.join(ROOT, ".artifacts", "bin", project, "release", project + ".dll")


def run(command, timeout, env=None, check=True):
    """The standard output; None, with a line that says why, when it failed and `check` is off."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, env={**os.environ, **(env or {})},
                              stdin=subprocess.DEVNULL)
        if done.returncode == 0:
            return done.stdout
        reason = f"exit status {done.returncode}: {done.stderr.strip()[-300:]}"
    except subprocess.TimeoutExpired:
        reason = f"not done within {timeout} s"
    if check:
        raise Skipped(f"{shlex.join(command)}: {reason}")
    say(f"failed   {shlex.join(command)}: {reason}")
    return None


def build(projects):
    for project, folder in projects:
        if os.path.isdir(os.path.join(ROOT, folder)):
            run(["dotnet", "build", os.path.join(ROOT, folder), "-c", "Release", "-maxcpucount:1", "-v", "quiet", "-nologo"], 900)
            say(f"built    {project}")


def pinned(core, command):
    return ["taskset", "-c", str(core), *command]


def peers(kind):
    """Label and command of every peer that can run here; those that cannot are named on standard error by the script itself."""
    listed = subprocess.run([os.path.join(BENCHMARKS, "peers", "list.sh"), kind], stdout=subprocess.PIPE, text=True, check=True).stdout
    return [(label, shlex.split(command)) for label, command in (line.split("\t") for line in listed.splitlines())]


def json_lines(text):
    return [json.loads(line) for line in (text or "").splitlines() if line.startswith("{")]


def summary(values):
    return {"median": statistics.median(values), "low": min(values), "high": max(values), "samples": len(values)}


# ---- the suites: each returns its rows and what else belongs into its file

# The peers of echo that are measured at every point.
MAIN_PEERS = {"epoll", "libuv", "go", "tokio", "node", "bun", "deno", "uvloop-protocol"}

# `EventLoop` and `pool` run with .NET's default settings; the second form of ours is what <EventLoopTunedRuntime> sets (docs/tuning.md).
DEFAULTS = {"DOTNET_gcConcurrent": "1"}
TUNED = {"DOTNET_gcConcurrent": "0", "DOTNET_TieredPGO": "1", "DOTNET_TC_CallCountingDelayMs": "A"}      # the last in hexadecimal


def scheduler_runtimes(both_forms):
    scheduler = program("Scheduler")
    ours = [("EventLoop", ["dotnet", scheduler], [], DEFAULTS)]
    if both_forms:
        ours.append(("EventLoop, tuned runtime", ["dotnet", scheduler], [], TUNED))
    ours.append((".NET thread pool", ["dotnet", scheduler], ["--pool"], DEFAULTS))
    return ours + [(label, command, [], {}) for label, command in peers("scheduler")]


def measure_scheduler(quick):
    build([("Scheduler", "benchmarks/Scheduler")])
    rounds = ROUNDS or (2 if quick else 5)
    few, many = OPERATIONS[quick]
    values, versions, numbers, failed = {}, {}, {}, set()
    for number in range(rounds):
        say(f"scheduler: round {number + 1} of {rounds}")
        for label, command, options, env in scheduler_runtimes(both_forms=not quick):
            if label in failed:
                continue
            numbers[label] = few if label in PYTHONS else many
            output = run(pinned(0, [*command, "all", str(numbers[label]), "--json", *options]), 300, env, check=False)
            if output is None:
                failed.add(label)
                continue
            best = {}
            for line in json_lines(output):
                versions[label] = line["version"]
                if line["round"] > 0:                       # the first round warms up
                    best[line["case"]] = min(line["ns"], best.get(line["case"], line["ns"]))   # what noise there is only adds
            for case, ns in best.items():
                values.setdefault((case, label), {})[number] = ns
    rows = []
    for (case, label), by_round in values.items():
        ours = values.get((case, "EventLoop"), {})
        ratios = [ns / ours[number] for number, ns in by_round.items() if number in ours]
        rows.append({"case": case, "runtime": label, "n": numbers[label], "ns": summary(list(by_round.values())),
                     "times_ours": statistics.median(ratios) if ratios else None})
    return {"rounds": rounds, "versions": versions, "rows": rows}


def measure_sleepers(quick):
    """Peak memory is what counts and does not depend on who else runs, so several run at a time; their times are not comparable, and not shown."""
    build([("Scheduler", "benchmarks/Scheduler")])
    counts = {10_000: 1, 100_000: 1, 1_000_000: 1} if quick else {1_000: 1, 10_000: 1, 100_000: 1, 1_000_000: 3}
    jobs = [(count, label, [*command, "sleep", str(count), "--json", *options], env)
            for count, rounds in counts.items() for _ in range(rounds)
            for label, command, options, env in scheduler_runtimes(both_forms=False)
            if not (quick and count > 10_000 and label in SLOW_SLEEPERS)]
    if quick:
        say(f"skipped  {' and '.join(SLOW_SLEEPERS)} with more than ten thousand sleepers: they take minutes (without --quick they take part)")
    say(f"sleepers: {len(jobs)} processes of 10 s and more, several at a time")
    values = {}

    def one(job):
        count, label, command, env = job
        for line in json_lines(run(command, 400, env, check=False)):
            values.setdefault((count, label), []).append(line)

    for many in (False, True):
        with concurrent.futures.ThreadPoolExecutor(3 if many else 20 if quick else 12) as pool:
            # The slow ones first: the others fill in behind them.
            slow = ["trio", "gevent", "uvloop", "asyncio", "go"]
            mine = sorted((j for j in jobs if (j[0] == 1_000_000) == many), key=lambda j: slow.index(j[1]) if j[1] in slow else 9)
            list(pool.map(one, mine))
    rows = [{"count": count, "runtime": label, "rss_mb": summary([line["rss_mb"] for line in lines]),
             "ms": summary([line["ms"] for line in lines])} for (count, label), lines in sorted(values.items())]
    return {"rounds": counts[1_000_000], "versions": {label: lines[0]["version"] for (_, label), lines in values.items()}, "rows": rows}


def measure_echo(quick):
    ours = []
    if os.path.isdir(os.path.join(ROOT, "samples", "EchoServer")):
        build([("EchoServer", "samples/EchoServer")])
        ours = [(f"EventLoop-{style}", ["dotnet", program("EchoServer"), "--style", style]) for style in ("raw", "stream")]
    else:
        say("skipped  EventLoop: there is no samples/EchoServer yet")
    servers = ours + peers("echo")
    main = {label for label, _ in servers if label in MAIN_PEERS or label.startswith("EventLoop")}
    rounds, seconds = ROUNDS or (2 if quick else 5), 0.5 if quick else 1
    points = [(1024, 10), (1024, 100)] if quick else [(s, c) for s in (1024, 10240, 102400) for c in (10, 100, 1000)]
    measured = loads.Loads(sys.modules[__name__], seconds)
    for number in range(rounds):
        say(f"echo: round {number + 1} of {rounds}")
        measured.round(number, servers, [(point, None if not quick and point == (1024, 100) else main) for point in points],
                       lambda point: ["--size", str(point[0]), "--connections", str(point[1])])
    return {"rounds": rounds, "seconds": seconds, "rows": measured.rows("epoll", ("size", "connections"))}


def measure_accept(quick):
    """Short connections: each is made, has one message answered, and ends; by HTTP as well, where nginx can take part."""
    ours, web = [], []
    if os.path.isdir(os.path.join(ROOT, "samples", "EchoServer")):
        build([("EchoServer", "samples/EchoServer"), ("HttpStatic", "samples/HttpStatic")])
        ours = [(f"EventLoop-{style}", ["dotnet", program("EchoServer"), "--style", style]) for style in ("raw", "stream")]
    servers = ours + [(label, command) for label, command in peers("echo") if label in MAIN_PEERS]
    rounds, seconds = ROUNDS or (1 if quick else 5), 0.5 if quick else 1
    measured = loads.Loads(sys.modules[__name__], seconds, "connload")
    with tempfile.TemporaryDirectory() as root:
        os.chmod(root, 0o755)
        with open(os.path.join(root, "page"), "wb") as page:
            page.write(b"x" * 1000)
        if ours:
            web.append(("EventLoop", ["dotnet", program("HttpStatic"), "--root", root]))
        if nginx():
            web.append(("nginx", [*nginx(), "--root", root]))
        for number in range(rounds):
            say(f"accept: round {number + 1} of {rounds}")
            measured.round(number, servers, [((64, 64), None)], lambda point: ["--size", "64", "--connections", "64"])
            measured.round(number, web, [((1000, 64), None)], lambda point: ["--path", "/page", "--connections", "64"])
    return {"rounds": rounds, "seconds": seconds, "rows": measured.rows("epoll", ("size", "connections"))}


def measure_http(quick):
    if not os.path.isdir(os.path.join(ROOT, "samples", "HttpStatic")):
        raise Skipped("there is no samples/HttpStatic yet")
    build([("HttpStatic", "samples/HttpStatic")])
    rounds, seconds = ROUNDS or (1 if quick else 5), 0.5 if quick else 1
    if not nginx():
        say("skipped  nginx: not installed (see peers/install.sh)")
    measured = loads.Loads(sys.modules[__name__], seconds, "httpload")
    with tempfile.TemporaryDirectory() as root:
        os.chmod(root, 0o755)
        sizes = (10_000, 10_000_000)
        for size in sizes:
            with open(os.path.join(root, str(size)), "wb") as page:
                page.write(b"x" * size)
        servers = [("EventLoop", ["dotnet", program("HttpStatic"), "--root", root])]
        if nginx():
            servers.append(("nginx", [*nginx(), "--root", root]))
        for number in range(rounds):
            say(f"http: round {number + 1} of {rounds}")
            for point in [(10_000, 64), (10_000_000, 4)]:
                null = ("null", [os.path.join(BENCHMARKS, "load", "build", "nullhttp"), "--size", str(point[0])])
                measured.round(number, [*servers, null], [(point, None)],
                               lambda point: ["--path", f"/{point[0]}", "--connections", str(point[1])])
    return {"rounds": rounds, "seconds": seconds, "rows": measured.rows("null", ("size", "connections"))}


def nginx():
    """Its command; None where it is not installed."""
    found = subprocess.run("command -v nginx || ls /usr/sbin/nginx", shell=True, capture_output=True).returncode == 0
    return [os.path.join(BENCHMARKS, "peers", "http", "nginx.sh")] if found else None


def measure_files(quick):
    """Every program does all cases some times over in a process of its own, in turns."""
    build([("Files", "benchmarks/Files")])
    rounds, inner = (2, 1) if quick else (ROUNDS or 5, 3)
    values = {}
    for number in range(rounds):
        say(f"files: round {number + 1} of {rounds}")
        for command in [["dotnet", program("Files"), "--json"], *(command for _, command in peers("files"))]:
            for line in json_lines(run([*command, "--rounds", str(inner)], 200, check=False)):
                values.setdefault((line["case"], line["way"]), {})[number] = line
    rows = []
    for (case, way), by_round in values.items():
        ours = values.get((case, "LoopFile"), {})
        ratios = [statistics.median(line["us"]) / statistics.median(ours[number]["us"]) for number, line in by_round.items() if number in ours]
        every = lambda field: summary([value for line in by_round.values() for value in line[field]])
        rows.append({"case": case, "way": way, "us": every("us"), "cpu_us": every("cpu_us"), "times_ours": statistics.median(ratios) if ratios else None})
    order = list(dict.fromkeys(row["case"] for row in rows))
    return {"rounds": rounds, "rows": sorted(rows, key=lambda row: order.index(row["case"]))}


def measure_comparison(quick):
    build([("Comparison", "benchmarks/Comparison")])
    rounds = 1 if quick else 5
    say(f"comparison: {rounds} round{'s' * (rounds > 1)}, each way in a process of its own")
    delay, page = 50, 8192
    server = os.path.join(BENCHMARKS, "load", "build", "nullhttp")
    if os.path.exists(server):
        process = subprocess.Popen([server, "--port", "0", "--size", str(page), "--delay", str(delay), "--lifetime", "3600"], stdout=subprocess.PIPE, text=True)
        name, options = "benchmarks/load/nullhttp", ["--delay", str(delay), "--server", process.stdout.readline().split()[1]]
    else:
        say("skipped  the server in C: not built; samples/LocalServer answers instead, two milliseconds later than it says")
        process, name, options = None, "samples/LocalServer", []
    try:
        output = run(["dotnet", program("Comparison"), "--rounds", str(rounds), "--json", "-", *options, *(["--quick"] if quick else [])], 3000)
    finally:
        if process:
            process.terminate()
            process.communicate()
    groups = {}
    for line in json_lines(output):
        groups.setdefault((line["job"], line["concurrency"] if line["job"] != "cpu" else 0, line["mode"]), []).append(line)
    rows = []
    for (job, concurrency, mode), lines in groups.items():
        row = {"job": job, "concurrency": concurrency, "mode": mode, "count": lines[0]["count"], "ideal_seconds": lines[0]["ideal_seconds"]}
        for line in lines:
            line["switches"] = line["voluntary_switches"] + line["involuntary_switches"]
        for field in ("seconds", "requests_per_second", "p50", "p99", "threads", "threads_before", "peak_memory", "memory_before", "cpu_seconds",
                      "switches", "voluntary_switches", "involuntary_switches"):
            row[field] = summary([line[field] for line in lines])
        rows.append(row)
    return {"rounds": rounds, "server": name, "rows": rows}


def measure_processes(quick):
    build([("Processes", "benchmarks/Processes")])
    say("processes: child processes, worker processes, a group of loops, a cluster of two silos")
    rows = []
    for case in ("starts", "end", "signal", "capture", "pool", "stop", "tutorial", "group", "cluster"):      # each in a process of its own
        output = run(["dotnet", program("Processes"), case, "--json", *(["--quick"] if quick else [])], 240, check=False)
        if output is not None:
            rows += [{"case": case, **row} for row in json.loads(output.strip().splitlines()[-1])]
    return {"rounds": 2 if quick else 5, "rows": rows}


BEFORE = os.environ.get("BEFORE")


def before_inside(folder):
    """The scheduler's cases on the library as it was before one could see inside (BEFORE, or a build of the commit before the first that did), and which it was."""
    if BEFORE:
        return BEFORE, "BEFORE"
    first = (first_line("git", "-C", ROOT, "log", "--reverse", "--format=%H", "--", "src/EventLoop/Inside/SnapshotReader.cs") or "")
    if not first:
        raise Skipped("the history is not here: set BEFORE to a Scheduler.dll of the library before, built with today's benchmarks/Scheduler")
    os.makedirs(folder)
    run(["sh", "-c", f"git -C {shlex.quote(ROOT)} archive {first}^ | tar -x -C {shlex.quote(folder)}"], 60)
    cases = os.path.join(folder, "benchmarks", "Scheduler")      # the same program on both libraries
    shutil.rmtree(cases, ignore_errors=True)
    shutil.copytree(os.path.join(BENCHMARKS, "Scheduler"), cases, ignore=shutil.ignore_patterns("bin", "obj"))
    run(["dotnet", "build", os.path.join(folder, "benchmarks", "Scheduler"), "-c", "Release", "-maxcpucount:1", "-v", "quiet", "-nologo",
         "-p:RunAnalyzers=false"], 300)      # its own rules were older, and so were the analyzers
    return os.path.join(folder, ".artifacts", "bin", "Scheduler", "release", "Scheduler.dll"), "commit " + first_line("git", "-C", ROOT, "rev-parse", "--short", first + "^")


def switched_off(quick, rows):
    """The first point: what is switched off, in turns beside the library of the commit before there was any of it. Whatever else has come since counts as well.
    All cases of a round run in one process: what the compiler makes of one depends on what ran before it, which moves these ratios by a tenth either way."""
    with tempfile.TemporaryDirectory() as base:
        folder = os.path.join(base, "before")
        try:
            (before, which), ours = before_inside(folder), program("Scheduler")
            count, ratios = "3000000", {}      # with fewer it would be code that is not yet compiled for good
            for number in range(2 if quick else 5):
                found = {}
                for name, dll in (("before", before), ("ours", ours)) if number % 2 else (("ours", ours), ("before", before)):
                    for line in json_lines(run(pinned(0, ["dotnet", dll, "steps", count, "--json"]), 120, DEFAULTS)):
                        if line["round"] > 0:
                            key = (name, line["case"])
                            found[key] = min(line["ns"], found.get(key, line["ns"]))
                for case in ("yield", "spawn", "spawnjoin", "nested", "pingpong"):
                    ratios.setdefault(case, []).append(found["ours", case] / found["before", case])
            for case, values in ratios.items():
                rows.append({"point": 1, "what": f"{CASE_NAMES.get(case, case)}, by the library before one could look inside ({which})",
                             "value": statistics.median(values), "unit": "", "goal": 1.03 if case == "yield" else 1.06, "atLeast": False})
            bytes_ = {name: json_lines(run(["dotnet", dll, "sleep", "100000", "--json"], 120))[0] for name, dll in (("before", before), ("ours", ours))}
            field = next(key for key in bytes_["ours"] if "bytes" in key)
            rows.append({"point": 1, "what": "    a sleeping task, more than in that", "value": bytes_["ours"][field] - bytes_["before"][field], "unit": "B",
                         "goal": 8, "atLeast": False})
        except Skipped as reason:
            say(f"skipped  inside: what is switched off: {reason}")


CASE_NAMES = {"spawnjoin": "spawn and join", "nested": "a nested await", "pingpong": "ping-pong"}


def measure_inside(quick):
    build([("Scheduler", "benchmarks/Scheduler"), ("Inside", "benchmarks/Inside")])
    rows = []
    say("inside: what is switched off, beside the library before")
    switched_off(quick, rows)
    say("inside: the rest")
    output = run(["dotnet", program("Inside"), "--json", *(["--quick"] if quick else [])], 400, check=False)
    rows += json_lines(output)
    return {"rows": rows}


def measure_lab(quick):
    study = os.environ.get("LAB", os.path.join(ROOT, "..", "shared", "lab", "coroutines"))
    if not os.path.exists(os.path.join(study, "coroutines.csproj")):
        raise Skipped("the feasibility study is not here; set LAB to its folder")
    build([("Scheduler", "benchmarks/Scheduler")])
    rounds = 2 if quick else 5
    say(f"lab: {rounds} rounds")
    return {"rounds": rounds, "rows": [], "table": run([os.path.join(BENCHMARKS, "lab.sh"), str(rounds), "1000000"], 900).rstrip()}


def measure_web(quick):
    build([("Web", "benchmarks/Web")])
    rounds, seconds = (1, 1) if quick else (5, 1)
    say(f"web: {rounds} round{'s' * (rounds > 1)}, {'two minutes' if quick else 'twenty minutes'} at most")
    try:
        rows, memory, uploads, paced = web.measure(program("Web"), rounds, seconds, say, web.QUICK if quick else None, warmup=1 if quick else 4,
                                                   limit=75 if quick else 1300, peers=peers("web"), nginx=nginx(), quick=quick)
    except RuntimeError as reason:
        raise Skipped(str(reason)) from reason
    return {"rounds": rounds, "seconds": seconds, "rows": rows, "idle": memory, "uploads": uploads, "paced": paced}


# ---- tables

def table(head, rows):
    cells = [head, *rows]
    widths = [max(len(str(row[i])) for row in cells) for i in range(len(head))]
    for row in cells:
        print("  ".join(str(cell).ljust(width) if i == 0 else str(cell).rjust(width) for i, (cell, width) in enumerate(zip(row, widths))))
    print(flush=True)


def print_scheduler(result):
    cases = [case for case in dict.fromkeys(row["case"] for row in result["rows"]) if case != "yield_turn"]
    runtimes = list(dict.fromkeys(row["runtime"] for row in result["rows"]))
    cell = {(row["case"], row["runtime"]): row for row in result["rows"]}
    show = lambda row: f"{row['ns']['median']:.0f} ({row['ns']['low']:.0f}-{row['ns']['high']:.0f})" if row else "-"
    table(["ns, median (spread)", *cases], [[runtime, *(show(cell.get((case, runtime))) for case in cases)] for runtime in runtimes])


def print_sleepers(result):
    counts = sorted({row["count"] for row in result["rows"]})
    runtimes = list(dict.fromkeys(row["runtime"] for row in result["rows"]))
    cell = {(row["count"], row["runtime"]): row["rss_mb"]["median"] for row in result["rows"]}
    table(["peak RSS MB", *(f"{count:,}" for count in counts)],
          [[runtime, *(f"{cell[count, runtime]:.0f}" if (count, runtime) in cell else "-" for count in counts)]
           for runtime in sorted(runtimes, key=lambda r: cell.get((counts[-1], r), 1e9))])


def print_load(result):
    for point in sorted({(row["size"], row["connections"]) for row in result["rows"]}):
        rows = sorted((row for row in result["rows"] if (row["size"], row["connections"]) == point), key=lambda row: -row["rps"]["median"])
        print(f"{point[0]} bytes, {point[1]} connections")
        table(["server", "requests/s", "spread", "p50 us", "p99 us", "CPU us/req", "RSS MB", ""],
              [[row["server"], f"{row['rps']['median']:.0f}", f"{row['rps']['low']:.0f}-{row['rps']['high']:.0f}", f"{row['p50_us']['median']:.0f}",
                f"{row['p99_us']['median']:.0f}", f"{row['server_cpu_us']['median']:.2f}", f"{row['server_rss_mb']['median']:.0f}",
                "limited by the generator" if row["limited_by_generator"] else ""] for row in rows])


def print_files(result):
    table(["", "", "us, median (spread)", "CPU us", "times LoopFile"],
          [[row["case"], row["way"], f"{row['us']['median']:.2f} ({row['us']['low']:.2f}-{row['us']['high']:.2f})", f"{row['cpu_us']['median']:.2f}",
            f"{row['times_ours']:.2f}" if row["times_ours"] else "-"] for row in result["rows"]])


def print_comparison(result):
    for work in dict.fromkeys((row["job"], row["concurrency"]) for row in result["rows"]):
        rows = [row for row in result["rows"] if (row["job"], row["concurrency"]) == work]
        print(f"{work[0]}: {rows[0]['count']} jobs" + (f", {work[1]} at a time; ideal {rows[0]['ideal_seconds']:.2f} s" if work[1] else ""))
        fields = [("seconds", ".2f"), ("requests_per_second", ".0f"), ("p50", ".1f"), ("p99", ".1f"), ("threads", ".0f"), ("peak_memory", ".0f"),
                  ("cpu_seconds", ".2f"), ("switches", ".0f")]
        table(["", "wall s", "jobs/s", "p50 ms", "p99 ms", "threads", "peak MB", "CPU s", "switches"],
              [[row["mode"], *(format(row[field]["median"], form) for field, form in fields)] for row in rows])


def print_processes(result):
    table(["", "", "goal", ""], [[("    " if row["isPart"] else "") + row["what"], f"{row['value']:.2f} {row['unit']}".strip(), figures.goal(row),
                                  "" if figures.is_held(row) else "missed"] for row in result["rows"]])


def print_web(result):
    table(["case", "server", "CPU us/req", "times sockets", "ours by theirs", "requests/s", "p99 ms"],
          [[row["case"], row["server"], f"{row['cpu_us']['median']:.2f}", f"{row['times_sockets_cpu']:.2f}", f"{row['loop_by_this'] or 0:.2f}",
            f"{row['rps']['median']:.0f}", figures.p99(row)] for row in result["rows"]])
    table(["idle connections", "KiB each", "times sockets"],
          [[row["server"], f"{row['bytes_each'] / 1024:.1f}", f"{row['times_sockets']:.2f}"] for row in result["idle"]])
    table(["one large body", "MB", "s", "CPU s", "memory grew, MB"],
          [[row["server"], f"{row['bytes'] / 1e6:.0f}", f"{row['seconds']:.1f}", f"{row['cpu_seconds']:.1f}", f"{row['grew_mb']:.1f}"] for row in result["uploads"]])
    table(["at the same rate", "requests/s", "p50 ms", "p99 ms", "p99.9 ms", "CPU us/req"],
          [[row["server"], f"{row['rate']}", f"{row['p50_ms']:.2f}", f"{row['p99_ms']:.2f}", f"{row['p999_ms']:.2f}", f"{row['cpu_us']:.1f}"] for row in result["paced"]])


def held(row):
    return row["goal"] is None or (row["value"] >= row["goal"] if row["atLeast"] else row["value"] <= row["goal"])


def print_inside(result):
    for row in result["rows"]:
        goal = "" if row["goal"] is None else f"{'>=' if row['atLeast'] else '<='} {row['goal']:g}{'' if held(row) else '  MISSED'}"
        print(f"{row['point']:>3} {row['what']:<74}{row['value']:>10.2f} {row['unit']:<5}{goal}")
    print(flush=True)


PRINT = {"processes": print_processes, "web": print_web, "inside": print_inside,
         "scheduler": print_scheduler, "sleepers": print_sleepers, "echo": print_load, "accept": print_load, "http": print_load, "files": print_files, "comparison": print_comparison,
         "lab": lambda result: print(result["table"] + "\n", flush=True)}


# ---- what the figures were measured on

def first_line(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout.strip().splitlines()[0]
    except (OSError, IndexError):
        return None


def machine():
    cpu = re.search(r"^model name\s*: (.*)$", open("/proc/cpuinfo").read(), re.M)
    memory = int(re.search(r"MemTotal:\s+(\d+)", open("/proc/meminfo").read())[1]) / 1024 / 1024
    system = re.search(r'^PRETTY_NAME="?([^"\n]*)', open("/etc/os-release").read(), re.M)
    return {"cpu": cpu[1] if cpu else os.uname().machine, "cores": os.cpu_count(), "memory_gb": round(memory, 1),
            "kernel": os.uname().release, "system": system[1] if system else "Linux"}


def current_versions():
    """Of what peers/install.sh --current has put in place, which list.sh prefers."""
    place = os.path.join(BENCHMARKS, "peers", "build", "current")
    if not os.path.isdir(place):
        return {}
    packages = {"python3": "Python", "python3-uvloop": "uvloop", "python3-trio": "trio", "python3-gevent": "gevent", "golang-go": "Go", "rustc": "Rust",
                "librust-tokio-dev": "tokio", "gcc": "gcc", "libuv1-dev": "libuv"}
    found = {name: first_line(os.path.join(place, "bin", name.lower()), "--version") for name in ("Node", "Bun", "Deno")}
    try:
        with open(os.path.join(place, "debian", "var", "lib", "dpkg", "status")) as file:
            for name, version in re.findall(r"^Package: (\S+)\n(?:\S.*\n| .*\n)*?Version: (\S+)", file.read(), re.M):
                if name in packages:
                    found[packages[name]] = version
    except OSError:
        pass
    return found


def versions():
    runtimes = subprocess.run(["dotnet", "--list-runtimes"], capture_output=True, text=True).stdout
    net = re.findall(r"^Microsoft\.NETCore\.App (\S+)", runtimes, re.M)
    found = {".NET": net[-1] if net else None, "Python": first_line("/usr/bin/python3", "--version"), "Node": first_line("node", "--version"),
             "Go": first_line("go", "version"), "Rust": first_line("rustc", "--version"), "gcc": first_line("gcc", "--version"),
             "EventLoop": first_line("git", "-C", ROOT, "log", "-1", "--format=%h"), **current_versions()}
    return {name: version for name, version in found.items() if version}


def main():
    arguments = sys.argv[1:]
    quick = "--quick" in arguments
    global ROUNDS
    if "--rounds" in arguments:
        at = arguments.index("--rounds")
        ROUNDS = int(arguments[at + 1])
        del arguments[at:at + 2]
    chosen = [a for a in arguments if a != "--quick"] or (SUITES[1:] if quick else SUITES)      # the study only when asked for, or at leisure
    unknown = [a for a in chosen if a not in SUITES]
    if unknown:
        sys.exit(f"There is no suite {unknown[0]}; there are {', '.join(SUITES)}.")
    os.makedirs(RESULTS, exist_ok=True)
    began = time.monotonic()
    say("building the peers and the generators")
    subprocess.run([os.path.join(BENCHMARKS, "peers", "build.sh")], stdout=sys.stderr)
    busy = os.getloadavg()[0]
    if busy > 0.5:
        say(f"warning: the load average is {busy:.1f}; something else runs, and the figures will show it")
    for suite in SUITES:
        if suite not in chosen:
            continue
        started = time.monotonic()
        load_before = os.getloadavg()[0]
        try:
            result = globals()["measure_" + suite](quick)
        except Skipped as reason:
            say(f"skipped  {suite}: {reason}")
            continue
        seconds = time.monotonic() - started
        own = result.pop("versions", {})
        result = {"suite": suite, "date": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
                  "command": f"benchmarks/run.sh {'--quick ' if quick else ''}{f'--rounds {ROUNDS} ' if ROUNDS else ''}{suite}", "quick": quick, "took_seconds": round(seconds),
                  "load_average_before": round(load_before, 2), "machine": machine(), "versions": {**versions(), **own}, **result}
        path = os.path.join(RESULTS, suite + ".json")
        with open(path + ".part", "w") as file:
            json.dump(result, file, indent=1)
            file.write("\n")
        os.replace(path + ".part", path)
        print(f"== {suite} ({seconds:.0f} s)", flush=True)
        PRINT[suite](result)
    figures.draw()
    say(f"done in {time.monotonic() - began:.0f} s; the charts are in docs/img, and benchmarks/figures.sh writes docs/benchmarks.md")


if __name__ == "__main__":
    main()
