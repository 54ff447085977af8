"""Scheduler cases on Trio: trio_cases.py all|sleep N [--json]"""
import trio

import report


async def yielder(n):
    for _ in range(n):
        await trio.lowlevel.checkpoint()


async def two_yielders(n):
    async with trio.open_nursery() as nursery:
        nursery.start_soon(yielder, n)
        nursery.start_soon(yielder, n)


async def nothing():
    pass


async def call_one_by_one(n):
    for _ in range(n):
        await nothing()


async def spawn_one_by_one(n):
    # A task is awaited by leaving its nursery: there is no other way in Trio.
    for _ in range(n):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(nothing)


async def yield_once():
    await trio.lowlevel.checkpoint()


async def nested_awaits(n):
    for _ in range(n):
        await yield_once()


async def spawn_all_then_join(n):
    async with trio.open_nursery() as nursery:
        for _ in range(n):
            nursery.start_soon(yield_once)


async def ping_pong(n):
    # Trio has no futures: tasks hand over through memory channels.
    to_pong, from_ping = trio.open_memory_channel(0)
    to_ping, from_pong = trio.open_memory_channel(0)

    async def ping():
        for _ in range(n):
            await to_pong.send(None)
            await from_pong.receive()

    async def pong():
        for _ in range(n):
            await from_ping.receive()
            await to_ping.send(None)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ping)
        nursery.start_soon(pong)


async def timers(n):
    # Trio's timers are blocks with a deadline. They nest, so here only one is open at a time: easier than a hundred thousand.
    for i in range(n):
        with trio.move_on_after(report.timer_delay(i)):
            pass


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


async def all_cases(n, out):
    for round_number in range(report.ROUNDS):
        for name, case, limit, per_n in CASES:
            count = min(n, limit or n)
            start = report.now()
            await case(count)
            out.case(name, round_number, report.now() - start, count * per_n)


async def sleepers(n, out):
    start = report.now()
    async with trio.open_nursery() as nursery:
        for _ in range(n):
            nursery.start_soon(trio.sleep, report.SLEEP_SECONDS)
    out.sleep(n, report.now() - start)


if __name__ == "__main__":
    args = report.arguments()
    trio.run(sleepers if args.mode == "sleep" else all_cases, args.n, report.Report("trio", trio.__version__, args.json))
