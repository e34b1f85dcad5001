"""DuckDB alone, as one process: `python -m benchmarks.rebuild.duckdb_alone FOLDER OUT days|range`.

One statement for each KPI and day, or one for each KPI. It reads the event files and writes a
Parquet file for each statement: what the pipeline's queries do, with nothing around them.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

from benchmarks.rebuild.workload import KPIS


def main(events: Path, out: Path, by: str) -> None:
    """Build all KPIs of all days in a folder."""
    connection = duckdb.connect()
    days = sorted(path.name.removeprefix("dt=") for path in events.glob("dt=*"))
    ranges = [(day, day) for day in days] if by == "days" else [(days[0], days[-1])]
    for first, last in ranges:
        relation = _events(events, [day for day in days if first <= day <= last])
        for kpi in KPIS:
            sql = kpi.sql.format(events=relation, first=f"'{first}'", last=f"'{last}'")
            file = out / kpi.name / f"{first}.parquet"
            file.parent.mkdir(parents=True, exist_ok=True)
            connection.execute(f"COPY ({sql}) TO '{file}' (FORMAT parquet)")


def _events(folder: Path, days: list[str]) -> str:
    """The event files of some days, named one by one, with the day of each as `dt`."""
    if len(days) == 1:
        return f"(SELECT *, '{days[0]}' AS dt FROM '{folder}/dt={days[0]}/events.parquet')"
    files = ", ".join(f"'{folder}/dt={day}/events.parquet'" for day in days)
    options = "hive_partitioning=true, hive_types_autocast=false"
    return f"read_parquet([{files}], {options})"


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
