"""Checks as one Athena query over a build: no rows when all of them hold.

Each broken check gives a row per day: `check_name, severity, dt, broken, sample`, where `broken`
counts the bad rows (for `unique` the keys) and `sample` shows up to three as a JSON array.
"""

# Athena takes no parameters for names. All that is joined here comes from the repository's query
# files, whose column names are checked, and from dates.
# ruff: noqa: S608

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dayfold.domain.sql_tokens import split_select, tokenize

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from dayfold.domain.table import Check, Table

SAMPLE_ROWS = 3
ROWS = "rows"  # the name under which a report counts the rows of a day
# Athena writes a double as text in its own way (1.5E0), and cannot write nested values at all.
_SHOWN_AS_JSON = ("array", "map", "row", "double", "real")


def check_statement(
    table: Table, built_table: str, first: dt.date, last: dt.date, checks: Iterable[Check] = ()
) -> str | None:
    """The query that finds what a build of `first` to `last` breaks; None if there is no check.

    Args:
        table: the table whose checks are meant.
        built_table: where the build's rows are, `database.name`, quoted where it needs to be.
        first: first day of the build.
        last: last day of the build.
        checks: some of the table's checks; all of them if empty.
    """
    parts = [_report(table, check, first, last) for check in checks or table.checks]
    return _statement(parts, built_table, first, last) if parts else None


def report_statement(table: Table, built_table: str, first: dt.date, last: dt.date) -> str:
    """The query that finds what a build breaks and, as a row `rows` per day, counts its rows.

    One query does both: each costs Athena's minimum and a start. The arguments are those of
    `check_statement`; the count is in the column `broken`, with the severity `info`.
    """
    parts = [_report(table, check, first, last) for check in table.checks]
    counted = (
        f"SELECT '{ROWS}' AS check_name, 'info' AS severity, dt, count(*) AS broken,"
        " CAST(NULL AS varchar) AS sample\nFROM this GROUP BY dt"
    )
    return _statement([*parts, counted], built_table, first, last)


def _statement(parts: list[str], built_table: str, first: dt.date, last: dt.date) -> str:
    days = f"dt BETWEEN '{first}' AND '{last}'"
    return (
        f"WITH this AS (SELECT * FROM {built_table} WHERE {days})\n"
        + "\nUNION ALL\n".join(parts)
        + "\nORDER BY dt, severity, check_name"
    )


def _report(table: Table, check: Check, first: dt.date, last: dt.date) -> str:
    """One check's bad rows, counted and sampled per day."""
    bad_rows, shown = _bad_rows(table, check, first, last)
    types = {column.name: column.type for column in table.columns}
    names = ", ".join(_literal(name) for name in shown)
    values = ", ".join(_as_text(name, types.get(name, "")) for name in shown)
    return (
        f"SELECT {_literal(check.name)} AS check_name, {_literal(check.severity)} AS severity,"
        f" dt, count(*) AS broken,\n"
        f"    json_format(CAST(array_agg(shown) FILTER (WHERE place <= {SAMPLE_ROWS}) AS JSON))"
        f" AS sample\n"
        f"FROM (\n"
        f"    SELECT dt, MAP(ARRAY[{names}], ARRAY[{values}]) AS shown,\n"
        f"        row_number() OVER (PARTITION BY dt) AS place\n"
        f"    FROM (\n{bad_rows}\n    ) AS bad_row\n"
        f") AS numbered\nGROUP BY dt"
    )


def _bad_rows(table: Table, check: Check, first: dt.date, last: dt.date) -> tuple[str, list[str]]:
    """A SELECT of the rows that break a check, with `dt`, and the columns worth showing."""
    if check.kind == "unique":
        # Within each day, so that a wide build and a build per day find the same.
        key = ", ".join(dict.fromkeys(["dt", *check.arguments]))
        select = f'SELECT {key}, count(*) AS "rows" FROM this GROUP BY {key} HAVING count(*) > 1'
        return select, [*check.arguments, "rows"]
    if check.kind == "row_count":
        return _days_with_wrong_count(check.arguments, first, last), ["rows"]
    if check.kind == "sql":
        return check.arguments, _selected_columns(table, check.arguments)
    name, condition = _row_condition(check)
    shown = list(dict.fromkeys([*table.grain, name]))
    columns = ", ".join(dict.fromkeys(["dt", *shown]))
    return f"SELECT {columns} FROM this WHERE {condition}", shown


def _row_condition(check: Check) -> tuple[str, str]:
    """The column of a check on single rows, and what holds for a bad one.

    NULL breaks not_null and no other check.
    """
    if check.kind == "not_null":
        return check.arguments[0], f"{check.arguments[0]} IS NULL"
    ((name, values),) = check.arguments.items()
    if check.kind == "between":
        low, high = values
        bounds = [f"{name} < {low}"] if low is not None else []
        bounds += [f"{name} > {high}"] if high is not None else []
        return name, " OR ".join(bounds)
    listed = ", ".join(_literal(str(value)) for value in values if value is not None)
    return name, f"CAST({name} AS varchar) NOT IN ({listed})"


def _days_with_wrong_count(bounds: list[Any], first: dt.date, last: dt.date) -> str:
    """Days whose number of rows is out of bounds; a day without any row counts as 0."""
    low, high = bounds
    wrong = [f"day_rows < {low}"] if low is not None else []
    wrong += [f"day_rows > {high}"] if high is not None else []
    return (
        f'SELECT dt, day_rows AS "rows" FROM (\n'
        f"    SELECT asked.dt AS dt, coalesce(found.day_rows, 0) AS day_rows\n"
        f"    FROM (\n"
        f"        SELECT CAST(day AS varchar) AS dt FROM UNNEST(\n"
        f"            sequence(DATE '{first}', DATE '{last}', INTERVAL '1' DAY)) AS t (day)\n"
        f"    ) AS asked\n"
        f"    LEFT JOIN (SELECT dt, count(*) AS day_rows FROM this GROUP BY dt) AS found\n"
        f"        ON found.dt = asked.dt\n"
        f") AS counted WHERE {' OR '.join(wrong)}"
    )


def _selected_columns(table: Table, select: str) -> list[str]:
    """The names that a free SQL check selects; `*` stands for the table's own."""
    code = [token for token in tokenize(select) if token.kind != "comment"]
    names: list[str] = []
    for item in split_select(code):
        last = item[-1].text
        names += [*(c.name for c in table.columns), "dt"] if last == "*" else [last.strip('"')]
    return list(dict.fromkeys(names))


def _as_text(name: str, column_type: str) -> str:
    quoted = f'"{name}"'
    if column_type.startswith(_SHOWN_AS_JSON):
        return f"json_format(CAST({quoted} AS JSON))"
    return f"CAST({quoted} AS varchar)"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
