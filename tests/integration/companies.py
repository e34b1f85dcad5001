"""Made-up companies for whole-pipeline tests, and what the KPIs must be, by the oracle."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import gzip
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from dayfold.domain.days import day_range
from dayfold_local.sample import write_sample
from tests.queries.building import EVENT, USER, comparable
from tests.queries.oracle import KPIS, Oracle

if TYPE_CHECKING:
    from tests.integration.shell import Shell

Kind = Literal["json", "csv", "parquet"]
Rows = dict[dt.date, list[dict[str, Any]]]


@dataclasses.dataclass(frozen=True)
class Companies:
    """Extracts of some days, in files and in memory."""

    folder: Path
    events: Rows
    users: Rows

    @classmethod
    def write(cls, folder: Path, last: dt.date, days: int) -> Companies:
        """The sample's companies over some days, as gzipped JSON lines."""
        write_sample(folder, last, days)
        return cls.read(folder)

    @classmethod
    def read(cls, folder: Path) -> Companies:
        """Those whose extracts are in a folder, as gzipped JSON lines."""
        return cls(folder, _read(folder / "events"), _read(folder / "users"))

    def rewrite(self, folder: Path, kind: Kind) -> Path:
        """The same rows in files of another format; the folder that holds them."""
        for table, columns, rows in (
            ("events", EVENT, self.events),
            ("users", USER, self.users),
        ):
            for day, of_day in rows.items():
                target = folder / table / f"dt={day}" / f"part.{kind}"
                target.parent.mkdir(parents=True)
                plain = [{name: row.get(name) for name in columns} for row in of_day]
                target.write_bytes(_bytes(plain, columns, kind))
        return folder

    def expected(self, tz: str, first: dt.date, last: dt.date) -> dict[str, list[str]]:
        """The rows of every KPI, by its definition."""
        oracle = Oracle(self.events, self.users, tz)
        days = list(day_range(first, last))
        return {kpi: comparable(oracle.rows(kpi, days)) for kpi in KPIS}


def kpis(shell: Shell, first: dt.date, last: dt.date) -> dict[str, list[str]]:
    """The rows of every KPI, as `dayfold query` prints them; only the columns of the oracle."""
    found = {}
    for kpi in KPIS:
        sql = f"SELECT * FROM kpi.{kpi} WHERE dt BETWEEN '{first}' AND '{last}'"
        printed = shell.done("query", sql, "--limit", "5000", "--format", "json")
        found[kpi] = comparable(json.loads(printed))
    return found


def _read(folder: Path) -> Rows:
    rows: Rows = {}
    for path in sorted(folder.glob("dt=*/*.gz")):
        day = dt.date.fromisoformat(path.parent.name.removeprefix("dt="))
        lines = gzip.decompress(path.read_bytes()).splitlines()
        rows.setdefault(day, []).extend(json.loads(line) for line in lines)
    return rows


def _bytes(rows: list[dict[str, Any]], columns: tuple[str, ...], kind: Kind) -> bytes:
    if kind == "json":
        return "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    if kind == "csv":
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return text.getvalue().encode()
    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    schema = pa.schema([(name, pa.string()) for name in columns])
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), buffer)
    return buffer.getvalue()
