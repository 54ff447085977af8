"""Charts in docs/img and the figures of docs/benchmarks.md, from ../results/*.json; see ../run.sh and ../figures.sh."""
import json
import os
import re

import svg

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
RESULTS = os.path.join(ROOT, "benchmarks", "results")
IMAGES = os.path.join(ROOT, "docs", "img")
OURS = "EventLoop"
CASES = {"yield": "yield", "call": "an async function that ends at once, called and awaited", "nested": "one that suspends, called and awaited",
         "spawn": "a task of its own, awaited", "eager": "an eager task of its own, awaited", "spawnjoin": "spawn all, each yields once, join",
         "pingpong": "ping-pong: two wakes", "timers": "timer: create and cancel",
         "yield_turn": "yield that lets the loop turn"}
FILES = {"cache": "LoopFile of an OpenFileCache", "ToThread": "on a thread", "io_uring": "io_uring on the loop (a study)"}
MODES = {"blocking": "blocking", "threads": "thread per job", "pool": "pool of threads", "async": "async, thread pool", "loop": "loop",
         "loop-threads": "loop + ToThread"}


def read(suite):
    path = os.path.join(RESULTS, suite + ".json")
    return json.load(open(path)) if os.path.exists(path) else None


def median(row, field):
    return row[field]["median"]


def source(result):
    """Under every table and chart: how and where it was measured."""
    machine = result["machine"]
    rounds = result.get("rounds")
    return (f"{result['command']}, {result['date'][:10]}, {f'{rounds} round{chr(115) * (rounds > 1)}, ' if rounds else ''}{machine['cores']} cores "
            f"{machine['cpu']}, {machine['system']}, .NET {result['versions'].get('.NET', '?')}")


def caption(result):
    return f"<sub>`{result['command']}`{source(result)[len(result['command']):]}</sub>"


def markdown(head, rows, left=1):
    return "\n".join("| " + " | ".join(str(cell) for cell in row) + " |" for row in
                     [head, ["---" if i < left else "---:" for i in range(len(head))], *rows])


def image(name, text):
    return f"![{text}](img/{name}.svg)"


def target(name):
    return os.path.join(IMAGES, name + ".svg")


def bold_best(cells, values):
    """The best of a column in bold."""
    present = [value for value in values if value is not None]
    return [f"**{cell}**" if value is not None and value == min(present) else cell for cell, value in zip(cells, values)]


def scheduler(result):
    # In older files the calls of runtimes without tasks stand among the tasks.
    rows = [{**row, "case": "call", "times_ours": None} if row["case"] == "spawn" and row["runtime"] == "node" else row for row in result["rows"]]
    charted = [row for row in rows if not row["runtime"].startswith(OURS + ",")]
    cases = [case for case in ("yield", "call", "nested", "spawn", "eager", "spawnjoin", "pingpong", "timers") if any(row["case"] == case for row in rows)]
    svg.bars(target("scheduler"), "Scheduler: one operation", "nanoseconds on one core, logarithmic; less is better", source(result),
             [(CASES[case], [(row["runtime"], median(row, "ns"), "") for row in charted if row["case"] == case]) for case in cases], log=True)

    runtimes = list(dict.fromkeys(row["runtime"] for row in rows))
    cell = {(row["case"], row["runtime"]): row for row in rows}
    columns = []
    for case in cases:
        values = [median(cell[case, runtime], "ns") if (case, runtime) in cell else None for runtime in runtimes]
        columns.append(bold_best([f"{value:.0f}" if value is not None else "-" for value in values], values))
    table = markdown(["ns for each", *(CASES[case] for case in cases)], [[runtime, *cells] for runtime, *cells in zip(runtimes, *columns)])
    ahead = []
    for case in cases:
        faster = sorted(((1 / row["times_ours"], row["runtime"]) for row in rows if row["case"] == case and row["times_ours"]
                         and row["times_ours"] < 1 and not row["runtime"].startswith(OURS)), reverse=True)
        if faster:
            ahead.append(f"{CASES[case]}: " + ", ".join(f"{runtime} ({times:.1f} times)" for times, runtime in faster))
    ahead = f"Faster than us (medians of the ratios of each round): {'; '.join(ahead)}." if ahead else "No runtime here is faster than us in any case."
    return (f"### Scheduler\n\n{image('scheduler', 'Nanoseconds for one operation, by runtime')}\n\n{table}\n\n{ahead} "
            "What the cases do, and what is not quite the same elsewhere (Go has no async functions and JavaScript no tasks; JavaScript's yield is a "
            f"microtask; libuv has callbacks only), is in `benchmarks/peers/README.md`.\n\n{caption(result)}")


