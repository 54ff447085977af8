"""The tutorials' jobs in Python's pool of processes: pool.py WORKERS JOBS SIZE SMALL MICROS; answers in JSON."""
import json
import platform
import sys
import time
from concurrent.futures import ProcessPoolExecutor


def sum_of_squares(size):
    return sum(i * i for i in range(size))


def spin(micros):
    end = time.perf_counter() + micros / 1e6
    while time.perf_counter() < end:
        pass
    return micros


def timed(results):
    begun = time.perf_counter()
    for _ in results():
        pass
    return time.perf_counter() - begun


if __name__ == "__main__":
    workers, jobs, size, small, micros = map(int, sys.argv[1:])
    with ProcessPoolExecutor(workers) as pool:
        list(pool.map(spin, [10_000] * workers * 2))      # the workers are there
        print(json.dumps({
            "version": ".".join(platform.python_version_tuple()[:2]),
            "squares": timed(lambda: pool.map(sum_of_squares, [size] * jobs)),
            "small": timed(lambda: pool.map(spin, [micros] * small)),
            "chunked": timed(lambda: pool.map(spin, [micros] * small, chunksize=20)),
        }))
