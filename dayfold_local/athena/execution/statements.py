"""Which kind of statement a text is, and what runs it."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.execution import ctas, ddl, insert, select, unload
from dayfold_local.athena.execution.engine import AthenaSession
from dayfold_local.athena.translation.parse import parse

if TYPE_CHECKING:
    from dayfold_local.athena.execution.job import Job, Outcome

_COMMENT: Final = re.compile(r"\A(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/)+", re.DOTALL)

_UNLOAD: Final = re.compile(r"UNLOAD\s*\(", re.IGNORECASE)


def bare(sql: str) -> str:
    """The text without leading comments and the final semicolon."""
    return _COMMENT.sub("", sql).rstrip().removesuffix(";").rstrip()


def check(sql: str) -> str:
    """Refuses what is no statement, as Athena does before it accepts a query. Gives its type."""
    text = bare(sql)
    if ddl.find(text) is not None:
        return "DDL"
    if _UNLOAD.match(text):
        unload.parts(text)
        return "DML"
    tree = parse(text)
    if isinstance(tree, exp.Query):
        return "DML"
    if isinstance(tree, exp.Insert):
        return "DML"
    if isinstance(tree, exp.Create):
        return "DDL"
    if isinstance(tree, exp.Command) or not isinstance(tree, exp.DDL):
        word = text.split(maxsplit=1)[0]
        raise QueryFailure("SYNTAX_ERROR", f"line 1:1: mismatched input '{word}'", bare=True)
    return "DDL"


def run(job: Job) -> Outcome:
    """Runs the job's statement."""
    try:
        return _run(job)
    finally:
        shutil.rmtree(job.unpacked, ignore_errors=True)


def _run(job: Job) -> Outcome:
    job.sql = bare(job.sql)
    handler = ddl.find(job.sql)
    if handler is not None:
        return handler(job)
    if isinstance(job.session, AthenaSession):
        return job.session.answer(job)
    if _UNLOAD.match(job.sql):
        return unload.run_unload(job)
    if job.sql[:6].upper() not in {"CREATE", "INSERT"}:
        return select.run_select(job)
    tree = parse(job.sql)
    if isinstance(tree, exp.Create) and tree.kind == "TABLE" and tree.expression is not None:
        return ctas.run_ctas(job, tree)
    if isinstance(tree, exp.Insert):
        return insert.run_insert(job, tree)
    raise not_supported(f"{job.sql.split(maxsplit=1)[0].upper()} statements of this kind")