def sleepers(result):
    rows = result["rows"]
    series = {}
    for row in rows:
        series.setdefault(row["runtime"], []).append((row["count"], median(row, "rss_mb")))
    svg.lines(target("sleepers"), "Memory of sleeping tasks", "peak resident memory of the whole process in MB, both axes logarithmic; less is better",
              source(result), [("", "tasks asleep", series)], columns=1, height=380, unit=" MB")
    counts = sorted({row["count"] for row in rows})
    most = counts[-1]
    cell = {(row["count"], row["runtime"]): median(row, "rss_mb") for row in rows}
    runtimes = sorted(series, key=lambda runtime: cell.get((most, runtime), float("inf")))
    columns = []
    for count in counts:
        values = [cell.get((count, runtime)) for runtime in runtimes]
        columns.append(bold_best([f"{value:,.0f}" if value is not None else "-" for value in values], values))
    table = markdown(["peak MB", *(f"{count:,} tasks" for count in counts)], [[runtime, *cells] for runtime, *cells in zip(runtimes, *columns)])
    return f"### Memory\n\n{image('sleepers', 'Peak memory against the number of sleeping tasks')}\n\n{table}\n\n{caption(result)}"


def size_name(size):
    return f"{size} B" if size < 1000 else f"{size // 1024} KiB" if size % 1024 == 0 else f"{size / 1e6:g} MB" if size >= 1e6 else f"{size / 1e3:g} kB"


def load(result, name, heading, null, what="request", first="message", text=""):
    rows = result["rows"]
    points = sorted({(row["size"], row["connections"]) for row in rows})
    at = lambda point: [row for row in rows if (row["size"], row["connections"]) == point]
    svg.bars(target(name), f"{heading}: {what}s a second", "server on one core, generator on another; more is better; * limited by the generator",
             source(result), [(f"{size_name(size)}, {connections} connections",
                               [(row["server"], median(row, "rps"), "*" if row["limited_by_generator"] else "") for row in at((size, connections))])
                              for size, connections in points], best="high", labels=134)
    svg.bars(target(name + "-cpu"), f"{heading}: processor time of the server", f"microseconds for a {what}; less is better", source(result),
             [(f"{size_name(size)}, {connections} connections", [(row["server"], median(row, "server_cpu_us"), "") for row in at((size, connections))])
              for size, connections in points], labels=134)
    panels = []
    for size in sorted({point[0] for point in points}):
        for field, percentile in (("p50_us", "p50"), ("p99_us", "p99")):
            series = {}
            for row in rows:
                if row["size"] == size:
                    series.setdefault(row["server"], []).append((row["connections"], median(row, field)))
            if max(len(points_) for points_ in series.values()) > 1:
                panels.append((f"{size_name(size)}, {percentile}", "connections", series))
    parts = [f"### {heading}", image(name, f"{heading}: {what}s a second, by server"),
             image(name + "-cpu", f"{heading}: processor time of the server for a {what}")]
    if panels:
        svg.lines(target(name + "-latency"), f"{heading}: latency", "microseconds against connections, both axes logarithmic; less is better",
                  source(result), panels, height=300)
        parts.append(image(name + "-latency", f"{heading}: latency percentiles against connections"))
    table = []
    for point in points:
        for row in sorted(at(point), key=lambda row: -median(row, "rps")):
            server = f"**{row['server']}**" if row["server"].startswith(OURS) else row["server"]
            table.append([size_name(point[0]), point[1], server, f"{median(row, 'rps'):,.0f}{'*' * row['limited_by_generator']}",
                          f"{row['rps']['low']:,.0f}-{row['rps']['high']:,.0f}", f"{median(row, 'p50_us'):,.0f}", f"{median(row, 'p99_us'):,.0f}",
                          f"{median(row, 'server_cpu_us'):.2f}", f"{row['times_null_cpu']:.2f}" if "times_null_cpu" in row else "-",
                          f"{median(row, 'server_rss_mb'):.0f}"])
    parts.append(f"<details><summary>All figures</summary>\n\n"
                 + markdown([first, "connections", "server", f"{what}s/s", "spread", "p50 µs", "p99 µs", f"CPU µs/{what}", f"times {null}'s", "MB"], table, left=3)
                 + "\n\n</details>")
    parts.append(f"{text}`{null}` is the null server, C without a runtime. * Within a tenth of it, or the generator had no time left on its core: "
                 f"limited by the generator, and the server's CPU time for a {what} says more.")
    return "\n\n".join(parts + [caption(result)])


