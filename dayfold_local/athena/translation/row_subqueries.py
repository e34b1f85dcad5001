"""`(a, b) IN (SELECT c, d ...)`.

Trino compares rows with NULLs or NaN inside differently by where the condition stands: joined by
AND to the rest of a WHERE or HAVING they match nothing; behind NOT IN there they match their like;
in other places it depends on how the query is optimized, so that such a row is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.sql_types import BOOLEAN, Type
from dayfold_local.athena.translation import floats, nested
from dayfold_local.athena.translation.coercion import coerce, common_type
from dayfold_local.athena.translation.failing import raising
from dayfold_local.athena.translation.parse import position
from dayfold_local.athena.translation.scope import Field, Scope, Typed

if TYPE_CHECKING:
    from dayfold_local.athena.translation.expressions import Translator


class _Watched(Scope):
    """The scope around a subquery, which notes whether the subquery looks at it."""

    looked = False

    def find(self, parts: list[str], node: exp.Expr) -> tuple[Field, int] | None:
        """The column that a dotted name starts with."""
        type(self).looked = True
        return super().find(parts, node)


def in_query(node: exp.In, value: Typed, query: exp.Expr, scope: Scope, to: Translator) -> Typed:
    """Rows IN a subquery of as many columns.

    Raises:
        QueryFailure: If the columns do not go with the row's fields, or hold others in turn.
    """

    class Around(_Watched):
        """Of this subquery alone."""

    around = Around(scope.fields, scope.outer, scope.lambdas, scope.on_use)
    sql, kinds = to.subquery(query, around)
    kind = _common(node, value, kinds)
    own = [coerce(field, arg) for field, arg in zip(nested.fields(value), kind.args, strict=True)]
    given = [
        coerce(Typed(f"q.c{at}", column), arg)
        for at, (column, arg) in enumerate(zip(kinds, kind.args, strict=True))
    ]
    names = ", ".join(f"c{at}" for at in range(len(kinds)))
    test = f"{_struct(own)} IN (SELECT {_struct(given)} FROM ({sql}) AS q({names}))"
    known = [f"{one.sql} IS NOT NULL" for one in own]
    known += [f"NOT isnan({one.sql})" for one in own if floats.is_float(one.type)]
    whole = " AND ".join(known)
    if is_condition(node):
        return Typed(f"({test} AND {whole})", BOOLEAN)
    if not around.looked and isinstance(node.parent, exp.Not) and is_condition(node.parent):
        return Typed(f"({test})", BOOLEAN)
    message = "'the local Athena does not look for rows with NULL or NaN inside IN a subquery here'"
    failed = raising("NOT_SUPPORTED", message, "BOOLEAN")
    return Typed(f"(CASE WHEN {whole} THEN {test} ELSE {failed} END)", BOOLEAN)


def nan_in_query(node: exp.Expr, value: Typed, test: str) -> Typed:
    """A number IN a subquery, which may be NaN: by where the condition stands, as with rows."""
    if is_condition(node):
        return Typed(f"({test} AND NOT isnan({value.sql}))", BOOLEAN)
    if isinstance(node.parent, exp.Not) and is_condition(node.parent):
        return Typed(test, BOOLEAN)
    message = "'the local Athena does not look for NaN IN a subquery here'"
    failed = raising("NOT_SUPPORTED", message, "BOOLEAN")
    return Typed(f"(CASE WHEN isnan({value.sql}) THEN {failed} ELSE {test} END)", BOOLEAN)


def _common(node: exp.In, value: Typed, kinds: list[Type]) -> Type:
    columns = Type("row", tuple(kinds), tuple(None for _ in kinds))
    kind = common_type(value.type, columns)
    if kind is None:
        raise QueryFailure(
            "TYPE_MISMATCH",
            f"{position(node)}Value expression and result of subquery must be of the same type: "
            f"{value.type} vs {columns}",
        )
    if any(
        nested.is_nested(arg) or arg.name in {"json", "timestamp with time zone"}
        for arg in kind.args
    ):
        raise not_supported(f"{position(node)}{value.type} IN a subquery")
    return kind


def _struct(values: list[Typed]) -> str:
    listed = ", ".join(f"'c{at}': {value.sql}" for at, value in enumerate(values))
    return f"{{{listed}}}"


def is_condition(node: exp.Expr) -> bool:
    """Whether a condition alone can leave a row out of a WHERE or HAVING."""
    parent = node.parent
    while isinstance(parent, exp.And | exp.Paren):
        parent = parent.parent
    return isinstance(parent, exp.Where | exp.Having) and not isinstance(parent.parent, exp.Filter)
