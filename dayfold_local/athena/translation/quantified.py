"""Comparisons with ANY, SOME or ALL of a query's values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.sql_types import BOOLEAN
from dayfold_local.athena.translation import floats, nested
from dayfold_local.athena.translation.coercion import coerce, common_type
from dayfold_local.athena.translation.failing import raising
from dayfold_local.athena.translation.parse import CALL, position
from dayfold_local.athena.translation.scope import Scope, Typed

if TYPE_CHECKING:
    from dayfold_local.athena.translation.expressions import Translator


def parts(node: exp.Expr) -> tuple[str, exp.Expr] | None:
    """ANY, SOME or ALL and the query behind it; the parser reads a part of them as calls."""
    if isinstance(node, exp.Any | exp.All):
        query = node.this
        return type(node).__name__.upper(), query.this if isinstance(query, exp.Subquery) else query
    if isinstance(node, exp.Anonymous) and len(node.expressions) == 1:
        name, query = str(node.this).removeprefix(CALL).lower(), node.expressions[0]
        if name in {"any", "some", "all"} and isinstance(query, exp.Query | exp.Values):
            return ("ALL" if name == "all" else "ANY"), query
    return None


def compare(
    symbol: str, left: Typed, quantifier: str, query: exp.Expr, scope: Scope, to: Translator
) -> Typed:
    """`left symbol ANY (query)`: in the type that both take."""
    sql, kinds = to.subquery(query, scope)
    if len(kinds) != 1:
        raise QueryFailure("SYNTAX_ERROR", f"{position(query)}Subquery must return one column")
    kind = common_type(left.type, kinds[0])
    if kind is None or kind.name in {"map", "json"}:
        raise QueryFailure(
            "TYPE_MISMATCH",
            f"{position(query)}Value expression and result of subquery must be of the same type: "
            f"row({left.type}) vs row({kinds[0]})",
        )
    if nested.is_nested(kind):
        raise not_supported(f"{position(query)}{left.type} {symbol} {quantifier} of a subquery")
    one = _number(coerce(left, kind))
    column = _number(Typed(f"CAST(q.c AS {kind.duckdb})", kind))
    return Typed(f"({one} {symbol} {quantifier} (SELECT {column} FROM ({sql}) AS q(c)))", BOOLEAN)


def _number(value: Typed) -> str:
    """A value that is compared with all of a query's; NaN is refused, as it has its own rules."""
    if not floats.may_be_nan(value):
        return value.sql
    failed = raising("NOT_SUPPORTED", "'the local Athena has no ANY or ALL of NaN'", "DOUBLE")
    return f"CASE WHEN isnan({value.sql}) THEN {failed} ELSE {value.sql} END"
