"""json_object and json_array, as `json_members` hands them on, and texts of their values."""

from __future__ import annotations

import json
from typing import Any

from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.sql_types import JSON, VARCHAR, parse_type
from dayfold_local.athena.translation import texts
from dayfold_local.athena.translation.casts import cast
from dayfold_local.athena.translation.functions import Call, function
from dayfold_local.athena.translation.parse import position
from dayfold_local.athena.translation.scope import Typed

_PLAIN_SCALE = 6  # Java writes a decimal below a millionth with an exponent


@function("json_object")
def _object(call: Call) -> Typed:
    said = _said(call)
    count = len(said["json"])
    keys = [_key(call, 1 + 2 * at) for at in range(count)]
    values = [_value(call, said, at, 2 + 2 * at) for at in range(count)]
    unique = "true" if said["unique"] else "false"
    return Typed(f"json_object_text({_texts(keys)}, {_texts(values)}, {unique})", VARCHAR)


@function("json_array")
def _array(call: Call) -> Typed:
    said = _said(call)
    values = [_value(call, said, at, 1 + at) for at in range(len(said["json"]))]
    return Typed(f"({texts.json_items(_texts(values))})", VARCHAR)


def _said(call: Call) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(call.literal(0))
    if said["returning"] and parse_type(said["returning"]) != VARCHAR:
        raise not_supported(f"{position(call.node)}{call.name} RETURNING {said['returning']}")
    return said


def _texts(listed: list[str]) -> str:
    return f"CAST([{', '.join(listed)}] AS VARCHAR[])"


def _key(call: Call, at: int) -> str:
    key = call.arg(at)
    if key.type.name != "varchar":
        raise QueryFailure(
            "TYPE_MISMATCH",
            f"{position(call.node)}Key expression passed to JSON_OBJECT function must be of "
            "character string type",
        )
    return key.sql


def _value(call: Call, said: dict[str, Any], number: int, at: int) -> str:
    """The text in JSON of a value; NULL where it is left out."""
    value, kind = call.arg(at), said["json"][number]
    if kind == "format":
        raise not_supported(f"{position(call.node)}FORMAT JSON in {call.name}: use json_query")
    text = value.sql if kind == "call" else _text(call, value)
    return text if said["absent"] else f"coalesce({text}, 'null')"


def _text(call: Call, value: Typed) -> str:
    kind = value.type
    if kind.name == "decimal" and (kind.scale or 0) > _PLAIN_SCALE:
        raise not_supported(f"{position(call.node)}{kind} in {call.name}: cast it to double")
    if kind.name == "unknown":
        return "CAST(NULL AS VARCHAR)"
    if kind.is_integer or kind.name in {"varchar", "boolean", "real", "double", "decimal"}:
        return cast(value, JSON).sql
    if kind.name in {"date", "timestamp"}:
        return cast(Typed(cast(value, VARCHAR).sql, VARCHAR), JSON).sql
    raise not_supported(f"{position(call.node)}{kind} in {call.name}")
