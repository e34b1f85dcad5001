"""A Dayfold project whose tables are the workload's KPIs; everything else is this repository's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.rebuild.workload import KPIS

if TYPE_CHECKING:
    from benchmarks.rebuild.workload import Kpi

REPOSITORY = Path(__file__).resolve().parents[2]
SHARED = ("template.yaml", "functions", "statemachine")


def write_project(folder: Path) -> Path:
    """Write the project into a folder; returns it.

    The event table's days are cut by UTC as the workload's are: deploy it with the time zone UTC.
    """
    queries = folder / "queries" / "staging"
    queries.mkdir(parents=True, exist_ok=True)
    (folder / "queries" / "kpi").mkdir(exist_ok=True)
    for name in SHARED:
        link = folder / name
        if not link.is_symlink():
            link.symlink_to(REPOSITORY / name)
    for kpi in KPIS:
        (queries / f"{kpi.name}.sql").write_text(_query_file(kpi), encoding="utf-8")
    return folder


def _query_file(kpi: Kpi) -> str:
    grain = ", ".join(("dt", *kpi.grain))
    header = (
        f"-- {kpi.name} of the benchmark's event table, per business day.\n"
        "--\n"
        "-- owner: benchmarks\n"
        f"-- grain: {grain}\n"
        "-- inputs:\n"
        "--   raw.events: [0, 0]\n"
        "-- checks:\n"
        f"--   not_null: [{', '.join(kpi.grain)}]\n"
        f"--   unique: [{grain}]\n"
    )
    return header + kpi.sql.format(events="raw.events", first=":from", last=":to") + "\n"
