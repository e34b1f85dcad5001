"""Which days of its inputs a query reads: its `dt` filters, worked out by sqlglot's tree.

A filter counts when it stands in the WHERE (or a join's ON) of the very SELECT that reads the
input, joined by AND, and compares `dt` with a parameter plus or minus whole days.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from sqlglot import exp

from dayfold.domain.query_syntax import line_of, parameter_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_DAYS_OF_UNIT = {"DAY": 1, "WEEK": 7}
# What may stand around a date without moving it: '2004-05-20' as text or date and back.
_WRAPPERS = (exp.Cast, exp.Date, exp.Paren, exp.TimeToStr, exp.TsOrDsToDate)
_WRAPPER_FUNCTIONS = {"format_datetime", "to_iso8601"}
_FLIPPED: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.GT: exp.LT,
    exp.GTE: exp.LTE,
    exp.LT: exp.GT,
    exp.LTE: exp.GTE,
    exp.EQ: exp.EQ,
}


@dataclasses.dataclass(frozen=True, slots=True)
class Bound:
    """A day given by a parameter: `date_add('day', -6, DATE :from)` is (from, -6)."""

    parameter: str
    days: int
    line: int

    def __str__(self) -> str:
        return f":{self.parameter}{f' {self.days:+d} days' if self.days else ''}"


@dataclasses.dataclass(slots=True)
class DayFilter:
    """The bounds on the `dt` of one reference to an input."""

    lower: list[Bound] = dataclasses.field(default_factory=list)
    upper: list[Bound] = dataclasses.field(default_factory=list)
    not_understood: list[int] = dataclasses.field(default_factory=list)  # lines


def read_day_filter(table: exp.Table) -> DayFilter:
    """Collect the bounds on the `dt` of a table where the query reads it."""
    found = DayFilter()
    select = table.find_ancestor(exp.Select)
    if select is None:
        return found
    for condition in _conditions(select, table):
        _read_condition(condition, table, select, found)
    return found


def _conditions(select: exp.Select, table: exp.Table) -> Iterator[exp.Expr]:
    """Everything that must hold for a row of the table to be read, split at its ANDs."""
    where = select.args.get("where")
    if where is not None:
        yield from _split_and(where.this)
    for join in select.args.get("joins") or []:
        condition = join.args.get("on")
        of_table = join.this is table
        # The preserved side of an outer join keeps its rows whatever ON says.
        filters = {"": True, "LEFT": of_table, "RIGHT": not of_table, "FULL": False}
        if condition is not None and filters.get(join.side, False):
            yield from _split_and(condition)


def _split_and(condition: exp.Expr) -> Iterator[exp.Expr]:
    condition = condition.unnest()
    if isinstance(condition, exp.And):
        yield from _split_and(condition.left)
        yield from _split_and(condition.right)
    else:
        yield condition


def _read_condition(
    condition: exp.Expr, table: exp.Table, select: exp.Select, found: DayFilter
) -> None:
    columns = list(condition.find_all(exp.Column))
    mentions = [c for c in columns if _is_day_of(c, table, select)]
    if not mentions:
        return
    bounds = _comparisons(condition, table, select)
    if not bounds:
        found.not_understood.append(line_of(mentions[0]))
    for operator, value in bounds:
        bound = read_bound(value, line_of(mentions[0]))
        if bound is not None:
            _add(found, operator, bound)
        elif not list(value.find_all(exp.Column)):  # else a join with other days, no filter
            found.not_understood.append(line_of(mentions[0]))


def _comparisons(
    condition: exp.Expr, table: exp.Table, select: exp.Select
) -> list[tuple[type[exp.Expr], exp.Expr]]:
    """What the table's `dt` is compared with, and how, `dt` on the left."""
    if isinstance(condition, exp.Between) and _is_day(condition.this, table, select):
        return [(exp.GTE, condition.args["low"]), (exp.LTE, condition.args["high"])]
    if isinstance(condition, exp.Binary) and type(condition) in _FLIPPED:
        if _is_day(condition.left, table, select):
            return [(type(condition), condition.right)]
        if _is_day(condition.right, table, select):
            return [(_FLIPPED[type(condition)], condition.left)]
    return []


def _add(found: DayFilter, operator: type[exp.Expr], bound: Bound) -> None:
    if operator in (exp.GTE, exp.GT, exp.EQ):
        shift = 1 if operator is exp.GT else 0
        found.lower.append(dataclasses.replace(bound, days=bound.days + shift))
    if operator in (exp.LTE, exp.LT, exp.EQ):
        shift = -1 if operator is exp.LT else 0
        found.upper.append(dataclasses.replace(bound, days=bound.days + shift))


def _is_day(node: exp.Expr, table: exp.Table, select: exp.Select) -> bool:
    """Whether an expression is the table's `dt`, possibly cast."""
    while isinstance(node, _WRAPPERS):
        node = node.this
    return isinstance(node, exp.Column) and _is_day_of(node, table, select)


def _is_day_of(column: exp.Column, table: exp.Table, select: exp.Select) -> bool:
    if column.name.lower() != "dt" or column.find_ancestor(exp.Select) is not select:
        return False
    return column.table.lower() in ("", table.alias_or_name.lower())


def read_bound(node: exp.Expr, line: int) -> Bound | None:
    """Evaluate a day expression over a parameter; None if it is anything else."""
    parameter = parameter_of(node)
    if parameter:
        return Bound(parameter, 0, line)
    if isinstance(node, _WRAPPERS) or _is_wrapper_function(node):
        inner = node.expressions[0] if isinstance(node, exp.Anonymous) else node.this
        return read_bound(inner, line)
    if isinstance(node, exp.DateAdd | exp.DateSub):
        return _moved(node.this, _whole_days(node.expression, node.text("unit")), node, line)
    if isinstance(node, exp.Add | exp.Sub):
        days = _interval_days(node.right)
        if days is None and isinstance(node, exp.Add):
            return _moved(node.right, _interval_days(node.left), node, line)
        return _moved(node.left, days, node, line)
    return None


def _is_wrapper_function(node: exp.Expr) -> bool:
    return isinstance(node, exp.Anonymous) and node.name.lower() in _WRAPPER_FUNCTIONS


def _moved(base: exp.Expr, days: int | None, how: exp.Expr, line: int) -> Bound | None:
    bound = read_bound(base, line)
    if bound is None or days is None:
        return None
    sign = -1 if isinstance(how, exp.Sub | exp.DateSub) else 1
    return dataclasses.replace(bound, days=bound.days + sign * days)


def _interval_days(node: exp.Expr) -> int | None:
    node = node.unnest()
    if isinstance(node, exp.Mul):
        for number, interval in ((node.left, node.right), (node.right, node.left)):
            days = _interval_days(interval) if isinstance(interval, exp.Interval) else None
            if days is not None:
                return _whole_days(number, "DAY", days)
    if isinstance(node, exp.Interval) and node.this is not None:
        return _whole_days(node.this, node.text("unit"))
    return None


def _whole_days(number: exp.Expr, unit: str, factor: int = 1) -> int | None:
    days = _DAYS_OF_UNIT.get(unit.upper().removesuffix("S"))
    try:
        value = int(number.sql(dialect="athena").strip("'()").replace(" ", ""))
    except ValueError:
        return None
    return value * days * factor if days is not None else None
