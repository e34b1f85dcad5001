"""Scalar expressions: each node of the tree becomes the engine's text and a Trino type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from sqlglot import exp

from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.sql_types import (
    BOOLEAN,
    UNKNOWN,
    VARBINARY,
    Type,
    array,
    parse_type,
)
from dayfold_local.athena.translation import literals, operators, quantified, untyped
from dayfold_local.athena.translation.casts import cast
from dayfold_local.athena.translation.parse import CALL, position
from dayfold_local.athena.translation.scope import Scope, Typed, dereference, resolve

if TYPE_CHECKING:
    from collections.abc import Callable


class Translator(Protocol):
    """What expressions need of the whole: subqueries and functions."""

    def subquery(self, node: exp.Expr, scope: Scope) -> tuple[str, list[Type]]:
        """A nested query's text and the types of its columns."""

    def call(self, name: str, node: exp.Expr, args: list[exp.Expr], scope: Scope) -> Typed:
        """A function call."""

    def window(self, node: exp.Window, scope: Scope) -> Typed:
        """A call with OVER."""

    def aggregate_clause(self, node: exp.Expr, scope: Scope) -> Typed:
        """FILTER, IGNORE NULLS, LISTAGG."""


# Whole numbers that fit their type with the minus before them only.
_LOWEST = {"2147483648": Type("integer"), "9223372036854775808": Type("bigint")}


def expression(node: exp.Expr, scope: Scope, to: Translator) -> Typed:
    """The expression in the engine's words."""
    handler = HANDLERS.get(type(node))
    if handler is None:
        raise not_supported(f"{position(node)}{type(node).__name__} expressions")
    return handler(node, scope, to)


def _column(node: exp.Column, scope: Scope, _: Translator) -> Typed:
    names = [part.name.lower() for part in node.parts]
    if names[0] == "awsdatacatalog":
        names = names[1:]
    return resolve(names, node, scope)


def _identifier(node: exp.Identifier, scope: Scope, _: Translator) -> Typed:
    return resolve([node.name.lower()], node, scope)


def _dot(node: exp.Dot, scope: Scope, to: Translator) -> Typed:
    return dereference(expression(node.this, scope, to), node.expression.name.lower(), node)


def _paren(node: exp.Paren, scope: Scope, to: Translator) -> Typed:
    inner = expression(node.this, scope, to)
    return Typed(f"({inner.sql})", inner.type, inner.value, inner.any_zone)


def _neg(node: exp.Neg, scope: Scope, to: Translator) -> Typed:
    lowest = _LOWEST.get(str(node.this.this)) if isinstance(node.this, exp.Literal) else None
    if lowest is not None:
        return Typed(f"CAST(-{node.this.this} AS {lowest.duckdb})", lowest, -int(node.this.this))
    inner = expression(node.this, scope, to)
    if inner.type == UNKNOWN:
        raise untyped.ambiguous(node)
    if not inner.type.is_numeric and not inner.type.name.startswith("interval"):
        raise QueryFailure("TYPE_MISMATCH", f"{position(node)}Cannot negate {inner.type}")
    value = -inner.value if isinstance(inner.value, int) else None
    return Typed(f"(-{inner.sql})", inner.type, value)


def _binary(name: str) -> Callable[[Any, Scope, Translator], Typed]:
    def handle(node: exp.Binary, scope: Scope, to: Translator) -> Typed:
        left, right = expression(node.this, scope, to), expression(node.expression, scope, to)
        return operators.arithmetic(name, left, right, node)

    return handle


def _compare(symbol: str) -> Callable[[Any, Scope, Translator], Typed]:
    def handle(node: exp.Binary, scope: Scope, to: Translator) -> Typed:
        parts = quantified.parts(node.expression)
        if parts is not None:
            left = expression(node.this, scope, to)
            return quantified.compare(symbol, left, *parts, scope, to)
        left, right = expression(node.this, scope, to), expression(node.expression, scope, to)
        return operators.comparison(symbol, left, right, node)

    return handle


