"""The web suite: an application of ASP.NET Core on the loop beside the same on Kestrel's own sockets. All servers run at once, each pinned to
core 0, and short windows of load from core 1 go to them in turn: what is compared is the processor time of a request, as a ratio to the sockets'
window beside it. benchmarks/run.sh web runs all of it; some of it: build benchmarks/Web, then
python3 benchmarks/suite/web.py ROUNDS SECONDS [CASES, a regular expression]"""
import os
import re
import resource
import shutil
import socket
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
QUICK = "plaintext, 64|JSON, 64|yields|for each request|HTTP/2"
IDLE = 2000      # connections that are kept alive and do nothing
NODE = """require('http').createServer((request, answer) => {
  const json = request.url === '/json';
  answer.setHeader('Content-Type', json ? 'application/json' : 'text/plain');
  answer.end(json ? JSON.stringify({ text: 'Hello, World!' }) : 'Hello, World!');
}).listen(+process.argv[1], '127.0.0.1', () => console.log('ready'));"""


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


class Node(Server):
    """Node's own HTTP server, whose processor time is the system's account of it."""

    def __init__(self, port):
        self.kind, self.port = "node", port
        self.process = subprocess.Popen(["taskset", "-c", "0", "node", "-e", NODE, str(port)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        if self.process.stdout.readline().strip() != "ready":
            raise RuntimeError("node does not start")

    def figures(self):
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), 0, 0, int(fields[21]) * os.sysconf("SC_PAGE_SIZE")

    def close(self):
        self.process.kill()
        self.process.wait()


def idle(server, count):
    """Bytes of memory for each connection that was used once and is kept alive."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, count + 200)), hard))
    before, clients = server.figures()[3], []
    try:
        for _ in range(count):
            client = socket.create_connection(("127.0.0.1", server.port), 20)
            clients.append(client)
            client.sendall(b"GET /plaintext HTTP/1.1\r\nHost: a\r\n\r\n")
            client.recv(4096)
        return (server.figures()[3] - before) / count
    finally:
        for client in clients:
            client.close()


def measure(program, rounds, seconds, say, only=None, warmup=2, limit=None):
    """Rows of all cases; `limit`: seconds after which no further case is begun."""
    if not shutil.which("wrk"):
        raise RuntimeError("wrk is not installed (Debian package wrk)")
    began = time.monotonic()
    servers, rows, memory = [], [], []
    try:
        for number, kind in enumerate(KINDS):
            servers.append(Server(kind, 21000 + 10 * number, program))
        if shutil.which("node"):
            servers.append(Node(21000 + 10 * len(KINDS)))
        # First, because memory that load has taken has room for them.
        memory = [] if only and only != QUICK else [{"server": server.kind, "connections": IDLE, "bytes_each": idle(server, IDLE)} for server in servers]
        for row in memory:
            say(f"{IDLE} idle connections: {row['server']:8} {row['bytes_each'] / 1024:.1f} KiB each")
        for name, path, connections, arguments, http2 in CASES:
            if only and not re.search(only, name):
                continue
            if http2 and not shutil.which("h2load"):
                say(f"skipped  {name}: h2load is not installed (Debian package nghttp2-client)")
                continue
            if limit and time.monotonic() - began > limit:
                say(f"skipped  {name}: the time is up")
                continue
            # Only the plain cases are something that the bare server can do as well; Node's does JSON, too.
            taking = [server for server in servers if server.kind in ("sockets", "inline", "loop")
                      or not http2 and not arguments and path in (("/plaintext",) if server.kind == "bare" else ("/plaintext", "/json"))]
            for server in taking:
                warm = 0
                for _ in range(8 if server.kind != "node" and path not in ("/large", "/sleep", "/delay") else 1):
                    warm += load(server, path, connections, arguments, http2, warmup)[0]
                    if warm > (150_000 if warmup > 1 else 20_000):
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
            base = values["sockets"]
            for server in taking:
                of = values[server.kind]
                if not of or not base:
                    continue
                every = lambda field: {"median": statistics.median(window[field] for window in of), "low": min(window[field] for window in of),
                                       "high": max(window[field] for window in of), "samples": len(of)}
                row = {"case": name, "server": server.kind, "cpu_us": every("us"), "rps": every("perSecond"), "p99_ms": every("p99"),
                       "times_sockets_cpu": statistics.median(window["us"] / other["us"] for window, other in zip(of, base))}
                if server.kind != "node":
                    row |= {"pool_items": every("items"), "allocated_bytes": every("bytes")}
                rows.append(row)
                known = f"{row['pool_items']['median']:.3f} items  {row['allocated_bytes']['median']:7.0f} B  " if server.kind != "node" else ""
                say(f"{name:45} {server.kind:8} {row['cpu_us']['median']:8.2f} us ({row['times_sockets_cpu']:.2f})  {known}"
                    f"{row['rps']['median']:8.0f}/s  p99 {row['p99_ms']['median']:.2f} ms")
    finally:
        for server in servers:
            server.close()
    return rows, memory


if __name__ == "__main__":
    import sys
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    measure(os.path.join(root, ".artifacts", "bin", "Web", "release", "Web.dll"), int(sys.argv[1]), int(sys.argv[2]), lambda text: print(text, flush=True), sys.argv[3] if len(sys.argv) > 3 else None)
