"""Expressions that fail when they are evaluated."""

from __future__ import annotations

from dayfold_local.athena.sql_types import literal


def raising(code: str, message_sql: str, kind: str) -> str:
    """An expression that fails with `code` when it is evaluated; TRY may catch it.

    The engine's error() is volatile, which TRY refuses: so the message travels in a failing cast.
    """
    inner = "BIGINT" if kind not in {"DATE", "TIMESTAMP", "DOUBLE", "BOOLEAN"} else kind
    cast = f"CAST({literal(chr(1) + code + ': ')} || {message_sql} || chr(2) AS {inner})"
    return cast if inner == kind else f"CAST({cast} AS {kind})"


def raising_nested(code: str, message: str, kind: str) -> str:
    """The same for a list, a map or a row of the engine, with a message that is no expression."""
    return f"CAST(CAST({raising(code, literal(message), 'BIGINT')} AS VARCHAR) AS {kind})"


def unless_null(sql: str, *values: str) -> str:
    """NULL if any of the values is, before anything else is looked at."""
    tests = " OR ".join(f"{value} IS NULL" for value in dict.fromkeys(values))
    return f"CASE WHEN {tests} THEN NULL ELSE {sql} END"
