"""The rows that break a check, as SQL over `this`, the build: one SELECT per check, with `dt`.

Where a check compares with other days or tables, it reads what readers see: the published tables.
"""

# Athena takes no parameters for names. All that is joined here comes from the repository's query
# files, whose column names are checked, and from dates.
# ruff: noqa: S608

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from dayfold.domain.days import day_range, end_of_day
from dayfold.domain.sql_tokens import split_select, tokenize

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dayfold.domain.table import Check, Table

_UTC = ZoneInfo("UTC")
_ROWS = frozenset({"rows", "count", "distinct"})  # measures of a day that are 0 without rows


@dataclasses.dataclass(frozen=True, slots=True)
class Span:
    """The days that a build is checked for, and what the checks need to know of other days."""

    first: dt.date
    last: dt.date
    tz: ZoneInfo = _UTC  # in which a day ends
    published: tuple[dt.date, ...] = ()  # days before the first that readers see, for `change`

    def days(self) -> list[dt.date]:
        """The days, oldest first."""
        return list(day_range(self.first, self.last))


def bad_rows(table: Table, check: Check, span: Span) -> tuple[str, list[str]]:
    """A SELECT of the rows that break a check, with `dt`, and the columns worth showing."""
    asked = check.arguments
    found: tuple[str, list[str]]
    if check.kind == "unique":
        # Within each day, so that a wide build and a build per day find the same.
        key = ", ".join(dict.fromkeys(["dt", *asked]))
        select = f'SELECT {key}, count(*) AS "rows" FROM this GROUP BY {key} HAVING count(*) > 1'
        found = select, [*asked, "rows"]
    elif check.kind == "row_count":
        found = _days_with_wrong_count(asked, span), ["rows"]
    elif check.kind == "sql":
        found = asked, _selected_columns(table, asked)
    elif check.kind == "reference":
        found = _unknown_keys(table, asked, span)
    elif check.kind == "freshness":
        found = _old_days(table, asked, span), ["newest", "not_before"]
    elif check.kind == "change":
        select = f"{_compared(table, asked, span)} AND {_is_change(asked)}"
        found = select, ["value", "median", "days_before"]
    else:
        found = _bad_values(table, check)
    return found


def unjudged_days(table: Table, check: Check, span: Span) -> str:
    """For `change`: a SELECT of the days with too little before them to judge by."""
    at_least = check.arguments["at_least"]
    return (
        f"SELECT dt, days_before, {at_least} AS needed\n"
        f"    FROM ({_compared(table, check.arguments, span)}) AS judged\n"
        f"    WHERE days_before < {at_least}"
    )


def literal(text: str) -> str:
    """A text in SQL."""
    return "'" + text.replace("'", "''") + "'"


def _bad_values(table: Table, check: Check) -> tuple[str, list[str]]:
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
    listed = ", ".join(literal(str(value)) for value in values if value is not None)
    return name, f"CAST({name} AS varchar) NOT IN ({listed})"


def _days_with_wrong_count(bounds: list[Any], span: Span) -> str:
    """Days whose number of rows is out of bounds; a day without any row counts as 0."""
    low, high = bounds
    wrong = [f"day_rows < {low}"] if low is not None else []
    wrong += [f"day_rows > {high}"] if high is not None else []
    return (
        f'SELECT dt, day_rows AS "rows" FROM (\n'
        f"    SELECT asked.dt AS dt, coalesce(found.day_rows, 0) AS day_rows\n"
        f"    FROM {_listed(span.days())} AS asked (dt)\n"
        f"    LEFT JOIN (SELECT dt, count(*) AS day_rows FROM this GROUP BY dt) AS found\n"
        f"        ON found.dt = asked.dt\n"
        f") AS counted WHERE {' OR '.join(wrong)}"
    )


def _unknown_keys(table: Table, asked: dict[str, Any], span: Span) -> tuple[str, list[str]]:
    """Rows whose key is not in the other table on their day, or the days around it.

    A key of which a part is NULL refers to nothing, as in SQL.
    """
    columns = asked["columns"]
    first, last = asked["days"]
    keys = ", ".join(f"{key} AS key_{n}" for n, key in enumerate(asked["key"], start=1))
    days = _between("dt", span.first + dt.timedelta(first), span.last + dt.timedelta(last))
    pairs = [f"found.key_{n} = this.{name}" for n, name in enumerate(columns, start=1)]
    around = "found.found_day = this.dt"
    if (first, last) != (0, 0):
        ends = (
            f"CAST(date_add('day', {offset}, CAST(this.dt AS date)) AS varchar)"
            for offset in (first, last)
        )
        around = f"found.found_day BETWEEN {' AND '.join(ends)}"
    shown = list(dict.fromkeys([*table.grain, *columns]))
    selected = ", ".join(f"this.{name} AS {name}" for name in dict.fromkeys(["dt", *shown]))
    present = " AND ".join(f"this.{name} IS NOT NULL" for name in columns)
    select = (
        f"SELECT {selected} FROM this\n"
        f"    LEFT JOIN (SELECT DISTINCT dt AS found_day, {keys} FROM {asked['table']}"
        f" WHERE {days}) AS found\n"
        f"        ON {' AND '.join(pairs)} AND {around}\n"
        f"    WHERE found.found_day IS NULL AND {present}"
    )
    return select, shown


