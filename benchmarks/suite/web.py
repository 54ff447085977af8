"""The web suite: an application of ASP.NET Core on the loop beside the same on Kestrel's own sockets, and beside the servers of others. All run at
once, each pinned to core 0, and short windows of load from core 1 go to them in turn: what is compared is the processor time of a request, as a
ratio to the sockets' window beside it, and ours to that of each other. benchmarks/run.sh web runs all of it; some of it: build benchmarks/Web, then
python3 benchmarks/suite/web.py ROUNDS SECONDS [CASES, a regular expression]"""
import os
import re
import resource
import select
import shutil
import socket
import statistics
import subprocess
import tempfile
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
    ("a static file of 10 kB, 64 connections", "/static/10000", 64, [], False),
    ("a sleep of 1 ms, 64 connections", "/sleep", 64, [], False),
    ("Task.Delay(1), 64 connections", "/delay", 64, [], False),
    ("HTTP/2, 8 connections of 32 streams", "/plaintext", 8, [], True),
]
KINDS = ["sockets", "inline", "loop", "bare"]
QUICK = "plaintext, 64|JSON, 64|yields|for each request|HTTP/2"
OTHERS = ("/plaintext", "/json")                  # what the servers of others can do as well
FILE = ("/static/10000", 10_000)                  # that of the web servers, and its size
IDLE, QUICK_IDLE = 10_000, 1000                   # connections that are kept alive and do nothing
PACED = ("/json", 64, 400)                        # connections, and requests a second of each: what a client waits while no server is at its limit
UPLOAD, QUICK_UPLOAD = 2 << 30, 256 << 20         # bytes of one body
COMPILED_AT_RUN_TIME = ("node", "bun", "fastify") # of the peers; of ours, Kestrel's included, all are
START, ANSWER = 60, 30                            # seconds that a server may take to start, and to tell its figures


class Server:
    """One of ours, which tells its figures itself."""
    told = True

    def __init__(self, kind, port, command):
        self.kind, self.port = kind, port
        self.is_compiled_at_run_time = self.told or kind in COMPILED_AT_RUN_TIME
        self.is_warm = False
        self.process = subprocess.Popen(["taskset", "-c", "0", *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            if not self.line(START).startswith(("ready", "listening")):
                raise RuntimeError(f"{kind} does not start")
        except Exception:
            self.process.kill()
            raise

    def line(self, seconds):
        if not select.select([self.process.stdout], [], [], seconds)[0]:
            raise RuntimeError(f"{self.kind} says nothing for {seconds} s")
        return self.process.stdout.readline().strip()

    def figures(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        cpu, items, allocated, memory = self.line(ANSWER).split()
        return float(cpu), int(items), int(allocated), int(memory)

    def peak(self):
        """The largest resident memory, in bytes, since forget_peak."""
        with open(f"/proc/{self.process.pid}/status") as file:
            return int(re.search(r"VmHWM:\s+(\d+)", file.read())[1]) * 1024

    def forget_peak(self):
        with open(f"/proc/{self.process.pid}/clear_refs", "w") as file:
            file.write("5")

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Other(Server):
    """Somebody else's server, whose figures are the system's account of it."""
    told = False

    def figures(self):
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), 0, 0, int(fields[21]) * os.sysconf("SC_PAGE_SIZE")

    def close(self):
        self.process.kill()
        self.process.wait()


def bounded(command, seconds):
    """Its output; nothing where it takes too long."""
    try:
        return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=seconds).stdout
    except subprocess.TimeoutExpired:
        return ""


def load(server, path, connections, arguments, http2, seconds):
    """Requests that were answered, and milliseconds that 99 % of them took at most: None where the generator does not tell (h2load never does)."""
    if http2:
        output = bounded(["taskset", "-c", "1", "h2load", "-c", str(connections), "-m", "32", "-D", str(seconds), f"http://127.0.0.1:{server.port + 1}{path}"],
                         seconds + 20)
        done = re.search(r"(\d+) succeeded", output)
        return int(done.group(1)) if done else 0, None
    output = bounded(["taskset", "-c", "1", "wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "--latency", *arguments,
                      f"http://127.0.0.1:{server.port}{path}"], seconds + 20)
    done = re.search(r"(\d+) requests in", output)
    late = re.search(r"99%\s+([\d.]+)(us|ms|s)", output)
    scale = {"us": 0.001, "ms": 1, "s": 1000}
    return int(done.group(1)) if done else 0, float(late.group(1)) * scale[late.group(2)] if late else None


def idle(server, count):
    """Bytes of memory for each connection that was used once and is kept alive."""
    before, clients = server.figures()[3], []
    end = time.monotonic() + 60
    try:
        while len(clients) < count and time.monotonic() < end:
            client = socket.create_connection(("127.0.0.1", server.port), 20)
            clients.append(client)
            client.sendall(b"GET /plaintext HTTP/1.1\r\nHost: a\r\n\r\n")
            client.recv(4096)
        return (server.figures()[3] - before) / len(clients)
    finally:
        for client in clients:
            client.close()


def answered(client, size):
    answer = b""
    while not answer.endswith(b"0\r\n\r\n"):
        more = client.recv(4096)
        if not more:
            break
        answer += more
    if f"\r\n{size}\r\n".encode() not in answer:
        raise RuntimeError(f"{size} bytes were not taken")


def upload(server, size):
    """Of one body: seconds, processor seconds of the server, and the bytes by which its memory grew at the most."""
    block, end = bytes(1 << 20), time.monotonic() + 120
    with socket.create_connection(("127.0.0.1", server.port), 20) as client:
        client.sendall(b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 1048576\r\n\r\n" + block)
        answered(client, 1 << 20)
        server.forget_peak()
        before, cpu, start = server.peak(), server.figures()[0], time.monotonic()
        client.sendall(f"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n".encode())
        for _ in range(size // len(block)):
            client.sendall(block)
            if time.monotonic() > end:
                raise TimeoutError(f"{server.kind} takes too long for {size} bytes")
        answered(client, size)
        return time.monotonic() - start, server.figures()[0] - cpu, server.peak() - before


def start(program, peers, say, folder):
    servers = []
    try:
        for kind in KINDS:
            servers.append(Server(kind, 21000 + 10 * len(servers), ["dotnet", program, kind, str(21000 + 10 * len(servers)), folder]))
        for kind, command in peers:
            port = 21000 + 10 * len(servers)
            try:
                servers.append(Other(kind, port, [*command, "--port", str(port), "--lifetime", "1800"]))
            except (RuntimeError, OSError) as reason:
                say(f"skipped  {kind}: {reason}")
    except Exception:
        for server in servers:
            server.close()
        raise
    return servers


def measure_idle(servers, count, say):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count + 200:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, count + 200), hard))
    count = min(count, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 200)
    rows = []
    for server in servers:
        if server.kind in ("inline", "uvicorn", "FastAPI", "nginx"):
            continue
        try:
            row = {"server": server.kind, "connections": count, "bytes_each": idle(server, count)}
        except OSError as reason:
            say(f"skipped  idle connections of {server.kind}: {reason}")
            continue
        row["times_sockets"] = row["bytes_each"] / rows[0]["bytes_each"] if rows and rows[0]["server"] == "sockets" else 1.0
        rows.append(row)
        say(f"{count} idle connections: {row['server']:8} {row['bytes_each'] / 1024:.1f} KiB each ({row['times_sockets']:.2f})")
    return rows


