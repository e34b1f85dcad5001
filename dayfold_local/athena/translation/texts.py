"""A value as text for a machine: JSON as Trino writes it, and the fields of Hive's text files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.sql_types import literal

if TYPE_CHECKING:
    from dayfold_local.athena.sql_types import Type

_MOST_DIGITS: Final = 38  # of a decimal
_DEEPEST: Final = 8  # nesting of Hive's text files; each level has a separator of its own


def java_double(sql: str) -> str:
    """A double or real as Java's `toString` writes it: 1.0, 1.0E10, NaN."""
    return f"java_number({sql}, CAST({sql} AS VARCHAR))"


def exact_text(sql: str, kind: Type) -> str:
    """A value that the engine writes as Trino does, but for the zero before the point of .50."""
    if kind.name == "decimal" and kind.precision == kind.scale:
        if kind.precision == _MOST_DIGITS:
            raise not_supported(f"{kind} as text")
        wider = f"DECIMAL({(kind.precision or 0) + 1},{kind.scale})"
        return f"CAST(CAST({sql} AS {wider}) AS VARCHAR)"
    return f"CAST({sql} AS VARCHAR)"


def plain_text(sql: str, kind: Type) -> str:
    """A value that holds no others, as text without quotes."""
    if kind.name in {"double", "real"}:
        return java_double(sql)
    if kind.name == "timestamp":
        return f"CAST(CAST({sql} AS TIMESTAMP) AS VARCHAR)"
    if kind.name == "varbinary":
        return f"to_base64({sql})"
    if kind.args or kind.name.startswith(("interval", "unknown")):
        raise not_supported(f"{kind} as text")
    return exact_text(sql, kind)


def _fraction(sql: str, precision: int) -> str:
    if precision > 6:
        raise not_supported(f"timestamp({precision}): more than microseconds")
    if precision == 0:
        return f"strftime({sql}, '%Y-%m-%d %H:%M:%S')"
    return f"left(strftime({sql}, '%Y-%m-%d %H:%M:%S.%f'), {20 + precision})"


def json_text(  # noqa: PLR0911 - one per kind of type
    sql: str, kind: Type, *, depth: int = 0, filing: bool = False
) -> str:
    """JSON for a value, NULL for NULL.

    With `filing`, as a JSON table's file holds it: there, timestamps lose trailing zeros and
    binaries are base64, which CAST refuses.
    """
    if kind.args:
        return _json_nested(sql, kind, depth, filing)
    if kind.name == "json":
        return sql
    if kind.name in {"varchar", "char"}:
        plain = f"CAST(to_json({sql}) AS VARCHAR)"
        if filing:
            return plain
        # What is beyond the basic plane is written as escapes.
        beyond = f"regexp_matches({sql}, '[^\\x{{0000}}-\\x{{FFFF}}]')"
        return f"CASE WHEN {beyond} THEN json_sorted({plain}) ELSE {plain} END"
    if kind.name in {"double", "real"}:
        odd = f"isnan({sql}) OR isinf({sql})"
        return (
            f"CASE WHEN {odd} THEN '\"' || {java_double(sql)} || '\"' ELSE {java_double(sql)} END"
        )
    if kind.name == "date" or (filing and kind.name in {"timestamp", "varbinary"}):
        return f"'\"' || {plain_text(sql, kind)} || '\"'"
    if kind.name == "timestamp":
        return f"'\"' || {_fraction(sql, kind.precision or 0)} || '\"'"
    if kind.name == "unknown":
        return "CAST(NULL AS VARCHAR)"
    if not kind.is_numeric and kind.name != "boolean":
        raise QueryFailure("TYPE_MISMATCH", f"Cannot cast {kind} to json")
    return exact_text(sql, kind)


def json_items(listed: str) -> str:
    """An array in JSON of a list of texts in JSON; NULLs among them are left out."""
    return f"'[' || coalesce(array_to_string({listed}, ','), '') || ']'"