def _old_days(table: Table, asked: dict[str, Any], span: Span) -> str:
    """Days whose newest value lies too long before their end, or that have none.

    The end of the day, and not now, so that building a day of last year again says the same.
    """
    name, age = asked["column"], dt.timedelta(seconds=asked["seconds"])
    is_date = any(one.name == name and one.type == "date" for one in table.columns)

    def limit(day: dt.date) -> str:
        if is_date:
            return f"DATE '{day - age}'"
        oldest = (end_of_day(day, span.tz) - age).replace(tzinfo=None)
        return f"TIMESTAMP '{oldest.isoformat(' ', 'milliseconds')}'"

    limits = ", ".join(f"('{day}', {limit(day)})" for day in span.days())
    return (
        f"SELECT asked.dt AS dt, found.newest AS newest, asked.not_before AS not_before\n"
        f"    FROM (VALUES {limits}) AS asked (dt, not_before)\n"
        f"    LEFT JOIN (SELECT dt, max({name}) AS newest FROM this GROUP BY dt) AS found\n"
        f"        ON found.dt = asked.dt\n"
        f"    WHERE found.newest IS NULL OR found.newest < asked.not_before"
    )


# --- Change -----------------------------------------------------------------------------------


def _compared(table: Table, asked: dict[str, Any], span: Span) -> str:
    """Each day with its value, the median of the days before it, and how many these are.

    Days before it are those of the same build and those that readers see. Ends with an open WHERE.
    """
    value = _measure(asked["function"], asked["column"])
    days = [*sorted(span.published)[-asked["days"] :], *span.days()]
    read = f"SELECT dt, {value} AS amount FROM this GROUP BY dt"
    if len(days) > len(span.days()):
        before = days[: -len(span.days())]
        listed = ", ".join(f"'{day}'" for day in before)
        read += (
            f"\n            UNION ALL\n            SELECT dt, {value} AS amount"
            f" FROM {table.name} WHERE dt IN ({listed}) GROUP BY dt"
        )
    amount = "coalesce(found.amount, 0)" if asked["function"] in _ROWS else "found.amount"
    # The middle value, or the mean of the middle two.
    middle = (f"CAST(floor(days_before / 2.0 + {half}) AS bigint)" for half in ("0.5", "1"))
    median = " + ".join(f"element_at(earlier, {place})" for place in middle)
    return (
        f"SELECT dt, amount AS value, median, days_before FROM (\n"
        f"    SELECT dt, amount, days_before, ({median}) / 2 AS median FROM (\n"
        f"    SELECT dt, amount, earlier, coalesce(cardinality(earlier), 0) AS days_before FROM (\n"
        f"        SELECT dt, amount, array_sort(array_agg(amount) OVER (ORDER BY dt\n"
        f"            ROWS BETWEEN {asked['days']} PRECEDING AND 1 PRECEDING)) AS earlier\n"
        f"        FROM (\n"
        f"            SELECT asked.dt AS dt, CAST({amount} AS double) AS amount\n"
        f"            FROM {_listed(days)} AS asked (dt)\n"
        f"            LEFT JOIN (\n            {read}\n"
        f"            ) AS found ON found.dt = asked.dt\n"
        f"        ) AS amounts WHERE amount IS NOT NULL\n"
        f"    ) AS gathered) AS counted\n"
        f"    ) AS compared WHERE {_between('dt', span.first, span.last)}"
    )


def _measure(function: str, column: str) -> str:
    if function == "rows":
        return "CAST(count(*) AS double)"
    if function == "distinct":
        return f"CAST(count(DISTINCT {column}) AS double)"
    return f"CAST({function}({column}) AS double)"


def _is_change(asked: dict[str, Any]) -> str:
    """What holds for a day whose value is too far from the median; nothing is far from no days."""
    low, high = asked["ratio"]
    wrong = [f"(median <> 0 AND amount / nullif(median, 0) < {low})"] if low is not None else []
    if high is not None:
        wrong += [f"(median <> 0 AND amount / nullif(median, 0) > {high})"]
        wrong += ["(median = 0 AND amount <> 0)"]
    return f"days_before >= {asked['at_least']} AND ({' OR '.join(wrong)})"


def _listed(days: Iterable[dt.date]) -> str:
    return "(VALUES " + ", ".join(f"('{day}')" for day in days) + ")"


def _between(name: str, first: dt.date, last: dt.date) -> str:
    return f"{name} BETWEEN '{first}' AND '{last}'"


# --- Free SQL -------------------------------------------------------------------------------


def _selected_columns(table: Table, select: str) -> list[str]:
    """The names that a free SQL check selects; `*` stands for the table's own."""
    code = [token for token in tokenize(select) if token.kind != "comment"]
    names: list[str] = []
    for item in split_select(code):
        last = item[-1].text
        names += [*(c.name for c in table.columns), "dt"] if last == "*" else [last.strip('"')]
    return list(dict.fromkeys(names))
