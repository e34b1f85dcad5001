"""CSV: delimiter, header, columns and types from the text."""

from __future__ import annotations

import csv
import dataclasses
import io
import itertools
import re
from typing import TYPE_CHECKING

from dayfold_local.crawler.column_types import (
    BIGINT,
    BOOLEAN,
    DOUBLE,
    STRING,
    UNKNOWN,
    ColumnType,
    merge,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

SAMPLE_ROWS = 1000
DELIMITERS = (",", "\t", "|", ";", "\x01")
_MAX_NAME = 150  # characters in a header, as in AWS's own rule
# Without leading zeros or a plus: `007` is an id and `+81` begins a telephone number.
_INTEGER = re.compile(r"-?(?:0|[1-9]\d*)", re.ASCII)
_NUMBER = re.compile(r"-?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_NAME = re.compile(r"[A-Za-z_][\w .-]*", re.ASCII)
_MAX_BIGINT = 2**63 - 1


@dataclasses.dataclass(frozen=True, slots=True)
class Dialect:
    """How the text is laid out."""

    delimiter: str
    has_header: bool
    quoted: bool


@dataclasses.dataclass(frozen=True, slots=True)
class CsvTable:
    """What the sample of rows shows."""

    dialect: Dialect
    columns: tuple[tuple[str, ColumnType], ...]
    problem: str | None


def infer(text: str, *, single_column: bool) -> CsvTable | None:
    """Infers the layout of a text; None if it does not look like CSV.

    Args:
        text: the file, or its start, in whole lines.
        single_column: whether one column is enough, because the name says CSV.
    """
    delimiter = _delimiter(text, single_column=single_column)
    if delimiter is None:
        return None
    rows = _rows(text, delimiter, SAMPLE_ROWS)
    width = len(rows[0])
    ragged = [number for number, row in enumerate(rows, 1) if len(row) != width]
    body = [row for row in rows[1:] if len(row) == width]
    has_header = _has_header(rows[0], body)
    quoted = '"' in text
    columns = _columns(rows[0], body, has_header=has_header)
    if quoted:
        # The SerDe that understands quotes takes every column for text.
        columns = tuple((name, STRING) for name, _ in columns)
    problem = None
    if ragged:
        found = len(rows[ragged[0] - 1])
        problem = f"row {ragged[0]} has {found} fields where the first row has {width}"
    elif has_header and not body:
        problem = "a header and no rows"
    return CsvTable(Dialect(delimiter, has_header, quoted), columns, problem)


def _rows(text: str, delimiter: str, count: int) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        return list(itertools.islice((row for row in reader if row), count))
    except csv.Error:
        return []


def _delimiter(text: str, *, single_column: bool) -> str | None:
    """The delimiter that gives most rows the same number of columns, two at the least."""
    best: tuple[float, int, str] | None = None
    for delimiter in DELIMITERS:
        rows = _rows(text, delimiter, 100)
        if not rows or len(rows[0]) < 2:
            continue
        width = len(rows[0])
        alike = sum(len(row) == width for row in rows) / len(rows)
        if alike >= 0.7 and (best is None or (alike, width) > best[:2]):
            best = (alike, width, delimiter)
    if best is not None:
        return best[2]
    return "," if single_column and _rows(text, ",", 1) else None


def _has_header(first: list[str], body: list[list[str]]) -> bool:
    """Whether the first row names the columns.

    AWS's rule: every cell of it is text, and some column below is not. Where all columns are text,
    AWS sees no header; here names that look like names and never occur below are taken as one.
    """
    names = [cell.strip().lower() for cell in first]
    if any(len(name) > _MAX_NAME or _cell_type(name) not in (STRING, UNKNOWN) for name in names):
        return False
    if any(not name for name in names[:-1]) or len(set(names)) < len(names):
        return False
    kinds = [_column_type(row[index] for row in body) for index in range(len(first))]
    if any(kind not in (STRING, UNKNOWN) for kind in kinds):
        return True
    if not all(_NAME.fullmatch(name) for name in names if name):
        return False
    return all(
        all(row[index].strip().lower() != name for row in body) for index, name in enumerate(names)
    )


def _columns(
    first: list[str],
    body: list[list[str]],
    *,
    has_header: bool,
) -> tuple[tuple[str, ColumnType], ...]:
    rows = body if has_header else [first, *body]
    return tuple(
        (
            (cell.strip().lower() if has_header else "") or f"col{index}",
            _column_type(row[index] for row in rows),
        )
        for index, cell in enumerate(first)
    )


def _column_type(cells: Iterable[str]) -> ColumnType:
    kind: ColumnType = UNKNOWN
    for cell in cells:
        kind = merge(kind, _cell_type(cell))
        if kind == STRING:
            break
    return kind


def _cell_type(cell: str) -> ColumnType:
    value = cell.strip()
    if not value:
        return UNKNOWN
    if _INTEGER.fullmatch(value) and value != "-0":
        return BIGINT if -_MAX_BIGINT - 1 <= int(value) <= _MAX_BIGINT else STRING
    if _NUMBER.fullmatch(value):
        return DOUBLE
    if value.lower() in ("true", "false"):
        return BOOLEAN
    return STRING
