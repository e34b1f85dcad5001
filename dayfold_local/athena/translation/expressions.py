"""Scalar expressions: each node of the tree becomes the engine's text and a Trino type."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol

from sqlglot import exp

from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.sql_types import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    INTEGER,
    INTERVAL_DAY,
    INTERVAL_MONTH,
    JSON,
    UNKNOWN,
    VARBINARY,
    VARCHAR,
    Type,
    array,
    decimal,
    literal,
    parse_type,
    timestamp,
    timestamp_tz,
)
from dayfold_local.athena.translation import operators
from dayfold_local.athena.translation.casts import cast, coerce, common_type, local
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


def expression(node: exp.Expr, scope: Scope, to: Translator) -> Typed:
    """The expression in the engine's words."""
    handler = _HANDLERS.get(type(node))
    if handler is None:
        raise not_supported(f"{position(node)}{type(node).__name__} expressions")
    return handler(node, scope, to)


def _literal(node: exp.Literal, *_: Any) -> Typed:  # noqa: ANN401
    text = str(node.this)
    if node.is_string:
        return Typed(literal(text), Type("varchar", precision=len(text)), text)
    if re.fullmatch(r"[0-9]+", text):
        number = int(text)
        if number > 2**63 - 1:
            raise QueryFailure("SYNTAX_ERROR", f"{position(node)}Invalid numeric literal: {text}")
        kind = INTEGER if number < 2**31 else BIGINT
        return Typed(f"CAST({number} AS {kind.duckdb})", kind, number)
    if "e" in text.lower():
        return Typed(f"CAST({text} AS DOUBLE)", DOUBLE)
    whole, fraction = text.partition(".")[::2]
    precision = max(len(whole.lstrip("0")) + len(fraction), 1)
    kind = decimal(precision, len(fraction))
    return Typed(f"CAST({text} AS {kind.duckdb})", kind)


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
    inner = expression(node.this, scope, to)
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
        if isinstance(node.expression, exp.Any | exp.All):
            raise not_supported(f"{position(node)}quantified comparisons")
        left, right = expression(node.this, scope, to), expression(node.expression, scope, to)
        return operators.comparison(symbol, left, right, node)

    return handle


def _logical(symbol: str) -> Callable[[Any, Scope, Translator], Typed]:
    def handle(node: exp.Binary, scope: Scope, to: Translator) -> Typed:
        parts = []
        for side in (node.this, node.expression):
            parts.append(boolean(side, scope, to))
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
    same = operators.unify([value, *items], node, "IN values")
    listed = ", ".join(item.sql for item in same[1:])
    return Typed(f"({same[0].sql} IN ({listed}))", BOOLEAN)


def _in_query(node: exp.In, query: exp.Expr, scope: Scope, to: Translator) -> Typed:
    if isinstance(node.this, exp.Tuple):
        raise not_supported(f"{position(node)}IN of rows with a subquery")
    value = expression(node.this, scope, to)
    sql, kinds = to.subquery(query, scope)
    if len(kinds) != 1:
        raise QueryFailure("SYNTAX_ERROR", f"{position(node)}Subquery must return one column")
    if common_type(value.type, kinds[0]) is None:
        raise operators.no_operator("=", value.type, kinds[0], node)
    return Typed(f"({value.sql} IN ({sql}))", BOOLEAN)


def _exists(node: exp.Exists, scope: Scope, to: Translator) -> Typed:
    sql, _ = to.subquery(node.this, scope)
    return Typed(f"EXISTS ({sql})", BOOLEAN)


def _scalar_subquery(node: exp.Expr, scope: Scope, to: Translator) -> Typed:
    sql, kinds = to.subquery(node, scope)
    if len(kinds) != 1:
        raise QueryFailure("SYNTAX_ERROR", f"{position(node)}Subquery must return one column")
    return Typed(f"({sql})", kinds[0])


def _like(node: exp.Like, scope: Scope, to: Translator, escape: str = "") -> Typed:
    value, pattern = expression(node.this, scope, to), expression(node.expression, scope, to)
    if not value.type.is_text or not pattern.type.is_text:
        raise QueryFailure(
            "TYPE_MISMATCH",
            f"{position(node)}Left side of LIKE expression must evaluate to a varchar "
            f"(actual: {value.type})",
        )
    return Typed(f"({value.sql} LIKE {pattern.sql}{escape})", BOOLEAN)


def _escape(node: exp.Escape, scope: Scope, to: Translator) -> Typed:
    return _like(node.this, scope, to, f" ESCAPE {expression(node.expression, scope, to).sql}")


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
    if isinstance(node.this, exp.Literal) and node.this.is_string and target.is_time:
        return time_literal(str(node.this.this), target, node)
    try:
        return cast(value, target, safe=isinstance(node, exp.TryCast))
    except QueryFailure as failure:
        raise QueryFailure(failure.code, position(node) + failure.message) from None


