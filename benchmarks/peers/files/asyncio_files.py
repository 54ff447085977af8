"""Files on another thread, one hop for each open, read and write, the cases of benchmarks/Files: asyncio_files.py [--rounds N] [--files N]."""
import argparse
import asyncio
import json
import os
import subprocess
import tempfile
import time

SMALL, LARGE, BLOCK = 10_000, 8 * 1024 * 1024, 4096
READS, WRITES, ALLS = 5_000, 2_000, 10
FORGET = "sync -f . ; for file in *.html; do dd if=$file iflag=nocache count=0 status=none; done"


def at(i):
    return i * 7919 % (LARGE // BLOCK) * BLOCK


async def open_all(names):
    for name in names:
        file = await asyncio.to_thread(os.open, name, os.O_RDONLY)
        await asyncio.to_thread(os.pread, file, SMALL, 0)
        os.close(file)


async def read(_):
    file = os.open("large", os.O_RDONLY)
    for i in range(READS):
        await asyncio.to_thread(os.pread, file, BLOCK, at(i))
    os.close(file)


async def write(_):
    block, file = bytes(BLOCK), os.open("written", os.O_WRONLY | os.O_CREAT)
    for i in range(WRITES):
        await asyncio.to_thread(os.pwrite, file, block, at(i))
    os.close(file)


def read_whole():
    with open("large", "rb") as file:
        return file.read()


async def read_all(_):
    for _ in range(ALLS):
        assert len(await asyncio.to_thread(read_whole)) == LARGE


async def main(rounds, count):
    names = [f"{i}.html" for i in range(count)]
    for name, size in [*((name, SMALL) for name in names), ("large", LARGE)]:
        with open(name, "wb") as file:
            file.write(bytes(size))
    cases = [("open, read 10 kB, close", open_all, count, False), ("the same, not in memory", open_all, count, True), ("read 4 kB", read, READS, False),
             ("write 4 kB", write, WRITES, False), ("read 8 MB", read_all, ALLS, False)]
    for name, case, operations, is_cold in cases:
        us, cpu_us = [], []
        for number in range(rounds + 1):
            if is_cold:
                subprocess.run(["sh", "-c", FORGET], check=True)
            start, used = time.perf_counter(), time.process_time()
            await case(names)
            if number > 0:                                  # the first warms up
                us.append((time.perf_counter() - start) * 1e6 / operations)
                cpu_us.append((time.process_time() - used) * 1e6 / operations)
        print(json.dumps({"case": name, "way": "asyncio, threads", "us": us, "cpu_us": cpu_us}), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--files", type=int, default=500)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="benchmark-files-") as folder:
        os.chdir(folder)
        asyncio.run(main(given.rounds, given.files))
        os.chdir("/")