def measure_upload(servers, size, say):
    rows = []
    for server in servers:
        if server.kind not in ("sockets", "loop"):
            continue
        try:
            seconds, cpu, grew = upload(server, size)
        except (OSError, RuntimeError) as reason:
            say(f"skipped  an upload to {server.kind}: {reason}")
            continue
        rows.append({"server": server.kind, "bytes": size, "seconds": seconds, "cpu_seconds": cpu, "grew_mb": grew / 1e6})
        say(f"a body of {size >> 20} MiB: {server.kind:8} {seconds:.1f} s, {cpu:.1f} s of the processor, memory grew by {grew / 1e6:.1f} MB at most")
    return rows


def waits(server, folder, seconds):
    """Microseconds that requests at the rate of PACED took, in order, and the server's processor time for each."""
    path, connections, rate = PACED
    log = os.path.join(folder, "paced.log")
    before = server.figures()[0]
    bounded(["taskset", "-c", "1", "h2load", "--h1", "-c", str(connections), "-D", str(seconds), "--rps", str(rate), f"--log-file={log}",
             f"http://127.0.0.1:{server.port}{path}"], seconds + 20)
    cpu = server.figures()[0] - before
    with open(log) as file:
        took = sorted(int(line.split("\t")[2]) for line in file)
    os.remove(log)
    return took, cpu / len(took) * 1e6


def measure_paced(servers, rounds, seconds, say, folder):
    """What a client waits at the same rate of all servers that are up to it: without a rate, who serves faster is asked more."""
    if not shutil.which("h2load"):
        return []
    path, connections, rate = PACED
    taking = [server for server in servers if server.kind in ("sockets", "inline", "loop", "bun", "go")]
    values = {server.kind: [] for server in taking}
    for _ in range(rounds):
        for server in taking:
            took, us = waits(server, folder, seconds)
            if len(took) > connections * rate * seconds * 0.95:
                at = lambda part: took[int(len(took) * part)] / 1000
                values[server.kind].append((at(0.5), at(0.99), at(0.999), us))
    rows = []
    for server in taking:
        if of := values[server.kind]:
            p50, p99, p999, us = (statistics.median(column) for column in zip(*of))
            rows.append({"server": server.kind, "connections": connections, "rate": connections * rate, "samples": len(of), "p50_ms": p50, "p99_ms": p99, "p999_ms": p999,
                         "cpu_us": us})
            say(f"JSON at {connections * rate} requests a second: {server.kind:8} p50 {p50:.2f} ms, p99 {p99:.2f} ms, p99.9 {p999:.2f} ms, {us:.1f} us")
    return rows


