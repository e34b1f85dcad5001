"""Arithmetic, comparison and logic, typed by Trino's rules."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.sql_types import (
    BOOLEAN,
    DATE,
    DOUBLE,
    INTERVAL_DAY,
    INTERVAL_MONTH,
    UNKNOWN,
    Type,
    array,
    decimal,
)
from dayfold_local.athena.translation import clock, floats, nested, untyped
from dayfold_local.athena.translation.casts import cast, local
from dayfold_local.athena.translation.coercion import coerce, common_type, digits
from dayfold_local.athena.translation.failing import raising, unless_null
from dayfold_local.athena.translation.parse import position
from dayfold_local.athena.translation.scope import Typed

if TYPE_CHECKING:
    from sqlglot import exp

_MOST_DIGITS: Final = 38
_LONG_DIGITS: Final = 19  # from here on the engine counts in 128 bits
_SYMBOLS: Final = {"add": "+", "sub": "-", "mul": "*", "div": "/", "mod": "%"}


def no_operator(symbol: str, left: Type, right: Type, node: exp.Expr) -> QueryFailure:
    """Trino's answer to operands that do not go together."""
    return QueryFailure(
        "TYPE_MISMATCH",
        f"{position(node)}Cannot apply operator: {left} {symbol} {right}",
    )


def comparison(symbol: str, left: Typed, right: Typed, node: exp.Expr) -> Typed:
    """`left symbol right` in the type that both take."""
    kind = common_type(left.type, right.type)
    if kind is not None and kind.name == "json" and symbol not in {"<", "<=", ">", ">="}:
        raise not_supported(f"{position(node)}{left.type} {symbol} {right.type}")
    if kind is None or kind.name == "json":
        raise no_operator(symbol, left.type, right.type, node)
    if nested.is_nested(kind) and nested.is_nested(left.type) and nested.is_nested(right.type):
        return _of_nested(symbol, left, right, kind, node)
    a, b = (coerce(Typed(side.any_zone or side.sql, side.type), kind) for side in (left, right))
    if floats.is_float(kind) and "DISTINCT" not in symbol:
        odd = (floats.may_be_nan(left), floats.may_be_nan(right))
        return Typed(floats.compared(symbol, a, b, odd), BOOLEAN)
    return Typed(f"({a.sql} {symbol} {b.sql})", BOOLEAN)


def _of_nested(symbol: str, left: Typed, right: Typed, kind: Type, node: exp.Expr) -> Typed:
    """A comparison of arrays, maps or rows."""
    if "DISTINCT" in symbol:
        by_name = nested.holds(kind, "row") and left.type != right.type
        if by_name or nested.holds(kind, "map", "json"):
            raise not_supported(f"{position(node)}{left.type} {symbol} {right.type}")
        a, b = coerce(left, kind), coerce(right, kind)
        return Typed(f"({a.sql} {symbol} {b.sql})", BOOLEAN)
    if symbol in {"=", "<>"}:
        same = nested.equal(left, right, lambda a, b: comparison("=", a, b, node).sql)
        return Typed(same if symbol == "=" else f"(NOT {same})", BOOLEAN)
    if kind.name == "map":
        raise no_operator(symbol, left.type, right.type, node)
    return Typed(nested.ordered(symbol, left, right, kind), BOOLEAN)


def unify(values: list[Typed], node: exp.Expr, what: str) -> list[Typed]:
    """The values in their common type."""
    kind = values[0].type
    for value in values[1:]:
        wider = common_type(kind, value.type)
        if wider is None:
            raise QueryFailure(
                "TYPE_MISMATCH",
                f"{position(node)}All {what} must be the same type: {kind}, {value.type}",
            )
        kind = wider
    return [coerce(value, kind) for value in values]


def arithmetic(name: str, left: Typed, right: Typed, node: exp.Expr) -> Typed:
    """Addition, subtraction, multiplication, division and modulus."""
    symbol = _SYMBOLS[name]
    if UNKNOWN in {left.type, right.type}:
        left, right = untyped.sides(name, left, right, node)
    if left.type.is_numeric and right.type.is_numeric:
        kind = common_type(left.type, right.type)
        assert kind is not None
        if kind.name == "decimal":
            return _decimal(name, left, right)
        a, b = coerce(left, kind), coerce(right, kind)
        if name == "div" and kind.is_integer:
            symbol = "//"
        return Typed(f"({a.sql} {symbol} {b.sql})", kind)
    result = _temporal(name, left, right) or clock.arithmetic(name, left, right)
    if result is None:
        raise no_operator(symbol, left.type, right.type, node)
    return result


