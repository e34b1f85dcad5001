"""Times as ISO 8601 writes them, in the forms that Joda reads: `2020-W01-3T10:11Z` among them."""

from __future__ import annotations

from typing import Final

_WEEK: Final = r"([0-9]{4})-W([0-9]{1,2})(?:-([1-7]))?"
_CLOCK: Final = (
    r"(?:([01]?[0-9]|2[0-3])(?::([0-9]{1,2})(?::([0-9]{1,2})(?:[.,]([0-9]+))?)?)?)?"
    r"(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)


def _fail(code: str, text: str) -> str:
    return f"CAST(CAST(chr(1) || '{code}: ' || {text} || chr(2) AS BIGINT) AS VARCHAR)"


def _group(pattern: str, text: str, number: int, otherwise: str) -> str:
    return f"coalesce(nullif(regexp_extract({text}, '^{pattern}$', {number}), ''), '{otherwise}')"


_YEAR: Final = "TRY_CAST(d[1:4] AS BIGINT)"
_OF_YEAR: Final = f"make_date({_YEAR}, 1, 1) + (TRY_CAST(d[6:8] AS INTEGER) - 1)"
_OF_WEEK: Final = (
    f"try_strptime({_group(_WEEK, 'd', 1, '')} || '-' || lpad({_group(_WEEK, 'd', 2, '')}, 2, '0') "
    f"|| '-' || {_group(_WEEK, 'd', 3, '1')}, '%G-%V-%u')"
)
_WRONG: Final = _fail("INVALID_FUNCTION_ARGUMENT", "'Invalid format: \"' || s || '\"'")
_OFFSET: Final = _fail(
    "NOT_SUPPORTED",
    "'the local Athena does not keep the offset of ' || s || ': put AT TIME ZONE behind it'",
)
_WHEN: Final = "split_part(s, 'T', 2)"
_DAY: Final = (
    "iso_day(d) AS CASE "
    "WHEN regexp_full_match(d, '[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}') THEN TRY_CAST(d AS DATE) "
    "WHEN regexp_full_match(d, '[0-9]{4}') THEN TRY_CAST(d || '-01-01' AS DATE) "
    "WHEN regexp_full_match(d, '[0-9]{4}-[0-9]{1,2}') THEN TRY_CAST(d || '-01' AS DATE) "
    "WHEN regexp_full_match(d, '[0-9]{4}-[0-9]{3}') THEN "
    f"CASE WHEN year({_OF_YEAR}) = {_YEAR} THEN {_OF_YEAR} END "
    f"WHEN regexp_full_match(d, '{_WEEK}') THEN "
    f"CASE WHEN isoyear({_OF_WEEK}) = {_YEAR} THEN CAST({_OF_WEEK} AS DATE) END END"
)
_PARTS: Final = " || ':' || ".join(
    f"lpad({_group(_CLOCK, 'c', part, '0')}, 2, '0')" for part in (1, 2, 3)
)
_MOMENT: Final = (
    f"iso_moment(d, c) AS CASE WHEN regexp_full_match(c, '{_CLOCK}') THEN "
    f"TRY_CAST(CAST(iso_day(d) AS VARCHAR) || ' ' || {_PARTS} || '.' || "
    f"{_group(_CLOCK, 'c', 4, '0')} || {_group(_CLOCK, 'c', 5, '+00')} AS TIMESTAMPTZ) END"
)
_PLAIN: Final = (
    "(length(s) = 10 AND s[5] = '-') OR (s[11] = 'T' AND s[14] = ':' AND s[12:13] < '24')"
)
_ANY: Final = (
    "iso8601_any(s) AS CASE WHEN s IS NULL THEN NULL ELSE date_trunc('milliseconds', coalesce("
    f"CASE WHEN {_PLAIN} THEN TRY_CAST(s AS TIMESTAMPTZ) END, "
    f"iso_moment(split_part(s, 'T', 1), {_WHEN}), CAST({_WRONG} AS TIMESTAMPTZ))) END"
)
_UTC: Final = (
    "iso8601_utc(s) AS CASE WHEN s IS NULL OR ends_with(s, 'Z') OR NOT "
    f"regexp_matches({_WHEN}, '[+-]') OR regexp_matches({_WHEN}, '[+-]00(:?00)?$') "
    f"THEN iso8601_any(s) ELSE CAST({_OFFSET} AS TIMESTAMPTZ) END"
)
# The day that a text names, of a week or a month the first; the moment of a day's and a clock's
# text; both NULL if there is none. Then the moment of a whole text, with any offset, or UTC's.
MACROS: Final = (_DAY, _MOMENT, _ANY, _UTC)
