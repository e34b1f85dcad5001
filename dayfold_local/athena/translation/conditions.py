"""IS NULL, BETWEEN, IN, EXISTS, LIKE: they register themselves with the expressions."""

from __future__ import annotations

from sqlglot import exp

from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.sql_types import BOOLEAN, JSON, UNKNOWN
from dayfold_local.athena.translation import floats, nested, operators, row_subqueries
from dayfold_local.athena.translation.coercion import common_type
from dayfold_local.athena.translation.expressions import HANDLERS, Translator, expression
from dayfold_local.athena.translation.parse import position
from dayfold_local.athena.translation.scope import Scope, Typed


def _is(node: exp.Is, scope: Scope, to: Translator) -> Typed:
    if not isinstance(node.expression, exp.Null):
        raise not_supported(f"{position(node)}IS {node.expression.sql()}")
    return Typed(f"({expression(node.this, scope, to).sql} IS NULL)", BOOLEAN)


def _between(node: exp.Between, scope: Scope, to: Translator) -> Typed:
    if node.args.get("symmetric"):
        raise not_supported(f"{position(node)}BETWEEN SYMMETRIC")
    value = expression(node.this, scope, to)
    low, high = (expression(node.args[key], scope, to) for key in ("low", "high"))
    above = operators.comparison(">=", value, low, node)
    below = operators.comparison("<=", value, high, node)
    return Typed(f"({above.sql} AND {below.sql})", BOOLEAN)


def _in(node: exp.In, scope: Scope, to: Translator) -> Typed:
    query = node.args.get("query")
    if query is not None:
        return _in_query(node, query, scope, to)
    value = expression(node.this, scope, to)
    items = [expression(item, scope, to) for item in node.expressions]
    if nested.is_nested(value.type):
        tests = [operators.comparison("=", value, item, node).sql for item in items]
        return Typed(nested.any_of(value, tests), BOOLEAN)
    if floats.may_be_nan(value) and any(map(floats.may_be_nan, items)):
        tests = [operators.comparison("=", value, item, node).sql for item in items]
        return Typed(f"({' OR '.join(tests)})", BOOLEAN)
    others = [n for n, item in zip(node.expressions, items, strict=True) if not _is_null(item)]
    of_columns = any(other.find(exp.Column) for other in others)
    if len(others) < len(items) and of_columns and node.this.find(exp.Column) is None:
        # Of a constant, Trino 435 forgets the NULL as soon as one of the others is a column.
        raise not_supported(f"{position(node)}a constant IN columns and NULL")
    same = operators.unify([value, *items], node, "IN values")
    if same[0].type == JSON:
        raise not_supported(f"{position(node)}JSON values compared (IN)")
    listed = ", ".join(item.sql for item in same[1:])
    return Typed(f"({same[0].sql} IN ({listed}))", BOOLEAN)


def _is_null(item: Typed) -> bool:
    return item.type == UNKNOWN or item.sql.startswith("CAST(NULL AS ")


def _in_query(node: exp.In, query: exp.Expr, scope: Scope, to: Translator) -> Typed:
    value = expression(node.this, scope, to)
    if value.type.name == "row":
        return row_subqueries.in_query(node, value, query, scope, to)
    sql, kinds = to.subquery(query, scope)
    if nested.is_nested(value.type):
        raise not_supported(f"{position(node)}{value.type} IN a subquery")
    if len(kinds) != 1:
        raise QueryFailure("SYNTAX_ERROR", f"{position(node)}Subquery must return one column")
    if common_type(value.type, kinds[0]) is None:
        raise operators.no_operator("=", value.type, kinds[0], node)
    test = f"({value.sql} IN ({sql}))"
    if floats.may_be_nan(value) and floats.is_float(kinds[0]):
        return row_subqueries.nan_in_query(node, value, test)
    return Typed(test, BOOLEAN)


def _exists(node: exp.Exists, scope: Scope, to: Translator) -> Typed:
    sql, _ = to.subquery(node.this, scope)
    return Typed(f"EXISTS ({sql})", BOOLEAN)


def _like(node: exp.Like, scope: Scope, to: Translator, escape: str = "") -> Typed:
    value, pattern = expression(node.this, scope, to), expression(node.expression, scope, to)
    if "char" in {value.type.name, pattern.type.name}:
        raise not_supported(f"{position(node)}LIKE with char values: cast them to varchar")
    if not value.type.is_text or not pattern.type.is_text:
        raise QueryFailure(
            "TYPE_MISMATCH",
            f"{position(node)}Left side of LIKE expression must evaluate to a varchar "
            f"(actual: {value.type})",
        )
    negated = "NOT " if node.args.get("negate") else ""
    return Typed(f"({value.sql} {negated}LIKE {pattern.sql}{escape})", BOOLEAN)


def _escape(node: exp.Escape, scope: Scope, to: Translator) -> Typed:
    return _like(node.this, scope, to, f" ESCAPE {expression(node.expression, scope, to).sql}")


HANDLERS.update(
    {
        exp.Is: _is,
        exp.Between: _between,
        exp.In: _in,
        exp.Exists: _exists,
        exp.Like: _like,
        exp.Escape: _escape,
    },
)
