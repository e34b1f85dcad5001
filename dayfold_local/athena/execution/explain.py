"""EXPLAIN and EXPLAIN ANALYZE: what a query reads, and the plan of the engine that runs it.

The plan is this engine's, not Trino's: what both have in common (columns, tables, partitions, files
and bytes) stands first, in Trino's words.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from sqlglot import exp

from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.execution import ctas, ddl, select, unload
from dayfold_local.athena.translation.parse import parse

if TYPE_CHECKING:
    from dayfold_local.athena.execution.job import Job, Outcome

_EXPLAIN: Final = re.compile(
    r"EXPLAIN\s+(ANALYZE\s+)?(VERBOSE\s+)?(?:\(([^()]*)\)\s*)?(.*)", re.IGNORECASE | re.DOTALL
)
_FORMATS: Final = {"TEXT", "JSON"}
_TYPES: Final = {"LOGICAL", "DISTRIBUTED", "VALIDATE"}


def parts(sql: str) -> tuple[bool, str, str, str]:
    """Whether it runs the query, the format, the type, and the statement; refuses other forms."""
    match = _EXPLAIN.fullmatch(sql)
    if match is None or not match.group(4):
        raise QueryFailure("SYNTAX_ERROR", "line 1:1: mismatched input 'EXPLAIN'", bare=True)
    shape, kind = "TEXT", "DISTRIBUTED"
    for option in filter(None, (match.group(3) or "").split(",")):
        name, _, value = option.strip().upper().partition(" ")
        if name == "FORMAT" and value.strip() in _FORMATS:
            shape = value.strip()
        elif name == "TYPE" and value.strip() in _TYPES and not match.group(1):
            kind = value.strip()
        else:
            raise QueryFailure(
                "NOT_SUPPORTED", f"the local Athena does not have EXPLAIN ({option.strip()})"
            )
    return bool(match.group(1)), shape, kind, match.group(4)


def query_of(statement: str) -> str:
    """The query in a statement that has one; parsed, so that a mistake is found."""
    if re.match(r"UNLOAD\s*\(", statement, re.IGNORECASE):
        return unload.parts(statement)[0]
    tree = parse(statement)
    if isinstance(tree, exp.Query | exp.Create | exp.Insert):
        return statement
    raise not_supported(f"EXPLAIN of {statement.split(maxsplit=1)[0].upper()}")


def run_explain(job: Job) -> Outcome:
    """Answers with one line of the plan a row."""
    analyzed, shape, kind, statement = parts(job.sql)
    text = query_of(statement)
    if analyzed and text != statement.strip():
        raise not_supported("EXPLAIN ANALYZE of a statement that writes")
    running = select.plan(job, text, _tree)
    if kind == "VALIDATE":
        return ddl.result(job, ["Valid"], [["true"]], "EXPLAIN", "UTILITY")
    word = "EXPLAIN ANALYZE" if analyzed else "EXPLAIN"
    select.execute(job, running, f"{word} {running.prepared.sql}")
    plan = [line for row in job.session.fetch(100) for line in str(row[-1]).splitlines()]
    facts = _facts(running)
    shown = json.dumps({**facts, "enginePlan": plan}, indent=2) if shape == "JSON" else ""
    lines = shown.splitlines() if shown else [*_text(facts), "Engine plan (DuckDB)", *plan]
    outcome = ddl.result(job, ["Query Plan"], [[line] for line in lines], "EXPLAIN", "UTILITY")
    outcome.scanned = running.prepared.bytes if analyzed else 0
    return outcome


def _tree(text: str) -> exp.Expr:
    tree = parse(text)
    return tree if isinstance(tree, exp.Query) else ctas.query_of(text)


def _facts(running: select.Running) -> dict[str, Any]:
    query, prepared = running.query, running.prepared
    columns = zip(query.names, query.types, strict=True)
    return {
        "output": [{"name": name, "type": str(kind)} for name, kind in columns],
        "tables": [
            {
                "table": f"awsdatacatalog:{scan.table.database}:{scan.table.name}",
                "columns": sorted(scan.columns),
                "partitionConditions": len(scan.conditions),
            }
            for scan in query.scans
        ],
        "partitions": prepared.partitions,
        "files": len(prepared.files),
        "bytes": prepared.bytes,
    }


def _text(facts: dict[str, Any]) -> list[str]:
    layout = ", ".join(f"{item['name']}:{item['type']}" for item in facts["output"])
    lines = [
        f"Output[columnNames = [{', '.join(item['name'] for item in facts['output'])}]]",
        f"    Layout: [{layout}]",
    ]
    for item in facts["tables"]:
        lines.append(f"TableScan[table = {item['table']}]")
        lines.append(f"    Layout: [{', '.join(item['columns'])}]")
    read = f"{facts['partitions']} partitions, {facts['files']} files, {facts['bytes']} bytes"
    return [*lines, f"Input: {read}"]
