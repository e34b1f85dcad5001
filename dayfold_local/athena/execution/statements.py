"""Which kind of statement a text is, and what runs it."""

from __future__ import annotations

import functools
import re
import shutil
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.execution import ctas, ddl, explain, insert, select, unload
from dayfold_local.athena.execution.engine import AthenaSession
from dayfold_local.athena.translation import templates
from dayfold_local.athena.translation.parse import parse

if TYPE_CHECKING:
    from dayfold_local.athena.execution.job import Job, Outcome

_COMMENT: Final = re.compile(r"\A(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/)+", re.DOTALL)

_PREPARE: Final = re.compile(
    r"(?:PREPARE\s+\S+\s+(FROM)\s|DEALLOCATE\s+PREPARE\s+\S+$)", re.IGNORECASE
)
_SHOWS: Final = re.compile(r"(?:SHOW|DESC|DESCRIBE)\b", re.IGNORECASE)
_EXPLAIN: Final = re.compile(r"EXPLAIN\b", re.IGNORECASE)
_WRITES: Final = re.compile(r"(?:CREATE|INSERT|UNLOAD)\b", re.IGNORECASE)
_UNLOAD: Final = re.compile(r"UNLOAD\s*\(", re.IGNORECASE)


def bare(sql: str) -> str:
    """The text without leading comments and the final semicolon."""
    return _COMMENT.sub("", sql).rstrip().removesuffix(";").rstrip()


def writes(sql: str) -> bool:
    """Whether a statement makes files, or may."""
    return _WRITES.match(bare(sql)) is not None


def check(sql: str) -> str:
    """Refuses what is no statement, as Athena does before it accepts a query. Gives its type."""
    text = bare(sql)
    try:
        return _kind(templates.of(text).text)
    except QueryFailure:
        return _kind(text)  # for a message in the statement's own words


@functools.lru_cache(maxsize=1000)
def _kind(text: str) -> str:
    kind = _known(text)
    if kind is not None:
        return kind
    tree = parse(text)
    if isinstance(tree, exp.Query | exp.Insert):
        return "DML"
    if isinstance(tree, exp.Command) or not isinstance(tree, exp.DDL):
        word = text.split(maxsplit=1)[0]
        raise QueryFailure("SYNTAX_ERROR", f"line 1:1: mismatched input '{word}'", bare=True)
    return "DDL"


def _known(text: str) -> str | None:
    """The type of a statement that has a grammar of ours, once its parts are parsed."""
    if (prepared := _PREPARE.match(text)) is not None:
        if prepared.group(1) is not None:
            check(text[prepared.end() :])
        return "DDL"
    if _UNLOAD.match(text):
        unload.parts(text)
        return "DML"
    if _EXPLAIN.match(text):
        explain.query_of(explain.parts(text)[3])
        return "UTILITY"
    if ddl.find(text) is not None:
        return "UTILITY" if _SHOWS.match(text) else "DDL"
    return None


def run(job: Job) -> Outcome:
    """Runs the job's statement."""
    try:
        outcome = _run(job)
        job.hold()
        return outcome
    finally:
        shutil.rmtree(job.unpacked, ignore_errors=True)
        job.world.store.release()


def _run(job: Job) -> Outcome:
    job.sql = bare(job.sql)
    if job.prepared is not None and job.prepared.run(job.sql):
        return ddl.result(job, [], [], job.sql.split(maxsplit=1)[0].upper())
    handler = ddl.find(job.sql)
    if handler is not None:
        job.hold()
        return handler(job)
    if isinstance(job.session, AthenaSession):
        return job.session.answer(job)
    return _run_here(job)


def _run_here(job: Job) -> Outcome:
    """What the embedded engine runs: queries, and statements with a query inside."""
    word = job.sql.split(maxsplit=1)[0].partition("(")[0].upper()
    if word == "UNLOAD":
        return unload.run_unload(job)
    if word == "EXPLAIN":
        return explain.run_explain(job)
    if word == "CREATE":
        template = templates.of(job.sql)
        tree = _tree_of(template.text)
        if isinstance(tree, exp.Create) and tree.kind == "TABLE" and tree.expression is not None:
            return ctas.run_ctas(job, tree, template)
    elif word == "INSERT":
        tree = parse(job.sql)
        if isinstance(tree, exp.Insert):
            return insert.run_insert(job, tree)
    else:
        return select.run_select(job)
    raise not_supported(f"{word} statements of this kind")


@functools.lru_cache(maxsize=100)
def _tree_of(text: str) -> exp.Expr:
    """A statement's tree, to be read only."""
    return parse(text)