def accept(result):
    return load(result, "accept", "Short connections", "epoll", what="connection", first="answer",
                text="Each connection is made, has one message of 64 B echoed, and is closed by the client; or it asks for a page of 1 kB by HTTP (`HttpStatic` "
                     "beside nginx). ")


def files(result):
    rows = result["rows"]
    cases = list(dict.fromkeys(row["case"] for row in rows))
    at = lambda case: [row for row in rows if row["case"] == case]
    svg.bars(target("files"), "Files on the loop, and by other ways", "microseconds for one; less is better", source(result),
             [(case, [(FILES.get(row["way"], row["way"]), median(row, "us"), "") for row in at(case)]) for case in cases], labels=150)
    of = lambda case, way: next((median(row, "us") for row in at(case) if row["way"] == way), None)
    rings = [(case, of(case, "LoopFile") / of(case, "io_uring")) for case in cases if of(case, "io_uring") and of(case, "LoopFile")]
    table = [[case, f"**{FILES.get(row['way'], row['way'])}**" if row["way"] in ("LoopFile", "cache") else FILES.get(row["way"], row["way"]), f"{median(row, 'us'):,.2f}",
              f"{row['us']['low']:,.2f}-{row['us']['high']:,.2f}", f"{median(row, 'cpu_us'):,.2f}", f"{row['times_ours']:.2f}" if row["times_ours"] else "-"]
             for case in cases for row in sorted(at(case), key=lambda row: median(row, "us"))]
    return "\n\n".join([
        "### Files", image("files", "Files on the loop, and by other ways"),
        markdown(["", "way", "µs", "spread", "CPU µs", "times LoopFile"], table, left=2),
        "One operation at a time. `FileStream` is .NET's, asynchronous; \"on a thread\" is `Loop.ToThread` of the blocking calls. What is in memory `LoopFile` reads on the "
        "loop's thread; for the rest it needs another thread, like all others. The library does not use io_uring: it would have to be better than threads by 1.3 "
        + "and is by " + ", ".join(f"{ratio:.2f} ({case})" for case, ratio in rings) + ".", caption(result)])


def comparison(result):
    rows = result["rows"]
    works = list(dict.fromkeys((row["job"], row["concurrency"]) for row in rows))
    at = lambda work: [row for row in rows if (row["job"], row["concurrency"]) == work]
    fetching = [work for work in works if work[0] == "io"]
    name = lambda work: {"io": "fetch", "mixed": "fetch and compute", "cpu": "compute"}[work[0]] + (f", {work[1]} at a time" if work[1] else "")
    svg.bars(target("comparison"), "The same job in six ways: wall time", f"seconds; less is better; the local server takes 50 ms for a page", source(result),
             [(name(work) + f": {at(work)[0]['count']} jobs", [(MODES[row["mode"]], median(row, "seconds"), " s") for row in at(work)]) for work in works],
             labels=130)
    if fetching:
        most = fetching[-1]
        costs = [("threads, at most", "threads", ""), ("peak memory", "peak_memory", " MB"), ("processor time", "cpu_seconds", " s"), ("context switches", "switches", "")]
        svg.bars(target("comparison-costs"), f"What it costs: {at(most)[0]['count']} pages, {most[1]} at a time", "of the whole process; less is better", source(result),
                 [(heading, [(MODES[row["mode"]], median(row, field), unit) for row in at(most)]) for heading, field, unit in costs], labels=130)
    table = []
    for work in works:
        for row in at(work):
            way = f"**{MODES[row['mode']]}**" if row["mode"].startswith("loop") else MODES[row["mode"]]
            ideal = f"{median(row, 'seconds') / row['ideal_seconds']:.2f}" if row["ideal_seconds"] else "-"
            table.append([name(work), way, f"{median(row, 'seconds'):.2f}", ideal, f"{median(row, 'requests_per_second'):,.0f}", f"{median(row, 'p50'):.1f}",
                          f"{median(row, 'p99'):.1f}", f"{median(row, 'threads'):.0f}", f"{median(row, 'peak_memory'):.0f}", f"{median(row, 'cpu_seconds'):.2f}",
                          f"{median(row, 'switches'):,.0f}"])
    idle = max(median(row, "threads_before") for row in rows if row["mode"] == "loop")
    return "\n\n".join([
        "### Blocking calls, threads, async and the loop", image("comparison", "Wall time of the same job in six ways"),
        image("comparison-costs", "Threads, memory, processor time and context switches of the same job"),
        "<details><summary>All figures</summary>\n\n"
        + markdown(["job", "way", "wall s", "times ideal", "jobs/s", "p50 ms", "p99 ms", "threads", "MB", "CPU s", "switches"], table, left=2) + "\n\n</details>",
        f"Each way in a process of its own, with the same small HTTP client; the pages come from `{result['server']}`. Threads are all of the process: "
        f"up to {idle:.0f} of them are .NET's own, whatever the way; the loop adds none. The ideal is jobs times delay by concurrency, as if the server and the network took no time.",
        caption(result)])


