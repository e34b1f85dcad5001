"""The table of a rebuild: each tool beside DuckDB alone."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmarks.rebuild.measure import Taken
from benchmarks.rebuild.workload import KPIS

if TYPE_CHECKING:
    from benchmarks.rebuild.workload import Workload

DAYS, RANGE = "a statement a KPI and day", "a statement a KPI"


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """What a tool took in one way of working."""

    tool: str
    how: str
    against: str | None  # DuckDB's way that it is held against; None for a figure of its own kind
    taken: Sequence[Taken]
    partitions: int

    @property
    def seconds(self) -> float:
        """The median of all rounds."""
        return statistics.median(one.seconds for one in self.taken)


def show(work: Workload, lines: Sequence[Line], rows: int) -> None:
    """Print the table."""
    alone = {line.against: line.seconds for line in lines if line.tool == "duckdb"}
    print(f"\n{len(KPIS)} KPIs of {work.days} days of {work.events:,} events, two cores")
    print(f"the same {rows:,} rows by all\n")
    print(f"{'':<38}{'seconds':>9}{'x DuckDB':>10}{'cpu s':>9}{'peak MB':>9}{'part./s':>9}")
    for line in lines:
        ratio = f"{line.seconds / alone[line.against]:.1f}" if line.against in alone else ""
        cpu = statistics.median(one.cpu_seconds for one in line.taken)
        memory = max(one.peak_bytes for one in line.taken) / 1e6
        rate = line.partitions / line.seconds
        label = f"{line.tool}, {line.how}"
        print(f"{label:<38}{line.seconds:>9.2f}{ratio:>10}{cpu:>9.1f}{memory:>9.0f}{rate:>9.1f}")
