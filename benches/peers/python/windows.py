"""Units per second: the median of nine windows of at least 20 ms, after one for warming up."""

import os
import sys
import time

THREADS = int(os.environ.get("RAYON_NUM_THREADS", "1"))


def calls_per_second(call):
    calls = 1
    while True:
        start = time.perf_counter()
        for _ in range(calls):
            call()
        if time.perf_counter() - start >= 0.02:
            break
        calls *= 2
    windows = []
    for _ in range(9):
        start = time.perf_counter()
        for _ in range(calls):
            call()
        windows.append(calls / (time.perf_counter() - start))
    return sorted(windows)[4]


def is_named(name, prefix):
    """Whether a prefix selects a workload: W4 selects W4a, and W1 doesn't select W10."""
    return name.startswith(prefix) and not name[len(prefix):len(prefix) + 1].isdigit()


PARALLEL = (
    "W1", "W2", "W5", "W6", "W7", "W7b", "W7bd", "W8", "W8b", "W8bd", "W9", "W9b", "W10", "W10b", "W10bd", "W11b", "W12b", "W13b",
)


def run(workloads, parallel=PARALLEL):
    """Run the workloads that the arguments select, or all, and print a line for each."""
    only = sys.argv[1:]
    for name, measure in workloads.items():
        chosen = not only or any(is_named(name, prefix) for prefix in only)
        if chosen and (THREADS == 1 or name in parallel):
            print(name, measure(), flush=True)
