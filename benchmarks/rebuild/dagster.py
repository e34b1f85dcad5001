"""Dagster: an asset a KPI, partitioned by day, that runs its statement in DuckDB.

One process materializes all: a run for each day, or one run over the range.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.rebuild.environments import environment
from benchmarks.rebuild.measure import Taken, run
from benchmarks.rebuild.workload import KPIS

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.rebuild.workload import Workload

SCRIPT = """\
import os, pathlib
import dagster as dg
import duckdb

EVENTS, OUT = pathlib.Path({events!r}), pathlib.Path({out!r})
DAYS = {days!r}
KPIS = {kpis!r}
CONNECTION = duckdb.connect()

def relation(days):
    files = ", ".join(f"'{{EVENTS}}/dt={{day}}/events.parquet'" for day in days)
    return f"read_parquet([{{files}}], hive_partitioning=true, hive_types_autocast=false)"

def asset_of(name, sql):
    @dg.asset(
        name=name,
        partitions_def=dg.DailyPartitionsDefinition(start_date=DAYS[0], end_offset=0),
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def build(context: dg.AssetExecutionContext) -> None:
        days = list(context.partition_keys)
        query = sql.format(events=relation(days), first=f"'{{days[0]}}'", last=f"'{{days[-1]}}'")
        file = OUT / name / f"{{days[0]}}.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        CONNECTION.execute(f"COPY ({{query}}) TO '{{file}}' (FORMAT parquet)")
    return build

assets = [asset_of(name, sql) for name, sql in KPIS.items()]
instance = dg.DagsterInstance.local_temp({home!r})
if {by!r} == "days":
    for day in DAYS:
        assert dg.materialize(assets, partition_key=day, instance=instance).success
else:
    tags = {{"dagster/asset_partition_range_start": DAYS[0],
            "dagster/asset_partition_range_end": DAYS[-1]}}
    assert dg.materialize(assets, instance=instance, tags=tags).success
"""


def rebuild(work: Workload, events: Path, folder: Path, by: str) -> Taken:
    """Build every KPI of every day; `by` is `days` or `range`."""
    home = folder / "home"
    home.mkdir(parents=True, exist_ok=True)
    script = folder / "rebuild.py"
    script.write_text(
        SCRIPT.format(
            events=str(events),
            out=str(folder / "out"),
            days=[str(day) for day in work.all_days],
            kpis={kpi.name: kpi.sql for kpi in KPIS},
            home=str(home),
            by=by,
        )
    )
    python = str(environment("dagster") / "python")
    settings = {"DAGSTER_DISABLE_TELEMETRY": "1", "DAGSTER_HOME": str(home)}
    return run([python, str(script)], folder=folder, environment=settings)
