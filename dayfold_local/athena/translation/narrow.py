"""Casts of numbers, texts and timestamps that take no more than a line of the engine's SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dayfold_local.athena.errors import not_supported

if TYPE_CHECKING:
    from dayfold_local.athena.sql_types import Type
    from dayfold_local.athena.translation.scope import Typed


def float_to_integer(value: Typed, target: Type) -> str:
    """A double rounded to a whole number."""
    return f"CAST(round({value.sql}) AS {target.duckdb})"


def float_to_decimal(value: Typed, target: Type) -> str:
    """A double rounded as what it shows."""
    # By way of the shortest text of the double, as BigDecimal.valueOf has it.
    return f"CAST(CAST({value.sql} AS VARCHAR) AS {target.duckdb})"


def number_to_boolean(value: Typed, _: Type) -> str:
    """True unless zero."""
    return f"({value.sql} <> 0)"


def to_char(value: Typed, target: Type) -> str:
    """A text cut to a char's length."""
    # Without the blanks at its end: so values compare, and are kept in files.
    return f"rtrim(left({value.sql}, {target.precision}), ' ')"


def double_to_real(value: Typed, _: Type) -> str:
    """A double as a real; too large is infinite."""
    # The engine fails where Trino answers infinity: from 2^128 - 2^103 on.
    infinite = f"CASE WHEN {value.sql} > 0 THEN 'inf' ELSE '-inf' END"
    return (
        f"CASE WHEN abs({value.sql}) >= 3.4028235677973366e38 AND isfinite({value.sql}) "
        f"THEN CAST({infinite} AS FLOAT) ELSE CAST({value.sql} AS FLOAT) END"
    )


def plain(value: Typed, target: Type) -> str:
    """A cast that the engine has as Trino does."""
    return f"CAST({value.sql} AS {target.duckdb})"


def from_boolean(value: Typed, target: Type) -> str:
    """1 or 0."""
    if target.name == "decimal" and target.precision == target.scale:
        raise not_supported(f"CAST of boolean to {target}, which has no place for a 1")
    return plain(value, target)


def rounded(sql: str, have: int, want: int) -> str:
    """A timestamp at a lower precision, rounded half up."""
    if want >= have:
        return sql
    step = 10 ** (6 - want)
    return (
        f"make_timestamp(CAST(floor((epoch_us({sql}) + {step // 2}) / {step}) * {step} AS BIGINT))"
    )


def timestamp_text(sql: str, precision: int) -> str:
    """A timestamp as Trino prints it."""
    if precision > 6:
        raise not_supported(f"timestamp({precision}): more than microseconds")
    base = f"strftime({sql}, '%Y-%m-%d %H:%M:%S"
    if precision == 0:
        return f"{base}')"
    if precision == 3:
        return f"{base}.%g')"
    return f"left({base}.%f'), {20 + precision})"
