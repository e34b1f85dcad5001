"""Functions of Trino that the engine lacks, written in its own SQL."""

from __future__ import annotations

from typing import Final

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
_JSON_DEPTH: Final = 5  # levels of objects whose keys are put in order


def _fail(code: str, text: str) -> str:
    return f"CAST(CAST(chr(1) || '{code}: ' || {text} || chr(2) AS BIGINT) AS VARCHAR)"


_NO_JSON: Final = "'Cannot convert value to JSON: ''' || s || ''''"
_TOO_DEEP: Final = "'the local Athena orders the keys of JSON down to five levels'"
_CHECKED: Final = (
    "json_checked(s) AS CASE WHEN s IS NULL THEN NULL WHEN json_valid(s) "
    f"THEN json_plain(s) ELSE {_fail('INVALID_FUNCTION_ARGUMENT', _NO_JSON)} END"
)
_PLAIN: Final = "json_plain(s) AS CAST(json_extract(s, '$') AS VARCHAR)"
_UNSORTED: Final = (
    "json_unsorted(j) AS CASE WHEN json_type(j) NOT IN ('OBJECT', 'ARRAY') OR j IN ('{}', '[]') "
    f"THEN json_plain(j) ELSE {_fail('NOT_SUPPORTED', _TOO_DEEP)} END"
)


def _sorted_json(depth: int) -> str:
    """JSON with the keys of objects in order, down to a depth; deeper objects are refused."""
    inner = f"json_sorted_{depth - 1}" if depth > 1 else "json_unsorted"
    name = f"json_sorted_{depth}" if depth < _JSON_DEPTH else "json_sorted"
    k, e = f"k{depth}_", f"e{depth}_"  # a macro's text goes into the lambdas of the one around it
    key = f"CAST(to_json({k}) AS VARCHAR)"
    value = f"coalesce({inner}(CAST(json_extract(j, '$.' || {key}) AS VARCHAR)), 'null')"
    keys = "list_sort(list_distinct(json_keys(j)))"
    pairs = f"list_transform({keys}, lambda {k}: {key} || ':' || {value})"
    items = f"list_transform(json_items(j), lambda {e}: coalesce({inner}({e}), 'null'))"
    return (
        f"{name}(j) AS CASE json_type(j) "
        f"WHEN 'OBJECT' THEN '{{' || coalesce(array_to_string({pairs}, ','), '') || '}}' "
        f"WHEN 'ARRAY' THEN '[' || coalesce(array_to_string({items}, ','), '') || ']' "
        "ELSE json_plain(j) END"
    )


_ITEMS: Final = "json_items(j) AS CAST(from_json(j, '[\"JSON\"]') AS VARCHAR[])"
# Java rounds the root of 27 to 3: one step of Newton's method on the engine's root does.
_CBRT: Final = (
    "trino_cbrt(x) AS CASE WHEN x = 0 OR isnan(x) OR isinf(x) THEN x ELSE "
    "cbrt(x) - (cbrt(x) * cbrt(x) * cbrt(x) - x) / (3 * cbrt(x) * cbrt(x)) END"
)
MACROS: Final = (
    _CBRT,
    _PARTS,
    _DIGITS,
    _SCIENTIFIC,
    _JAVA,
    _TRINO,
    _PLAIN,
    _CHECKED,
    _UNSORTED,
    _ITEMS,
    *(_sorted_json(depth) for depth in range(1, _JSON_DEPTH + 1)),
)
