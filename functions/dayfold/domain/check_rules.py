"""Rules on checks, judged offline: types, other tables and their days, and free SQL."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dayfold.domain.query_header import read_header
from dayfold.domain.query_inputs import read_tables
from dayfold.domain.query_problem import Problem
from dayfold.domain.query_syntax import parse_sql
from dayfold.domain.sql_tokens import split_select, tokenize
from dayfold.domain.table import BusinessDayWindow, HoursWindow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dayfold.domain.table import Check, Input, Table

_NUMBERS = ("tinyint", "smallint", "integer", "bigint", "real", "double", "decimal")
_ONE_DAY = 86_400


def check_table(table: Table, tables: Mapping[str, Table]) -> Iterator[Problem]:
    """Judge the checks of a table beside the other tables."""
    for check in table.checks:
        if check.kind == "sql":
            yield from _check_free_sql(table, check)
            continue
        rules = {"reference": _reference, "change": _change, "freshness": _freshness}
        if check.kind in rules:
            for what in rules[check.kind](table, check, tables):
                yield Problem(table.path, _line(table, check.kind), f"check {check.name}: {what}")


def _line(table: Table, key: str) -> int:
    header = read_header(table.path, table.sql)
    return header.line_of(key, after=header.line_of("checks"))


def _types(table: Table) -> dict[str, str]:
    return {**{column.name: column.type for column in table.columns}, "dt": "varchar"}


def _reference(table: Table, check: Check, tables: Mapping[str, Table]) -> Iterator[str]:
    asked = check.arguments
    other = table if asked["table"] == "this" else tables.get(asked["table"])
    if other is None:
        if asked["table"].startswith("raw."):
            yield f"{asked['table']} is no table that a query builds: refer to a staging table"
        return  # an input that no query builds is reported as such
    one = next((one for one in table.inputs if one.table == other.name), None)
    if one is not None and not _covers(one, *asked["days"]):
        yield f"looks at days that the input's window leaves out: declare {other.name}: " + str(
            asked["days"]
        )
    own, others = _types(table), _types(other)
    for name, key in zip(asked["columns"], asked["key"], strict=True):
        if key not in others:
            yield f"{asked['table']} has no column {key!r}: correct the name"
        elif name in own and _kind(own[name]) != _kind(others[key]):
            yield f"{name} is {own[name]} and {asked['table']}'s {key} is {others[key]}: cast one"


def _covers(one: Input, first: int, last: int) -> bool:
    """Whether an input's window has the days from `first` to `last` around each day."""
    if isinstance(one.window, BusinessDayWindow):
        return False
    if isinstance(one.window, HoursWindow):
        earliest, latest = math.ceil(one.window.first / 24), one.window.last // 24
        return earliest <= first and last <= latest
    return one.window.first <= first and last <= one.window.last


def _kind(column_type: str) -> str:
    """What a type is compared as: numbers with numbers, texts with texts."""
    base = column_type.partition("(")[0]
    if base in _NUMBERS:
        return "number"
    return "varchar" if base == "char" else base


def _change(table: Table, check: Check, tables: Mapping[str, Table]) -> Iterator[str]:
    del tables
    function, column = check.arguments["function"], check.arguments["column"]
    column_type = _types(table).get(column, "bigint")
    if function in {"sum", "avg", "min", "max"} and not column_type.startswith(_NUMBERS):
        yield f"{column} is {column_type}, no number: use count({column}) or distinct({column})"


def _freshness(table: Table, check: Check, tables: Mapping[str, Table]) -> Iterator[str]:
    del tables
    column, seconds = check.arguments["column"], check.arguments["seconds"]
    column_type = _types(table).get(column, "timestamp")
    if column == "dt":
        yield "dt is the day itself: row_count: [1, null] says that there is something of it"
    elif column_type != "date" and not column_type.startswith("timestamp"):
        yield f"{column} is {column_type}: give a timestamp, in UTC, or a date"
    elif column_type == "date" and seconds % _ONE_DAY:
        yield f"{column} is a date: give whole days, such as 1d"


def _check_free_sql(table: Table, check: Check) -> Iterator[Problem]:
    """A free check is a SELECT from `this` alone that keeps `dt`, so that it blames a day."""
    name = check.name.removeprefix("sql(").removesuffix(")")
    line = _line(table, name)
    tokens = [t for t in tokenize(check.arguments) if t.kind != "comment"]
    tree = parse_sql(table.path, check.arguments, tokens)
    if isinstance(tree, Problem):
        yield Problem(table.path, line, f"check {name}: {tree.message}")
        return
    others = sorted(read_tables(tree).keys() - {"this"})
    if others:
        what = f"check {name} reads {others[0]}: a check reads `this`, the build, and no more"
        yield Problem(table.path, line, what)
    last = {item[-1].text.lower() for item in split_select(tokens)}
    if not last & {"*", "dt"}:
        yield Problem(table.path, line, f"check {name} must select dt, to say which day broke")
