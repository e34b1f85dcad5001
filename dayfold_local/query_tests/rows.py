"""Rows as people write them in a test: a text table, or a list of mappings."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import math
import re
from typing import TYPE_CHECKING, Any

from dayfold.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable

_GAP = re.compile(r"\s{2,}")
_NULL = "-"
Row = dict[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class Rows:
    """Some rows with their columns, in order; types only where the test gives them."""

    columns: tuple[str, ...]
    types: dict[str, str]
    rows: tuple[Row, ...]


def read_rows(written: object, where: str) -> Rows:
    """Read rows from a test.

    A text table has a line of column names, optionally `name:type`, then a line per row; columns
    are two spaces or more apart, `-` is NULL and `''` the empty text.

    Raises:
        ConfigurationError: it is neither a text table nor a list of mappings.
    """
    if isinstance(written, str):
        return _read_text_table(written, where)
    if written is None or written == []:
        return Rows((), {}, ())
    if isinstance(written, list) and all(isinstance(row, dict) for row in written):
        names = tuple(dict.fromkeys(str(name) for row in written for name in row))
        types = {name: _type_of(row.get(name) for row in written) for name in names}
        rows = tuple({name: row.get(name) for name in names} for row in written)
        return Rows(names, {name: kind for name, kind in types.items() if kind}, rows)
    raise ConfigurationError(f"{where}: rows are a text table or a list of mappings")


def _read_text_table(text: str, where: str) -> Rows:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    heads = _GAP.split(lines[0]) if lines else []
    names = tuple(head.partition(":")[0] for head in heads)
    types = {head.partition(":")[0]: head.partition(":")[2] for head in heads if ":" in head}
    rows: list[Row] = []
    for line in lines[1:]:
        cells = _GAP.split(line)
        if len(cells) != len(names):
            raise ConfigurationError(
                f"{where}: {len(cells)} cells under {len(names)} columns in {line!r}:"
                " columns are two spaces or more apart, and `-` stands for NULL"
            )
        rows.append({n: _cell(cell) for n, cell in zip(names, cells, strict=True)})
    return Rows(names, types, tuple(rows))


def _cell(text: str) -> str | None:
    if text == _NULL:
        return None
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == "'" else text


def _type_of(values: Iterable[object]) -> str:
    kinds = {type(value) for value in values if value is not None}
    names = {int: "bigint", float: "double", bool: "boolean"}
    return next((names[kind] for kind in kinds if kind in names), "")


def missing_and_extra(expected: Rows, found: Iterable[Row]) -> tuple[list[Row], list[Row]]:
    """Compare as multisets, in the columns that the expectation names."""
    left = [{name: row.get(name) for name in expected.columns} for row in found]
    missing: list[Row] = []
    for wanted in expected.rows:
        hit = next((row for row in left if _same_row(wanted, row)), None)
        if hit is None:
            missing.append(wanted)
        else:
            left.remove(hit)
    return missing, left


def _same_row(wanted: Row, row: Row) -> bool:
    return all(_same(value, row[name]) for name, value in wanted.items())


def _same(wanted: object, value: object) -> bool:
    """Whether a value is what a test wrote for it; the value's type decides how to read that."""
    if wanted is None or value is None:
        return wanted is value
    text = str(wanted)
    try:
        if isinstance(value, dt.datetime):
            return dt.datetime.fromisoformat(text) == value.replace(tzinfo=None)
        if isinstance(value, float):
            return math.isclose(float(text), value, rel_tol=1e-6, abs_tol=1e-9)
        if isinstance(value, int | decimal.Decimal) and not isinstance(value, bool):
            return decimal.Decimal(text) == value
    except (ValueError, decimal.InvalidOperation):
        return False
    return text.lower() == str(value).lower() if isinstance(value, bool) else text == str(value)


def show_rows(columns: Iterable[str], rows: Iterable[Row]) -> str:
    """Rows as a text table, the way a test writes them."""
    names = list(columns)
    cells = [names, *([_shown(row.get(name)) for name in names] for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(names))]
    lines = ("  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) for line in cells)
    return "\n".join(line.rstrip() for line in lines)


def _shown(value: object) -> str:
    return _NULL if value is None else str(value) or "''"
