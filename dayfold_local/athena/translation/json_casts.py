"""CAST of JSON: to plain values by what the document is, to arrays, maps and rows part by part.

A part that cannot be cast fails the whole, as on Trino; the engine's own conversion makes it NULL.
"""

from __future__ import annotations

from collections.abc import Callable

from dayfold_local.athena.sql_types import JSON, VARCHAR, Type, literal
from dayfold_local.athena.translation.failing import raising
from dayfold_local.athena.translation.scope import Typed

Convert = Callable[[Typed, Type], str | None]
_EXPECTED = {"array": "'ARRAY'", "map": "'OBJECT'", "row": "'OBJECT', 'ARRAY'"}
_ENTRIES = "map_entries(from_json({}, '\"MAP(VARCHAR, JSON)\"'))"


def from_json(document: str, target: Type, convert: Convert, depth: int = 0) -> str | None:
    """The engine's SQL for a document (a text, or NULL) as the type; None if there is no such cast.

    Args:
        document: The document's SQL.
        target: What it becomes.
        convert: How a plain value becomes another one.
        depth: How many arrays, maps and rows this is in.
    """
    if target == JSON:
        return f"json_sorted({document})"
    if target.name in _EXPECTED:
        return _nested(document, target, convert, depth)
    if target.name != "varchar" and not target.is_numeric and target.name != "boolean":
        return None
    return _scalar(document, target, convert)


def _nested(document: str, target: Type, convert: Convert, depth: int) -> str | None:
    parts = {"array": _array, "map": _map, "row": _row}[target.name]
    made = parts(document, target, convert, depth)
    if made is None:
        return None
    message = f"'Cannot cast to {target}. Expected a json {target.name}, but got ' || {document}"
    failed = raising("INVALID_CAST_ARGUMENT", message, "VARCHAR")
    return (
        f"CASE WHEN {document} IS NULL OR json_type({document}) = 'NULL' THEN NULL "
        f"WHEN json_type({document}) IN ({_EXPECTED[target.name]}) THEN {made} "
        f"ELSE CAST({failed} AS {target.duckdb}) END"
    )


def _array(document: str, target: Type, convert: Convert, depth: int) -> str | None:
    name = f"json{depth}_"
    item = from_json(name, target.args[0], convert, depth + 1)
    return item and f"list_transform(json_items({document}), lambda {name}: {item})"


def _map(document: str, target: Type, convert: Convert, depth: int) -> str | None:
    name, (key, value) = f"json{depth}_", target.args
    text = Typed(f"{name}.key", VARCHAR)
    if key != VARCHAR and not key.is_numeric and key.name != "boolean":
        return None
    made = from_json(f"CAST({name}.value AS VARCHAR)", value, convert, depth + 1)
    if made is None:
        return None
    pair = f"{{'k': {text.sql if key == VARCHAR else convert(text, key)}, 'v': {made}}}"
    entries = f"list_transform({_ENTRIES.format(document)}, lambda {name}: {pair})"
    return f"CAST(map_from_entries({entries}) AS {target.duckdb})"


def _row(document: str, target: Type, convert: Convert, depth: int) -> str | None:
    """Of an object by the fields' names, whatever their case; of an array by their places."""
    name, fields = f"json{depth}_", []
    is_object = f"json_type({document}) = 'OBJECT'"
    for at, (field, kind) in enumerate(zip(target.fields, target.args, strict=True)):
        same = f"lambda {name}: lower({name}.key) = {literal((field or '').lower())}"
        by_name = f"CAST(list_filter({_ENTRIES.format(document)}, {same})[1].value AS VARCHAR)"
        found = f"(CASE WHEN {is_object} THEN {by_name} ELSE json_items({document})[{at + 1}] END)"
        one = f"part{depth}_"
        made = from_json(one, kind, convert, depth + 1)
        if made is None:
            return None
        fields.append(
            f"{literal(field or f'field{at}')}: list_transform([{found}], lambda {one}: {made})[1]"
        )
    size = f"Expected a json array with {len(target.args)} elements for"
    failed = raising(
        "INVALID_CAST_ARGUMENT", f"'Cannot cast to {target}. {size} ' || {document}", "VARCHAR"
    )
    return (
        f"CASE WHEN NOT {is_object} AND json_array_length({document}) <> {len(target.args)} "
        f"THEN CAST({failed} AS {target.duckdb}) ELSE {{{', '.join(fields)}}} END"
    )


def _scalar(document: str, target: Type, convert: Convert) -> str:
    """A plain value: by what the document is."""
    text = Typed(f"json_extract_string({document}, '$')", VARCHAR)
    double = Typed(f"TRY_CAST({text.sql} AS DOUBLE)", Type("double"))
    whole = Typed(f"TRY_CAST({text.sql} AS BIGINT)", Type("bigint"))
    flag = Typed(f"({text.sql} = 'true')", Type("boolean"))
    failed = raising(
        "INVALID_CAST_ARGUMENT",
        f"'Cannot cast ''' || {document} || ''' to {target}'",
        target.duckdb,
    )
    number = (
        f"CAST({text.sql} AS {target.duckdb})"
        if target.name == "decimal"
        else convert(double, target)
    )
    integer = text.sql if target.name == "varchar" else convert(whole, target)
    boolean = text.sql if target.name == "varchar" else convert(flag, target)
    if target == Type("boolean"):
        boolean = flag.sql
    string = text.sql if target.name == "varchar" else convert(text, target)
    if target.name in {"double", "real"}:
        integer = number = convert(double, target) if target.name == "real" else double.sql
    elif target.is_integer:
        integer = f"CASE WHEN {whole.sql} IS NULL THEN {failed} ELSE {integer or whole.sql} END"
    elif target.name == "decimal":
        integer = number
    return (
        f"CASE json_type({document}) WHEN 'DOUBLE' THEN {number} WHEN 'VARCHAR' THEN {string} "
        f"WHEN 'BOOLEAN' THEN {boolean} WHEN 'NULL' THEN NULL WHEN 'OBJECT' THEN {failed} "
        f"WHEN 'ARRAY' THEN {failed} ELSE {integer} END"
    )