def goal(row):
    return "" if row["goal"] is None else f"{'≥' if row['atLeast'] else '≤'} {row['goal']:g}{' ' * bool(row['unit']) + row['unit']}"


def is_held(row):
    return row["goal"] is None or (row["value"] >= row["goal"] if row["atLeast"] else row["value"] <= row["goal"])


PROCESSES = {"starts": "Starting child processes", "end": "The end of their output, and of this process", "signal": "Signals", "capture": "Capturing it", "pool": "Worker processes: round trips",
             "stop": "Worker processes: start and stop", "tutorial": "The tutorials' job, and Python's pool", "group": "A group of loops",
             "cluster": "A cluster of two silos in one process"}


def processes(result):
    rows = result["rows"]
    python = [row for row in rows if row["case"] == "tutorial" and row["unit"] == "s"]
    if len(python) >= 6:
        ours, theirs = python[:3], python[3:6]
        svg.bars(target("processes"), "Worker processes and Python's ProcessPoolExecutor", "seconds; less is better", source(result),
                 [(mine["what"], [(OURS, mine["value"], " s"), (yours["what"].split("'s")[0], yours["value"], " s")]) for mine, yours in zip(ours, theirs)],
                 labels=130)
    table = []
    for case in dict.fromkeys(row["case"] for row in rows):
        table.append([f"**{PROCESSES[case]}**", "", ""])
        for row in rows:
            if row["case"] == case:
                value = f"{row['value']:.{2 if row['value'] < 100 else 0}f} {row['unit']}".strip()
                table.append([("&nbsp;&nbsp;" if row["isPart"] else "") + row["what"], value, goal(row) + ("" if is_held(row) else " (missed)")])
    return "\n\n".join([
        "### Child processes, worker processes, groups of loops, clusters",
        *([image("processes", "The tutorials' jobs in worker processes and in Python's pool")] if len(python) >= 6 else []),
        markdown(["what", "figure", "goal"], table),
        "\"Theirs\" is `System.Diagnostics.Process`, awaited on the loop. Ratios are of runs beside each other, medians over the rounds. The sums of squares compare "
        "languages, of which one is compiled and the other is not; the pools are compared by the small jobs. The silos share the "
        "machine's cores with whoever calls them.", caption(result)])


def p99(row):
    """In older files it is 0 where the generator did not tell."""
    return f"{median(row, 'p99_ms'):.2f}" if row["p99_ms"] and median(row, "p99_ms") else "-"


WEB = {"sockets": "Kestrel's sockets", "inline": "Kestrel's sockets, inline", "loop": "EventLoop", "bare": "EventLoop, bare", "go": "Go net/http", "node": "Node http",
       "bun": "Bun.serve", "fastify": "Node fastify", "nginx": "nginx", "uvicorn": "uvicorn, raw ASGI", "FastAPI": "uvicorn, FastAPI"}


