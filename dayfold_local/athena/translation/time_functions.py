"""Dates and times.

What depends on the clock of a zone is computed on that zone's wall-clock time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.sql_types import (
    BIGINT,
    DATE,
    DOUBLE,
    INTERVAL_DAY,
    INTERVAL_MONTH,
    Type,
    literal,
    timestamp,
    timestamp_tz,
)
from dayfold_local.athena.translation import clock
from dayfold_local.athena.translation.casts import cast, local
from dayfold_local.athena.translation.coercion import coerce, common_type
from dayfold_local.athena.translation.functions import Call, function
from dayfold_local.athena.translation.literals import (
    at_zone,
    date_literal,
    known_zone,
    timestamp_literal,
)
from dayfold_local.athena.translation.parse import position
from dayfold_local.athena.translation.scope import Typed

if TYPE_CHECKING:
    from collections.abc import Mapping

_UNITS: Final = {
    "millisecond",
    "second",
    "minute",
    "hour",
    "day",
    "week",
    "month",
    "quarter",
    "year",
}
_DATE_UNITS: Final = {"day", "week", "month", "quarter", "year"}
_FIELDS: Final[Mapping[str, str]] = {
    "year": "year({0})",
    "quarter": "quarter({0})",
    "month": "month({0})",
    "week": "weekofyear({0})",
    "day": "day({0})",
    "day_of_week": "isodow({0})",
    "day_of_year": "dayofyear({0})",
    "yow": "isoyear({0})",
    **clock.FIELDS,
}


def _unit(call: Call, value: Type) -> str:
    unit = call.literal(0).lower()
    allowed = _DATE_UNITS if value == DATE else _UNITS
    if unit not in allowed:
        raise QueryFailure(
            "INVALID_FUNCTION_ARGUMENT",
            f"{position(call.node)}'{unit}' is not a valid "
            f"{'DATE' if value == DATE else 'Timestamp'} field",
        )
    return unit


def moment_of(value: Typed, call: Call) -> Typed:
    """A date or timestamp; one with a zone as that zone's wall clock shows it."""
    if not value.type.is_time:
        raise call.unexpected()
    return local(value) if value.type.name.endswith("zone") else value


def _back(sql: str, original: Type) -> Typed:
    """A wall-clock result in the type that the argument had."""
    if original == DATE:
        return Typed(f"CAST({sql} AS DATE)", DATE)
    if original.name == "timestamp":
        return Typed(sql, original)
    return Typed(f"zoned('{original.zone}', {sql})", original)


@function(*_FIELDS)
def _field(call: Call) -> Typed:
    call.need(1)
    value = call.arg(0)
    if value.type in {INTERVAL_DAY, INTERVAL_MONTH}:
        raise not_supported(f"{position(call.node)}{call.name} of an interval")
    if clock.is_clock(value.type) and call.name in clock.FIELDS:
        return Typed(f"CAST({clock.FIELDS[call.name].format(value.sql)} AS BIGINT)", BIGINT)
    moment = moment_of(value, call)
    if moment.type == DATE and call.name in clock.FIELDS:
        raise call.unexpected()
    return Typed(f"CAST({_FIELDS[call.name].format(moment.sql)} AS BIGINT)", BIGINT)


@function("date_trunc")
def _date_trunc(call: Call) -> Typed:
    call.need(2)
    value = call.arg(1)
    if clock.is_clock(value.type):
        return clock.truncated(clock.unit_of(call), value)
    unit = _unit(call, value.type)
    moment = moment_of(value, call)
    return _back(f"date_trunc('{unit}', {moment.sql})", value.type)


@function("date_add")
def _date_add(call: Call) -> Typed:
    call.need(3)
    amount, value = coerce(call.arg(1), BIGINT), call.arg(2)
    if clock.is_clock(value.type):
        return clock.later(clock.unit_of(call), amount, value)
    unit = _unit(call, value.type)
    if not value.type.is_time:
        raise call.unexpected()
    shift = (
        f"{amount.sql} * INTERVAL '1 {unit}'"
        if unit != "quarter"
        else f"{amount.sql} * INTERVAL '3 month'"
    )
    if value.type.name.endswith("zone") and unit in _DATE_UNITS:
        return _back(f"({local(value).sql} + {shift})", value.type)
    if value.type == DATE:
        return Typed(f"CAST({value.sql} + {shift} AS DATE)", DATE)
    kind = value.type
    if unit == "millisecond" and (kind.precision or 0) < 3:
        kind = timestamp(3) if kind.name == "timestamp" else timestamp_tz(3, kind.zone)
    return Typed(f"({value.sql} + {shift})", kind)