def time_literal(text: str, target: Type, node: exp.Expr) -> Typed:
    """DATE '...' and TIMESTAMP '...': the precision is that of the text."""
    if target == DATE:
        checked = cast(Typed(literal(text), VARCHAR), DATE)
        plain = re.fullmatch(r"\s*\d{4}-\d{2}-\d{2}\s*", text)
        return Typed(f"CAST({literal(text.strip())} AS DATE)", DATE, text) if plain else checked
    match = re.fullmatch(r"\s*(\d+-\d+-\d+(?: \d+:\d+(?::\d+(?:\.(\d+))?)?)?)(?: ?(\S+))?\s*", text)
    if match is None:
        raise QueryFailure(
            "INVALID_LITERAL", f"{position(node)}'{text}' is not a valid TIMESTAMP literal",
        )  # fmt: skip
    wall, fraction, zone = match.groups()
    is_cast = "precision" if target.precision else ""
    precision = target.precision if is_cast else len(fraction or "")
    base = Typed(f"CAST({literal(wall)} AS TIMESTAMP)", timestamp(precision or 0))
    if zone is None and target.name == "timestamp":
        return base
    kind = timestamp_tz(precision or 0, zone or "UTC")
    return Typed(f"timezone({literal(zone or 'UTC')}, {base.sql})", kind)


def _interval(node: exp.Interval, *_: Any) -> Typed:  # noqa: ANN401
    unit = node.args["unit"]
    if not isinstance(unit, exp.Var) or not re.fullmatch(r"-?\d+(\.\d+)?", str(node.this.this)):
        raise not_supported(f"{position(node)}INTERVAL {node.this.this} TO")
    name = unit.name.lower()
    kind = INTERVAL_MONTH if name in {"year", "month"} else INTERVAL_DAY
    return Typed(f"INTERVAL '{node.this.this} {name}'", kind)


def _at_zone(node: exp.AtTimeZone, scope: Scope, to: Translator) -> Typed:
    return at_zone(expression(node.this, scope, to), expression(node.args["zone"], scope, to), node)


def at_zone(value: Typed, zone: Typed, node: exp.Expr) -> Typed:
    """AT TIME ZONE: the same instant, on the clock of another zone."""
    if not isinstance(zone.value, str):
        raise not_supported(f"{position(node)}AT TIME ZONE with a zone that is not a literal")
    if value.type.name == "timestamp":
        value = coerce(value, timestamp_tz(value.type.precision or 0))
    if value.type.name != "timestamp with time zone":
        raise QueryFailure(
            "TYPE_MISMATCH",
            f"{position(node)}Type of value must be a time or timestamp with or without time zone "
            f"(actual {value.type})",
        )
    known_zone(zone.value, node)
    return Typed(value.any_zone or value.sql, timestamp_tz(value.type.precision or 0, zone.value))


def known_zone(name: str, node: exp.Expr) -> None:
    """Refuses a zone that does not exist, before the engine sees it."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    if re.fullmatch(r"[+-]\d{2}:\d{2}", name):
        raise not_supported(f"{position(node)}zones given as an offset ({name})")
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise QueryFailure(
            "INVALID_FUNCTION_ARGUMENT", f"{position(node)}'{name}' is not a valid time zone",
        ) from None  # fmt: skip


def _now(*_: Any) -> Typed:  # noqa: ANN401
    return Typed("date_trunc('milliseconds', now())", timestamp_tz(3))


def _today(*_: Any) -> Typed:  # noqa: ANN401
    return Typed("CAST(timezone('UTC', now()) AS DATE)", DATE)


def _local_now(*_: Any) -> Typed:  # noqa: ANN401
    return local(_now())


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
    if node.expression is None:
        return Typed(f"{name}({value.sql})", VARCHAR)
    characters = expression(node.expression, scope, to)
    return Typed(f"{name}({value.sql}, {characters.sql})", VARCHAR)


_HANDLERS: dict[type, Callable[[Any, Scope, Translator], Typed]] = {
    exp.Literal: _literal,
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
    exp.Is: _is,
    exp.Between: _between,
    exp.In: _in,
    exp.Exists: _exists,
    exp.Subquery: _scalar_subquery,
    exp.Like: _like,
    exp.Escape: _escape,
    exp.Case: _case,
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.Interval: _interval,
    exp.AtTimeZone: _at_zone,
    exp.CurrentTimestamp: _now,
    exp.CurrentDate: _today,
    exp.Localtimestamp: _local_now,
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
    exp.ParseJSON: lambda node, *_: Typed(literal(str(node.this.this)), JSON),
    exp.Window: lambda node, scope, to: to.window(node, scope),
    exp.Filter: lambda node, scope, to: to.aggregate_clause(node, scope),
    exp.IgnoreNulls: lambda node, scope, to: to.aggregate_clause(node, scope),
    exp.RespectNulls: lambda node, scope, to: to.aggregate_clause(node, scope),
    exp.GroupConcat: lambda node, scope, to: to.aggregate_clause(node, scope),
    exp.WithinGroup: lambda node, scope, to: to.aggregate_clause(node, scope),
}
