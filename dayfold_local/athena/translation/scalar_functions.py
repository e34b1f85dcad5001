"""Functions whose result depends on the types of their arguments."""

from __future__ import annotations

from sqlglot import exp

from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.sql_types import (
    BIGINT,
    DOUBLE,
    JSON,
    UNKNOWN,
    VARCHAR,
    Type,
    decimal,
    literal,
)
from dayfold_local.athena.translation import floats, nested, operators
from dayfold_local.athena.translation.aggregates import is_aggregate
from dayfold_local.athena.translation.casts import cast
from dayfold_local.athena.translation.coercion import coerce
from dayfold_local.athena.translation.expressions import boolean, expression
from dayfold_local.athena.translation.failing import raising
from dayfold_local.athena.translation.functions import Call, function
from dayfold_local.athena.translation.parse import position
from dayfold_local.athena.translation.scope import Typed

_DIGITS = 38  # of a decimal, at most


@function("coalesce")
def _coalesce(call: Call) -> Typed:
    same = operators.unify(call.args(), call.node, "COALESCE operands")
    return Typed(f"coalesce({', '.join(v.sql for v in same)})", same[0].type)


@function("nullif")
def _nullif(call: Call) -> Typed:
    call.need(2)
    first, second = call.args()
    test = operators.comparison("=", first, second, call.node)
    return Typed(f"CASE WHEN {test.sql} THEN NULL ELSE {first.sql} END", first.type)


@function("if")
def _if(call: Call) -> Typed:
    call.need(2, 3)
    test = boolean(call.raw[0], call.scope, call.to)
    values = [call.arg(1), call.arg(2) if len(call.raw) == 3 else Typed("NULL", UNKNOWN)]
    yes, no = operators.unify(values, call.node, "IF results")
    return Typed(f"CASE WHEN {test} THEN {yes.sql} ELSE {no.sql} END", yes.type)


@function("try")
def _try(call: Call) -> Typed:
    call.need(1)
    inner = call.arg(0)
    if JSON in inner.type.args:
        raise not_supported(f"{position(call.node)}TRY of {inner.type}")
    if inner.type == JSON:
        document = inner.any_zone and _tried(call, inner.any_zone)
        return Typed(_tried(call, inner.sql), inner.type, None, document)
    if inner.any_zone is not None:
        # What is no moment is NULL; a refusal to tell its zone stays outside of TRY.
        moment = _tried(call, inner.any_zone)
        checked = f"CASE WHEN {moment} IS NULL THEN NULL ELSE {inner.sql} END"
        return Typed(checked, inner.type, None, moment)
    if "NOT_SUPPORTED: " in inner.sql:
        raise not_supported(f"{position(call.node)}TRY of what may be refused at run time")
    return Typed(_tried(call, inner.sql), inner.type)


def _tried(call: Call, sql: str) -> str:
    """TRY in a lambda: outside of one, the engine works out what stands twice before it tries."""
    apart = (exp.Window, exp.Query, exp.Subquery)
    if call.raw[0].find(*apart) or any(map(is_aggregate, call.raw[0].walk())):
        return f"TRY({sql})"  # no lambda may hold these
    return f"list_transform([0], lambda try_: TRY({sql}))[1]"


@function("greatest", "least")
def _extreme(call: Call) -> Typed:
    same = operators.unify(call.args(), call.node, f"{call.name} arguments")
    nulls = " OR ".join(f"{value.sql} IS NULL" for value in same)
    if floats.is_float(same[0].type):
        numbers = ", ".join(map(floats.number, same))
        best = f"coalesce({call.name}({numbers}), {same[0].sql})"
        return Typed(f"CASE WHEN {nulls} THEN NULL ELSE {best} END", same[0].type)
    listed = ", ".join(
        each.sql if nested.is_constant(each.sql) else nested.sortable(each) for each in same
    )
    return Typed(f"CASE WHEN {nulls} THEN NULL ELSE {call.name}({listed}) END", same[0].type)


@function("typeof")
def _typeof(call: Call) -> Typed:
    call.need(1)
    return Typed(literal(str(call.arg(0).type)), VARCHAR)


@function("concat")
def _concat(call: Call) -> Typed:
    if len(call.raw) < 2:
        raise QueryFailure(
            "FUNCTION_NOT_FOUND",
            f"{position(call.node)}There must be two or more concatenation arguments",
        )
    return operators.concat(call.args(), call.node)


@function("concat_ws")
def _concat_ws(call: Call) -> Typed:
    args = call.args()
    if len(args) < 2 or not all(arg.type.is_text or arg.type == UNKNOWN for arg in args):
        raise call.unexpected()
    listed = ", ".join(arg.sql for arg in args)
    return Typed(f"CASE WHEN {args[0].sql} IS NULL THEN NULL ELSE concat_ws({listed}) END", VARCHAR)


@function("round")
def _round(call: Call) -> Typed:
    call.need(1, 2)
    value = call.arg(0)
    if value.type == UNKNOWN or not value.type.is_numeric:
        raise call.unexpected()
    places = call.arg(1) if len(call.raw) == 2 else None
    if value.type.name == "decimal":
        return _round_decimal(value, places, call)
    if value.type.is_integer:
        if places is None or (isinstance(places.value, int) and places.value >= 0):
            return value
        if not isinstance(places.value, int):
            raise not_supported(f"{position(call.node)}round of an integer to computed places")
        tens = operators.at_place(value, places.value, decimal(_DIGITS, 0), rounds=True)
        return Typed(f"CAST({tens.sql} AS {value.type.duckdb})", value.type)
    if places is None:
        return Typed(f"round({value.sql})", value.type)
    # Both scale the double, round half away from zero, and scale back.
    return Typed(f"round({value.sql}, CAST({places.sql} AS INTEGER))", value.type)