def _decimal(name: str, left: Typed, right: Typed) -> Typed:
    (p1, s1), (p2, s2) = digits(left.type), digits(right.type)
    if name in {"add", "sub"}:
        scale = max(s1, s2)
        kind = decimal(min(38, scale + max(p1 - s1, p2 - s2) + 1), scale)
        a, b = coerce(left, kind), coerce(right, kind)
        return Typed(f"CAST({a.sql} {_SYMBOLS[name]} {b.sql} AS {kind.duckdb})", kind)
    if name == "mul":
        if p1 + p2 > 38:
            raise not_supported(f"the product of {left.type} and {right.type}: over 38 digits")
        kind = decimal(p1 + p2, s1 + s2)
        # The engine multiplies 18 digits by 18 in 64 bits, whatever the result needs.
        wide = decimal(max(p1, _LONG_DIGITS), s1) if p1 + p2 >= _LONG_DIGITS else decimal(p1, s1)
        a, b = coerce(left, wide), coerce(right, decimal(p2, s2))
        return Typed(f"CAST({a.sql} * {b.sql} AS {kind.duckdb})", kind)
    if name == "div":
        scale = max(s1, s2)
        kind = decimal(min(38, p1 + s2 + max(s2 - s1, 0)), scale)
        over, under = unscaled(left), unscaled(right)
        # left/right at the result's scale: unscaled(left) * 10^(scale - s1 + s2) / unscaled(right)
        shifted = f"({over} * CAST({10 ** (scale - s1 + s2)} AS HUGEINT))"
        return Typed(scaled(f"half_up({shifted}, {under})", kind), kind)
    return _decimal_rest(left, right)


def _decimal_rest(left: Typed, right: Typed) -> Typed:
    """The modulus at the larger scale; its sign is the left side's."""
    (p1, s1), (p2, s2) = digits(left.type), digits(right.type)
    scale = max(s1, s2)
    if max(p1 + scale - s1, p2 + scale - s2) > _MOST_DIGITS:
        raise not_supported(f"the modulus of {left.type} and {right.type}: over 38 digits")
    kind = decimal(min(p1 - s1, p2 - s2) + scale, scale)
    over, under = (
        f"({unscaled(side)} * CAST({10 ** (scale - own)} AS HUGEINT))"
        for side, own in ((left, s1), (right, s2))
    )
    return Typed(scaled(f"({over} % {under})", kind), kind)


def at_place(value: Typed, place: int, kind: Type, *, rounds: bool) -> Typed:
    """A decimal rounded, or cut, at a place behind the point, or before it if negative."""
    unit = 10 ** ((value.type.scale or 0) - place)
    if unit >= 10**_MOST_DIGITS:
        raise not_supported(f"{value.type} at a place of {place}")
    whole = unscaled(value)
    half = unit // 2 if rounds else 0
    parts = f"((abs({whole}) + CAST({half} AS HUGEINT)) // CAST({unit} AS HUGEINT))"
    signed = f"(CAST(sign({whole}) AS HUGEINT) * {parts} * CAST({unit} AS HUGEINT))"
    return Typed(scaled(signed, kind), kind)


def unscaled(value: Typed) -> str:
    """A decimal or integer without its point, as HUGEINT."""
    if value.type.is_integer:
        return f"CAST({value.sql} AS HUGEINT)"
    if not value.type.scale:
        return f"CAST({value.sql} AS HUGEINT)"
    return f"CAST(replace(CAST({value.sql} AS VARCHAR), '.', '') AS HUGEINT)"


def scaled(huge: str, kind: Type) -> str:
    """The decimal whose digits without the point are `huge`."""
    return (
        f"CAST(with_point({huge}, {10 ** (kind.scale or 0)}, {kind.scale or 0}) AS {kind.duckdb})"
    )


def _temporal(name: str, left: Typed, right: Typed) -> Typed | None:
    intervals = (INTERVAL_DAY, INTERVAL_MONTH)
    if name == "add" and left.type in intervals and right.type.is_time:
        left, right = right, left
    if name in {"add", "sub"} and left.type.is_time and right.type in intervals:
        return _shift(_SYMBOLS[name], left, right)
    if name == "sub" and left.type.is_time and right.type.is_time:
        kind = common_type(left.type, right.type)
        assert kind is not None
        a, b = coerce(left, kind), coerce(right, kind)
        if kind == DATE:
            return Typed(f"to_days(CAST({a.sql} - {b.sql} AS INTEGER))", INTERVAL_DAY)
        return Typed(f"to_microseconds(epoch_us({a.sql}) - epoch_us({b.sql}))", INTERVAL_DAY)
    if name in {"add", "sub"} and left.type == right.type and left.type in intervals:
        return Typed(f"({left.sql} {_SYMBOLS[name]} {right.sql})", left.type)
    if name == "mul" and right.type in intervals:
        left, right = right, left
    if name in {"mul", "div"} and left.type in intervals and right.type.is_numeric:
        return _multiple(name, left, right)
    return None


