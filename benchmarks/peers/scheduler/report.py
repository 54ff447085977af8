"""What the Python programs share: the command line, the clock and the output."""
import argparse
import json
import time

ROUNDS = 4
TIMERS = 100_000
SLEEP_SECONDS = 10


def timer_delay(i):
    """Due in ten to eleven seconds, long after the case is over; in no order, as timeouts of different kinds are."""
    return 10 + i * 7919 % 1000 / 1000


def arguments(**extra):
    """`PROGRAM all N` or `PROGRAM sleep N`, with --json for one JSON object a line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("mode", choices=["all", "sleep"])
    parser.add_argument("n", type=int)
    parser.add_argument("--json", action="store_true")
    for name, options in extra.items():
        parser.add_argument("--" + name, **options)
    return parser.parse_args()


def now():
    return time.perf_counter_ns()


class Report:
    def __init__(self, runtime, version, as_json):
        self.runtime, self.version, self.as_json = runtime, version, as_json

    def case(self, name, round_number, nanoseconds, operations):
        ns = nanoseconds / operations
        if self.as_json:
            self._json(case=name, round=round_number, ns=round(ns, 2))
        else:
            print(f"{name:<10} {ns:10.1f}", flush=True)

    def sleep(self, n, nanoseconds):
        ms, rss = nanoseconds / 1e6, peak_rss_mb()
        if self.as_json:
            self._json(case="sleep", n=n, ms=round(ms, 1), rss_mb=round(rss, 1))
        else:
            print(f"sleep {n}: {ms:.0f} ms, peak RSS {rss:.0f} MB", flush=True)

    def _json(self, **fields):
        print(json.dumps({"runtime": self.runtime, "version": self.version, **fields}), flush=True)


def peak_rss_mb():
    """VmHWM and not getrusage's maximum: that one begins with what the parent had at the fork."""
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