def _logical(symbol: str) -> Callable[[Any, Scope, Translator], Typed]:
    def handle(node: exp.Binary, scope: Scope, to: Translator) -> Typed:
        parts = [boolean(side, scope, to) for side in (node.this, node.expression)]
        return Typed(f"({parts[0]} {symbol} {parts[1]})", BOOLEAN)

    return handle


def boolean(node: exp.Expr, scope: Scope, to: Translator) -> str:
    """A condition; anything but a boolean is refused, as Trino does."""
    value = expression(node, scope, to)
    if value.type not in {BOOLEAN, UNKNOWN}:
        raise QueryFailure(
            "TYPE_MISMATCH",
            f"{position(node)}Expression must evaluate to a boolean (actual: {value.type})",
        )
    return value.sql if value.type == BOOLEAN else "CAST(NULL AS BOOLEAN)"


def _not(node: exp.Not, scope: Scope, to: Translator) -> Typed:
    return Typed(f"(NOT {boolean(node.this, scope, to)})", BOOLEAN)


def _scalar_subquery(node: exp.Expr, scope: Scope, to: Translator) -> Typed:
    sql, kinds = to.subquery(node, scope)
    if len(kinds) != 1:
        raise not_supported(f"{position(node)}a subquery of {len(kinds)} columns as a row")
    return Typed(f"({sql})", kinds[0])


def _case(node: exp.Case, scope: Scope, to: Translator) -> Typed:
    subject = expression(node.this, scope, to) if node.this is not None else None
    tests, values = [], []
    for branch in node.args["ifs"]:
        if subject is None:
            tests.append(boolean(branch.this, scope, to))
        else:
            when = expression(branch.this, scope, to)
            tests.append(operators.comparison("=", subject, when, branch).sql)
        values.append(expression(branch.args["true"], scope, to))
    default = node.args.get("default")
    values.append(expression(default, scope, to) if default is not None else Typed("NULL", UNKNOWN))
    same = operators.unify(values, node, "CASE results")
    branches = " ".join(f"WHEN {t} THEN {v.sql}" for t, v in zip(tests, same, strict=False))
    return Typed(f"(CASE {branches} ELSE {same[-1].sql} END)", same[0].type)


def _cast(node: exp.Cast, scope: Scope, to: Translator) -> Typed:
    target = parse_type(node.args["to"].sql(dialect="trino"))
    value = expression(node.this, scope, to)
    try:
        return cast(value, target, safe=isinstance(node, exp.TryCast))
    except QueryFailure as failure:
        raise QueryFailure(failure.code, position(node) + failure.message) from None


def _at_zone(node: exp.AtTimeZone, scope: Scope, to: Translator) -> Typed:
    return literals.at_zone(
        expression(node.this, scope, to), expression(node.args["zone"], scope, to), node
    )


def _array(node: exp.Array, scope: Scope, to: Translator) -> Typed:
    values = [expression(item, scope, to) for item in node.expressions]
    if not values:
        return Typed("[]", array(UNKNOWN))
    same = operators.unify(values, node, "ARRAY elements")
    return Typed(f"[{', '.join(value.sql for value in same)}]", array(same[0].type))


def _row(node: exp.Expr, scope: Scope, to: Translator) -> Typed:
    values = [expression(item, scope, to) for item in node.expressions]
    fields = ", ".join(f"'field{i}': {value.sql}" for i, value in enumerate(values))
    kind = Type("row", tuple(v.type for v in values), tuple(None for _ in values))
    return Typed(f"{{{fields}}}", kind)


def _concat(node: exp.DPipe, scope: Scope, to: Translator) -> Typed:
    sides = [expression(side, scope, to) for side in (node.this, node.expression)]
    return operators.concat(sides, node)


def _distinct_from(symbol: str) -> Callable[[Any, Scope, Translator], Typed]:
    return _compare(f"IS {symbol}DISTINCT FROM")


