"""The expressions of Glue's `GetPartitions`: a WHERE clause over the partition keys.

Glue parses them with JSqlParser and knows =, <>, <, <=, >, >=, BETWEEN, IN, LIKE, AND, OR and NOT.
"""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING, Any

import sqlglot
from sqlglot import expressions as exp

if TYPE_CHECKING:
    from collections.abc import Callable

    Row = dict[str, Any]

COMPARISONS: dict[type[exp.Expr], Callable[[Any, Any], bool]] = {
    exp.EQ: operator.eq,
    exp.NEQ: operator.ne,
    exp.LT: operator.lt,
    exp.LTE: operator.le,
    exp.GT: operator.gt,
    exp.GTE: operator.ge,
}
NUMBERS = frozenset({"tinyint", "smallint", "int", "bigint", "float", "double"})


class FilterError(Exception):
    """Raised for an expression that Glue would refuse."""


def matching(
    partitions: list[dict[str, Any]],
    keys: list[dict[str, Any]],
    expression: str,
) -> list[dict[str, Any]]:
    """The partitions that an expression holds for; all of them if it is empty.

    Raises:
        FilterError: If the expression cannot be read.
    """
    if not expression.strip():
        return partitions
    try:
        tree = sqlglot.parse_one(expression, dialect="hive", into=exp.Condition)
    except sqlglot.ParseError:
        raise FilterError(f"Unsupported expression '{expression}'") from None
    types = {key["Name"].lower(): key.get("Type", "string") for key in keys}
    return [p for p in partitions if _holds(tree, _row(p, keys, types))]


def _row(partition: dict[str, Any], keys: list[dict[str, Any]], types: dict[str, str]) -> Row:
    names = [key["Name"].lower() for key in keys]
    values = zip(names, partition["Values"], strict=False)
    return {n: float(v) if types[n] in NUMBERS else v for n, v in values}


def _holds(tree: exp.Expr, row: Row) -> bool:
    if isinstance(tree, exp.Paren):
        return _holds(tree.this, row)
    if isinstance(tree, exp.And):
        return _holds(tree.left, row) and _holds(tree.right, row)
    if isinstance(tree, exp.Or):
        return _holds(tree.left, row) or _holds(tree.right, row)
    if isinstance(tree, exp.Not):
        return not _holds(tree.this, row)
    return _compared(tree, row)


def _compared(tree: exp.Expr, row: Row) -> bool:
    left = _value(tree.this, row)
    if type(tree) in COMPARISONS:
        right = _value(tree.expression, row)
        return COMPARISONS[type(tree)](*_alike(left, right))
    if isinstance(tree, exp.Between):
        low, high = _value(tree.args["low"], row), _value(tree.args["high"], row)
        return _at_most(low, left) and _at_most(left, high)
    if isinstance(tree, exp.In):
        return any(operator.eq(*_alike(left, _value(item, row))) for item in tree.expressions)
    if isinstance(tree, exp.Like):
        pattern = re.escape(str(_value(tree.expression, row))).replace("%", ".*").replace("_", ".")
        return re.fullmatch(pattern, str(left), re.DOTALL) is not None
    raise FilterError(f"Unsupported expression '{tree.sql()}'")


def _at_most(low: Any, high: Any) -> bool:  # noqa: ANN401 - text or number
    return bool(operator.le(*_alike(low, high)))


def _alike(left: Any, right: Any) -> tuple[Any, Any]:  # noqa: ANN401 - text or number
    """A number in quotes compares as a number with a numeric key."""
    if isinstance(left, float) != isinstance(right, float):
        try:
            return float(left), float(right)
        except ValueError:
            return str(left), str(right)
    return left, right


def _value(tree: exp.Expr, row: Row) -> Any:  # noqa: ANN401 - text or number
    if isinstance(tree, exp.Column):
        name = tree.name.lower()
        if name not in row:
            raise FilterError(f"Column '{tree.name}' is not a partition key")
        return row[name]
    if isinstance(tree, exp.Literal):
        return tree.this if tree.is_string else float(tree.this)
    if isinstance(tree, exp.Neg):
        return -_value(tree.this, row)
    raise FilterError(f"Unsupported expression '{tree.sql()}'")