def _round_decimal(value: Typed, places: Typed | None, call: Call) -> Typed:
    precision, scale = value.type.precision or 38, value.type.scale or 0
    if places is None:
        kind = decimal(min(38, precision - scale + (1 if scale else 0)), 0)
        return Typed(f"CAST({value.sql} AS {kind.duckdb})", kind)
    if not isinstance(places.value, int):
        raise not_supported(f"{position(call.node)}round of a decimal to computed places")
    kind = decimal(min(_DIGITS, precision + 1), scale)
    if places.value >= scale:
        return cast(value, kind)
    if places.value < 0:
        return operators.at_place(value, places.value, kind, rounds=True)
    shorter = decimal(min(_DIGITS, precision + 1), places.value)
    return Typed(f"CAST(CAST({value.sql} AS {shorter.duckdb}) AS {kind.duckdb})", kind)


@function("floor", "ceil", "truncate")
def _whole(call: Call) -> Typed:
    if call.name == "truncate" and len(call.raw) == 2:
        return _truncate(call)
    call.need(1)
    value = call.arg(0)
    if value.type.is_integer:
        return value
    name = {"truncate": "trunc"}.get(call.name, call.name)
    if value.type.name == "decimal":
        precision, scale = value.type.precision or 38, value.type.scale or 0
        extra = 1 if scale and call.name != "truncate" else 0
        kind = decimal(max(min(38, precision - scale + extra), 1), 0)
        return Typed(f"CAST({name}({value.sql}) AS {kind.duckdb})", kind)
    if not value.type.is_numeric:
        raise call.unexpected()
    return Typed(f"{name}({value.sql})", value.type)


def _truncate(call: Call) -> Typed:
    value, place = call.arg(0), call.arg(1).value
    if value.type.name != "decimal" or not isinstance(place, int):
        raise not_supported(f"{position(call.node)}truncate of {value.type} to places")
    if place >= (value.type.scale or 0):
        return value
    return operators.at_place(value, place, value.type, rounds=False)


@function("mod")
def _mod(call: Call) -> Typed:
    call.need(2)
    return operators.arithmetic("mod", call.arg(0), call.arg(1), call.node)


@function("log")
def _log(call: Call) -> Typed:
    call.need(2)
    base, value = (coerce(arg, DOUBLE) for arg in call.args())
    return Typed(f"(trino_ln({value.sql}) / trino_ln({base.sql}))", DOUBLE)


@function("subscript")
def _subscript(call: Call) -> Typed:
    bracket = call.node.parent
    assert isinstance(bracket, exp.Bracket)
    return subscript(expression(bracket.this, call.scope, call.to), call.arg(0), call)


def subscript(base: Typed, index: Typed, call: Call) -> Typed:
    """`a[i]`: fails where element_at gives NULL."""
    if base.type.name == "row" and isinstance(index.value, int):
        kind = base.type.args[index.value - 1]
        return Typed(f"struct_extract_at({base.sql}, {index.value})", kind)
    if base.type.name == "map":
        key = coerce(index, base.type.args[0])
        missing = raising("INVALID_FUNCTION_ARGUMENT", "'Key not present in map'", "BIGINT")
        kind = base.type.args[1]
        found = f"map_extract_value({base.sql}, {key.sql})"
        test = f"list_contains(map_keys({base.sql}), {key.sql}) OR {base.sql} IS NULL"
        return Typed(
            f"CASE WHEN {test} THEN {found} ELSE CAST(CAST({missing} AS VARCHAR) AS "
            f"{kind.duckdb}) END"
            if not kind.args
            else found,
            kind,
        )
    if base.type.name != "array" or not index.type.is_integer:
        raise call.unexpected()
    kind = base.type.args[0]
    length = f"len({base.sql})"
    failed = raising(
        "INVALID_FUNCTION_ARGUMENT",
        f"'Array subscript must be less than or equal to array length: ' || {index.sql} || ' > ' "
        f"|| {length}",
        "BIGINT",
    )
    guard = (
        f"CASE WHEN {index.sql} > {length} OR {index.sql} < 1 THEN {failed} ELSE {index.sql} END"
    )
    return Typed(f"{base.sql}[{guard}]", kind)


@function("element_at")
def _element_at(call: Call) -> Typed:
    call.need(2)
    base, index = call.args()
    if base.type.name == "map":
        key = coerce(index, base.type.args[0])
        return Typed(f"map_extract_value({base.sql}, {key.sql})", base.type.args[1])
    if base.type.name != "array" or not index.type.is_integer:
        raise call.unexpected()
    failed = raising("INVALID_FUNCTION_ARGUMENT", "'SQL array indices start at 1'", "BIGINT")
    place = f"CASE WHEN {index.sql} = 0 THEN {failed} ELSE {index.sql} END"
    return Typed(f"{base.sql}[{index.sql if index.value else place}]", base.type.args[0])


@function("cardinality")
def _cardinality(call: Call) -> Typed:
    call.need(1)
    value = call.arg(0)
    if value.type.name not in {"array", "map"}:
        raise call.unexpected()
    return Typed(
        f"CAST({'len' if value.type.name == 'array' else 'cardinality'}({value.sql}) AS BIGINT)",
        BIGINT,
    )


@function("row")
def _row(call: Call) -> Typed:
    values = call.args()
    fields = ", ".join(f"'field{i}': {value.sql}" for i, value in enumerate(values))
    return Typed(
        f"{{{fields}}}", Type("row", tuple(v.type for v in values), tuple(None for _ in values))
    )
