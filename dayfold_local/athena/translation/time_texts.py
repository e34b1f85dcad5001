"""Dates and times from texts, and as texts: ISO 8601, and formats of MySQL and Joda."""

from __future__ import annotations

import re
from typing import Final

from dayfold_local.athena.errors import not_supported
from dayfold_local.athena.sql_types import (
    DATE,
    VARCHAR,
    Type,
    literal,
    timestamp,
    timestamp_tz,
)
from dayfold_local.athena.translation.failing import raising
from dayfold_local.athena.translation.functions import Call, function
from dayfold_local.athena.translation.parse import position
from dayfold_local.athena.translation.scope import Typed
from dayfold_local.athena.translation.time_formats import joda_format, mysql_format
from dayfold_local.athena.translation.time_functions import moment_of

_DIRECTIVE: Final = re.compile(r"%-?([a-zA-Z%])")
_OF_TIME: Final = frozenset("HIMSfgnp%")


@function("from_iso8601_date")
def _from_iso_date(call: Call) -> Typed:
    call.need(1)
    text = call.arg(0)
    failed = raising(
        "INVALID_FUNCTION_ARGUMENT", f"'Invalid format: \"' || {text.sql} || '\"'", "DATE"
    )
    day = f"coalesce(iso_day({text.sql}), {failed})"
    return Typed(f"CASE WHEN {text.sql} IS NULL THEN NULL ELSE {day} END", DATE)


@function("from_iso8601_timestamp")
def _from_iso(call: Call) -> Typed:
    call.need(1)
    text = call.arg(0)
    if not text.type.is_text:
        raise call.unexpected()
    # A value carries the offset of its text. We keep only the instant, so unless the zone is
    # replaced at once (AT TIME ZONE), an offset other than UTC is refused when it is met.
    kind = timestamp_tz(3)
    return Typed(f"iso8601_utc({text.sql})", kind, None, f"iso8601_any({text.sql})")


@function("to_iso8601")
def _to_iso(call: Call) -> Typed:
    call.need(1)
    value = call.arg(0)
    if value.type == DATE:
        return Typed(f"strftime({value.sql}, '%Y-%m-%d')", Type("varchar", precision=16))
    suffix, precision = "", value.type.precision or 0
    length = 22 + (precision + 1 if precision else 0)
    if value.type.name.endswith("zone"):
        if value.type.zone != "UTC":
            raise not_supported(f"{position(call.node)}to_iso8601 in a zone other than UTC")
        suffix, length = "Z", length + 6
    moment = moment_of(value, call)
    shown = f"strftime({moment.sql}, '%Y-%m-%dT%H:%M:%S.%f')"
    text = f"left({shown}, {20 + precision if precision else 19}) || '{suffix}'"
    return Typed(text, Type("varchar", precision=length))


@function("format_datetime")
def _format_datetime(call: Call) -> Typed:
    call.need(2)
    pattern = joda_format(call.literal(1), position(call.node))
    return Typed(f"strftime({moment_of(call.arg(0), call).sql}, {literal(pattern)})", VARCHAR)


@function("date_format")
def _date_format(call: Call) -> Typed:
    call.need(2)
    pattern = mysql_format(call.literal(1), position(call.node))
    return Typed(f"strftime({moment_of(call.arg(0), call).sql}, {literal(pattern)})", VARCHAR)


@function("date_parse")
def _date_parse(call: Call) -> Typed:
    call.need(2)
    pattern = mysql_format(call.literal(1), position(call.node))
    if "%V" in pattern or "%G" in pattern:
        raise not_supported(f"{position(call.node)}date_parse of weeks")
    return Typed(_read(call.arg(0), pattern), timestamp(3))


@function("parse_datetime")
def _parse_datetime(call: Call) -> Typed:
    call.need(2)
    pattern = joda_format(call.literal(1), position(call.node))
    return Typed(f"timezone('UTC', {_read(call.arg(0), pattern)})", timestamp_tz(3))


def _read(text: Typed, pattern: str) -> str:
    """A text read by the engine, for which one without a year is of 1900.

    For Joda it is of 2000, or of 1970 if it has a time only.
    """
    if any(year in pattern for year in ("%Y", "%y", "%G")):
        return f"strptime({text.sql}, {literal(pattern)})"
    year = 1970 if set(_DIRECTIVE.findall(pattern)) <= _OF_TIME else 2000
    return f"strptime('{year} ' || {text.sql}, {literal(f'%Y {pattern}')})"
