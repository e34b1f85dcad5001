"""Arrays, maps and lambdas."""

from __future__ import annotations

from dayfold_local.athena.errors import not_supported
from dayfold_local.athena.sql_types import (
    BIGINT,
    BOOLEAN,
    UNKNOWN,
    VARCHAR,
    Type,
    array,
)
from dayfold_local.athena.translation import floats, nested
from dayfold_local.athena.translation.casts import cast
from dayfold_local.athena.translation.coercion import coerce, common_type
from dayfold_local.athena.translation.failing import unless_null
from dayfold_local.athena.translation.functions import Call, function
from dayfold_local.athena.translation.parse import position
from dayfold_local.athena.translation.scope import Typed


def _array(call: Call, index: int = 0) -> Typed:
    value = call.arg(index)
    if value.type.name != "array":
        raise call.unexpected()
    return value


def _item(call: Call, index: int, of: Typed) -> Typed:
    value = call.arg(index)
    if common_type(value.type, of.type.args[0]) != of.type.args[0]:
        raise call.unexpected()
    return coerce(value, of.type.args[0])


def sought(call: Call, item: Typed) -> str:
    """A value to be found in an array, as the engine looks for it: NULL for NaN, which is nowhere.

    Raises:
        QueryFailure: If it holds others: with NULL inside, which Trino refuses then.
    """
    if nested.is_nested(item.type):
        raise not_supported(f"{position(call.node)}{call.name} of {item.type} in an array")
    return floats.number(item) if floats.may_be_nan(item) else item.sql


@function("contains")
def _contains(call: Call) -> Typed:
    call.need(2)
    values = _array(call)
    item = _item(call, 1, values)
    return Typed(
        f"CASE WHEN {values.sql} IS NULL OR {item.sql} IS NULL THEN NULL "
        f"WHEN list_contains({values.sql}, {sought(call, item)}) THEN TRUE "
        f"WHEN list_count({values.sql}) < len({values.sql}) THEN NULL ELSE FALSE END",
        BOOLEAN,
    )


@function("array_position")
def _position(call: Call) -> Typed:
    call.need(2)
    values = _array(call)
    item = _item(call, 1, values)
    return Typed(
        f"CASE WHEN {values.sql} IS NULL OR {item.sql} IS NULL THEN NULL "
        f"ELSE CAST(coalesce(list_position({values.sql}, {sought(call, item)}), 0) AS BIGINT) END",
        BIGINT,
    )


@function("array_max", "array_min")
def _extreme(call: Call) -> Typed:
    call.need(1)
    values = _array(call)
    name = call.name.replace("array_", "list_")
    whole = f"list_count({values.sql}) = len({values.sql})"
    found = f"{name}({nested.of_sortable(values)})"
    if floats.is_float(values.type.args[0]):
        numbers = f"list_filter({values.sql}, lambda n_: NOT isnan(n_))"
        found = f"coalesce({name}({numbers}), {found})"
    return Typed(f"CASE WHEN {whole} THEN {found} END", values.type.args[0])


@function("array_join")
def _join(call: Call) -> Typed:
    call.need(2, 3)
    values = _array(call)
    texts = values.sql
    if not values.type.args[0].is_text:
        item = cast(Typed("e_", values.type.args[0]), VARCHAR)
        texts = f"list_transform({values.sql}, lambda e_: {item.sql})"
    if len(call.raw) == 3:
        texts = f"list_transform({texts}, lambda e_: coalesce(e_, {call.arg(2).sql}))"
    else:
        texts = f"list_filter({texts}, lambda e_: e_ IS NOT NULL)"
    others = [call.arg(at).sql for at in range(1, len(call.raw))]
    joined = f"coalesce(array_to_string({texts}, {others[0]}), '')"
    return Typed(unless_null(joined, values.sql, *others), VARCHAR)


@function("slice")
def _slice(call: Call) -> Typed:
    call.need(3)
    values = _array(call)
    start, length = call.arg(1), call.arg(2)
    if not (start.type.is_integer and length.type.is_integer):
        raise call.unexpected()
    return Typed(f"array_part({values.sql}, {start.sql}, {length.sql})", values.type)


@function("flatten")
def _flatten(call: Call) -> Typed:
    call.need(1)
    values = _array(call)
    return Typed(f"flatten({values.sql})", values.type.args[0])


@function("repeat")
def _repeat(call: Call) -> Typed:
    call.need(2)
    value, count = call.args()
    return Typed(
        f"list_resize(CAST([] AS {value.type.duckdb}[]), {count.sql}, {value.sql})",
        array(value.type),
    )


@function("transform")
def _transform(call: Call) -> Typed:
    call.need(2)
    values = _array(call)
    text, kind = call.lambda_(1, [values.type.args[0]])
    return Typed(f"list_transform({values.sql}, {text})", array(kind))


@function("filter")
def _filter(call: Call) -> Typed:
    call.need(2)
    values = _array(call)
    text, kind = call.lambda_(1, [values.type.args[0]])
    if kind != BOOLEAN:
        raise call.unexpected()
    return Typed(f"list_filter({values.sql}, {text})", values.type)


@function("any_match", "all_match", "none_match")
def _match(call: Call) -> Typed:
    call.need(2)
    values = _array(call)
    text, kind = call.lambda_(1, [values.type.args[0]])
    if kind != BOOLEAN:
        raise call.unexpected()
    tests = f"list_transform({values.sql}, {text})"
    if call.name == "all_match":
        return Typed(_three_valued(tests, "FALSE", "TRUE", values.sql), BOOLEAN)
    yes, no = ("TRUE", "FALSE") if call.name == "any_match" else ("FALSE", "TRUE")
    return Typed(_three_valued(tests, yes, no, values.sql, decided_by="TRUE"), BOOLEAN)


def _three_valued(
    tests: str, found: str, otherwise: str, values: str, decided_by: str = "FALSE"
) -> str:
    return (
        f"CASE WHEN {values} IS NULL THEN NULL WHEN list_contains({tests}, {decided_by}) THEN "
        f"{found} "
        f"WHEN list_count({tests}) < len({tests}) THEN NULL ELSE {otherwise} END"
    )


@function("map")
def _map(call: Call) -> Typed:
    call.need(0, 2)
    if not call.raw:
        return Typed("MAP {}", Type("map", (UNKNOWN, UNKNOWN)))
    keys, values = _array(call, 0), _array(call, 1)
    return Typed(
        f"map({keys.sql}, {values.sql})", Type("map", (keys.type.args[0], values.type.args[0]))
    )


@function("map_keys", "map_values")
def _map_parts(call: Call) -> Typed:
    call.need(1)
    value = call.arg(0)
    if value.type.name != "map":
        raise call.unexpected()
    kind = value.type.args[0 if call.name == "map_keys" else 1]
    return Typed(f"{call.name}({value.sql})", array(kind))
