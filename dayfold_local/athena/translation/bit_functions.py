"""Bits of whole numbers, and their digits in other bases."""

from __future__ import annotations

from typing import Final

from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.sql_types import BIGINT, VARCHAR, Type
from dayfold_local.athena.translation.coercion import coerce
from dayfold_local.athena.translation.failing import raising
from dayfold_local.athena.translation.functions import Call, function
from dayfold_local.athena.translation.parse import position
from dayfold_local.athena.translation.scope import Typed

_BITS: Final = {"tinyint": 8, "smallint": 16, "integer": 32, "bigint": 64}


@function("bitwise_left_shift", "bitwise_right_shift", "bitwise_right_shift_arithmetic")
def _shift(call: Call) -> Typed:
    """Shifts within the bits of the number's type; a sign moved along is a bit like the others."""
    call.need(2)
    value, by = call.args()
    if not (value.type.is_integer and by.type.is_integer):
        raise call.unexpected()
    bits = _BITS[value.type.name]
    # The engine's own shifts fail where bits are lost: in 128 bits none are.
    whole, size = f"CAST({value.sql} AS HUGEINT)", f"CAST({2**bits} AS HUGEINT)"
    power = f"CAST(pow(2, least(greatest({by.sql}, 0), {bits})) AS HUGEINT)"
    unsigned = f"(({whole} % {size} + {size}) % {size})"
    if call.name == "bitwise_left_shift":
        half = f"CAST({2 ** (bits - 1)} AS HUGEINT)"
        # Of the bits that move out nothing may be left before they are multiplied.
        kept = f"({unsigned} % ({size} // {power}))"
        shifted, beyond = f"(({kept} * {power} + {half}) % {size} - {half})", "0"
    elif call.name == "bitwise_right_shift":
        shifted, beyond = f"CASE WHEN {by.sql} = 0 THEN {whole} ELSE {unsigned} // {power} END", "0"
    else:
        below = f"(({whole} % {power} + {power}) % {power})"
        shifted = f"(({whole} - {below}) // {power})"
        beyond = f"CASE WHEN {value.sql} < 0 THEN -1 ELSE 0 END"
    failed = raising("NOT_SUPPORTED", f"'{call.name} by less than nothing'", "BIGINT")
    return Typed(
        f"CAST(CASE WHEN {value.sql} IS NULL OR {by.sql} IS NULL THEN NULL "
        f"WHEN {by.sql} < 0 THEN {failed} WHEN {by.sql} >= {bits} THEN {beyond} "
        f"ELSE {shifted} END AS {value.type.duckdb})",
        value.type,
    )


@function("to_base")
def _to_base(call: Call) -> Typed:
    call.need(2)
    value, base = call.args()
    if not (value.type.is_integer and base.type.is_integer):
        raise call.unexpected()
    texts = (coerce(arg, BIGINT).sql for arg in (value, base))
    return Typed(f"to_base_of({', '.join(texts)})", Type(VARCHAR.name, precision=64))


@function("bit_count")
def _bit_count(call: Call) -> Typed:
    call.need(2)
    value, width = coerce(call.arg(0), BIGINT), call.arg(1).value
    if not isinstance(width, int):
        raise not_supported(f"{position(call.node)}bit_count of a computed width")
    if not 2 <= width <= _BITS["bigint"]:
        raise QueryFailure(
            "INVALID_FUNCTION_ARGUMENT",
            f"Bits specified in bit_count must be between 2 and 64, got {width}",
        )
    if width == _BITS["bigint"]:
        return Typed(f"CAST(bit_count({value.sql}) AS BIGINT)", BIGINT)
    half = 1 << (width - 1)
    message = (
        f"'Number must be representable with the bits specified. ' || {value.sql} || "
        f"' cannot be represented with {width} bits'"
    )
    failed = raising("INVALID_FUNCTION_ARGUMENT", message, "BIGINT")
    counted = f"bit_count({value.sql} & {(1 << width) - 1})"
    fits = f"{value.sql} BETWEEN {-half} AND {half - 1}"
    return Typed(
        f"CAST(CASE WHEN {value.sql} IS NULL THEN NULL WHEN {fits} THEN {counted} "
        f"ELSE {failed} END AS BIGINT)",
        BIGINT,
    )
