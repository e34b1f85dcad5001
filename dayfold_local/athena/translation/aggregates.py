"""Calls that may be aggregates or window functions."""

from __future__ import annotations

from sqlglot import exp

from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.sql_types import VARCHAR
from dayfold_local.athena.translation import nested
from dayfold_local.athena.translation.aggregate_functions import AGGREGATES, WINDOW_ONLY, Aggregate
from dayfold_local.athena.translation.expressions import Translator, expression
from dayfold_local.athena.translation.functions import Call, translate_call
from dayfold_local.athena.translation.parse import CALL, position
from dayfold_local.athena.translation.scope import Scope, Typed


def order_by(order: exp.Order | None, scope: Scope, to: Translator) -> str:
    """An ORDER BY with the place of NULLs spelled out: last, as Trino has it."""
    if order is None:
        return ""
    parts = []
    for item in order.expressions:
        direction = " DESC" if item.args.get("desc") else ""
        nulls = "FIRST" if item.args.get("nulls_first") else "LAST"
        parts.append(
            f"{nested.sortable(expression(item.this, scope, to))}{direction} NULLS {nulls}"
        )
    return f" ORDER BY {', '.join(parts)}"


def aggregate(call: Call, tail: str = "", nulls: str = "") -> Typed | None:
    """The call as an aggregate or window function, or None if it is neither."""
    handler = AGGREGATES.get(call.name)
    if handler is None:
        return None
    parts = list(call.raw)
    order = ""
    distinct = False
    # DISTINCT and ORDER BY come wrapped around the arguments.
    while parts and isinstance(parts[-1], exp.Order | exp.Distinct):
        last = parts.pop()
        if isinstance(last, exp.Order):
            order = order_by(last, call.scope, call.to)
            parts.append(last.this)
        else:
            distinct = True
            parts.extend(last.expressions)
    if distinct and "OVER" in tail:
        raise not_supported(f"{position(call.node)}DISTINCT in window function parameters")
    inner = Call(call.name, call.node, parts, call.scope, call.to)
    return handler(Aggregate(inner, distinct, order, tail, nulls))


def is_aggregate(node: exp.Expr) -> bool:
    """Whether a call node aggregates rows when it has no OVER."""
    if isinstance(node, exp.GroupConcat):
        return True
    if not isinstance(node, exp.Anonymous):
        return False
    name = str(node.this).removeprefix(CALL).lower()
    return (name in AGGREGATES or name in {"any_value", "every"}) and name not in WINDOW_ONLY


def call_of(node: exp.Expr, scope: Scope, to: Translator) -> Call:
    """The call in an Anonymous node."""
    if not isinstance(node, exp.Anonymous):
        raise not_supported(f"{position(node)}{type(node).__name__} as a window function")
    name = str(node.this).removeprefix(CALL).lower()
    return Call(name, node, list(node.expressions), scope, to)


def any_call(call: Call, tail: str = "", nulls: str = "") -> Typed:
    """A call of any kind; only aggregates and window functions take a tail."""
    call.name = {"any_value": "arbitrary", "every": "bool_and"}.get(call.name, call.name)
    found = aggregate(call, tail, nulls)
    if found is not None:
        if call.name in WINDOW_ONLY and "OVER" not in tail:
            raise QueryFailure(
                "MISSING_OVER",
                f"{position(call.node)}Window function {call.name} requires an OVER clause",
            )
        return found
    if tail or nulls:
        raise QueryFailure(
            "FUNCTION_NOT_FOUND",
            f"{position(call.node)}Function '{call.name}' not registered",
        )
    return translate_call(call)


def listagg(node: exp.GroupConcat, scope: Scope, to: Translator, tail: str = "") -> Typed:
    """LISTAGG(x, sep) WITHIN GROUP (ORDER BY ...)."""
    inner, order = node.this, ""
    if isinstance(inner, exp.Order):
        order = order_by(inner, scope, to)
        inner = inner.this
    distinct = ""
    if isinstance(inner, exp.Distinct):
        distinct, inner = "DISTINCT ", inner.expressions[0]
    separator = node.args.get("separator")
    if separator is not None and not separator.is_string:
        raise QueryFailure("SYNTAX_ERROR", f"{position(separator)}mismatched input", bare=True)
    between = expression(separator, scope, to).sql if separator is not None else "''"
    value = expression(inner, scope, to)
    return Typed(f"string_agg({distinct}{value.sql}, {between}{order}){tail}", VARCHAR)
