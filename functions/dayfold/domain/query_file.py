"""A KPI is one SQL file: reading `queries/<database>/<table>.sql` into a `Table`.

Only what the pipeline needs is read here, without a SQL parser; `query_rules` judges the rest.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from dayfold.domain.check_reading import columns_of
from dayfold.domain.query_header import read_header
from dayfold.domain.query_problem import Problem
from dayfold.domain.sql_tokens import split_select, sql_hash, tokenize
from dayfold.domain.table import Column, Table
from dayfold.errors import QueryFileError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dayfold.domain.query_header import Header
    from dayfold.domain.sql_tokens import Token

PARTITION_KEY = "dt"
BUILT_DATABASES = ("staging", "kpi")
_KEPT_BY_THE_PIPELINE = frozenset({"kpi.days"})
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def parse_query(path: str, text: str) -> Table:
    """Read one query file.

    Raises:
        QueryFileError: the first thing that is wrong with it, as `path:line: what, what to do`.
    """
    table, problems = read_query(path, text)
    if table is None or problems:
        raise QueryFileError(str(min(problems)))
    return table


@functools.lru_cache(maxsize=1024)
def read_query(path: str, text: str) -> tuple[Table | None, tuple[Problem, ...]]:
    """Read one query file; None for the table when too little of it could be understood."""
    header = read_header(path, text)
    name = _name_of(header)
    tokens = list(tokenize(text))
    code = [token for token in tokens if token.kind != "comment"]
    columns = list(_read_columns(header, tokens, code))
    if columns:
        _check_declared_columns(header, {PARTITION_KEY, *(column.name for column in columns)})
    problems = tuple(sorted(header.problems))
    if not name or not columns:
        return None, problems
    table = Table(
        name=name,
        path=path,
        description=header.description,
        owner=header.owner,
        grain=header.grain,
        inputs=header.inputs,
        checks=header.checks,
        schema_changes=header.schema_changes,
        columns=tuple(columns),
        sql=text,
        sql_hash=sql_hash(code),
    )
    return table, problems


def _name_of(header: Header) -> str:
    """The table's name is its place: `.../<database>/<table>.sql`."""
    path = PurePosixPath(header.path)
    if path.suffix != ".sql" or path.parent.name not in BUILT_DATABASES:
        folders = " or ".join(f"queries/{database}/" for database in BUILT_DATABASES)
        header.report(1, f"not a query's place: put it in {folders} as <table>.sql")
        return ""
    if f"{path.parent.name}.{path.stem}" in _KEPT_BY_THE_PIPELINE:
        header.report(1, f"{path.parent.name}.{path.stem} is the pipeline's own: name this another")
        return ""
    if not _NAME.fullmatch(path.stem):
        header.report(1, f"{path.stem!r} is no table name: use a-z, 0-9 and _, a letter first")
        return ""
    return f"{path.parent.name}.{path.stem}"


def _check_declared_columns(header: Header, columns: set[str]) -> None:
    """What the header says about columns must be about output columns."""
    for name in header.grain:
        if name not in columns:
            header.report(
                header.line_of("grain"),
                f"the grain names {name!r}, which is no output column: correct the name",
            )
    for check in header.checks:
        line = header.line_of(check.kind, after=header.line_of("checks"))
        for name in columns_of(check):
            if name not in columns:
                text = f"check {check.kind} names {name!r}, which is no output column"
                header.report(line, f"{text}: correct the name")
        other = check.arguments["table"] if check.kind == "reference" else "this"
        if other not in {"this", *(one.table for one in header.inputs)}:
            # What a check reads is built before, and a change there is a reason to check again.
            text = f"check {check.name} looks into {other}, which is no input"
            header.report(line, f"{text}: declare {other}: {check.arguments['days']}")


# --- Output columns -------------------------------------------------------------------------


def _read_columns(header: Header, tokens: list[Token], code: list[Token]) -> Iterator[Column]:
    selects = [i for i, t in enumerate(code) if t.depth == 0 and t.is_word("select")]
    if not code or not code[0].is_word("select", "with") or not selects:
        header.report(code[0].line if code else 1, "no SELECT here: a query is one SELECT")
        return
    if len(selects) > 1:
        header.report(
            code[selects[1]].line,
            "a second SELECT at the outermost level: put the UNION into a WITH query",
        )
    items = list(split_select(code))
    comments = {t.line: t for t in tokens if t.kind == "comment" and t.text.startswith("--")}
    for item in items:
        column = _read_column(header, item, comments)
        if column and column.name != PARTITION_KEY:
            yield column
    last = items[-1] if items else []
    if not last or not last[-1].is_word(PARTITION_KEY):
        line = last[-1].line if last else code[selects[0]].line
        header.report(
            line, "the last output column must be `dt`, the partition key: select it last"
        )


def _read_column(header: Header, item: list[Token], comments: dict[int, Token]) -> Column | None:
    name = item[-1].text.lower()
    if name == PARTITION_KEY:
        return None
    if name == "*":
        header.report(item[0].line, "SELECT *: name every output column, each with a CAST")
        return None
    cast_type = _outermost_cast(item)
    if not cast_type:
        header.report(
            item[0].line,
            f"output column {name!r} has no outermost CAST: write CAST(... AS <type>) AS {name}",
        )
        return None
    comment = comments.get(item[-1].last_line)
    return Column(name, cast_type, comment.text.strip("- ") if comment else "")