def _multiple(name: str, interval: Typed, by: Typed) -> Typed:
    """An interval times or by a number, without parts of a millisecond or a month."""
    if name == "mul" and by.type.is_integer:
        return Typed(f"({interval.sql} * {by.sql})", interval.type)
    symbol, number = _SYMBOLS[name], coerce(by, DOUBLE).sql
    if interval.type == INTERVAL_MONTH:
        months = f"datepart('year', {interval.sql}) * 12 + datepart('month', {interval.sql})"
        part = f"CAST(trunc(CAST({months} AS DOUBLE) {symbol} {number}) AS INTEGER)"
        return Typed(f"to_months({part})", INTERVAL_MONTH)
    millis = f"CAST(epoch_us({interval.sql}) // 1000 AS DOUBLE)"
    part = f"CAST(trunc({millis} {symbol} {number}) AS BIGINT)"
    return Typed(f"to_microseconds({part} * 1000)", INTERVAL_DAY)


def _whole_days(interval: Typed) -> str:
    """An interval to be added to a date; one with parts of a day fails."""
    if interval.type != INTERVAL_DAY:
        return interval.sql
    message = "'Cannot add hour, minutes or seconds to a date'"
    failed = raising("INVALID_FUNCTION_ARGUMENT", message, "BIGINT")
    odd = f"epoch_us({interval.sql}) % {24 * 60 * 60 * 10**6} <> 0"
    return f"CASE WHEN {odd} THEN to_microseconds({failed}) ELSE {interval.sql} END"


def _shift(symbol: str, moment: Typed, interval: Typed) -> Typed:
    if moment.type == DATE:
        return Typed(f"CAST({moment.sql} {symbol} {_whole_days(interval)} AS DATE)", DATE)
    finer = interval.type == INTERVAL_DAY and (moment.type.precision or 0) < 3
    if finer:  # an interval of days and seconds has milliseconds
        moment = Typed(moment.sql, dataclasses.replace(moment.type, precision=3))
    if moment.type.name == "timestamp":
        return Typed(f"({moment.sql} {symbol} {interval.sql})", moment.type)
    if moment.type.zone != "UTC" and interval.type == INTERVAL_MONTH:
        wall = local(moment)
        shifted = f"zoned('{moment.type.zone}', {wall.sql} {symbol} {interval.sql})"
        return Typed(shifted, moment.type)
    return Typed(f"({moment.sql} {symbol} {interval.sql})", moment.type)


def concat(values: list[Typed], node: exp.Expr) -> Typed:
    """`||` and concat: texts, binaries, or arrays; NULL if any is."""
    kinds = [value.type for value in values if value.type != UNKNOWN]
    if any(kind.name == "char" for kind in kinds):
        raise not_supported(f"{position(node)}char values joined to others: cast them to varchar")
    if all(kind.is_text for kind in kinds):
        texts = [cast(each, Type("varchar")).sql for each in values]
        return Typed(f"({' || '.join(texts)})", Type("varchar"))
    if all(kind.name == "varbinary" for kind in kinds):
        return Typed(f"({' || '.join(value.sql for value in values)})", kinds[0])
    if any(kind.name == "array" for kind in kinds):
        return _concat_arrays(values, node)
    raise no_operator("||", values[0].type, values[-1].type, node)


def _concat_arrays(values: list[Typed], node: exp.Expr) -> Typed:
    items = [v.type.args[0] if v.type.name == "array" else v.type for v in values]
    item = items[0]
    for other in items[1:]:
        wider = common_type(item, other)
        if wider is None and "array" in {item.name, other.name}:
            raise not_supported(f"{position(node)}an array as an element joined to arrays")
        if wider is None:
            raise no_operator("||", values[0].type, values[-1].type, node)
        item = wider
    parts = [
        coerce(each, array(item)).sql
        if each.type.name == "array"
        else f"[{coerce(each, item).sql}]"
        for each in values
    ]
    return Typed(unless_null(" || ".join(parts), *(each.sql for each in values)), array(item))
