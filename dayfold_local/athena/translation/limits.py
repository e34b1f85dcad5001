"""Which of its rows a query gives: OFFSET, LIMIT, FETCH FIRST, TABLESAMPLE."""

from __future__ import annotations

from sqlglot import exp

from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.translation.parse import position


def limits(node: exp.Expr) -> str:
    """OFFSET and LIMIT."""
    limit, offset = node.args.get("limit"), node.args.get("offset")
    text = ""
    if isinstance(limit, exp.Fetch):
        if _has_ties(limit):
            raise not_supported("FETCH FIRST WITH TIES behind a set operation, or without ORDER BY")
        text = f" LIMIT {_count(limit)}"
    elif limit is not None and limit.expression.name.upper() != "ALL":
        text = f" LIMIT {int(limit.expression.this)}"
    if offset is not None:
        text += f" OFFSET {int(offset.expression.this)}"
    return text


def most_with_ties(node: exp.Select) -> int | None:
    """The number of FETCH FIRST 5 ROWS WITH TIES; None if the SELECT has no such limit."""
    limit = node.args.get("limit")
    if not isinstance(limit, exp.Fetch) or not _has_ties(limit):
        return None
    if node.args.get("offset") is not None or node.args.get("distinct") is not None:
        raise not_supported("FETCH FIRST WITH TIES beside OFFSET or DISTINCT")
    return _count(limit)


def _has_ties(limit: exp.Fetch) -> bool:
    options = limit.args.get("limit_options")
    return options is not None and bool(options.args.get("with_ties"))


def _count(limit: exp.Fetch) -> int:
    count = limit.args.get("count")
    return int(count.this) if count is not None else 1


def sampled(node: exp.TableSample | None) -> str:
    """TABLESAMPLE: so many percent of the rows, others each time."""
    if node is None:
        return ""
    method, percent = node.args["method"].name.lower(), node.args.get("percent")
    if method not in {"bernoulli", "system"} or not isinstance(percent, exp.Literal):
        raise not_supported(f"{position(node)}TABLESAMPLE of this form")
    share = float(percent.this)
    if not 0 <= share <= 100:
        raise QueryFailure(
            "NUMERIC_VALUE_OUT_OF_RANGE",
            f"{position(node)}Sample percentage must be between 0 and 100",
        )
    return f" TABLESAMPLE {method}({share} PERCENT)"
