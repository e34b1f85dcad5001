"""Checks as one Athena query over a build: no rows when all of them hold.

Each broken check gives a row per day: `check_name, severity, dt, broken, sample`, where `broken`
counts the bad rows (for `unique` the keys) and `sample` shows up to three as a JSON array. A row of
severity `info` breaks nothing: it says that there was too little to judge by.
"""

# Athena takes no parameters for names. All that is joined here comes from the repository's query
# files, whose column names are checked, and from dates.
# ruff: noqa: S608

from __future__ import annotations

from typing import TYPE_CHECKING

from dayfold.domain.check_rows import Span, bad_rows, literal, unjudged_days

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from dayfold.domain.table import Check, Table

SAMPLE_ROWS = 3
ROWS = "rows"  # the name under which a report counts the rows of a day
# Athena writes a double as text in its own way (1.5E0), and cannot write nested values at all.
_SHOWN_AS_JSON = ("array", "map", "row", "double", "real")
_MEASURES = {"value": "double", "median": "double"}  # what `change` shows, beside counts


def check_statement(
    table: Table, built_table: str, span: Span, checks: Iterable[Check] | None = None
) -> str | None:
    """The query that finds what a build breaks; None if there is no check.

    Args:
        table: the table that was built.
        built_table: where the build's rows are, `database.name`, quoted where it needs to be.
        span: the days of the build, and what its checks need to know of other days.
        checks: what to check, if not the table's own checks.
    """
    said = _said(table, span, table.checks if checks is None else checks)
    return _statement(said, [], built_table, span) if said else None


def report_statement(
    table: Table, built_table: str, span: Span, checks: Iterable[Check] | None = None
) -> str:
    """The query that finds what a build breaks and, as a row `rows` per day, counts its rows.

    One query does both: each costs Athena's minimum and a start. The arguments are those of
    `check_statement`; the count is in the column `broken`, with the severity `info`.
    """
    said = _said(table, span, table.checks if checks is None else checks)
    counted = (
        f"SELECT '{ROWS}' AS check_name, 'info' AS severity, dt, count(*) AS broken,"
        " CAST(NULL AS varchar) AS sample\nFROM this GROUP BY dt"
    )
    return _statement(said, [counted], built_table, span)


def inspect_statement(table: Table, built_table: str, day: dt.date, check: Check | None) -> str:
    """The query that shows a person the rows of a day that break a check, or all of them."""
    rows = all_rows(built_table, day)
    # Of some rules it is the day that is wrong and none of its rows.
    if check is None or check.kind in {"change", "freshness", "row_count"}:
        return rows
    select, _ = bad_rows(table, check, Span(day, day))
    if check.kind != "sql":  # free SQL may have comments and texts that must keep their lines
        select = " ".join(select.split())
    return f"WITH this AS ({rows}) {select}"


def all_rows(built_table: str, day: dt.date) -> str:
    """The query that shows what a build made of a day."""
    return f"SELECT * FROM {built_table} WHERE dt = '{day}'"


def _statement(said: list[str], more: list[str], built_table: str, span: Span) -> str:
    """What the checks say, counted and sampled once for all of them, and more rows of that form.

    Once, for a query is planned by its length: a sample's expression for each check took longer
    than all else.
    """
    days = f"dt BETWEEN '{span.first}' AND '{span.last}'"
    this = f"WITH this AS (SELECT * FROM {built_table} WHERE {days})"
    parts = list(more)
    if said:
        this += ",\nsaid AS (\n" + "\nUNION ALL\n".join(said) + "\n)"
        parts = [_REPORT, *more]
    return this + "\n" + "\nUNION ALL\n".join(parts) + "\nORDER BY dt, severity, check_name"


_REPORT = f"""\
SELECT check_name, severity, dt, count_if(severity <> 'info') AS broken,
    json_format(CAST(array_agg(shown) FILTER (WHERE place <= {SAMPLE_ROWS}) AS JSON)) AS sample
FROM (
    SELECT check_name, severity, dt, shown,
        row_number() OVER (PARTITION BY check_name, severity, dt) AS place
    FROM said
) AS numbered
GROUP BY check_name, severity, dt"""


def _said(table: Table, span: Span, checks: Iterable[Check]) -> list[str]:
    """A SELECT of the bad rows of each check; for `change` one more, for days not judged."""
    said: list[str] = []
    types = {**{column.name: column.type for column in table.columns}, **_MEASURES}
    for check in checks:
        rows, shown = bad_rows(table, check, span)
        values = {name: types.get(name, "") for name in shown}
        said.append(_rows_of(check.name, check.severity, rows, values))
        if check.kind == "change":
            unjudged = unjudged_days(table, check, span)
            said.append(_rows_of(check.name, "info", unjudged, {"days_before": "", "needed": ""}))
    return said


def _rows_of(name: str, severity: str, rows: str, shown: dict[str, str]) -> str:
    """Rows that a check speaks of; `shown` has the columns to show, with their types."""
    names = ", ".join(f"CAST({literal(column)} AS varchar)" for column in shown)
    values = ", ".join(_as_text(column, kind) for column, kind in shown.items())
    return (
        f"SELECT {literal(name)} AS check_name, {literal(severity)} AS severity, dt,\n"
        f"    MAP(ARRAY[{names}], ARRAY[{values}]) AS shown\n"
        f"FROM (\n{rows}\n) AS bad_row"
    )


def _as_text(name: str, column_type: str) -> str:
    quoted = f'"{name}"'
    if column_type.startswith(_SHOWN_AS_JSON):
        return f"json_format(CAST({quoted} AS JSON))"
    return f"CAST({quoted} AS varchar)"
