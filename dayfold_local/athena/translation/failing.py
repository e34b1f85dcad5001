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
