"""What converts by itself to what, by Trino's rules."""

from __future__ import annotations

from typing import Final

from dayfold_local.athena.errors import not_supported
from dayfold_local.athena.sql_types import UNKNOWN, Type, decimal, timestamp, timestamp_tz
from dayfold_local.athena.translation.scope import Typed

INTEGER_ORDER: Final = ("tinyint", "smallint", "integer", "bigint")
_DIGITS: Final = {"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19}


def common_type(left: Type, right: Type) -> Type | None:  # noqa: PLR0911 - one per kind of type
    """The type that both sides of an operator, a CASE or a UNION take, or None."""
    if left == right and not left.args:
        zone = left.zone if left.zone == right.zone else None
        return left if left.zone == right.zone else timestamp_tz(left.precision or 3, zone)
    if UNKNOWN in {left, right}:
        return right if left == UNKNOWN else left
    if left.is_numeric and right.is_numeric:
        return _common_number(left, right)
    if left.is_text and right.is_text:
        return _common_text(left, right)
    if left.is_time and right.is_time:
        return _common_time(left, right)
    if left.name == right.name == "time":
        return max(left, right, key=lambda kind: kind.precision or 0)
    if left.name == right.name and left.args and len(left.args) == len(right.args):
        return _common_nested(left, right)
    return None


def _common_number(left: Type, right: Type) -> Type:
    names = {left.name, right.name}
    for name in ("double", "real"):
        if name in names:
            return Type(name)
    if left.is_integer and right.is_integer:
        return max(left, right, key=lambda kind: INTEGER_ORDER.index(kind.name))
    (p1, s1), (p2, s2) = digits(left), digits(right)
    scale = max(s1, s2)
    return decimal(min(38, max(p1 - s1, p2 - s2) + scale), scale)


def digits(kind: Type) -> tuple[int, int]:
    """Precision and scale of a decimal, or of the decimal that an integer becomes."""
    if kind.name == "decimal":
        return kind.precision or 38, kind.scale or 0
    return _DIGITS[kind.name], 0


def _common_text(left: Type, right: Type) -> Type:
    if "char" in {left.name, right.name}:
        raise not_supported("char values compared or mixed with varchar")
    if left.precision is None or right.precision is None:
        return Type("varchar")
    return Type("varchar", precision=max(left.precision, right.precision))


def _common_time(left: Type, right: Type) -> Type:
    precision = max(left.precision or 0, right.precision or 0)
    if "timestamp with time zone" in {left.name, right.name}:
        zones = {side.zone for side in (left, right) if side.name.endswith("zone")}
        return timestamp_tz(precision, zones.pop() if len(zones) == 1 else None)
    return timestamp(precision)


def _common_nested(left: Type, right: Type) -> Type | None:
    args = [common_type(a, b) for a, b in zip(left.args, right.args, strict=True)]
    if any(arg is None for arg in args):
        return None
    fields = left.fields if left.fields == right.fields else tuple(None for _ in left.fields)
    return Type(left.name, tuple(arg for arg in args if arg is not None), fields)


def coerce(value: Typed, target: Type) -> Typed:
    """The value in a type it converts to by itself."""
    source = value.type
    if source == target:
        return Typed(value.sql, target, value.value)
    if source.is_text and target.is_text:
        return Typed(padded(value) if target.name == "varchar" else value.sql, target, value.value)
    if source.name == target.name == "timestamp":
        return Typed(value.sql, target)
    return Typed(f"CAST({value.sql} AS {target.duckdb})", target)


def padded(value: Typed) -> str:
    """A text as a varchar: a char value gets the blanks back that the engine does not keep."""
    if value.type.name != "char":
        return value.sql
    return f"rpad({value.sql}, {value.type.precision}, ' ')"


def coercible(source: Type, target: Type) -> bool:
    """Whether Trino converts `source` to `target` without being asked."""
    if source in (target, UNKNOWN):
        return True
    if source.is_text and target.is_text:
        return target.precision is None or (source.precision or 1 << 31) <= target.precision
    return common_type(source, target) == target
