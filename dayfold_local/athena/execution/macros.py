"""Functions of Trino that the engine lacks, written in its own SQL."""

from __future__ import annotations

from typing import Final

from dayfold_local.athena.execution import iso_times

# A number's text of the engine (1.5e-05, 10000000.0) taken apart: digits without zeros at either
# end, and the power of ten of the first of them.
_PARTS: Final = (
    "number_power(t) AS length(split_part(split_part(t, 'e', 1), '.', 1)) "
    "+ coalesce(TRY_CAST(split_part(t, 'e', 2) AS INTEGER), 0) - 1 "
    "- length(replace(split_part(t, 'e', 1), '.', '')) "
    "+ length(ltrim(replace(split_part(t, 'e', 1), '.', ''), '0'))"
)
_DIGITS: Final = "number_digits(t) AS trim(replace(split_part(t, 'e', 1), '.', ''), '0')"
_SCIENTIFIC: Final = (
    "scientific(t) AS CASE WHEN t[1] = '-' THEN '-' ELSE '' END || "
    "left(number_digits(ltrim(t, '-')), 1) || '.' || "
    "coalesce(nullif(substr(number_digits(ltrim(t, '-')), 2), ''), '0') || 'E' || "
    "CAST(number_power(ltrim(t, '-')) AS VARCHAR)"
)
_JAVA: Final = (
    "java_number(x, t) AS CASE WHEN x IS NULL THEN NULL WHEN isnan(x) THEN 'NaN' "
    "WHEN isinf(x) THEN CASE WHEN x > 0 THEN 'Infinity' ELSE '-Infinity' END "
    "WHEN x = 0 OR (abs(x) >= 0.001 AND abs(x) < 10000000) THEN t ELSE scientific(t) END"
)
_TRINO: Final = (
    "trino_number(x, t) AS CASE WHEN x IS NULL THEN NULL WHEN isnan(x) THEN 'NaN' "
    "WHEN isinf(x) THEN CASE WHEN x > 0 THEN 'Infinity' ELSE '-Infinity' END "
    "WHEN x = 0 THEN CASE WHEN t[1] = '-' THEN '-0E0' ELSE '0E0' END "
    "ELSE scientific(t) END"
)


def _fail(code: str, text: str) -> str:
    return f"CAST(CAST(chr(1) || '{code}: ' || {text} || chr(2) AS BIGINT) AS VARCHAR)"


_NO_JSON: Final = "'Cannot convert value to JSON: ''' || s || ''''"
_CHECKED: Final = (
    "json_checked(s) AS CASE WHEN s IS NULL THEN NULL WHEN json_valid(s) "
    f"THEN json_plain(s) ELSE {_fail('INVALID_FUNCTION_ARGUMENT', _NO_JSON)} END"
)
_PLAIN: Final = "json_plain(s) AS CAST(json_extract(s, '$') AS VARCHAR)"


_ALL_TRUE: Final = (
    "all_true(l) AS CASE WHEN list_contains(l, FALSE) THEN FALSE "
    "WHEN list_count(l) < len(l) THEN NULL ELSE TRUE END"
)
_ITEMS: Final = "json_items(j) AS CAST(from_json(j, '[\"JSON\"]') AS VARCHAR[])"


def _fail_number(code: str, text: str) -> str:
    return f"CAST(chr(1) || '{code}: {text}' || chr(2) AS BIGINT)"


_SLICE_FROM: Final = (
    "slice_from(v, s, n) AS CASE WHEN n < 0 THEN "
    + _fail_number("INVALID_FUNCTION_ARGUMENT", "length must be greater than or equal to 0")
    + " WHEN s = 0 THEN "
    + _fail_number("INVALID_FUNCTION_ARGUMENT", "SQL array indices start at 1")
    + " WHEN s < 0 THEN len(v) + s + 1 ELSE s END"
)
_SLICE: Final = (
    "array_part(v, s, n) AS CASE WHEN v IS NULL OR s IS NULL OR n IS NULL THEN NULL "
    "WHEN slice_from(v, s, n) < 1 OR n = 0 OR slice_from(v, s, n) > 9223372036854775807 - n "
    "THEN list_slice(v, 1, 0) "  # as in Java, whose sum of both overflows
    "ELSE list_slice(v, slice_from(v, s, n), slice_from(v, s, n) + least(n, len(v)) - 1) END"
)
# Java rounds the root of 27 to 3: one step of Newton's method on the engine's root does.
_CBRT: Final = (
    "trino_cbrt(x) AS CASE WHEN x = 0 OR isnan(x) OR isinf(x) THEN x ELSE "
    "cbrt(x) - (cbrt(x) * cbrt(x) * cbrt(x) - x) / (3 * cbrt(x) * cbrt(x)) END"
)
# What Java calls whitespace: without the blanks that do not break a line.
_SPACES: Final = (*range(0x2000, 0x2007), *range(0x2008, 0x200B), 0x2028, 0x2029, 0x205F, 0x3000)
_BLANKS: Final = "".join(map(chr, (*range(9, 14), *range(28, 33), 0x1680, *_SPACES)))
_TRIMS: Final = tuple(
    f"trino_{name}(x) AS {name}(x, '{_BLANKS}')" for name in ("trim", "ltrim", "rtrim")
)
_JAVA_TRIM: Final = f"java_trim(x) AS trim(x, '{''.join(map(chr, range(1, 33)))}')"
# The engine keeps together what is one sign to the eye, Trino turns each code point around.
_REVERSE: Final = (
    "trino_reverse(x) AS CASE WHEN strlen(x) = length(x) THEN reverse(x) "
    "ELSE array_to_string(list_reverse(regexp_extract_all(x, '(?s).')), '') END"
)
_WORDS: Final = (
    "ascii_words(x) AS CASE WHEN strlen(x) <> length(x) THEN "
    + _fail(
        "NOT_SUPPORTED",
        "'the local Athena finds bounds of words and [:classes:] in ASCII texts only'",
    )
    + " ELSE x END"
)
_FORM: Final = (
    "form_decode(x) AS CASE WHEN regexp_matches(x, '(?s)%(.?$|[^0-9A-Fa-f]|.[^0-9A-Fa-f])') THEN "
    + _fail("INVALID_FUNCTION_ARGUMENT", "'Illegal hex characters behind % in ' || x")
    + " ELSE url_decode(replace(x, '+', ' ')) END"
)
MACROS: Final = (
    _FORM,
    *iso_times.MACROS,
    _REVERSE,
    _WORDS,
    *_TRIMS,
    _JAVA_TRIM,
    _CBRT,
    _PARTS,
    _DIGITS,
    _SCIENTIFIC,
    _JAVA,
    _TRINO,
    _PLAIN,
    _CHECKED,
    _ITEMS,
    _ALL_TRUE,
    _SLICE_FROM,
    _SLICE,
)
