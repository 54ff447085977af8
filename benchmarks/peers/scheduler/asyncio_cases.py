"""Scheduler cases on asyncio: asyncio_cases.py [--loop asyncio|uvloop] all|sleep N [--json]"""
import asyncio
import platform

import report


async def yielder(n):
    for _ in range(n):
        await asyncio.sleep(0)


async def two_yielders(n):
    a = asyncio.create_task(yielder(n))
    b = asyncio.create_task(yielder(n))
    await a
    await b


async def nothing():
    pass


async def call_one_by_one(n):
    for _ in range(n):
        await nothing()


async def spawn_one_by_one(n):
    for _ in range(n):
        await asyncio.create_task(nothing())


async def yield_once():
    await asyncio.sleep(0)


async def nested_awaits(n):
    for _ in range(n):
        await yield_once()


async def spawn_all_then_join(n):
    # Awaiting them in turn costs less than gather or a TaskGroup, which add a callback to every task.
    tasks = [asyncio.create_task(yield_once()) for _ in range(n)]
    for task in tasks:
        await task


async def ping_pong(n):
    loop = asyncio.get_running_loop()
    there, back = loop.create_future(), loop.create_future()

    async def ping():
        nonlocal back
        for _ in range(n):
            there.set_result(None)
            await back
            back = loop.create_future()

    async def pong():
        nonlocal there
        for _ in range(n):
            await there
            there = loop.create_future()
            back.set_result(None)

    a, b = asyncio.create_task(ping()), asyncio.create_task(pong())
    await a
    await b


def never():
    raise AssertionError("a cancelled timer ran")


async def timers(n):
    loop = asyncio.get_running_loop()
    handles = [loop.call_later(report.timer_delay(i), never) for i in range(n)]
    for handle in handles:
        handle.cancel()
    await asyncio.sleep(0)                  # cancelled timers are swept out of the heap by the loop's next turn


async def spawn_eagerly(n):
    loop = asyncio.get_running_loop()
    for _ in range(n):
        await asyncio.eager_task_factory(loop, nothing())


CASES = [
    # name, function, the most it is given of N, operations for each
    ("yield", two_yielders, None, 2),
    ("call", call_one_by_one, None, 1),
    ("nested", nested_awaits, None, 1),
    ("spawn", spawn_one_by_one, None, 1),
    ("spawnjoin", spawn_all_then_join, None, 1),
    ("pingpong", ping_pong, None, 1),
    ("timers", timers, report.TIMERS, 1),
]
if hasattr(asyncio, "eager_task_factory"):          # Python 3.12
    CASES.append(("eager", spawn_eagerly, None, 1))


async def all_cases(n, out):
    for round_number in range(report.ROUNDS):
        for name, case, limit, per_n in CASES:
            count = min(n, limit or n)
            start = report.now()
            await case(count)
            out.case(name, round_number, report.now() - start, count * per_n)


async def sleepers(n, out):
    start = report.now()
    tasks = [asyncio.create_task(asyncio.sleep(report.SLEEP_SECONDS)) for _ in range(n)]
    for task in tasks:
        await task
    out.sleep(n, report.now() - start)


def main():
    args = report.arguments(loop={"choices": ["asyncio", "uvloop"], "default": "asyncio"})
    version, loop_factory = platform.python_version(), None
    if args.loop == "uvloop":
        import uvloop
        version, loop_factory = uvloop.__version__, uvloop.new_event_loop
    out = report.Report(args.loop, version, args.json)
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run((sleepers if args.mode == "sleep" else all_cases)(args.n, out))


if __name__ == "__main__":
    main()