def _call(node: exp.Anonymous, scope: Scope, to: Translator) -> Typed:
    name = str(node.this).removeprefix(CALL).lower()
    return to.call(name, node, list(node.expressions), scope)


def _named(name: str, *keys: str) -> Callable[[Any, Scope, Translator], Typed]:
    """A node of the parser's own that stands for a plain call."""

    def handle(node: exp.Expr, scope: Scope, to: Translator) -> Typed:
        args = [node.args[key] for key in keys if node.args.get(key) is not None]
        return to.call(name, node, args, scope)

    return handle


def _extract(node: exp.Extract, scope: Scope, to: Translator) -> Typed:
    return to.call(node.this.name.lower(), node, [node.expression], scope)


def _trim(node: exp.Trim, scope: Scope, to: Translator) -> Typed:
    value = expression(node.this, scope, to)
    side = (node.args.get("position") or "BOTH").upper()
    name = {"BOTH": "trim", "LEADING": "ltrim", "TRAILING": "rtrim"}[side]
    if not value.type.is_text or value.type.name == "char":
        raise not_supported(f"{position(node)}TRIM of {value.type}")
    if node.expression is None:
        return Typed(f"trino_{name}({value.sql})", value.type)
    characters = expression(node.expression, scope, to)
    return Typed(f"{name}({value.sql}, {characters.sql})", value.type)


HANDLERS: dict[type, Callable[[Any, Scope, Translator], Typed]] = {
    exp.Literal: literals.plain_literal,
    exp.Column: _column,
    exp.Identifier: _identifier,
    exp.Dot: _dot,
    exp.Paren: _paren,
    exp.Neg: _neg,
    exp.Add: _binary("add"),
    exp.Sub: _binary("sub"),
    exp.Mul: _binary("mul"),
    exp.Div: _binary("div"),
    exp.Mod: _binary("mod"),
    exp.EQ: _compare("="),
    exp.NEQ: _compare("<>"),
    exp.LT: _compare("<"),
    exp.LTE: _compare("<="),
    exp.GT: _compare(">"),
    exp.GTE: _compare(">="),
    exp.NullSafeEQ: _distinct_from("NOT "),
    exp.NullSafeNEQ: _distinct_from(""),
    exp.And: _logical("AND"),
    exp.Or: _logical("OR"),
    exp.Not: _not,
    exp.Subquery: _scalar_subquery,
    exp.Case: _case,
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.Interval: literals.interval,
    exp.AtTimeZone: _at_zone,
    exp.CurrentTimestamp: literals.now,
    exp.CurrentDate: literals.today,
    exp.Localtime: literals.clock_now,
    exp.Localtimestamp: literals.local_now,
    exp.Array: _array,
    exp.Bracket: lambda node, scope, to: expression(node.expressions[0], scope, to),
    exp.Struct: _row,
    exp.Tuple: _row,
    exp.DPipe: _concat,
    exp.Anonymous: _call,
    exp.Extract: _extract,
    exp.Trim: _trim,
    exp.StrPosition: _named("strpos", "this", "substr"),
    exp.Null: lambda *_: Typed("NULL", UNKNOWN),
    exp.Boolean: lambda node, *_: Typed(str(bool(node.this)).upper(), BOOLEAN),
    exp.HexString: lambda node, *_: Typed(f"unhex('{node.this}')", VARBINARY),
    exp.ParseJSON: _named("json_parse", "this"),
    exp.Window: lambda node, scope, to: to.window(node, scope),
    exp.Filter: lambda node, scope, to: to.aggregate_clause(node, scope),
    exp.IgnoreNulls: lambda node, scope, to: to.aggregate_clause(node, scope),
    exp.RespectNulls: lambda node, scope, to: to.aggregate_clause(node, scope),
    exp.GroupConcat: lambda node, scope, to: to.aggregate_clause(node, scope),
    exp.WithinGroup: lambda node, scope, to: to.aggregate_clause(node, scope),
}
