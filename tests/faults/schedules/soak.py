"""Many schedules in a row: `python -m tests.faults.schedules.soak --schedules 2000`."""

from __future__ import annotations

import argparse
import collections
import os
import sys
import time

from tests.faults.schedules.schedule import culprits, run_schedule


def main() -> int:
    """Run schedules, tell of those that fail; returns how many did, at most 100."""
    parser = argparse.ArgumentParser(prog="soak")
    parser.add_argument("--schedules", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0, help="seed of the first schedule")
    parser.add_argument("--most-failures", type=int, default=5, help="after which to stop")
    parser.add_argument("--shrink", action="store_true", help="find the faults that matter")
    asked = parser.parse_args()
    seed = os.environ.get("DAYFOLD_SEED")
    seeds = [int(seed)] if seed else range(asked.first, asked.first + asked.schedules)
    begun, done, failures = time.process_time(), 0, 0
    calls = reads = 0
    kinds: collections.Counter[str] = collections.Counter()
    for one in seeds:
        done += 1
        result = run_schedule(one)
        calls, reads = calls + result.calls, reads + result.reads
        kinds.update(fault.kind for fault in result.faults)
        if result.failure is not None:
            failures += 1
            print(result.told(), "\n")
            if asked.shrink:
                print("enough for it:", *map(str, culprits(one)), sep="\n", end="\n\n")
        if failures >= asked.most_failures:
            break
    seconds = time.process_time() - begun
    print(
        f"{done} schedules from seed {seeds[0]}, {failures} violations: {calls} calls, {reads} "
        f"reads, faults {dict(sorted(kinds.items()))}; {seconds:.1f} s CPU"
    )
    return min(failures, 100)


if __name__ == "__main__":
    sys.exit(main())
