"""Scheduler cases on gevent: gevent_cases.py all|sleep N [--json]"""
import gevent
from gevent.event import AsyncResult

import report


def yielder(n):
    for _ in range(n):
        gevent.sleep(0)


def two_yielders(n):
    gevent.joinall([gevent.spawn(yielder, n), gevent.spawn(yielder, n)])


def nothing():
    pass


def spawn_one_by_one(n):
    for _ in range(n):
        gevent.spawn(nothing).join()


def yield_once():
    gevent.sleep(0)


def spawn_all_then_join(n):
    gevent.joinall([gevent.spawn(yield_once) for _ in range(n)])


def ping_pong(n):
    there, back = AsyncResult(), AsyncResult()

    def ping():
        nonlocal back
        for _ in range(n):
            there.set(None)
            back.get()
            back = AsyncResult()

    def pong():
        nonlocal there
        for _ in range(n):
            there.get()
            there = AsyncResult()
            back.set(None)

    gevent.joinall([gevent.spawn(ping), gevent.spawn(pong)])


def timers(n):
    started = [gevent.Timeout.start_new(report.timer_delay(i)) for i in range(n)]
    for timeout in started:
        timeout.close()


CASES = [
    # name, function, the most it is given of N, operations for each
    ("yield", two_yielders, None, 2),
    ("spawn", spawn_one_by_one, None, 1),
    ("spawnjoin", spawn_all_then_join, None, 1),
    ("pingpong", ping_pong, None, 1),
    ("timers", timers, report.TIMERS, 1),
]


def all_cases(n, out):
    for round_number in range(report.ROUNDS):
        for name, case, limit, per_n in CASES:
            count = min(n, limit or n)
            start = report.now()
            case(count)
            out.case(name, round_number, report.now() - start, count * per_n)


def sleepers(n, out):
    start = report.now()
    gevent.joinall([gevent.spawn(gevent.sleep, report.SLEEP_SECONDS) for _ in range(n)])
    out.sleep(n, report.now() - start)


if __name__ == "__main__":
    args = report.arguments()
    (sleepers if args.mode == "sleep" else all_cases)(args.n, report.Report("gevent", gevent.__version__, args.json))
