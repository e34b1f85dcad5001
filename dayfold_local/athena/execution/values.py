"""A value as Athena's result file shows it."""

from __future__ import annotations

import datetime as dt
import math
import re
import zoneinfo
from typing import TYPE_CHECKING, Any

from dayfold_local.athena.errors import not_supported
from dayfold_local.athena.sql_types import INTERVAL_MONTH

if TYPE_CHECKING:
    from collections.abc import Callable

    from dayfold_local.athena.sql_types import Type


def formatter(kind: Type) -> Callable[[Any], str]:  # noqa: C901, PLR0911, PLR0912 - one per kind of type
    """What turns a non-NULL value of the type into text."""
    if kind.name == "boolean":
        return lambda value: "true" if value else "false"
    if kind.name in {"double", "real"}:
        return _real if kind.name == "real" else double_text
    if kind.name == "decimal":
        return lambda value: f"{value:f}"
    if kind.name == "char":
        length = kind.precision or 1
        return lambda value: value.rstrip(" ").ljust(length)
    if kind.name == "timestamp":
        precision = kind.precision or 0
        return lambda value: moment_text(value, precision)
    if kind.name == "timestamp with time zone":
        return _zoned(kind)
    if kind.name == "date":
        return date_text
    if kind.name == "time":
        precision = kind.precision or 0
        return lambda value: clock_text(value, precision)
    if kind.name == "varbinary":
        return lambda value: " ".join(f"{byte:02x}" for byte in bytes(value))
    if kind.name == "array":
        item = _nested(kind.args[0])
        return lambda value: f"[{', '.join(map(item, value))}]"
    if kind.name == "map":
        return _map(kind)
    if kind.name == "row":
        return _row(kind)
    if kind.name.startswith("interval"):
        return months_text if kind == INTERVAL_MONTH else days_text
    return str


def _nested(kind: Type) -> Callable[[Any], str]:
    inner = formatter(kind)
    return lambda value: "null" if value is None else inner(value)


def _map(kind: Type) -> Callable[[Any], str]:
    key, item = _nested(kind.args[0]), _nested(kind.args[1])
    apart = bool(kind.args[0].args)  # keys that hold others come beside their values

    def show(value: dict[Any, Any]) -> str:
        pairs = zip(value["key"], value["value"], strict=True) if apart else value.items()
        return "{" + ", ".join(f"{key(k)}={item(v)}" for k, v in pairs) + "}"

    return show


def _zoned(kind: Type) -> Callable[[Any], str]:
    """A moment inside of another value, as the clock of its zone shows it."""
    name = kind.zone
    if name is None:
        raise not_supported("a timestamp inside of a value, with a zone known at run time only")
    zone = _zone(name)
    precision = kind.precision or 0
    return lambda value: f"{moment_text(value.astimezone(zone), precision)} {name}"


def _zone(name: str) -> dt.tzinfo:
    found = re.fullmatch(r"([+-])(\d\d):(\d\d)", name)
    if found is None:
        return zoneinfo.ZoneInfo(name)
    sign, hours, minutes = found.groups()
    offset = dt.timedelta(hours=int(hours), minutes=int(minutes))
    return dt.timezone(-offset if sign == "-" else offset)


def _row(kind: Type) -> Callable[[Any], str]:
    parts = [_nested(arg) for arg in kind.args]
    names = [name or f"field{at}" for at, name in enumerate(kind.fields)]

    def show(value: Any) -> str:  # noqa: ANN401
        cells = list(value.values()) if isinstance(value, dict) else list(value)
        shown = zip(names, parts, cells, strict=True)
        return "{" + ", ".join(f"{name}={part(cell)}" for name, part, cell in shown) + "}"

    return show


def days_text(value: dt.timedelta) -> str:
    """An interval of days and seconds: `-1 02:03:04.005`, the sign before all of it.

    Raises:
        QueryFailure: If it has parts of a millisecond, which Trino's has not.
    """
    if value.microseconds % 1000:
        raise not_supported("an interval with microseconds in a result")
    whole = abs(value)
    minutes, seconds = divmod(whole.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    sign = "-" if value.days < 0 else ""
    clock = f"{hours:02d}:{minutes:02d}:{seconds:02d}.{whole.microseconds // 1000:03d}"
    return f"{sign}{whole.days} {clock}"


def months_text(value: dt.timedelta) -> str:
    """An interval of years and months: `-1-2`; the engine hands a month out as thirty days."""
    years, months = divmod(abs(value.days) // 30, 12)
    return f"{'-' if value.days < 0 else ''}{years}-{months}"


def date_text(value: dt.date | str) -> str:
    """A date; one beyond Python's years comes as the engine's text."""
    return _far_text(value, 0) if isinstance(value, str) else value.isoformat()


def moment_text(value: dt.datetime | str, precision: int) -> str:
    """A timestamp with as many digits as its type has."""
    if isinstance(value, str):
        return _far_text(value, 1 + precision if precision else 0)
    text = f"{value:%m-%d %H:%M:%S}.{value.microsecond:06d}"
    return f"{value.year:04d}-{text[: 15 + precision] if precision else text[:14]}"


def _far_text(text: str, width: int) -> str:
    """The engine's text of a day before year 1 or after 9999, with Java's signs.

    Behind the seconds stands a fraction of `width` characters, its point among them.
    """
    found = re.fullmatch(r"(\d+)(-\d+-\d+)( \(BC\))?( \d+:\d+:\d+)?(\.\d+)?", text)
    if found is None:
        raise not_supported(f"{text} in a result")
    digits, day, is_before, clock, fraction = found.groups()
    year = 1 - int(digits) if is_before else int(digits)
    part = f"{fraction or '.'}000000"[:width]
    sign = "-" if year < 0 else "+" if year > dt.MAXYEAR else ""
    return f"{sign}{abs(year):04d}{day}{clock or ''}{part}"


def clock_text(value: dt.time, precision: int) -> str:
    """A time of a day with as many digits as its type has."""
    return moment_text(dt.datetime.combine(dt.date.min, value), precision)[11:]


def double_text(value: float) -> str:
    """A double as Java prints it: 1.0, 1.0E10, NaN."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        text = repr(value)
        if "e" not in text:
            return text
        return f"{value:f}"
    mantissa, _, exponent = f"{value!r}".partition("e")
    if not exponent:
        sign = "-" if value < 0 else ""
        digits = repr(abs(value)).replace(".", "").lstrip("0").rstrip("0")
        power = math.floor(math.log10(abs(value)))
        return f"{sign}{digits[0]}.{digits[1:] or '0'}E{power}"
    if "." not in mantissa:
        mantissa += ".0"
    return f"{mantissa}E{int(exponent)}"


def _real(value: float) -> str:
    # The engine hands out 32-bit values widened to 64: print the shortest text that reads back.
    import struct

    for digits in range(6, 10):
        shown = float(f"{value:.{digits}g}")
        if struct.pack("f", shown) == struct.pack("f", value):
            return double_text(shown)
    return double_text(value)