def _outermost_cast(item: list[Token]) -> str:
    """The type in `CAST(... AS type) AS name`, lower case; empty if the item is anything else."""
    if len(item) < 6 or not item[0].is_word("cast", "try_cast"):
        return ""
    outside = [token for token in item if token.depth == item[0].depth]
    words = [token.text.lower() for token in outside]
    if words[1:3] != ["(", ")"] or words[3:-1] not in ([], ["as"]) or outside[-1].kind != "word":
        return ""
    inside = [token for token in item if token.depth > item[0].depth]
    marks = [i for i, t in enumerate(inside) if t.is_word("as") and t.depth == item[0].depth + 1]
    return _type_text(inside[marks[-1] + 1 :]) if marks else ""


def _type_text(tokens: list[Token]) -> str:
    """Athena's type in one spelling: `decimal(10,2)`, `array(row(a bigint,b varchar))`."""
    text = ""
    for token in tokens:
        word = "integer" if token.is_word("int") else token.text.lower()
        spaced = text and text[-1] not in "(,<" and token.kind == "word"
        text += f" {word}" if spaced else word
    return text


# --- All queries ----------------------------------------------------------------------------


class Tables(Mapping[str, Table]):
    """All tables by name, upstream first."""

    def __init__(self, tables: Iterable[Table]) -> None:
        by_name = {table.name: table for table in sorted(tables, key=lambda t: t.name)}
        self._waves, circle = build_order(by_name)
        if circle is not None:
            raise QueryFileError(str(circle))
        self._tables = {name: by_name[name] for wave in self._waves for name in wave}

    def __getitem__(self, name: str) -> Table:
        return self._tables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)

    def waves(self) -> list[list[str]]:
        """Names in waves: a table's inputs are all raw or in earlier waves."""
        return [list(wave) for wave in self._waves]

    def upstream(self, name: str) -> list[str]:
        """All built tables that a table is made from, directly or not, inputs first."""
        found: set[str] = set()
        pending = [name]
        while pending:
            inputs = {i.table for i in self._tables[pending.pop()].inputs if not i.is_raw}
            pending.extend(inputs - found)
            found |= inputs
        return self._in_build_order(found)

    def downstream(self, name: str) -> list[str]:
        """All tables made from a table, raw or built, directly or not, in the order of building."""
        found = {name}
        for wave in self._waves:
            found |= {n for n in wave if any(i.table in found for i in self._tables[n].inputs)}
        return self._in_build_order(found - {name})

    def raw_tables(self) -> list[str]:
        """The raw tables that the queries read."""
        return sorted({i.table for t in self._tables.values() for i in t.inputs if i.is_raw})

    def _in_build_order(self, names: set[str]) -> list[str]:
        return [name for name in self._tables if name in names]


def load_tables(sources: Mapping[str, str]) -> Tables:
    """Read all query files, given as text by path.

    Raises:
        QueryFileError: one of them is wrong, two build the same table, an input is built by none,
            or the inputs form a circle.
    """
    if not sources:
        raise QueryFileError("no query files: queries/staging/ and queries/kpi/ hold no .sql file")
    tables: dict[str, Table] = {}
    for path in sorted(sources):
        table = parse_query(path, sources[path])
        if table.name in tables:
            first = tables[table.name].path
            raise QueryFileError(f"{path}:1: {table.name} is built by {first} already: rename one")
        tables[table.name] = table
    for table in tables.values():
        for problem in unknown_inputs(table, tables):
            raise QueryFileError(str(problem))
    return Tables(tables.values())


def unknown_inputs(table: Table, tables: Mapping[str, Table]) -> Iterator[Problem]:
    """Inputs that no query builds and that are not raw."""
    for used in table.inputs:
        if not used.is_raw and used.table not in tables:
            yield Problem(
                table.path,
                read_header(table.path, table.sql).line_of(used.table),
                f"no query builds {used.table}: correct the name or add the query",
            )


def build_order(tables: Mapping[str, Table]) -> tuple[list[list[str]], Problem | None]:
    """Names in waves, and what is wrong when some tables wait for each other."""
    built: set[str] = set()
    waves: list[list[str]] = []
    while len(built) < len(tables):
        wave = [
            name
            for name, table in tables.items()
            if name not in built
            and all(i.table in built or i.table not in tables for i in table.inputs)
        ]
        if not wave:
            return waves, _circle({n: t for n, t in tables.items() if n not in built})
        built.update(wave)
        waves.append(wave)
    return waves, None


def _circle(tables: dict[str, Table]) -> Problem:
    """Follow inputs among tables that all wait for another until one comes twice."""
    trail = [min(tables)]
    while trail[-1] not in trail[:-1]:
        trail.append(next(i.table for i in tables[trail[-1]].inputs if i.table in tables))
    circle = trail[trail.index(trail[-1]) :]
    table = tables[circle[0]]
    return Problem(
        table.path,
        read_header(table.path, table.sql).line_of(circle[1] if len(circle) > 1 else "inputs"),
        f"the inputs go in a circle: {' <- '.join(circle)}; one of them must not read the other",
    )
