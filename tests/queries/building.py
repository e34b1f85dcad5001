"""Building all tables from raw rows, as the pipeline would, on the local Athena's engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dayfold.adapters.athena import render
from dayfold.domain.days import zone
from dayfold.domain.statements import query_parameters

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping

    from dayfold.domain.query_file import Tables
    from dayfold.domain.table import Table
    from dayfold_local.query_tests.engine import LocalEngine
    from dayfold_local.query_tests.rows import Row

Files = dict["dt.date", list["Row"]]
EVENT = ("event_id", "ts", "company_id", "group_id", "user_id", "event_type", "target_user_id")
USER = ("user_id", "company_id", "group_id")


def land(engine: LocalEngine, table: str, columns: Iterable[str], files: Files) -> None:
    """Put raw rows, all text, by the date of their file."""
    rows = [{**row, "dt": str(day)} for day, day_rows in files.items() for row in day_rows]
    engine.create(table, dict.fromkeys([*columns, "dt"], "varchar"), rows)


def build(
    engine: LocalEngine, table: Table, ranges: Iterable[tuple[dt.date, dt.date]], tz: str
) -> list[Row]:
    """Build a table range by range, publish it, and return its rows."""
    rows: list[Row] = []
    for first, last in ranges:
        parameters = query_parameters(table, first, last, zone(tz))
        rows += engine.query(render(table.sql, parameters))
    engine.create(table.name, types_of(table), rows)
    return rows


def build_all(
    engine: LocalEngine, tables: Tables, ranges: list[tuple[dt.date, dt.date]], tz: str
) -> dict[str, list[Row]]:
    """Build every table, upstream first."""
    return {name: build(engine, table, ranges, tz) for name, table in tables.items()}


def types_of(table: Table) -> Mapping[str, str]:
    """The types of a table's columns, `dt` last."""
    return {**{column.name: column.type for column in table.columns}, "dt": "varchar"}


def comparable(rows: Iterable[Row]) -> list[str]:
    """Rows in an order of their own, so that two lots compare; doubles to nine digits."""
    plain = (
        {name: f"{v:.9g}" if isinstance(v, float) else v for name, v in sorted(row.items())}
        for row in rows
    )
    return sorted(repr(row) for row in plain)
