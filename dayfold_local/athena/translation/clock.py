"""The time of a day without a date: Trino's type `time`, which keeps within its 24 hours."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.sql_types import BIGINT, INTERVAL_DAY, Type, literal
from dayfold_local.athena.translation import narrow
from dayfold_local.athena.translation.parse import position
from dayfold_local.athena.translation.scope import Typed

if TYPE_CHECKING:
    from sqlglot import exp

    from dayfold_local.athena.translation.functions import Call

MICROSECONDS: Final = 6  # digits behind the point that the engine keeps
FIELDS: Final = {
    "hour": "hour({0})",
    "minute": "minute({0})",
    "second": "second({0})",
    "millisecond": "(millisecond({0}) % 1000)",
}
UNITS: Final = {"millisecond": 1_000, "second": 10**6, "minute": 60 * 10**6, "hour": 3600 * 10**6}
_DAY: Final = 24 * UNITS["hour"]
# What Trino reads; of a longer fraction no digit behind the sixth decides how five are rounded.
TEXT: Final = r"([01]?[0-9]|2[0-3]):[0-5]?[0-9](:[0-5]?[0-9](\.[0-9]+)?)?"


def clock(precision: int = 3) -> Type:
    """A time of a day without zone."""
    if precision > MICROSECONDS:
        raise not_supported(f"time({precision}): more than microseconds")
    return Type("time", precision=precision)


def is_clock(kind: Type) -> bool:
    """Whether the type is a time of a day."""
    return kind.name == "time"


def clock_literal(text: str, node: exp.Expr) -> Typed:
    """TIME '...': the precision is that of the text."""
    match = re.fullmatch(TEXT, text)
    if match is None:
        if re.search(r"[+-]\d", text):
            raise not_supported(f"{position(node)}the type time with time zone")
        raise QueryFailure(
            "INVALID_LITERAL", f"{position(node)}'{text}' is not a valid TIME literal"
        )
    kind = clock(len((match.group(3) or ".")[1:]))
    return Typed(f"CAST({literal(text)} AS TIME)", kind)


def _at(micros: str) -> str:
    """The time of so many microseconds since midnight, of whichever day."""
    return f"(TIME '00:00:00' + to_microseconds(CAST({micros} AS BIGINT)))"


def of_moment(sql: str, have: int, target: Type) -> str:
    """The time that a timestamp's clock shows, rounded half up, midnight again behind 23:59:59."""
    want = clock(target.precision or 0).precision or 0
    return f"CAST({narrow.rounded(sql, have, want)} AS TIME)"


def of_text(sql: str, target: Type) -> str:
    """The time in a text that `TEXT` matches."""
    if clock(target.precision or 0).precision == MICROSECONDS:
        raise not_supported(f"CAST of varchar to {target}")
    short = f"regexp_replace({sql}, '(\\.[0-9]{{6}})[0-9]+', '\\1')"
    return to_precision(f"CAST({short} AS TIME)", MICROSECONDS, target)


def _on_a_day(sql: str) -> str:
    """A timestamp whose clock shows a time."""
    return f"(DATE '1970-01-01' + {sql})"


def to_precision(sql: str, have: int, target: Type) -> str:
    """A time at a lower precision."""
    return of_moment(_on_a_day(sql), have, target) if have else sql


def text(sql: str, precision: int) -> str:
    """A time as Trino prints it: the end of a timestamp's text."""
    return f"substr({narrow.timestamp_text(_on_a_day(sql), precision)}, 12)"


def unit_of(call: Call) -> int:
    """The microseconds of the unit that a call names first, one that a time has.

    Raises:
        QueryFailure: There is no such unit, or a day and more.
    """
    name = call.literal(0).lower()
    if name not in UNITS:
        raise QueryFailure(
            "INVALID_FUNCTION_ARGUMENT", f"{position(call.node)}'{name}' is not a valid TIME field"
        )
    return UNITS[name]


def truncated(unit: int, value: Typed) -> Typed:
    """date_trunc of a time."""
    return Typed(_at(f"epoch_us({value.sql}) // {unit} * {unit}"), value.type)


def later(unit: int, amount: Typed, value: Typed) -> Typed:
    """date_add to a time: past midnight it begins anew."""
    moved = f"epoch_us({value.sql}) + {amount.sql} % {_DAY // unit} * {unit}"
    return Typed(_at(f"(({moved}) % {_DAY} + {_DAY}) % {_DAY}"), value.type)


def between(unit: int, start: Typed, end: Typed) -> Typed:
    """date_diff of two times, whole units of it."""
    return Typed(
        f"CAST(trunc((epoch_us({end.sql}) - epoch_us({start.sql})) / {unit}) AS BIGINT)", BIGINT
    )


def arithmetic(name: str, left: Typed, right: Typed) -> Typed | None:
    """A time and an interval of days and seconds, or two times; None if neither."""
    if name == "add" and left.type == INTERVAL_DAY:
        left, right = right, left
    if name in {"add", "sub"} and is_clock(left.type) and right.type == INTERVAL_DAY:
        sign = "+" if name == "add" else "-"
        kind = clock(max(left.type.precision or 0, 3))
        return Typed(f"({left.sql} {sign} {right.sql})", kind)
    if name == "sub" and is_clock(left.type) and is_clock(right.type):
        micros = f"epoch_us({left.sql}) - epoch_us({right.sql})"
        return Typed(f"to_microseconds({micros})", INTERVAL_DAY)
    return None
