"""The bucket that Hive puts a row into: its first hash, in the engine's SQL.

Source of the formula: Hive's ObjectInspectorUtils (bucketing version 1), which Athena's CTAS uses.
All sums are kept modulo 2**32.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dayfold_local.athena.errors import not_supported
from dayfold_local.athena.sql_types import quote

if TYPE_CHECKING:
    from dayfold_local.athena.sql_types import Type

_WRAP: Final = 1 << 32


def _hash(sql: str, kind: Type) -> str:
    if kind.name == "boolean":
        return f"CAST({sql} AS BIGINT)"
    if kind.name in {"tinyint", "smallint", "integer"}:
        return f"((CAST({sql} AS BIGINT) + {_WRAP}) % {_WRAP})"
    if kind.name == "bigint":
        return f"(xor({sql} >> 32, {sql}) & {_WRAP - 1})"
    if kind.name == "date":
        return f"((CAST({sql} - DATE '1970-01-01' AS BIGINT) + {_WRAP}) % {_WRAP})"
    if kind.name == "varchar":
        number = "CAST('0x' || b AS BIGINT)"
        signed = f"CASE WHEN {number} > 127 THEN {number} - 256 ELSE {number} END"
        pairs = f"regexp_extract_all(hex(encode({sql})), '..')"
        listed = f"list_transform({pairs}, lambda b: {signed})"
        return f"list_reduce({listed}, lambda h, b: (h * 31 + b + {_WRAP}) % {_WRAP}, 0::BIGINT)"
    raise not_supported(f"bucketed_by a column of type {kind}")


def bucket(columns: list[tuple[str, Type]], count: int) -> str:
    """The number of a row's bucket, from 0."""
    total = "0"
    for name, kind in columns:
        total = f"(({total} * 31 + coalesce({_hash(quote(name), kind)}, 0)) % {_WRAP})"
    return f"(({total} & 2147483647) % {count})"
