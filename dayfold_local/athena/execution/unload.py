"""UNLOAD (query) TO 's3://...' WITH (...): a query's rows as files, without a table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.tokenizer_core import TokenType

from dayfold_local.athena.errors import QueryFailure
from dayfold_local.athena.execution import ctas, layouts, select, writing
from dayfold_local.athena.execution.job import Job, Outcome
from dayfold_local.athena.translation.parse import parse

if TYPE_CHECKING:
    from dayfold_local.athena.execution.layouts import Layout
    from dayfold_local.athena.sql_types import Type

_KNOWN: Final = {"format", "compression", "compression_level", "field_delimiter", "partitioned_by"}
_TAIL: Final = re.compile(
    r"\s*TO\s*'((?:[^']|'')*)'\s*(?:WITH\s*(\(.*\)))?\s*", re.IGNORECASE | re.DOTALL
)


def parts(sql: str) -> tuple[str, str, dict[str, object]]:
    """The query, the s3:// folder and the properties; refuses a statement of another form."""
    begin, end = _brackets(sql)
    query = sql[begin + 1 : end]
    tail = _TAIL.fullmatch(sql[end + 1 :])
    if tail is None:
        raise QueryFailure("SYNTAX_ERROR", "line 1:1: mismatched input 'UNLOAD'", bare=True)
    if not isinstance(parse(query), exp.Query):
        raise QueryFailure("SYNTAX_ERROR", "line 1:9: UNLOAD takes a SELECT", bare=True)
    given: dict[str, object] = {}
    if tail.group(2):
        tree = parse(f"CREATE TABLE t WITH {tail.group(2)} AS SELECT 1 AS x")
        assert isinstance(tree, exp.Create)
        given, _ = layouts.properties(tree)
    return query, tail.group(1).replace("''", "'").rstrip("/") + "/", given


def _brackets(sql: str) -> tuple[int, int]:
    """Where the query's brackets open and close, minding texts and comments."""
    depth, begin = 0, -1
    for token in Dialect.get_or_raise("trino").tokenize(sql):
        if token.token_type == TokenType.L_PAREN:
            depth += 1
            begin = token.start if begin < 0 else begin
        elif token.token_type == TokenType.R_PAREN:
            depth -= 1
            if depth == 0:
                return begin, token.start
    raise QueryFailure("SYNTAX_ERROR", "line 1:1: mismatched input 'UNLOAD'", bare=True)


def asked(job: Job) -> tuple[str, str, Layout]:
    """The query, the s3:// folder with its slash, and how the files are written.

    Raises:
        QueryFailure: If the statement is of another form or a property is unknown.
    """
    query, location, given = parts(job.sql)
    unknown = [name for name in given if name not in _KNOWN]
    if unknown:
        raise QueryFailure(
            "INVALID_TABLE_PROPERTY", f"Unload property '{unknown[0]}' does not exist"
        )
    if "format" not in given:
        raise QueryFailure("INVALID_TABLE_PROPERTY", "UNLOAD needs WITH (format = '...')")
    if not location.startswith("s3://"):
        raise QueryFailure("INVALID_TABLE_PROPERTY", f"UNLOAD writes to S3, not to {location}")
    return query, location, layouts.layout_of(given, "")


def check(job: Job, columns: list[tuple[str, Type]], location: str, layout: Layout) -> None:
    """Refuses columns that cannot be told apart, and a folder that is in use."""
    if len({name for name, _ in columns}) < len(columns):
        raise QueryFailure(
            "DUPLICATE_COLUMN_NAME", "UNLOAD needs a name of its own for each column"
        )
    ctas.check_keys(columns, layout)
    if job.world.store.list(location):
        raise QueryFailure(
            "HIVE_PATH_ALREADY_EXISTS",
            f"Target directory '{location}' already exists. Athena will not delete data in your "
            "account.",
        )


def run_unload(job: Job) -> Outcome:
    """Writes the files, and the list of them beside the results."""
    query, location, layout = asked(job)
    running = select.plan(job, query, parse)
    columns = list(zip(running.query.names, running.query.types, strict=True))
    columns = [(name.lower(), kind) for name, kind in columns]
    check(job, columns, location, layout)
    written = writing.write(
        job,
        running,
        columns,
        layout,
        lambda values: location + writing.folder(layout.partitioned_by, values),
    )
    return ended(job, written.manifest, running.prepared.bytes, written.rows)


def ended(job: Job, manifest: bytes, scanned: int, rows: int) -> Outcome:
    """What an UNLOAD did: the list of its files is beside the results."""
    output = f"{job.output}{job.query_id}"
    listed = f"{output}-manifest.csv"
    select.write_result(job.world, listed, manifest, [])
    done = Outcome("DML", [], output, listed, scanned, substatement="UNLOAD")
    done.update_count = rows
    return done
