"""SQLMesh: an incremental model by time range a KPI, in batches of one day or its default."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.rebuild.environments import environment
from benchmarks.rebuild.measure import Taken, run
from benchmarks.rebuild.workload import FIRST_DAY, KPIS

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.rebuild.workload import Kpi, Workload

CONFIG = """\
gateways:
  local:
    connection: {type: duckdb, database: rebuild.duckdb}
default_gateway: local
model_defaults: {dialect: duckdb, start: %s}
disable_anonymized_analytics: true
"""
MODEL = """\
MODEL (
  name kpi.%s,
  kind INCREMENTAL_BY_TIME_RANGE (time_column dt%s),
  cron '@daily',
  end '%s',
  columns (%s, dt DATE)
);
SELECT * REPLACE (CAST(dt AS DATE) AS dt) FROM (
%s
)
"""


def rebuild(work: Workload, events: Path, folder: Path, by: str) -> Taken:
    """Build every KPI of every day; `by` is `days` (batches of one) or `range`."""
    models = folder / "models"
    models.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(CONFIG % FIRST_DAY)
    for kpi in KPIS:
        (models / f"{kpi.name}.sql").write_text(_model(work, events, kpi, by))
    program = str(environment("sqlmesh") / "sqlmesh")
    return run([program, "plan", "--auto-apply", "--no-prompts"], folder=folder)


def _model(work: Workload, events: Path, kpi: Kpi, by: str) -> str:
    # All files, pruned by the day in their names: SQLMesh also runs each query for the year 1970.
    batch, file = (", batch_size 1" if by == "days" else ""), work.files(events)
    source = f"read_parquet({file}, hive_partitioning=true, hive_types_autocast=false)"
    query = kpi.sql.format(events=source, first="@start_ds", last="@end_ds")
    columns = [f"{name} TEXT" for name in kpi.grain]
    columns += [f"{name} {kind.upper()}" for name, kind in kpi.values]
    return MODEL % (kpi.name, batch, work.all_days[-1], ", ".join(columns), query)