def _json_nested(sql: str, kind: Type, depth: int, filing: bool) -> str:
    if not filing and str(kind) == "array(map(varchar, varchar))":
        # What checks show of bad rows, in each query of checks: binding the SQL below for it took
        # nearly half of its time.
        return f"maps_json({sql})"
    item = f"j{depth}_"

    def inner(text: str, of: Type) -> str:
        return f"coalesce({json_text(text, of, depth=depth + 1, filing=filing)}, 'null')"

    if kind.name == "array":
        listed = f"list_transform({sql}, lambda {item}: {inner(item, kind.args[0])})"
        body = json_items(listed)
    elif kind.name == "map":
        key, value = kind.args
        if key.args:
            raise QueryFailure("TYPE_MISMATCH", f"Cannot cast {kind} to json")
        name = f"CAST(to_json({plain_text(f'{item}.key', key)}) AS VARCHAR)"
        pair = f"{{'k': {name}, 'v': {inner(f'{item}.value', value)}}}"
        pairs = f"list_transform(map_entries({sql}), lambda {item}: {pair})"
        if not filing:  # a file keeps the order of the entries
            pairs = f"list_sort({pairs})"
        texts = f"list_transform({pairs}, lambda {item}: {item}.k || ':' || {item}.v)"
        body = f"'{{' || coalesce(array_to_string({texts}, ','), '') || '}}'"
    else:
        parts = [
            f"{literal(_key(name, kind))} || {inner(f'struct_extract_at({sql}, {at + 1})', of)}"
            for at, (name, of) in enumerate(zip(kind.fields, kind.args, strict=True))
        ]
        joined = " || ',' || ".join(parts)
        body = f"'{{' || {joined} || '}}'"
    return f"CASE WHEN {sql} IS NULL THEN NULL ELSE {body} END"


def _key(name: str | None, kind: Type) -> str:
    if name is None:
        raise not_supported(f"{kind} to JSON: name the fields of the row")
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}":'


def json_line(columns: list[tuple[str, str, Type]]) -> str:
    """A line of a JSON table's file; each column with the engine's text of its value."""
    parts = [
        f"{literal(_key(name, kind))} || coalesce({json_text(sql, kind, filing=True)}, 'null')"
        for name, sql, kind in columns
    ]
    joined = " || ',' || ".join(parts)
    return f"'{{' || {joined} || '}}'"


def separators(delimiter: str = "\x01", collection: str = "\x02", key: str = "\x03") -> list[str]:
    """What stands between fields, items, keys and values, and so on, deeper and deeper."""
    return [delimiter, collection, key, *(chr(code) for code in range(4, 4 + _DEEPEST))]


def delimited_text(
    sql: str, kind: Type, between: list[str], null: str = "\\N", depth: int = 0
) -> str:
    """A field of a text file as LazySimpleSerDe writes it."""
    if not kind.args:
        return plain_text(sql, kind)
    item, mark = f"t{depth}_", literal(between[depth + 1])

    def inner(text: str, of: Type, deeper: int) -> str:
        return f"coalesce({delimited_text(text, of, between, null, deeper)}, {literal(null)})"

    if kind.name == "array":
        texts = f"list_transform({sql}, lambda {item}: {inner(item, kind.args[0], depth + 1)})"
    elif kind.name == "map":
        key, value = (
            inner(f"{item}.{part}", of, depth + 2)
            for part, of in zip(("key", "value"), kind.args, strict=True)
        )
        pair = f"{key} || {literal(between[depth + 2])} || {value}"
        texts = f"list_transform(map_entries({sql}), lambda {item}: {pair})"
    else:
        fields = ", ".join(
            inner(f"struct_extract_at({sql}, {at + 1})", of, depth + 1)
            for at, of in enumerate(kind.args)
        )
        texts = f"[{fields}]"
    joined = f"coalesce(array_to_string({texts}, {mark}), '')"
    return f"CASE WHEN {sql} IS NULL THEN NULL ELSE {joined} END"


def delimited_line(columns: list[tuple[str, Type]], between: list[str], null: str = "\\N") -> str:
    """A line of a text file."""
    parts = [
        f"coalesce({delimited_text(sql, kind, between, null)}, {literal(null)})"
        for sql, kind in columns
    ]
    return f" || {literal(between[0])} || ".join(parts)
