"""dbt-duckdb: an incremental model a KPI, microbatch by day, or a table over the whole range.

Each batch reads its own day's file, named in full, which is dbt's best case: a folder's glob costs
it more than the query at a year of days.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.rebuild.environments import environment
from benchmarks.rebuild.measure import Taken, run
from benchmarks.rebuild.workload import FIRST_DAY, KPIS

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.rebuild.workload import Workload

PROJECT = """\
name: rebuild
version: "1.0"
config-version: 2
profile: rebuild
model-paths: [models]
flags: {send_anonymous_usage_stats: false}
"""
PROFILES = """\
rebuild:
  target: dev
  outputs:
    dev: {type: duckdb, path: rebuild.duckdb, threads: 2}
"""
BATCH = "{{{{ model.batch.event_time_start.strftime('%Y-%m-%d') }}}}"
MICROBATCH = (
    "{{{{ config(materialized='incremental', incremental_strategy='microbatch', "
    "event_time='event_day', begin='{begin}', batch_size='day', lookback=0, "
    "concurrent_batches=false) }}}}\n"
)
TABLE = "{{ config(materialized='table') }}\n"


def rebuild(work: Workload, events: Path, folder: Path, by: str) -> Taken:
    """Build every KPI of every day; `by` is `days` or `range`."""
    models = folder / "models"
    models.mkdir(parents=True, exist_ok=True)
    (folder / "dbt_project.yml").write_text(PROJECT)
    (folder / "profiles.yml").write_text(PROFILES)
    for kpi in KPIS:
        text = _by_day(events, kpi.sql) if by == "days" else _whole(work, events, kpi.sql)
        (models / f"{kpi.name}.sql").write_text(text)
    command = [str(environment("dbt") / "dbt"), "run", "--quiet", "--profiles-dir", "."]
    if by == "days":
        command += ["--event-time-start", str(work.all_days[0])]
        command += ["--event-time-end", str(work.after)]
    return run(command, folder=folder, environment={"DO_NOT_TRACK": "1"})


def _by_day(events: Path, sql: str) -> str:
    day = BATCH.format()
    source = f"(SELECT *, '{day}' AS dt FROM read_parquet('{events}/dt={day}/events.parquet'))"
    query = sql.format(events=source, first=f"'{day}'", last=f"'{day}'")
    head = MICROBATCH.format(begin=FIRST_DAY)
    return f"{head}SELECT *, CAST(dt AS TIMESTAMP) AS event_day FROM (\n{query}\n)\n"


def _whole(work: Workload, events: Path, sql: str) -> str:
    first, last = work.all_days[0], work.all_days[-1]
    options = "hive_partitioning=true, hive_types_autocast=false"
    source = f"read_parquet({work.files(events)}, {options})"
    return TABLE + sql.format(events=source, first=f"'{first}'", last=f"'{last}'")
