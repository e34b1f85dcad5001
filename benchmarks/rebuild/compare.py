"""Whether two tools made the same numbers: every row of every KPI, all columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from benchmarks.rebuild.workload import KPIS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class DifferenceError(Exception):
    """Raised when a tool's table is not the table expected."""


def same(
    tool: str, found: Mapping[str, str], expected: Mapping[str, str], database: Path | None = None
) -> int:
    """Compare a tool's KPIs with those expected.

    Args:
        tool: its name, for the message.
        found: by KPI, a relation in DuckDB's SQL that holds what the tool made.
        expected: the same of the tool it is held against.
        database: the DuckDB file that the tool's relations are in, as `rebuild`.

    Returns:
        How many rows were compared.

    Raises:
        DifferenceError: some row is in one of them only, or more often than in the other.
    """
    connection, rows = duckdb.connect(), 0
    if database is not None:
        connection.execute(f"ATTACH '{database}' AS rebuild (READ_ONLY)")
    for kpi in KPIS:
        wanted = f"SELECT {kpi.columns} FROM {expected[kpi.name]}"
        made = f"SELECT {kpi.columns} FROM {found[kpi.name]}"
        for one, other, what in ((made, wanted, "more"), (wanted, made, "less")):
            left = connection.execute(f"{one} EXCEPT ALL {other}").fetchall()
            if left:
                raise DifferenceError(f"{tool}: {kpi.name} has {len(left)} rows {what}: {left[0]}")
        counted = connection.execute(f"SELECT count(*) FROM ({wanted})").fetchone()
        rows += counted[0] if counted else 0
    return rows
