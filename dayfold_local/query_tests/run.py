"""Running the cases: all days at once and day by day, with the build's own checks."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import TYPE_CHECKING, Protocol

from dayfold.adapters.athena import render
from dayfold.domain.check_rows import Span
from dayfold.domain.checks import check_statement
from dayfold.domain.days import day_range, zone
from dayfold.domain.sql_tokens import tokenize
from dayfold.domain.statements import query_parameters
from dayfold.errors import ConfigurationError, QueryFailedError
from dayfold_local.query_tests.rows import Row, Rows, missing_and_extra, show_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dayfold.domain.table import Table
    from dayfold_local.query_tests.cases import Case

BUILT = "build.under_test"
DAY = "dt"


class Engine(Protocol):
    """What runs Athena SQL over rows given by hand."""

    def create(self, table: str, types: Mapping[str, str], rows: list[Row]) -> None:
        """Make a table, partitioned by `dt`, in place of any of that name; values may be text."""

    def query(self, sql: str) -> list[Row]:
        """The rows of a SELECT in Athena's dialect.

        Raises:
            QueryFailedError: Athena would refuse or fail it; the text is Athena's.
        """


def run_case(case: Case, tables: Mapping[str, Table], engine: Engine) -> list[str]:
    """Run a case; what is wrong in words for a person, nothing if it holds."""
    table = tables[case.table]
    for one in table.inputs:
        given = case.given.get(one.table, Rows((), {}, ()))
        types = {name: given.types.get(name, "varchar") for name in (*given.columns, DAY)}
        if one.table in tables:
            types = _types(tables[one.table])
            _refuse_unknown(case, one.table, set(given.columns) - set(types))
        engine.create(one.table, types, list(given.rows))
    _refuse_unknown(case, table.name, set(case.published.columns) - set(_types(table)))
    engine.create(table.name, _types(table), list(case.published.rows))
    return list(_judge(case, table, engine))


def _judge(case: Case, table: Table, engine: Engine) -> Iterator[str]:
    """Both ways of building, the WITH queries, and the checks on what was built."""
    try:
        at_once = engine.query(_render(table.sql, case, table, case.first, case.last))
        day_by_day = [
            row
            for day in day_range(case.first, case.last)
            for row in engine.query(_render(table.sql, case, table, day, day))
        ]
    except QueryFailedError as error:
        if not case.expect_error or case.expect_error not in str(error):
            yield f"the query failed: {error}"
        return
    if case.expect_error:
        yield f"the query was to fail with {case.expect_error!r} and did not"
    if case.expect is not None:
        _refuse_unknown(case, table.name, set(case.expect.columns) - set(_types(table)))
        yield from _compare(case.expect, at_once, "all days at once")
    wide = Rows(tuple(_types(table)), {}, tuple(at_once))
    yield from _compare(wide, day_by_day, "day by day, against all days at once")
    for name, rows in case.expect_with.items():
        sql = _render(_with_query(table, name), case, table, case.first, case.last)
        yield from _compare(rows, engine.query(sql), f"WITH {name}")
    yield from _check(case, table, engine, at_once)


def _check(case: Case, table: Table, engine: Engine, built: list[Row]) -> Iterator[str]:
    """The rows must keep the header's checks, but for those that the case breaks on purpose."""
    seen = {dt.date.fromisoformat(str(row[DAY])) for row in case.published.rows}
    before = tuple(sorted(day for day in seen if day < case.first))
    span = Span(case.first, case.last, zone(case.time_zone), before)
    statement = check_statement(table, BUILT, span)
    broken: dict[str, str] = {}
    if statement:
        engine.create(BUILT, _types(table), built)
        report = engine.query(statement)
        broken = {row["check_name"]: row["sample"] for row in report if row["severity"] != "info"}
    for name in sorted(broken.keys() - set(case.breaks)):
        yield f"the rows break the check {name}: {broken[name]}"
    for name in case.breaks:
        if name not in broken:
            yield f"the rows were to break the check {name} and do not"


def _compare(expected: Rows, found: list[Row], way: str) -> Iterator[str]:
    missing, extra = missing_and_extra(expected, found)
    columns = expected.columns or tuple(extra[0] if extra else ())
    if missing:
        yield f"{way}: missing\n{show_rows(columns, missing)}"
    if extra:
        yield f"{way}: not expected\n{show_rows(columns, extra)}"


def _render(sql: str, case: Case, table: Table, first: dt.date, last: dt.date) -> str:
    """The text that the pipeline sends: awswrangler puts the parameters in."""
    return render(sql, query_parameters(table, first, last, zone(case.time_zone)))


def _with_query(table: Table, name: str) -> str:
    """The query with its outermost SELECT replaced by all rows of one of its WITH queries."""
    code = [token for token in tokenize(table.sql) if token.kind != "comment"]
    select = next(token for token in code if token.depth == 0 and token.is_word("select"))
    names = {a.text for a, b in itertools.pairwise(code) if b.is_word("as") and not a.depth}
    if name not in names:
        raise ConfigurationError(f"{table.path} has no WITH query called {name}")
    return f"{table.sql[: select.start]}SELECT * FROM {name}"


def _types(table: Table) -> dict[str, str]:
    return {**{column.name: column.type for column in table.columns}, DAY: "varchar"}


def _refuse_unknown(case: Case, table: str, columns: set[str]) -> None:
    if columns:
        raise ConfigurationError(f"case {case.name!r}: {table} has no column {min(columns)!r}")