def web(result):
    rows = result["rows"]
    cases = list(dict.fromkeys(row["case"] for row in rows))
    at = lambda case: [row for row in rows if row["case"] == case]
    svg.bars(target("web"), "ASP.NET Core: processor time of the server", "microseconds for a request, all servers on one core; less is better", source(result),
             [(case, [(WEB[row["server"]], median(row, "cpu_us"), "") for row in at(case)]) for case in cases], labels=150)
    table = [[case, f"**{WEB[row['server']]}**" if row["server"] == "loop" else WEB[row["server"]], f"{median(row, 'cpu_us'):.2f}", f"{row['times_sockets_cpu']:.2f}",
              f"{row['loop_by_this']:.2f}" if row.get("loop_by_this") else "-", f"{median(row, 'rps'):,.0f}", p99(row),
              *([f"{median(row, 'pool_items'):.2f}", f"{median(row, 'allocated_bytes'):,.0f}"] if "pool_items" in row else ["-", "-"])]
             for case in cases for row in sorted(at(case), key=lambda row: median(row, "cpu_us"))]
    parts = ["### ASP.NET Core", image("web", "ASP.NET Core: processor time of the server for a request"),
             "<details><summary>All figures</summary>\n\n"
             + markdown(["case", "server", "CPU µs/request", "times Kestrel's sockets", "EventLoop by this", "requests/s", "p99 ms", "pool items", "bytes"], table, left=2) + "\n\n</details>"]
    if result.get("paced"):
        table = [[f"**{WEB[row['server']]}**" if row["server"] == "loop" else WEB[row["server"]], f"{row['p50_ms']:.2f}", f"{row['p99_ms']:.2f}", f"{row['p999_ms']:.2f}",
                  f"{row['cpu_us']:.1f}"] for row in sorted(result["paced"], key=lambda row: row["p99_ms"])]
        parts.append(f"The p99 above is that of a generator that asks as fast as it is answered, and so asks a faster server more. At the same rate of all, JSON, "
                     f"{result['paced'][0]['rate']:,} requests a second on {result['paced'][0]['connections']} connections (h2load):\n\n"
                     + markdown(["server", "p50 ms", "p99 ms", "p99.9 ms", "CPU µs/request"], table))
    if result["idle"]:
        parts.append(f"{result['idle'][0]['connections']:,} idle connections: "
                     + ", ".join(f"{WEB[row['server']]} {row['bytes_each'] / 1024:.1f} KiB each ({row.get('times_sockets', 1):.2f})" for row in result["idle"]) + ".")
    if result.get("uploads"):
        parts.append(f"One body of {result['uploads'][0]['bytes'] / 1e6:,.0f} MB, read and dropped: "
                     + ", ".join(f"{WEB[row['server']]} {row['seconds']:.1f} s, {row['cpu_seconds']:.1f} s of the processor, memory grew by {row['grew_mb']:.0f} MB at most"
                                 for row in result["uploads"]) + ".")
    parts.append("`bare` is a loop on `Connection` without ASP.NET Core: the bound.")
    return "\n\n".join(parts + [caption(result)])


def lab(result):
    return ("### The price of the whole model\n\nThe scheduler beside a feasibility study of the bare mechanism (pooled coroutines on a ring: no ExecutionContext, "
            "no cancellation, no errors, no names), in one run; the ratio is what all of that costs.\n\n"
            f"```\n{result['table']}\n```\n\n{caption(result)}")


POINTS = {1: "Switched off", 2: "Snapshots under a hammer", 3: "A loop that is stuck", 4: "100,000 tasks", 5: "A million tasks", 6: "Recorder", 7: "Stalls",
          8: "Traces", 9: "Leaks", 11: "The page"}


def inside(result):
    rows = []
    for row in result["rows"]:
        value = f"{row['value']:.2f}" if abs(row["value"]) < 10 and row["value"] != int(row["value"]) else f"{row['value']:,.0f}"
        missed = row["goal"] is not None and not (row["value"] >= row["goal"] if row["atLeast"] else row["value"] <= row["goal"])
        goal = "" if row["goal"] is None else f"{'≥' if row['atLeast'] else '≤'} {row['goal']:g}"
        what = row["what"].strip()
        rows.append([POINTS.get(row["point"], row["point"]), what, f"{value} {row['unit']}".strip() + (" (over the goal)" if missed else ""), goal])
    table = markdown(["", "what", "measured", "goal"], rows, left=2)
    return ("### Seeing inside\n\nWhat it costs to look into a running program, and how right the answers are. Times of the tool are those of its process, from start to end. "
            "\"Switched off\" is the library of today, with nobody looking, by that of the commit before there was anything to look with: whatever else has come since "
            "is part of it.\n\n"
            f"{table}\n\n{caption(result)}")


def draw():
    """The charts of all suites; returns what the page says of each."""
    os.makedirs(IMAGES, exist_ok=True)
    writers = {"comparison": comparison, "scheduler": scheduler, "sleepers": sleepers,
               "echo": lambda result: load(result, "echo", "TCP echo", "epoll"), "accept": accept, "http": lambda result: load(result, "http", "Files over HTTP", "null"),
               "files": files, "processes": processes, "web": web, "inside": inside, "lab": lab}
    results = {suite: read(suite) for suite in writers}
    return {suite: writers[suite](result) for suite, result in results.items() if result and (result["rows"] or result.get("table"))}


def main():
    blocks = draw()
    page = os.path.join(ROOT, os.environ.get("PAGE", "docs/benchmarks.md"))
    text = open(page).read()
    block = "\n\n".join(blocks.values()) + "\n" if blocks else ""
    text, found = re.subn(r"(<!-- figures:begin[^\n]*-->\n).*?(<!-- figures:end -->)", lambda m: m[1] + block + m[2], text, flags=re.S)
    if found != 1:
        raise SystemExit(f"{page} needs the markers figures:begin and figures:end exactly once")
    with open(page, "w") as file:
        file.write(text)
    print(f"written  {', '.join(blocks) or 'nothing: no figures yet (benchmarks/run.sh)'}")


if __name__ == "__main__":
    main()
