"""The rules of a query file, judged offline: what `dayfold check` says.

Every rule is here because breaking it makes days wrong in silence, or fails a build much later:
see docs/queries.md. The pipeline does not import this module, nor sqlglot with it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlglot import exp
from sqlglot.errors import OptimizeError
from sqlglot.optimizer.qualify import qualify

from dayfold.domain.check_rules import check_table
from dayfold.domain.query_file import build_order, read_query, unknown_inputs
from dayfold.domain.query_inputs import check_inputs, read_tables
from dayfold.domain.query_problem import Problem
from dayfold.domain.query_syntax import line_of, parse_sql
from dayfold.domain.query_words import check_words
from dayfold.domain.sql_tokens import tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dayfold.domain.table import Table

# What Athena writes to Parquet and Glue stores.
_TYPE = re.compile(
    r"boolean|tinyint|smallint|integer|bigint|real|double|date|varbinary|varchar(\(\d+\))?"
    r"|char\(\d+\)|decimal\(\d+(,\d+)?\)|timestamp(\(3\))?|(array|map|row)\(.*\)"
)


def check_sources(sources: Mapping[str, str]) -> list[Problem]:
    """Judge all query files, given as text by path; an empty list means that all is well."""
    problems: set[Problem] = set()
    tables: dict[str, Table] = {}
    trees: dict[str, exp.Query] = {}
    for path in sorted(sources):
        table, found = read_query(path, sources[path])
        tokens = list(tokenize(sources[path]))
        problems.update(found, check_words(path, tokens))
        tree = parse_sql(path, sources[path], tokens)
        if isinstance(tree, Problem):
            problems.add(tree)
        elif table is not None:
            problems.update(_check_query(table, tree))
            trees[table.name] = tree
        if table is not None:
            if table.name in tables:
                first = tables[table.name].path
                problems.add(Problem(path, 1, f"{first} builds {table.name} already: rename one"))
            tables.setdefault(table.name, table)
    problems.update(_check_all(tables, trees))
    return sorted(problems)


def _check_all(tables: dict[str, Table], trees: dict[str, exp.Query]) -> Iterator[Problem]:
    for table in tables.values():
        yield from unknown_inputs(table, tables)
        yield from check_table(table, tables)
        if table.name in trees:
            yield from _check_column_names(table, trees[table.name], tables)
    _, circle = build_order(tables)
    if circle is not None:
        yield circle


def _check_query(table: Table, tree: exp.Query) -> Iterator[Problem]:
    yield from check_inputs(table, tree)
    yield from _check_stars(table, tree)
    yield from _check_types(table)
    if tree.args.get("limit"):
        yield Problem(
            table.path,
            _last_line(table),
            "LIMIT at the outermost level cuts many days differently from one: leave it out",
        )


# --- Columns --------------------------------------------------------------------------------


def _check_stars(table: Table, tree: exp.Query) -> Iterator[Problem]:
    """`SELECT *` from an input reads columns that come and go; over a WITH query it is fine."""
    inputs = {id(place) for places in read_tables(tree).values() for place in places}
    for select in tree.find_all(exp.Select):
        stars = [e for e in select.expressions if e.is_star]
        sources = [s for s in _sources(select) if id(s) in inputs]
        for star in stars:
            asked = star.table.lower() if isinstance(star, exp.Column) else ""
            hit = next((s for s in sources if asked in ("", s.alias_or_name.lower())), None)
            if hit is not None:
                what = f"SELECT * over {hit.name}: name the columns that are used"
                yield Problem(table.path, line_of(hit), what)


def _check_types(table: Table) -> Iterator[Problem]:
    for column in table.columns:
        if not _TYPE.fullmatch(column.type):
            what = f"{column.name} is cast to {column.type}, which Athena cannot store in Parquet"
            cure = "use varchar, bigint, double, boolean, date, timestamp(3) or decimal(p,s)"
            yield Problem(table.path, _line_of_name(table, column.name), f"{what}: {cure}")


def _sources(select: exp.Select) -> Iterator[exp.Expr]:
    from_ = select.args.get("from_")
    if from_ is not None:
        yield from_.this
    for join in select.args.get("joins") or []:
        yield join.this


def _check_column_names(
    table: Table, tree: exp.Query, tables: Mapping[str, Table]
) -> Iterator[Problem]:
    """Columns must exist in the tables and WITH queries that are read."""
    schema: dict[str, Any] = {}
    for name, places in read_tables(tree).items():
        columns = (
            {column.name: column.type for column in tables[name].columns}
            if name in tables
            else _columns_asked_of(places)
        )
        if columns is None:
            return
        database, _, short_name = name.partition(".")
        schema.setdefault(database, {})[short_name] = {**columns, "dt": "varchar"}
    try:
        qualify(tree.copy(), dialect="athena", schema=schema)
    except OptimizeError as error:
        what, _, place = str(error).partition(". Line: ")
        number = place.split(",")[0]
        line = int(number) if number.isdigit() else _line_of_name(table, what)
        yield Problem(table.path, line, f"{what.rstrip('.')}: no table read here has it")


def _columns_asked_of(places: list[exp.Table]) -> dict[str, str] | None:
    """A raw table has what is asked of it: the crawler knows better. None if that is not clear."""
    asked: dict[str, str] = {}
    for place in places:
        select = place.find_ancestor(exp.Select)
        if select is None or list(_sources(select)) != [place]:
            return None
        asked.update((column.name.lower(), "varchar") for column in select.find_all(exp.Column))
    return asked


def _line_of_name(table: Table, message: str) -> int:
    name = message.rsplit(" ", 1)[-1].strip("'\"").lower()
    lines = [t.line for t in tokenize(table.sql) if t.text.lower() == name]
    return lines[-1] if lines else 1


def _last_line(table: Table) -> int:
    return table.sql.rstrip().count("\n") + 1
