"""NaN, which Trino and the engine see differently.

For the engine NaN equals itself and is above every number. In Trino every comparison with it but
<> fails, min, max, greatest and least pass over it, and only ORDER BY puts it at the top.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from dayfold_local.athena.sql_types import Type
    from dayfold_local.athena.translation.scope import Typed

_NUMBER: Final = re.compile(r"[(-]*CAST\([-0-9.eE+]+ AS (?:DOUBLE|FLOAT)\)\)*")


def is_float(kind: Type) -> bool:
    """Whether the type has a NaN."""
    return kind.name in {"double", "real"}


def may_be_nan(value: Typed) -> bool:
    """Whether a value, as it is before any conversion, can be NaN."""
    return is_float(value.type) and _NUMBER.fullmatch(value.sql) is None


def compared(symbol: str, left: Typed, right: Typed, odd: tuple[bool, bool]) -> str:
    """`left symbol right`, with NaN as Trino has it.

    Args:
        symbol: One of =, <>, <, <=, >, >=.
        left: The left side, in the type that both sides take.
        right: The right side, in the same type.
        odd: Which of the two can be NaN.
    """
    a, b = left.sql, right.sql
    plain = f"({a} {symbol} {b})"
    if symbol in {"=", "<>"} and not all(odd):
        return plain
    if symbol == "<>":
        return f"({plain} OR (isnan({a}) AND {b} IS NOT NULL))"
    if symbol in {"=", ">", ">="} and odd[0]:
        return f"({plain} AND (NOT isnan({a}) OR {b} IS NULL))"
    if symbol in {"<", "<="} and odd[1]:
        return f"({plain} AND (NOT isnan({b}) OR {a} IS NULL))"
    return plain


def number(value: Typed) -> str:
    """The value, or NULL if it is NaN: for what passes over NaN as over NULL."""
    return f"CASE WHEN isnan({value.sql}) THEN NULL ELSE {value.sql} END"
