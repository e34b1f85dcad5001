"""format(text, ...): Java's format texts, as far as they are known to give the same text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.sql_types import VARCHAR, literal
from dayfold_local.athena.translation import texts
from dayfold_local.athena.translation.failing import raising
from dayfold_local.athena.translation.functions import Call, function
from dayfold_local.athena.translation.parse import position
from dayfold_local.athena.translation.scope import Typed

if TYPE_CHECKING:
    from collections.abc import Iterator

_PART: Final = re.compile(
    r"%(?P<flags>[-,0]*)(?P<width>\d+)?(?:\.(?P<places>\d+))?(?P<kind>[sdf%n])|(?P<odd>%)|[^%]+"
)
_PLACES: Final = 6  # of %f
_DIGITS: Final = 38  # of a decimal


@function("format")
def _format(call: Call) -> Typed:
    """Each part of the text, joined; a NULL is shown as `null`."""
    if len(call.raw) < 2:
        raise call.unexpected()
    parts = list(_parts(call, call.literal(0)))
    return Typed(f"({' || '.join(parts)})" if parts else "''", VARCHAR)


def _parts(call: Call, text: str) -> Iterator[str]:
    at = 0
    for match in _PART.finditer(text):
        kind = match["kind"]
        if match["odd"] or (kind in {"%", "n"} and match.group() != f"%{kind}"):
            raise not_supported(f"{position(call.node)}format with '{text[match.start() :]}'")
        if kind is None or kind in {"%", "n"}:
            yield literal({"%": "%", "n": "\n"}.get(kind or "", match.group()))
            continue
        at += 1
        if at >= len(call.raw):
            raise QueryFailure(
                "INVALID_FUNCTION_ARGUMENT",
                f"{position(call.node)}Invalid format string: {text} (Format specifier "
                f"'{match.group()}')",
            )
        yield _shown(call, call.arg(at), match)


def _shown(call: Call, value: Typed, match: re.Match[str]) -> str:
    flags, width = match["flags"], int(match["width"] or 0)
    refused = not_supported(f"{position(call.node)}format of {value.type} as {match.group()}")
    text = {"s": _plain, "d": _whole, "f": _fraction}[match["kind"]](value, match)
    if text is None or ("0" in flags and (match["kind"] == "s" or not width or "-" in flags)):
        raise refused
    # The places cut a text short, and so they do with what stands for NULL.
    nothing = "null"[: int(match["places"] or 4)]
    text = f"coalesce({text}, {literal(nothing)})"
    if not width:
        return text
    if "0" not in flags:
        beyond = f"regexp_replace({text}, '[^\\x{{10000}}-\\x{{10FFFF}}]', '', 'g')"
        # Java counts a letter beyond the basic plane twice.
        blanks = f"repeat(' ', {width} - length({text}) - length({beyond}))"
        return f"({text} || {blanks})" if "-" in flags else f"({blanks} || {text})"
    # Zeros stand between the sign and the digits; what is no number is refused above.
    digits = f"ltrim({text}, '-')"
    sign = f"CASE WHEN {text}[1] = '-' THEN '-' ELSE '' END"
    blank = f"CASE WHEN {value.sql} IS NULL THEN ' ' ELSE '0' END"
    return f"({sign} || repeat({blank}, {width} - length({text})) || {digits})"


def _plain(value: Typed, match: re.Match[str]) -> str | None:
    if match["places"] or "," in match["flags"]:
        return None
    known = value.type.is_integer or value.type.name in {"varchar", "boolean", "decimal", "date"}
    return texts.exact_text(value.sql, value.type) if known else None


def _whole(value: Typed, match: re.Match[str]) -> str | None:
    if not value.type.is_integer or match["places"]:
        return None
    grouped = "{:,}" if "," in match["flags"] else "{}"
    return f"format({literal(grouped)}, CAST({value.sql} AS BIGINT))"


def _fraction(value: Typed, match: re.Match[str]) -> str | None:
    """Rounded half up as the number shows itself, which is not what its bits say."""
    places = int(match["places"] or _PLACES)
    if value.type.name not in {"decimal", "double"} or places > _DIGITS // 2:
        return None
    size = f"abs({value.sql})"
    if value.type.name == "double":
        size = f"CAST({size} AS VARCHAR)"
    text = f"CAST(CAST({size} AS DECIMAL({_DIGITS}, {places})) AS VARCHAR)"
    if "," in match["flags"]:
        whole, point, rest = (f"split_part({text}, '.', {n})" for n in (1, 2, 2))
        text = f"(format('{{:,}}', CAST({whole} AS BIGINT)) || " + (
            f"'.' || {rest})" if places and point else "'')"
        )
    if value.type.name == "decimal":
        return f"(CASE WHEN {value.sql} < 0 THEN '-' ELSE '' END || {text})"
    message = "'the local Athena formats doubles below 1e15 only'"
    failed = raising("NOT_SUPPORTED", message, "VARCHAR")
    negative = f"CASE WHEN signbit({value.sql}) THEN '-' ELSE '' END"
    odd = f"isnan({value.sql}) OR {value.sql} >= 1e15 OR {value.sql} <= -1e15"
    return f"CASE WHEN {odd} THEN {failed} ELSE {negative} || {text} END"
