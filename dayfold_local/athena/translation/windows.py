"""OVER, FILTER and IGNORE NULLS around a call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.translation import aggregates
from dayfold_local.athena.translation.expressions import Translator, boolean, expression
from dayfold_local.athena.translation.parse import CALL, position

if TYPE_CHECKING:
    from dayfold_local.athena.translation.scope import Scope, Typed

_TAKING_NULLS: Final = frozenset({"lag", "lead", "first_value", "last_value", "nth_value"})


def clause(node: exp.Expr, scope: Scope, to: Translator, over: str = "") -> Typed:
    """An aggregate with FILTER, IGNORE NULLS or WITHIN GROUP, and OVER if it has one."""
    nulls = filters = ""
    while isinstance(node, exp.Filter | exp.IgnoreNulls | exp.RespectNulls):
        if isinstance(node, exp.Filter):
            filters = f" FILTER (WHERE {boolean(node.expression.this, scope, to)})"
        else:
            nulls = " IGNORE NULLS" if isinstance(node, exp.IgnoreNulls) else " RESPECT NULLS"
        node = node.this
    if isinstance(node, exp.GroupConcat):
        return aggregates.listagg(node, scope, to, filters + over)
    call = aggregates.call_of(node, scope, to)
    if nulls and call.name not in _TAKING_NULLS:
        raise not_supported(f"{position(call.node)}IGNORE NULLS with {call.name}")
    return aggregates.any_call(call, filters + over, nulls)


def window(
    node: exp.Window,
    scope: Scope,
    to: Translator,
    named: dict[str, exp.Window],
) -> Typed:
    """A call with OVER (...)."""
    name = str(node.this.this).removeprefix(CALL).lower()
    if node.args.get("spec") is not None and name in {"lag", "lead"}:
        raise QueryFailure(
            "INVALID_WINDOW_FRAME",
            f"{position(node)}Cannot specify window frame for {name} function",
        )
    return clause(node.this, scope, to, f" OVER ({_specification(node, scope, to, named)})")


def _specification(
    node: exp.Window,
    scope: Scope,
    to: Translator,
    named: dict[str, exp.Window],
) -> str:
    alias = node.args.get("alias")
    parts = []
    if alias is not None:
        base = named.get(alias.name.lower())
        if base is None:
            raise QueryFailure(
                "INVALID_WINDOW_REFERENCE",
                f"{position(node)}Cannot resolve WINDOW name {alias.name}",
            )
        parts.append(_specification(base, scope, to, named))
    partition = node.args.get("partition_by")
    if partition:
        listed = ", ".join(expression(item, scope, to).sql for item in partition)
        parts.append(f"PARTITION BY {listed}")
    order = node.args.get("order")
    if order is not None:
        parts.append(aggregates.order_by(order, scope, to).strip())
    spec = node.args.get("spec")
    if spec is not None:
        parts.append(_frame(spec, scope, to))
    return " ".join(part for part in parts if part)


def _frame(spec: exp.WindowSpec, scope: Scope, to: Translator) -> str:
    kind = str(spec.args["kind"]).upper()
    start = _bound(spec.args.get("start"), spec.args.get("start_side"), scope, to)
    end = _bound(spec.args.get("end"), spec.args.get("end_side"), scope, to)
    if spec.args.get("exclude"):
        raise not_supported(f"{position(spec)}EXCLUDE in a window frame")
    return f"{kind} BETWEEN {start} AND {end}" if end else f"{kind} {start}"


def _bound(value: object, side: object, scope: Scope, to: Translator) -> str:
    if value is None:
        return ""
    shown = expression(value, scope, to).sql if isinstance(value, exp.Expr) else str(value).upper()
    return f"{shown} {str(side).upper()}" if side else shown
