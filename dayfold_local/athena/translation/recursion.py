"""WITH RECURSIVE, with Trino's limit of ten steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.sql_types import BIGINT, quote
from dayfold_local.athena.translation import relations
from dayfold_local.athena.translation.aggregates import is_aggregate
from dayfold_local.athena.translation.coercion import coercible
from dayfold_local.athena.translation.failing import raising
from dayfold_local.athena.translation.parse import position
from dayfold_local.athena.translation.scope import Field

if TYPE_CHECKING:
    from dayfold_local.athena.translation.queries import Translation
    from dayfold_local.athena.translation.scope import Scope

DEPTH: Final = "$depth"
_MOST: Final = 10  # max_recursion_depth, which Athena does not let anybody change


def is_recursive(item: exp.CTE) -> bool:
    """Whether a WITH query reads itself."""
    name = item.alias.lower()
    return any(
        table.name.lower() == name and table.args.get("db") is None
        for table in item.this.find_all(exp.Table)
    )


def with_recursive(item: exp.CTE, scope: Scope | None, work: Translation) -> str:
    """The text of a recursive WITH query; it makes itself known to `work`."""
    name, columns = relations.alias_of(item)
    union = item.this
    if not isinstance(union, exp.Union) or not isinstance(union.expression, exp.Select):
        raise not_supported(f"{position(item)}a recursive WITH query of this form")
    if not columns:
        raise QueryFailure(
            "MISSING_COLUMN_ALIASES",
            f"{position(item)}missing column aliases in recursive WITH query",
        )
    base, fields = work.query(union.this, scope)
    if len(columns) != len(fields):
        raise QueryFailure(
            "MISMATCHED_COLUMN_ALIASES",
            f"{position(item)}Column alias list has {len(columns)} entries but relation has "
            f"{len(fields)} columns",
        )
    for field in fields:
        field.use()
    known = [Field(column, field.type, "") for column, field in zip(columns, fields, strict=True)]
    depth = Field(DEPTH, BIGINT, "", hidden=True)
    inner = work.name_with(name or "", [*known, depth])
    step_sql, step = work.query(_counting(union.expression), scope)
    _check(step[:-1], known, union)
    kinds = ", ".join(f"CAST(s{at} AS {field.type.duckdb})" for at, field in enumerate(known))
    labels = ", ".join(f"s{at}" for at in range(len(known)))
    failed = raising(
        "NOT_SUPPORTED",
        f"'Recursion depth limit exceeded ({_MOST}). Use ''max_recursion_depth'' session property "
        "to modify the limit.'",
        "BOOLEAN",
    )
    shallow = f"CASE WHEN d > {_MOST} THEN {failed} ELSE TRUE END"
    listed = ", ".join(quote(relations.column_name(at, f)) for at, f in enumerate([*known, depth]))
    names = f"SELECT {labels}, 0::BIGINT FROM ({base}) AS b({labels})"
    more = f"SELECT {kinds}, d FROM ({step_sql}) AS r({labels}, d) WHERE {shallow}"
    if union.args.get("distinct"):
        work.distinct_with(name or "", inner)
    return f"{inner}({listed}) AS ({names} UNION ALL {more})"


def _counting(step: exp.Select) -> exp.Select:
    """The step with one more column: how many steps there were."""
    if step.args.get("group") or any(is_aggregate(node) for node in step.find_all(exp.Expr)):
        raise not_supported(f"{position(step)}aggregation in the step of a recursive query")
    depth = exp.column(exp.to_identifier(DEPTH, quoted=True))
    one = exp.Add(this=depth, expression=exp.Literal.number(1))
    return step.copy().select(exp.alias_(one, "d", quoted=True), copy=False)


def _check(step: list[Field], base: list[Field], node: exp.Expr) -> None:
    if len(step) != len(base):
        raise QueryFailure(
            "TYPE_MISMATCH",
            f"{position(node)}base and step relations of recursion have different number of "
            f"fields: {len(base)}, {len(step)}",
        )
    for at, (have, want) in enumerate(zip(step, base, strict=True)):
        have.use()
        if not coercible(have.type, want.type):
            raise QueryFailure(
                "TYPE_MISMATCH",
                f"{position(node)}recursion step relation output type ({have.type}) is not "
                f"coercible to recursion base relation output type ({want.type}) at column "
                f"{at + 1}",
            )
