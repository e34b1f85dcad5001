"""Arithmetic with a NULL that has no type: which type it takes, and where Trino cannot choose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dayfold_local.athena.errors import QueryFailure
from dayfold_local.athena.sql_types import BIGINT, INTERVAL_DAY, UNKNOWN, Type, decimal
from dayfold_local.athena.translation.coercion import coerce
from dayfold_local.athena.translation.parse import position

if TYPE_CHECKING:
    from sqlglot import exp

    from dayfold_local.athena.translation.scope import Typed

_MILLIS: Final = 3
_BOTH: Final = ("left", "right")
# Operator, the other side's type, the NULL's side. Intervals too are multiplied by numbers.
_AMBIGUOUS: Final = frozenset(
    {
        *(("mul", kind, side) for kind in ("bigint", "double") for side in _BOTH),
        *(("add", kind, side) for kind in ("timestamp", "interval") for side in _BOTH),
        ("div", "double", "left"),
        ("sub", "timestamp", "right"),
        ("sub", "interval", "left"),
        ("sub", "time", "right"),
    }
)


def ambiguous(node: exp.Expr) -> QueryFailure:
    """Trino's answer where several operators would do."""
    return QueryFailure(
        "AMBIGUOUS_FUNCTION_CALL",
        f"{position(node)}Could not choose a best candidate operator. Explicit type casts must be "
        "added.",
    )


def sides(name: str, left: Typed, right: Typed, node: exp.Expr) -> tuple[Typed, Typed]:
    """Both sides of an operator, of which one has no type or both have none, with a type each.

    Raises:
        QueryFailure: Several types would do.
    """
    if left.type == right.type:
        if name != "mod":
            raise ambiguous(node)
        return coerce(left, Type("tinyint")), coerce(right, Type("tinyint"))
    side, known = ("left", right.type) if left.type == UNKNOWN else ("right", left.type)
    # To a timestamp with milliseconds either interval may be added, and gives the same type.
    plain = name == "add" and known.name == "timestamp" and (known.precision or 0) >= _MILLIS
    if (name, known.name.partition(" ")[0], side) in _AMBIGUOUS and not plain:
        raise ambiguous(node)
    taken = _taken(name, known, side)
    return (coerce(left, taken), right) if side == "left" else (left, coerce(right, taken))


def _taken(name: str, known: Type, side: str) -> Type:
    """The type that the NULL takes beside a value of a type."""
    if known.name == "decimal":
        return decimal(1, 0)
    moved = name == "add" or (name, side) == ("sub", "right")
    if moved and known.name in {"date", "time", "timestamp"}:
        return INTERVAL_DAY
    if known.name.startswith("interval") and name in {"mul", "div"}:
        return BIGINT
    return known
