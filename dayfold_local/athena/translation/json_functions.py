"""JSON: paths, parsing in Trino's canonical form, looking into documents."""

from __future__ import annotations

import re
from typing import Final

from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.sql_types import BIGINT, BOOLEAN, JSON, VARCHAR, literal
from dayfold_local.athena.translation.coercion import coerce
from dayfold_local.athena.translation.failing import unless_null
from dayfold_local.athena.translation.functions import Call, function
from dayfold_local.athena.translation.parse import position
from dayfold_local.athena.translation.scope import Typed

_STEP: Final = re.compile(r"""\.([A-Za-z0-9_]+)|\[\s*(\d+)\s*\]|\[\s*"((?:[^"\\]|\\.)*)"\s*\]""")

_BEYOND: Final = re.compile(r"[^ -~]|[*?:]|\.\.|\[\s*-")  # Trino's own paths have these


def steps(path: str, where: str) -> list[str | int]:
    """The names and places of a path such as `$.a[0]["b c"]`; refuses wildcards and filters."""
    rest = path.strip()
    if not rest.startswith("$"):
        raise QueryFailure("INVALID_FUNCTION_ARGUMENT", f"{where}Invalid JSON path: '{path}'")
    found: list[str | int] = []
    at = 1
    while at < len(rest):
        match = _STEP.match(rest, at)
        if match is None and _BEYOND.search(rest):
            raise not_supported(f"{where}the JSON path '{path}'")
        if match is None:
            raise QueryFailure("INVALID_FUNCTION_ARGUMENT", f"{where}Invalid JSON path: '{path}'")
        name, place, quoted = match.groups()
        if place is not None:
            found.append(int(place))
        else:
            found.append(name if name is not None else re.sub(r"\\(.)", r"\1", quoted))
        at = match.end()
    return found


def engine_path(path: list[str | int]) -> str:
    """The path as the engine writes it, every name in quotes."""
    parts = []
    for step in path:
        if isinstance(step, int):
            parts.append(f"[{step}]")
        elif '"' in step:
            raise not_supported(f"the JSON path to '{step}'")
        else:
            parts.append(f'."{step}"')
    return "$" + "".join(parts)


def document(value: Typed, call: Call) -> str:
    """The text of a JSON value, or of a varchar that holds one: NULL when it holds none."""
    if value.type == JSON:
        return value.any_zone or value.sql
    if not value.type.is_text:
        raise call.unexpected()
    return f"CASE WHEN json_valid({value.sql}) THEN {value.sql} END"


def _path(call: Call, index: int = 1) -> str:
    return literal(engine_path(steps(call.literal(index), position(call.node))))


@function("json_extract", "json_extract_scalar")
def _extract(call: Call) -> Typed:
    call.need(2)
    text, path = document(call.arg(0), call), _path(call)
    if call.name == "json_extract":
        return Typed(f"CAST(json_extract({text}, {path}) AS VARCHAR)", JSON)
    value = call.arg(0).type  # a scalar is at most as long as the text it stands in
    return Typed(_scalar(text, path), value if value.is_text else VARCHAR)


def _scalar(text: str, path: str) -> str:
    kind = f"json_type({text}, {path})"
    found = f"json_extract_string({text}, {path})"
    return f"CASE WHEN {kind} NOT IN ('OBJECT', 'ARRAY', 'NULL') THEN {found} END"


@function("json_parse")
def _parse(call: Call) -> Typed:
    call.need(1)
    value = call.arg(0)
    if not value.type.is_text:
        raise call.unexpected()
    # Only what shows the document needs the canonical order of its keys.
    plain = f"json_checked({value.sql})"
    return Typed(f"json_sorted({plain})", JSON, None, plain)


@function("json_size")
def _size(call: Call) -> Typed:
    call.need(2)
    text, path = document(call.arg(0), call), _path(call)
    sql = (
        f"CASE json_type({text}, {path}) WHEN 'OBJECT' THEN len(json_keys({text}, {path})) "
        f"WHEN 'ARRAY' THEN json_array_length({text}, {path}) "
        f"WHEN NULL THEN NULL ELSE CASE WHEN json_exists({text}, {path}) THEN 0 END END"
    )
    return Typed(f"CAST({sql} AS BIGINT)", BIGINT)


@function("json_array_length")
def _array_length(call: Call) -> Typed:
    call.need(1)
    text = document(call.arg(0), call)
    return Typed(
        f"CASE WHEN json_type({text}) = 'ARRAY' THEN CAST(json_array_length({text}) AS BIGINT) END",
        BIGINT,
    )


@function("json_array_get")
def _array_get(call: Call) -> Typed:
    call.need(2)
    text, place = document(call.arg(0), call), coerce(call.arg(1), BIGINT)
    # As in Trino, whose function is known to be wrong: a text loses its quotes, null is NULL.
    found = f"json_extract_string({text}, {place.sql})"
    got = f"CASE WHEN json_type({text}) = 'ARRAY' THEN {found} END"
    return Typed(unless_null(got, place.sql), JSON)


@function("json_array_contains")
def _array_contains(call: Call) -> Typed:
    call.need(2)
    text, item = document(call.arg(0), call), call.arg(1)
    items = f"json_items({text})"
    kind = "json_type(j_)"
    if item.type.is_text:
        same = f"{kind} = 'VARCHAR' AND json_extract_string(j_, '$') = {item.sql}"
    elif item.type.name == "boolean":
        same = f"{kind} = 'BOOLEAN' AND j_ = CAST({item.sql} AS VARCHAR)"
    elif item.type.is_integer:
        same = f"{kind} IN ('BIGINT', 'UBIGINT') AND TRY_CAST(j_ AS HUGEINT) = {item.sql}"
    elif item.type.name in {"double", "real"}:
        same = f"{kind} IN ('DOUBLE', 'BIGINT', 'UBIGINT') AND TRY_CAST(j_ AS DOUBLE) = {item.sql}"
    else:
        raise call.unexpected()
    test = f"len(list_filter({items}, lambda j_: {same})) > 0"
    found = f"CASE WHEN json_type({text}) = 'ARRAY' THEN {test} END"
    if item.type.name in {"double", "real"}:  # of what is not finite Trino looks no further
        found = f"CASE WHEN isfinite({item.sql}) THEN {found} ELSE FALSE END"
    return Typed(unless_null(found, call.arg(0).sql, item.sql), BOOLEAN)


@function("is_json_scalar")
def _is_scalar(call: Call) -> Typed:
    call.need(1)
    value = call.arg(0)
    text = document(value, call)
    if value.type != JSON:  # Trino says so of a text that is no JSON
        text = f"json_checked({value.sql})"
    return Typed(f"json_type({text}) NOT IN ('OBJECT', 'ARRAY')", BOOLEAN)


@function("json_format")
def _format(call: Call) -> Typed:
    call.need(1)
    value = call.arg(0)
    if value.type != JSON:
        raise call.unexpected()
    return Typed(value.sql, VARCHAR)
