"""The rebuild by each tool in one run: `python -m benchmarks.rebuild --days 30 --events 100000`.

Prints seconds (the median, whole process), their ratio to DuckDB alone, the processor's seconds and
the peak of resident memory, once all tools have given the same numbers.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.rebuild.report import Line, show
from benchmarks.rebuild.rounds import TOOLS, Rounds
from benchmarks.rebuild.workload import Workload


def main(arguments: list[str] | None = None) -> int:
    """Measure; returns the exit code."""
    parser = argparse.ArgumentParser(prog="benchmarks.rebuild", description=__doc__)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--events", type=int, default=100_000, help="a day")
    parser.add_argument("--rounds", type=int, default=1, help="times each; the median counts")
    parser.add_argument("--concurrency", type=int, default=4, help="jobs of the pipeline at once")
    parser.add_argument("--tools", default=",".join(TOOLS), help="some of: %(default)s")
    options = parser.parse_args(arguments)
    tools = options.tools.split(",")
    unknown = sorted(set(tools) - set(TOOLS))
    if unknown:
        parser.error(f"no tool {', '.join(unknown)}: there are {', '.join(TOOLS)}")
    work = Workload(options.days, options.events)
    with tempfile.TemporaryDirectory(prefix="rebuild-") as folder:
        events = Path(folder) / "events"
        work.write(events)
        rounds = Rounds(work, events, Path(folder), options.rounds, options.concurrency)
        lines: list[Line] = []
        for tool in ("duckdb", *(one for one in tools if one != "duckdb")):
            for line in rounds.lines_of(tool):
                lines.append(line)
                print(f"  {line.tool}, {line.how}: {line.seconds:.2f} s", file=sys.stderr)
        show(work, lines, rounds.rows)
        print("", *rounds.notes, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
