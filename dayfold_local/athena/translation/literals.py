"""Literals and zones: what an expression says without any column."""

from __future__ import annotations

import re
from typing import Any

from sqlglot import exp

from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.sql_types import (
    BIGINT,
    DATE,
    DOUBLE,
    INTEGER,
    INTERVAL_DAY,
    INTERVAL_MONTH,
    Type,
    decimal,
    literal,
    timestamp,
    timestamp_tz,
)
from dayfold_local.athena.translation import clock
from dayfold_local.athena.translation.casts import local
from dayfold_local.athena.translation.coercion import coerce
from dayfold_local.athena.translation.parse import position
from dayfold_local.athena.translation.scope import Typed

_MICROSECONDS = 6  # digits behind the point that the engine keeps


def plain_literal(node: exp.Literal, *_: Any) -> Typed:  # noqa: ANN401
    """A number or a text."""
    text = str(node.this)
    if node.is_string:
        return Typed(literal(text), Type("varchar", precision=len(text)), text)
    if re.fullmatch(r"[0-9]+", text):
        number = int(text)
        if number > 2**63 - 1:
            raise QueryFailure("SYNTAX_ERROR", f"{position(node)}Invalid numeric literal: {text}")
        kind = INTEGER if number < 2**31 else BIGINT
        return Typed(f"CAST({number} AS {kind.duckdb})", kind, number)
    if "e" in text.lower():
        return Typed(f"CAST({text} AS DOUBLE)", DOUBLE)
    whole, fraction = text.partition(".")[::2]
    precision = max(len(whole.lstrip("0")) + len(fraction), 1)
    kind = decimal(precision, len(fraction))
    return Typed(f"CAST({text} AS {kind.duckdb})", kind)


def date_literal(text: str, node: exp.Expr) -> Typed:
    """DATE '...'."""
    if not re.fullmatch(r"\s*\d{4}-\d{1,2}-\d{1,2}\s*", text):
        raise QueryFailure(
            "INVALID_LITERAL",
            f"{position(node)}'{text}' is not a valid DATE literal",
        )
    return Typed(f"CAST({literal(text.strip())} AS DATE)", DATE, text)


def timestamp_literal(text: str, node: exp.Expr) -> Typed:
    """TIMESTAMP '...': the precision is that of the text, and a zone behind it counts."""
    match = re.fullmatch(r"\s*(\d+-\d+-\d+(?: \d+:\d+(?::\d+(?:\.(\d+))?)?)?)(?: ?(\S+))?\s*", text)
    if match is None:
        raise QueryFailure(
            "INVALID_LITERAL",
            f"{position(node)}'{text}' is not a valid TIMESTAMP literal",
        )
    wall, fraction, zone = match.groups()
    if len(fraction or "") > _MICROSECONDS:
        raise not_supported(f"{position(node)}timestamps finer than microseconds ('{text}')")
    base = Typed(f"CAST({literal(wall)} AS TIMESTAMP)", timestamp(len(fraction or "")))
    if zone is None:
        return base
    known_zone(zone, node)
    kind = timestamp_tz(len(fraction or ""), zone)
    return Typed(f"zoned({literal(zone)}, {base.sql})", kind)


def interval(node: exp.Interval, *_: Any) -> Typed:  # noqa: ANN401
    """INTERVAL with one unit."""
    unit = node.args["unit"]
    if not isinstance(unit, exp.Var) or not re.fullmatch(r"-?\d+(\.\d+)?", str(node.this.this)):
        raise not_supported(f"{position(node)}INTERVAL {node.this.this} TO")
    name = unit.name.lower()
    kind = INTERVAL_MONTH if name in {"year", "month"} else INTERVAL_DAY
    return Typed(f"INTERVAL '{node.this.this} {name}'", kind)


def at_zone(value: Typed, zone: Typed, node: exp.Expr) -> Typed:
    """AT TIME ZONE: the same instant, on the clock of another zone."""
    if not isinstance(zone.value, str):
        raise not_supported(f"{position(node)}AT TIME ZONE with a zone that is not a literal")
    if value.type.name == "timestamp":
        value = coerce(value, timestamp_tz(value.type.precision or 0))
    if clock.is_clock(value.type):
        raise not_supported(f"{position(node)}the type time with time zone")
    if value.type.name != "timestamp with time zone":
        raise QueryFailure(
            "TYPE_MISMATCH",
            f"{position(node)}Type of value must be a time or timestamp with or without time zone "
            f"(actual {value.type})",
        )
    known_zone(zone.value, node)
    return Typed(value.any_zone or value.sql, timestamp_tz(value.type.precision or 0, zone.value))


def known_zone(name: str, node: exp.Expr) -> None:
    """Refuses a zone that does not exist, before the engine sees it."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    if re.fullmatch(r"[+-]\d{2}:\d{2}", name):
        raise not_supported(f"{position(node)}zones given as an offset ({name})")
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise QueryFailure(
            "INVALID_FUNCTION_ARGUMENT", f"{position(node)}'{name}' is not a valid time zone",
        ) from None  # fmt: skip


def now(*_: Any) -> Typed:  # noqa: ANN401
    """The start of the query."""
    return Typed("date_trunc('milliseconds', now())", timestamp_tz(3))


def today(*_: Any) -> Typed:  # noqa: ANN401
    """The day of the start of the query, in UTC."""
    return Typed("CAST(timezone('UTC', now()) AS DATE)", DATE)


def clock_now(*_: Any) -> Typed:  # noqa: ANN401
    """The time of the day in UTC at the start of the query."""
    return Typed(f"CAST({local(now()).sql} AS TIME)", clock.clock(3))


def local_now(*_: Any) -> Typed:  # noqa: ANN401
    """The wall clock in UTC at the start of the query."""
    return local(now())
