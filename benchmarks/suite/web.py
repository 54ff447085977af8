"""The web suite: an application of ASP.NET Core on the loop beside the same on Kestrel's own sockets. All servers run at once, each pinned to
core 0, and short windows of load from core 1 go to them in turn: what is compared is the processor time of a request, as a ratio to the sockets'
window beside it. Build benchmarks/Web first; then: python3 benchmarks/suite/web.py ROUNDS SECONDS [CASES, a regular expression]"""
import re
import shutil
import statistics
import subprocess
import time

# Name, path, connections, further arguments of wrk, HTTP/2.
CASES = [
    ("plaintext, 64 connections", "/plaintext", 64, [], False),
    ("plaintext, 256 connections", "/plaintext", 256, [], False),
    ("JSON, 64 connections", "/json", 64, [], False),
    ("JSON, 256 connections", "/json", 256, [], False),
    ("handler that yields, 64 connections", "/yield", 64, [], False),
    ("a connection for each request, 64 at a time", "/plaintext", 64, ["-H", "Connection: close"], False),
    ("answers of 10 MB, 8 connections", "/large", 8, [], False),
    ("a sleep of 1 ms, 64 connections", "/sleep", 64, [], False),
    ("Task.Delay(1), 64 connections", "/delay", 64, [], False),
    ("HTTP/2, 8 connections of 32 streams", "/plaintext", 8, [], True),
]
KINDS = ["sockets", "inline", "loop", "bare"]


class Server:
    def __init__(self, kind, port, program):
        self.kind, self.port = kind, port
        self.process = subprocess.Popen(["taskset", "-c", "0", "dotnet", program, kind, str(port)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        if self.process.stdout.readline().strip() != "ready":
            raise RuntimeError(f"{kind} does not start")

    def figures(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        cpu, items, allocated, memory = self.process.stdout.readline().split()
        return float(cpu), int(items), int(allocated), int(memory)

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()


def load(server, path, connections, arguments, http2, seconds):
    """Requests that were answered, and milliseconds that 99 % of them took at most."""
    if http2:
        output = subprocess.run(["taskset", "-c", "1", "h2load", "-c", str(connections), "-m", "32", "-D", str(seconds), f"http://127.0.0.1:{server.port + 1}{path}"],
                                capture_output=True, text=True, timeout=seconds + 60).stdout
        done = re.search(r"(\d+) succeeded", output)
        return int(done.group(1)) if done else 0, 0.0
    output = subprocess.run(["taskset", "-c", "1", "wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "--latency", *arguments, f"http://127.0.0.1:{server.port}{path}"],
                            capture_output=True, text=True, timeout=seconds + 60).stdout
    done = re.search(r"(\d+) requests in", output)
    late = re.search(r"99%\s+([\d.]+)(us|ms|s)", output)
    scale = {"us": 0.001, "ms": 1, "s": 1000}
    return int(done.group(1)) if done else 0, float(late.group(1)) * scale[late.group(2)] if late else 0.0


def measure(program, rounds, seconds, say, only=None):
    if not shutil.which("wrk"):
        raise RuntimeError("wrk is not installed (Debian package wrk)")
    servers = [Server(kind, 21000 + 10 * number, program) for number, kind in enumerate(KINDS)]
    rows = []
    try:
        for name, path, connections, arguments, http2 in CASES:
            if only and not re.search(only, name) or http2 and not shutil.which("h2load"):
                continue
            # Only the plain cases are something that the bare server can do as well.
            taking = [server for server in servers if server.kind != "bare" or path == "/plaintext" and not arguments and not http2]
            for server in taking:
                warm = 0
                for _ in range(8):
                    warm += load(server, path, connections, arguments, http2, 2)[0]
                    if warm > 150_000 or path in ("/large", "/sleep", "/delay"):
                        break
            values = {server.kind: [] for server in taking}
            for _ in range(rounds):
                for server in taking:
                    before = server.figures()
                    start = time.monotonic()
                    requests, late = load(server, path, connections, arguments, http2, seconds)
                    took = time.monotonic() - start
                    after = server.figures()
                    if requests:
                        values[server.kind].append({
                            "us": (after[0] - before[0]) / requests * 1e6, "items": (after[1] - before[1]) / requests,
                            "bytes": (after[2] - before[2]) / requests, "perSecond": requests / took, "p99": late})
            for server in taking:
                of = values[server.kind]
                if not of:
                    continue
                base = values["sockets"]
                median = lambda field: statistics.median(window[field] for window in of)
                row = {"case": name, "server": server.kind, "us": median("us"), "ratio": statistics.median(window["us"] / other["us"] for window, other in zip(of, base)),
                       "items": median("items"), "bytes": median("bytes"), "requests/s": median("perSecond"), "p99 ms": median("p99"), "samples": len(of)}
                rows.append(row)
                say(f"{name:45} {server.kind:8} {row['us']:8.2f} us ({row['ratio']:.2f})  {row['items']:.3f} items  {row['bytes']:7.0f} B  "
                    f"{row['requests/s']:8.0f}/s  p99 {row['p99 ms']:.2f} ms")
    finally:
        for server in servers:
            server.close()
    return rows


if __name__ == "__main__":
    import os
    import sys
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    measure(os.path.join(root, ".artifacts", "bin", "Web", "release", "Web.dll"), int(sys.argv[1]), int(sys.argv[2]), lambda text: print(text, flush=True), sys.argv[3] if len(sys.argv) > 3 else None)