@function("date_diff")
def _date_diff(call: Call) -> Typed:
    call.need(3)
    first, second = call.arg(1), call.arg(2)
    kind = common_type(first.type, second.type)
    if kind is not None and clock.is_clock(kind):
        return clock.between(clock.unit_of(call), first, second)
    if kind is None or not kind.is_time:
        raise call.unexpected()
    unit = _unit(call, kind)
    if kind.name.endswith("zone") and unit in _DATE_UNITS and first.type.zone != second.type.zone:
        raise not_supported(f"{position(call.node)}date_diff in days across two time zones")
    start, end = coerce(first, kind), coerce(second, kind)
    if kind.name.endswith("zone") and unit in _DATE_UNITS:
        start, end = local(start), local(end)
    return Typed(f"date_sub('{unit}', {start.sql}, {end.sql})", BIGINT)


@function("date_literal")
def _date_literal(call: Call) -> Typed:
    return date_literal(call.literal(0), call.node)


@function("timestamp_literal")
def _timestamp_literal(call: Call) -> Typed:
    return timestamp_literal(call.literal(0), call.node)


@function("time_literal")
def _time_literal(call: Call) -> Typed:
    return clock.clock_literal(call.literal(0), call.node)


@function("date")
def _date(call: Call) -> Typed:
    call.need(1)
    return cast(call.arg(0), DATE)


@function("at_timezone")
def _at_timezone(call: Call) -> Typed:
    call.need(2)
    return at_zone(call.arg(0), call.arg(1), call.node)


@function("with_timezone")
def _with_timezone(call: Call) -> Typed:
    """The instant at which a zone's clock shows a timestamp."""
    call.need(2)
    moment, zone = call.arg(0), call.arg(1)
    if moment.type.name != "timestamp" or not isinstance(zone.value, str):
        raise call.unexpected()
    known_zone(zone.value, call.node)
    kind = timestamp_tz(moment.type.precision or 0, zone.value)
    return Typed(f"zoned({literal(zone.value)}, {moment.sql})", kind)


@function("timezone_hour", "timezone_minute")
def _offset(call: Call) -> Typed:
    """Of the zone's offset at that moment, the hours, or the minutes beyond them."""
    call.need(1)
    value = call.arg(0)
    if not value.type.is_time:
        raise call.unexpected()
    if not value.type.name.endswith("zone"):
        value = coerce(value, timestamp_tz(value.type.precision or 0))
    clocks = (local(value).sql, f"timezone('UTC', {value.sql})")
    minutes = f"({' - '.join(f'epoch_us({one})' for one in clocks)}) // 60000000"
    part = "// 60" if call.name == "timezone_hour" else "% 60"
    return Typed(f"CAST(({minutes}) {part} AS BIGINT)", BIGINT)


@function("to_milliseconds")
def _to_milliseconds(call: Call) -> Typed:
    call.need(1)
    value = call.arg(0)
    if value.type != INTERVAL_DAY:
        raise call.unexpected()
    return Typed(f"(epoch_us({value.sql}) // 1000)", BIGINT)


@function("now", "current_timestamp")
def _now(_: Call) -> Typed:
    return Typed("date_trunc('milliseconds', now())", timestamp_tz(3))


@function("last_day_of_month")
def _last_day(call: Call) -> Typed:
    call.need(1)
    return Typed(f"last_day({moment_of(call.arg(0), call).sql})", DATE)


@function("to_unixtime")
def _to_unixtime(call: Call) -> Typed:
    call.need(1)
    value = call.arg(0)
    if not value.type.name.startswith("timestamp"):
        raise call.unexpected()
    return Typed(f"(epoch_us({value.any_zone or value.sql}) / 1e6)", DOUBLE)


@function("from_unixtime")
def _from_unixtime(call: Call) -> Typed:
    call.need(1, 2)
    value = coerce(call.arg(0), DOUBLE)
    moment = Typed(f"to_timestamp(round({value.sql} * 1000) / 1000)", timestamp_tz(3))
    return at_zone(moment, call.arg(1), call.node) if len(call.raw) == 2 else moment
