"""Dates and times from texts, and as texts: ISO 8601, and formats of MySQL and Joda."""

from __future__ import annotations

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

_ISO_DATE: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"


@function("from_iso8601_date")
def _from_iso_date(call: Call) -> Typed:
    call.need(1)
    text = call.arg(0)
    failed = raising(
        "INVALID_FUNCTION_ARGUMENT", f"'Invalid format: \"' || {text.sql} || '\"'", "DATE"
    )
    test = f"regexp_full_match({text.sql}, '{_ISO_DATE}')"
    return Typed(
        f"CASE WHEN {text.sql} IS NULL THEN NULL WHEN {test} THEN CAST({text.sql} AS DATE) ELSE "
        f"{failed} END",
        DATE,
    )


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
    suffix, length = "", 26
    if value.type.name.endswith("zone"):
        if value.type.zone != "UTC":
            raise not_supported(f"{position(call.node)}to_iso8601 in a zone other than UTC")
        suffix, length = "Z", 32
    moment = moment_of(value, call)
    text = f"strftime({moment.sql}, '%Y-%m-%dT%H:%M:%S.%g{suffix}')"
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
    return Typed(f"strptime({call.arg(0).sql}, {literal(pattern)})", timestamp(3))


@function("parse_datetime")
def _parse_datetime(call: Call) -> Typed:
    call.need(2)
    pattern = joda_format(call.literal(1), position(call.node))
    return Typed(
        f"timezone('UTC', strptime({call.arg(0).sql}, {literal(pattern)}))", timestamp_tz(3)
    )
