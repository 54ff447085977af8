"""Servers under a load generator. Those of a round run at the same time, each pinned to core 0, and the load from core 1 goes to one after another: the
others wait in epoll meanwhile. A server stays for all points of a round, because it has to become warm only once then."""
import os
import statistics
import subprocess
import tempfile
import time

# Seconds of load before the first window of a server, and before those of further points. On one core .NET's compiler waits for a second without new code
# (ten times its usual delay), twice, and then shares the core with what it compiles: with less the figure is the compiler's. The other compilers at run
# time are warm sooner and get the same. What was compiled before, or is interpreted, is warm at once.
FIRST_WARMUP, NEXT_WARMUP, OTHER_WARMUP = 10, 3, 0.3
COMPILED_AT_RUN_TIME = ("EventLoop", "node", "bun", "deno")
START, SLACK = 20, 20      # seconds that a server may take to start, and that a generator may take longer than it was told


class Server:
    def __init__(self, label, command):
        self.label, self.port = label, None
        self.is_compiled_at_run_time = label.startswith(COMPILED_AT_RUN_TIME)
        self.is_warm = False
        self.output = tempfile.TemporaryFile(mode="w+")
        ends = [] if label.startswith("EventLoop") else ["--lifetime", "1800"]
        self.process = subprocess.Popen(["taskset", "-c", "0", *command, "--port", "0", *ends], stdin=subprocess.DEVNULL,
                                        stdout=self.output, stderr=subprocess.DEVNULL)

    def wait(self):
        """Returns whether it listens."""
        end = time.monotonic() + START
        while self.process.poll() is None and time.monotonic() < end:
            self.output.seek(0)
            for line in self.output.read().splitlines():
                if line.startswith("listening "):
                    self.port = int(line.split()[1])
                    return True
            time.sleep(0.05)
        return False

    def warmup(self):
        if not self.is_compiled_at_run_time:
            return OTHER_WARMUP
        seconds = NEXT_WARMUP if self.is_warm else FIRST_WARMUP
        self.is_warm = True
        return seconds

    def close(self):
        """Ends exactly this process."""
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.output.close()


class Loads:
    """The results of every server at every point, by round. Who failed twice is not tried again."""

    def __init__(self, measure, seconds, generator="echoload"):
        self.measure, self.seconds, self.values, self.failures = measure, seconds, {}, {}
        self.generator = os.path.join(measure.BENCHMARKS, "load", "build", generator)

    def round(self, number, servers, points, options):
        """Measures every server at all points that it takes part in.

        servers: label, command. points: each with who takes part in it, or None for all. options: of the generator at a point."""
        usable = [(label, command) for label, command in servers if self.failures.get(label, 0) < 2]
        running = []
        try:
            running = [Server(label, command) for label, command in usable]
            for server in running:
                if not server.wait():
                    self.measure.say(f"failed   {server.label}: it does not say that it listens")
                    self.failures[server.label] = self.failures.get(server.label, 0) + 1
            for point, labels in points:
                for server in running:
                    if server.port and (labels is None or server.label in labels):
                        self.one(number, point, server, options(point))
        finally:
            for server in running:
                server.close()

    def one(self, number, point, server, options):
        warmup = server.warmup()
        output = self.measure.run(
            ["taskset", "-c", "1", self.generator, "--label", server.label, "--port", str(server.port), "--server-pid", str(server.process.pid), "--json",
             *options, "--seconds", str(self.seconds), "--warmup", str(warmup)], self.seconds + warmup + SLACK, check=False)
        lines = self.measure.json_lines(output)
        if lines:
            self.values.setdefault((point, server.label), {})[number] = lines[0]
        else:
            server.port = None      # not again in this round
            self.failures[server.label] = self.failures.get(server.label, 0) + 1

    def rows(self, null, keys):
        """Marks whom the generator limited: it had no time left, or the null server was no faster."""
        rows = []
        for (point, label), by_round in self.values.items():
            results, nulls = list(by_round.values()), self.values.get((point, null), {})
            near = nulls and statistics.median(r["rps"] for r in results) >= 0.9 * statistics.median(r["rps"] for r in nulls.values())
            saturated = sum(r["saturated"] for r in results) * 2 > len(results)
            row = dict(zip(keys, point), server=label, limited_by_generator=bool(near or saturated))
            for field in ("rps", "p50_us", "p90_us", "p99_us", "p999_us", "server_cpu_us", "server_cpu_share", "server_rss_mb",
                          "server_threads", "server_wait_share", "load_cpu_share", "load_wait_share"):
                present = [r[field] for r in results if field in r]
                if present:
                    row[field] = self.measure.summary(present)
            pairs = [(result, nulls[number]) for number, result in by_round.items() if number in nulls]
            if pairs:
                row["share_of_null_rps"] = statistics.median(a["rps"] / b["rps"] for a, b in pairs)
                row["times_null_cpu"] = statistics.median(a["server_cpu_us"] / max(b["server_cpu_us"], 1e-9) for a, b in pairs)
            rows.append(row)
        return rows