def measure(program, rounds, seconds, say, only=None, warmup=4, limit=None, peers=(), nginx=None, quick=False):
    """Rows of all cases, of idle connections, of an upload, of requests at one rate; `limit`: seconds after which no further case is begun; `nginx`: its command, if it is there."""
    if not shutil.which("wrk"):
        raise RuntimeError("wrk is not installed (Debian package wrk)")
    with tempfile.TemporaryDirectory() as root:
        folder = os.path.join(root, "static")
        os.mkdir(folder)
        os.chmod(root, 0o755)
        with open(os.path.join(root, FILE[0][1:]), "wb") as page:
            page.write(b"x" * FILE[1])
        if nginx:
            peers = [*peers, ("nginx", [*nginx, "--root", root])]
        return measure_all(program, rounds, seconds, say, only, warmup, limit, peers, quick, folder)


def measure_all(program, rounds, seconds, say, only, warmup, limit, peers, quick, folder):
    began = time.monotonic()
    rows, memory, uploads, paced = [], [], [], []
    servers = start(program, peers, say, folder)
    try:
        if not only or quick:
            # First, because memory that load has taken has room for them.
            memory = measure_idle(servers, QUICK_IDLE if quick else IDLE, say)
            uploads = measure_upload(servers, QUICK_UPLOAD if quick else UPLOAD, say)
        for name, path, connections, arguments, http2 in CASES:
            if only and not re.search(only, name):
                continue
            if http2 and not shutil.which("h2load"):
                say(f"skipped  {name}: h2load is not installed (Debian package nghttp2-client)")
                continue
            if limit and time.monotonic() - began > limit:
                say(f"skipped  {name}: the time is up")
                continue
            # Only the plain cases are something that the bare server and those of others can do as well, and files are nginx's.
            can = lambda kind: ("/plaintext",) if kind == "bare" else FILE[:1] if kind == "nginx" else OTHERS
            taking = [server for server in servers if server.kind in ("sockets", "inline", "loop")
                      or not http2 and not arguments and path in can(server.kind)]
            for server in taking:
                # Whatever compiles while it runs has to become warm, ours, Kestrel's and others' for as long (see loads.py).
                longer = 1 if quick or not server.is_compiled_at_run_time else 2 if server.is_warm else 4
                load(server, path, connections, arguments, http2, warmup * longer)
                server.is_warm = True
            values = {server.kind: [] for server in taking}
            for _ in range(rounds):
                for server in taking:
                    before = server.figures()
                    asked = time.monotonic()
                    requests, late = load(server, path, connections, arguments, http2, seconds)
                    took = time.monotonic() - asked
                    after = server.figures()
                    if requests:
                        values[server.kind].append({
                            "us": (after[0] - before[0]) / requests * 1e6, "items": (after[1] - before[1]) / requests,
                            "bytes": (after[2] - before[2]) / requests, "perSecond": requests / took, "p99": late})
            base, ours = values["sockets"], values["loop"]
            for server in taking:
                of = values[server.kind]
                if not of or not base:
                    continue
                every = lambda field: {"median": statistics.median(window[field] for window in of), "low": min(window[field] for window in of),
                                       "high": max(window[field] for window in of), "samples": len(of)}
                row = {"case": name, "server": server.kind, "cpu_us": every("us"), "rps": every("perSecond"),
                       "p99_ms": every("p99") if all(window["p99"] is not None for window in of) else None,
                       "times_sockets_cpu": statistics.median(window["us"] / other["us"] for window, other in zip(of, base)),
                       "loop_by_this": statistics.median(own["us"] / window["us"] for window, own in zip(of, ours) if window["us"]) if ours else None}
                if server.told:
                    row |= {"pool_items": every("items"), "allocated_bytes": every("bytes")}
                rows.append(row)
                known = f"{row['pool_items']['median']:.3f} items  {row['allocated_bytes']['median']:7.0f} B  " if server.told else ""
                say(f"{name:45} {server.kind:8} {row['cpu_us']['median']:8.2f} us ({row['times_sockets_cpu']:.2f}; ours by it {row['loop_by_this'] or 0:.2f})  {known}"
                    f"{row['rps']['median']:8.0f}/s" + (f"  p99 {row['p99_ms']['median']:.2f} ms" if row["p99_ms"] else ""))
            if not only and path == PACED[0] and connections == PACED[1]:
                paced = measure_paced(servers, rounds, seconds * 3, say, folder)      # while they are warm with it
    finally:
        for server in servers:
            server.close()
    return rows, memory, uploads, paced


if __name__ == "__main__":
    import sys
    import measure as suite
    measure(suite.program("Web"), int(sys.argv[1]), int(sys.argv[2]), suite.say, sys.argv[3] if len(sys.argv) > 3 else None, peers=suite.peers("web"), nginx=suite.nginx())
