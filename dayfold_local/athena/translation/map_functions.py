"""Maps: lambdas over their entries, several maps at once, maps from texts and rows."""

from __future__ import annotations

from dayfold_local.athena.sql_types import BOOLEAN, VARCHAR, Type, array
from dayfold_local.athena.translation.array_functions import distinct
from dayfold_local.athena.translation.casts import cast
from dayfold_local.athena.translation.coercion import common_type
from dayfold_local.athena.translation.failing import raising, raising_nested, unless_null
from dayfold_local.athena.translation.functions import Call, function
from dayfold_local.athena.translation.scope import Typed


def map_of(call: Call, index: int = 0) -> Typed:
    """An argument that has to be a map."""
    value = call.arg(index)
    if value.type.name != "map":
        raise call.unexpected()
    return value


def _entry(call: Call) -> str:
    return f"m{len(call.scope.lambdas)}_"


def _entry_values(name: str, kind: Type) -> list[Typed]:
    return [Typed(f"{name}.key", kind.args[0]), Typed(f"{name}.value", kind.args[1])]


@function("map_entries")
def _entries(call: Call) -> Typed:
    call.need(1)
    value, name = map_of(call), _entry(call)
    rows = f"{{'field0': {name}.key, 'field1': {name}.value}}"
    kind = array(Type("row", value.type.args, (None, None)))
    return Typed(f"list_transform(map_entries({value.sql}), lambda {name}: {rows})", kind)


@function("map_filter")
def _filter(call: Call) -> Typed:
    call.need(2)
    value, name = map_of(call), _entry(call)
    body, kind = call.inlined(1, _entry_values(name, value.type))
    if kind != BOOLEAN:
        raise call.unexpected()
    kept = f"list_filter(map_entries({value.sql}), lambda {name}: {body})"
    return Typed(f"CAST(map_from_entries({kept}) AS {value.type.duckdb})", value.type)


@function("transform_values", "transform_keys")
def _transform(call: Call) -> Typed:
    call.need(2)
    value, name = map_of(call), _entry(call)
    body, made = call.inlined(1, _entry_values(name, value.type))
    key, item = value.type.args
    if call.name == "transform_keys":
        kind, pair = Type("map", (made, item)), f"{{'k': {body}, 'v': {name}.value}}"
    else:
        kind, pair = Type("map", (key, made)), f"{{'k': {name}.key, 'v': {body}}}"
    rows = f"list_transform(map_entries({value.sql}), lambda {name}: {pair})"
    return Typed(f"CAST(map_from_entries({rows}) AS {kind.duckdb})", kind)


@function("map_concat")
def _concat(call: Call) -> Typed:
    if len(call.raw) < 2:
        raise call.unexpected()
    values = [map_of(call, at) for at in range(len(call.raw))]
    kind = values[0].type
    for value in values[1:]:
        wider = common_type(kind, value.type)
        if wider is None:
            raise call.unexpected()
        kind = wider
    texts = [cast(value, kind).sql for value in values]
    nulls = " OR ".join(f"{text} IS NULL" for text in texts)
    return Typed(f"CASE WHEN {nulls} THEN NULL ELSE map_concat({', '.join(texts)}) END", kind)


@function("map_zip_with")
def _zip_with(call: Call) -> Typed:
    call.need(3)
    first, second = map_of(call, 0), map_of(call, 1)
    key = common_type(first.type.args[0], second.type.args[0])
    if key is None:
        raise call.unexpected()
    name = f"k{len(call.scope.lambdas)}_"
    sides = [
        Typed(f"map_extract_value({side.sql}, {name})", side.type.args[1])
        for side in (first, second)
    ]
    body, made = call.inlined(2, [Typed(name, key), *sides])
    keys = distinct(f"list_concat(map_keys({first.sql}), map_keys({second.sql}))")
    kind = Type("map", (key, made))
    rows = f"list_transform({keys}, lambda {name}: {{'k': {name}, 'v': {body}}})"
    zipped = f"CAST(map_from_entries({rows}) AS {kind.duckdb})"
    return Typed(
        f"CASE WHEN {first.sql} IS NULL OR {second.sql} IS NULL THEN NULL ELSE {zipped} END", kind
    )


@function("split_to_map", "split_to_multimap")
def _split(call: Call) -> Typed:
    call.need(3)
    text, between, mark = call.args()
    if not all(arg.type.is_text for arg in (text, between, mark)):
        raise call.unexpected()
    # Nothing behind the last mark between entries is no entry.
    parts = f"str_split({text.sql}, {between.sql})"
    pieces = f"list_filter({parts}, lambda s_, n_: s_ <> '' OR n_ < len({parts}))"
    failed = raising(
        "INVALID_FUNCTION_ARGUMENT",
        "'Key-value delimiter must appear exactly once in each entry. Bad input: ''' || s_ || ''''",
        "VARCHAR",
    )
    split = f"str_split(s_, {mark.sql})"
    pair = f"CASE WHEN len({split}) <> 2 THEN [{failed}] ELSE {split} END"
    pairs = f"list_transform({pieces}, lambda s_: {pair})"
    if call.name == "split_to_map":
        rows = f"list_transform({pairs}, lambda s_: {{'k': s_[1], 'v': s_[2]}})"
        kind, made = Type("map", (VARCHAR, VARCHAR)), f"map_from_entries({rows})"
    else:
        rows = f"list_transform({pairs}, lambda s_: {{'k': s_[1], 'v': s_[2]}})"
        kind, made = Type("map", (VARCHAR, array(VARCHAR))), multimap(rows)
    wrong = {
        f"{between.sql} = ''": "entryDelimiter is empty",
        f"{mark.sql} = ''": "keyValueDelimiter is empty",
        f"{between.sql} = {mark.sql}": "entryDelimiter and keyValueDelimiter must not be the same",
    }
    checks = " ".join(
        f"WHEN {test} THEN {raising_nested('INVALID_FUNCTION_ARGUMENT', why, kind.duckdb)}"
        for test, why in wrong.items()
    )
    checked = f"CASE {checks} ELSE {made} END"
    return Typed(unless_null(checked, text.sql, between.sql, mark.sql), kind)


def multimap(rows: str) -> str:
    """A map of lists from a list of entries with `k` and `v`."""
    keys = distinct(f"list_transform({rows}, lambda e_: e_.k)")
    values = f"list_transform(list_filter({rows}, lambda e_: e_.k = k_), lambda e_: e_.v)"
    return f"map_from_entries(list_transform({keys}, lambda k_: {{'k': k_, 'v': {values}}}))"


@function("map_from_entries", "multimap_from_entries")
def _from_entries(call: Call) -> Typed:
    call.need(1)
    values = call.arg(0)
    row = values.type.args[0] if values.type.name == "array" else values.type
    if row.name != "row" or len(row.args) != 2:
        raise call.unexpected()
    rows = (
        f"list_transform({values.sql}, lambda e_: "
        "{'k': struct_extract_at(e_, 1), 'v': struct_extract_at(e_, 2)})"
    )
    if call.name == "map_from_entries":
        return Typed(f"map_from_entries({rows})", Type("map", row.args))
    return Typed(multimap(rows), Type("map", (row.args[0], array(row.args[1]))))
