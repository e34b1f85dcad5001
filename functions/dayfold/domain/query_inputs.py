"""Rules on inputs: what the header declares against what the SQL reads, and of which days."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sqlglot import exp

from dayfold.domain.query_header import read_header
from dayfold.domain.query_problem import Problem
from dayfold.domain.query_syntax import line_of
from dayfold.domain.query_windows import read_day_filter
from dayfold.domain.sql_tokens import tokenize
from dayfold.domain.table import BusinessDayWindow, HoursWindow

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from dayfold.domain.query_windows import Bound, DayFilter
    from dayfold.domain.table import Input, Table


def read_tables(tree: exp.Query) -> dict[str, list[exp.Table]]:
    """Where the query reads which table, by `database.table`; its own WITH queries left out."""
    own = {cte.alias_or_name.lower() for cte in tree.find_all(exp.CTE)}
    found: dict[str, list[exp.Table]] = {}
    for table in tree.find_all(exp.Table):
        if not table.name or (not table.db and table.name.lower() in own):
            continue
        parts = [part.name.lower() for part in table.parts]
        found.setdefault(".".join(parts), []).append(table)
    return found


def check_inputs(table: Table, tree: exp.Query) -> Iterator[Problem]:
    """Compare what the header declares with what the SQL reads."""
    read = read_tables(tree)
    yield from _check_declarations(table, read)
    yield from _check_file_parameters(table)
    declared = {one.table: one for one in table.inputs}
    for name, places in read.items():
        if name in declared:
            for place in places:
                yield from _check_window(table, declared[name], place)
        else:
            what = f"reads {name}, which the header does not declare: add `--   {name}: [0, 0]`"
            if "." not in name:
                what = f"reads {name} without its database, and no WITH query has that name"
            yield Problem(table.path, line_of(places[0]), what)


def _check_declarations(table: Table, read: Container[str]) -> Iterator[Problem]:
    header = read_header(table.path, table.sql)
    at = header.line_of("inputs")
    checked = {one.arguments["table"] for one in table.checks if one.kind == "reference"}
    for one in table.inputs:
        line = header.line_of(one.table, after=at)
        if one.table not in read and one.table not in checked:
            what = f"declares the input {one.table}, which the SQL does not read: remove the line"
            yield Problem(table.path, line, what)
        if one.is_raw and table.database == "kpi":
            what = f"a KPI reads {one.table}: read a staging table, which cleans the raw one"
            yield Problem(table.path, line, what)
        if one.table == table.name:
            yield Problem(table.path, line, "the table reads itself: build it from other tables")


def _check_file_parameters(table: Table) -> Iterator[Problem]:
    if any(isinstance(one.window, BusinessDayWindow) for one in table.inputs):
        return
    for token in tokenize(table.sql):
        if token.kind == "parameter" and token.text in (":files_from", ":files_to"):
            what = f"{token.text} has a value only with an input declared business-day"
            yield Problem(table.path, token.line, what)


def _check_window(table: Table, one: Input, place: exp.Table) -> Iterator[Problem]:
    """One reference to an input must be filtered to days that its declared window covers."""
    found = read_day_filter(place)
    names = ("files_from", "files_to") if _by_files(one) else ("from", "to")
    example = f"dt BETWEEN :{names[0]} AND :{names[1]}"
    if not found.lower or not found.upper:
        yield Problem(table.path, *_missing_bound(one, place, found, example))
        return
    for bounds, name in ((found.lower, names[0]), (found.upper, names[1])):
        if all(bound.parameter != name for bound in bounds):
            side = "first" if name == names[0] else "last"
            yield Problem(
                table.path,
                bounds[0].line,
                f"the {side} day of {one.table} must follow from :{name}, not from"
                f" {bounds[0]}: a query builds any range of days, so filter like {example}",
            )
            return
    lower = max((b for b in found.lower if b.parameter == names[0]), key=lambda b: b.days)
    upper = min((b for b in found.upper if b.parameter == names[1]), key=lambda b: b.days)
    yield from _compare_windows(table, one, lower, upper)


def _missing_bound(one: Input, place: exp.Table, found: DayFilter, example: str) -> tuple[int, str]:
    if found.not_understood:
        return found.not_understood[0], (
            f"the filter on the dt of {one.table} cannot be understood: compare dt with a"
            f" parameter plus or minus days, joined by AND, as in {example}"
        )
    which = "no filter on dt" if not (found.lower or found.upper) else "a dt filter with one end"
    return line_of(place), (
        f"reads {one.table} with {which}, so all its days: add {example}"
        " to the WHERE of this SELECT"
    )


def _compare_windows(table: Table, one: Input, lower: Bound, upper: Bound) -> Iterator[Problem]:
    first, last = _covered_days(one)
    if lower.days >= first and upper.days <= last:
        return
    line = lower.line if lower.days < first else upper.line
    if _by_files(one):
        what = f"reads files of {one.table} outside :files_from to :files_to: filter by these"
    else:
        what = (
            f"reads {one.table} from {lower} to {upper}, more than its declared window:"
            f" declare {one.table}: [{min(lower.days, 0)}, {max(upper.days, 0)}]"
        )
    yield Problem(table.path, line, what)


def _by_files(one: Input) -> bool:
    return isinstance(one.window, BusinessDayWindow)


def _covered_days(one: Input) -> tuple[int, int]:
    """The offsets that SQL may use; hours may reach a day further where clocks change."""
    if isinstance(one.window, BusinessDayWindow):
        return 0, 0
    if isinstance(one.window, HoursWindow):
        before, after = math.ceil(-one.window.first / 24), math.ceil(one.window.last / 24)
        return -(before + 1) if before else 0, after + 1 if after else 0
    return one.window.first, one.window.last
