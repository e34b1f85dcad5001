"""What is another value for each row and each run: rand, uuid, shuffle.

The translation writes some arguments twice, and a value drawn twice is not one value: so these
stand only where they are written once.
"""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from dayfold_local.athena.errors import not_supported
from dayfold_local.athena.sql_types import DOUBLE, VARCHAR
from dayfold_local.athena.translation.array_functions import array_of
from dayfold_local.athena.translation.failing import raising
from dayfold_local.athena.translation.functions import Call, function
from dayfold_local.athena.translation.operators import unify
from dayfold_local.athena.translation.parse import CALL, position
from dayfold_local.athena.translation.scope import Typed

_ARITHMETIC: Final = (exp.Add, exp.Sub, exp.Mul, exp.Paren)
_COMPARISON: Final = (exp.LT, exp.LTE, exp.GT, exp.GTE)
_END: Final = (exp.Select, exp.Alias, exp.Ordered, exp.Where, exp.And)
_CALLS: Final = {f"{CALL}{name}" for name in ("floor", "ceil", "ceiling")}


def _once(call: Call) -> None:
    """Refuses a place where the value might be drawn more than once."""
    node = call.node.parent
    while isinstance(node, (*_ARITHMETIC, *_COMPARISON, exp.Cast)) or (
        isinstance(node, exp.Anonymous) and str(node.this) in _CALLS
    ):
        node = node.parent
    if not isinstance(node, _END):
        raise not_supported(
            f"{position(call.node)}{call.name} inside of this: put it into a subquery's column"
        )


@function("rand")
def _rand(call: Call) -> Typed:
    call.need(0, 1, 2)
    _once(call)
    if not call.raw:
        return Typed("random()", DOUBLE)
    if not all(arg.type.is_integer for arg in call.args()):
        raise call.unexpected()
    if len(call.raw) == 1:
        most = call.arg(0)
        low, wrong, message = "0", f"{most.sql} <= 0", "'bound must be positive'"
    else:
        least, most = unify(call.args(), call.node, "random bounds")
        low, wrong = least.sql, f"{least.sql} >= {most.sql}"
        message = "'start value must be less than stop value'"
    failed = raising("INVALID_FUNCTION_ARGUMENT", message, "BIGINT")
    drawn = f"{low} + floor(random() * ({most.sql} - {low}))"
    return Typed(
        f"CAST(CASE WHEN {wrong} THEN {failed} ELSE {drawn} END AS {most.type.duckdb})", most.type
    )


@function("uuid")
def _uuid(call: Call) -> Typed:
    """As a text: so it is read and written; the type uuid itself only compares."""
    call.need(0)
    cast = call.node.parent
    if not isinstance(cast, exp.Cast) or cast.args["to"].sql(dialect="trino") != "VARCHAR":
        raise not_supported(f"{position(call.node)}uuid() as itself: CAST(uuid() AS varchar)")
    _once(call)
    return Typed("CAST(uuid() AS VARCHAR)", VARCHAR)


@function("shuffle")
def _shuffle(call: Call) -> Typed:
    call.need(1)
    _once(call)
    values = array_of(call)
    drawn = f"list_transform({values.sql}, lambda s_: {{'r': random(), 'v': s_}})"
    return Typed(f"list_transform(list_sort({drawn}), lambda s_: s_.v)", values.type)
