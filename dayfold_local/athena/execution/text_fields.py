"""Fields of text files: what a text becomes in a column's type, and how it fails."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from dayfold_local.athena.catalog.tables import TableInfo
from dayfold_local.athena.errors import not_supported
from dayfold_local.athena.sql_types import VARCHAR, literal
from dayfold_local.athena.translation.casts import cast
from dayfold_local.athena.translation.failing import raising
from dayfold_local.athena.translation.scope import Typed

if TYPE_CHECKING:
    from dayfold_local.athena.sql_types import Type


@dataclasses.dataclass(frozen=True, slots=True)
class TextReading:
    """Which field of which table is read, and what stands between nested values."""

    field: int
    table: TableInfo
    between: list[str] | None = None  # None: the serde has no nested values
    null: str = ""
    unix_times: bool = False  # dates are days, timestamps milliseconds since 1970


def from_text(raw: str, kind: Type, reading: TextReading, depth: int = 0) -> str:
    """The field in its type; fails as HIVE_BAD_DATA when it does not read as one."""
    if kind.name == "varchar" or (kind.name == "char" and reading.between is None):
        return raw if kind.precision is None else f"left({raw}, {kind.precision})"
    if kind.args:
        return _nested(raw, kind, reading, depth)
    if kind.name == "varbinary":
        return f"from_base64({raw})"
    message = (
        f"'Error parsing field value ''' || {raw} || ''' for field {reading.field}: "
        f"For input string: \"' || {raw} || '\" in table {reading.table.full_name}'"
    )
    failed = raising("HIVE_BAD_DATA", message, kind.duckdb)
    if reading.unix_times and kind.name in {"date", "timestamp"}:
        number = f"TRY_CAST({raw} AS BIGINT)"
        moment = (
            f"DATE '1970-01-01' + CAST({number} AS INTEGER)"
            if kind.name == "date"
            else f"make_timestamp({number} * 1000)"
        )
        return f"CASE WHEN {raw} IS NULL THEN NULL ELSE coalesce({moment}, {failed}) END"
    tried = cast(Typed(raw, VARCHAR), kind, safe=True).sql
    return f"CASE WHEN {raw} IS NULL THEN NULL ELSE coalesce({tried}, {failed}) END"


def _nested(raw: str, kind: Type, reading: TextReading, depth: int) -> str:
    if reading.between is None:
        raise not_supported(f"{kind} in a text file (table {reading.table.full_name})")
    item, mark = f"f{depth}_", literal(reading.between[depth + 1])

    def inner(text: str, of: Type, deeper: int) -> str:
        value = f"nullif({text}, {literal(reading.null)})"
        if not (of.is_text or of.args or of.name == "varbinary"):
            value = f"nullif({value}, '')"
        return from_text(value, of, reading, deeper)

    pieces = f"str_split({raw}, {mark})"
    if kind.name == "array":
        value = f"list_transform({pieces}, lambda {item}: {inner(item, kind.args[0], depth + 1)})"
        empty = "[]"
    elif kind.name == "map":
        between = literal(reading.between[depth + 2])
        halves = [f"str_split({item}, {between})[{at}]" for at in (1, 2)]
        parts = [
            f"list_transform({pieces}, lambda {item}: {inner(half, of, depth + 2)})"
            for half, of in zip(halves, kind.args, strict=True)
        ]
        value, empty = f"map({parts[0]}, {parts[1]})", "MAP {}"
    else:
        fields = ", ".join(
            f"{literal(name or '')}: {inner(f'{pieces}[{at + 1}]', of, depth + 1)}"
            for at, (name, of) in enumerate(zip(kind.fields, kind.args, strict=True))
        )
        return f"CASE WHEN {raw} IS NULL THEN NULL ELSE {{{fields}}} END"
    return (
        f"CASE WHEN {raw} IS NULL THEN NULL WHEN {raw} = '' THEN CAST({empty} AS {kind.duckdb}) "
        f"ELSE CAST({value} AS {kind.duckdb}) END"
    )
