"""Pages of a result, read back from the file in S3 as Athena does."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any, Final

from dayfold_local.athena.errors import AccessDeniedError, RequestError
from dayfold_local.athena.execution.result_metadata import column_info

if TYPE_CHECKING:
    from dayfold_local.athena.catalog.ports import World
    from dayfold_local.athena.protocol.executions import Execution

_CELL: Final = re.compile(r'(?:"((?:[^"]|"")*)")?(,|\n|\Z)')
_WITHOUT_ROWS: Final = {"CREATE_TABLE_AS_SELECT", "INSERT", "UNLOAD"}


def page(execution: Execution, world: World, token: str | None, size: int) -> dict[str, Any]:
    """One page: the first starts with the header row, when the statement is a query."""
    start = int(token) if token and token.isdigit() else 0
    rows: list[list[str | None]] = []
    if execution.output_file is not None and execution.substatement not in _WITHOUT_ROWS:
        try:
            body = world.store.read(execution.output_file).decode()
        except (FileNotFoundError, AccessDeniedError) as error:
            raise RequestError.invalid(f"Could not find results: {error}") from None
        csv = execution.output_file.endswith(".csv")
        rows = _csv_rows(body) if csv else _text_rows(body, len(execution.columns))
    chosen = rows[start : start + size]
    answer: dict[str, Any] = {
        "UpdateCount": execution.updated,
        "ResultSet": {
            "Rows": [{"Data": [_datum(cell) for cell in row]} for row in chosen],
            "ResultSetMetadata": {"ColumnInfo": [column_info(*item) for item in execution.columns]},
        },
    }
    if start + size < len(rows):
        answer["NextToken"] = str(start + size)
    return answer


def _datum(cell: str | None) -> dict[str, str]:
    return {} if cell is None else {"VarCharValue": cell}


@functools.lru_cache(maxsize=4)  # the pages of one result are read one after the other
def _csv_rows(body: str) -> list[list[str | None]]:
    rows: list[list[str | None]] = []
    row: list[str | None] = []
    at = 0
    while at < len(body):
        match = _CELL.match(body, at)
        if match is None:
            break
        text, end = match.groups()
        row.append(text.replace('""', '"') if text is not None else None)
        at = match.end()
        if end != ",":
            rows.append(row)
            row = []
    return rows


def _text_rows(body: str, width: int) -> list[list[str | None]]:
    """DDL answers: a text line is one cell, unless the statement has several columns."""
    return [list(line.split("\t", max(width - 1, 0))) for line in body.splitlines()]
