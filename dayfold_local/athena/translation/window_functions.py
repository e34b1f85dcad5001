"""Functions of a row's place among others, which need OVER."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dayfold_local.athena.errors import QueryFailure
from dayfold_local.athena.sql_types import BIGINT, DOUBLE, Type
from dayfold_local.athena.translation.aggregate_functions import AGGREGATES, Aggregate
from dayfold_local.athena.translation.coercion import coerce, common_type
from dayfold_local.athena.translation.scope import Typed

if TYPE_CHECKING:
    from collections.abc import Callable


def _number(name: str, kind: Type = BIGINT) -> Callable[[Aggregate], Typed]:
    """A ranking function without arguments."""

    def handle(agg: Aggregate) -> Typed:
        agg.call.need(0)
        return Typed(f"CAST({agg.write(name)} AS {kind.duckdb})", kind)

    return handle


def _ntile(agg: Aggregate) -> Typed:
    agg.call.need(1)
    return Typed(
        f"CAST({agg.write('ntile', coerce(agg.call.arg(0), BIGINT).sql)} AS BIGINT)", BIGINT
    )


def _shifted(agg: Aggregate) -> Typed:
    agg.call.need(1, 2, 3)
    args = agg.call.args()
    texts = [args[0].sql]
    if len(args) > 1:
        texts.append(coerce(args[1], BIGINT).sql)
    kind = args[0].type
    if len(args) > 2:
        wider = common_type(kind, args[2].type)
        if wider is None:
            raise agg.call.unexpected()
        kind = wider
        texts[0] = coerce(args[0], kind).sql
        texts.append(coerce(args[2], kind).sql)
    return Typed(agg.write(agg.call.name, *texts), kind)


def _nth(agg: Aggregate) -> Typed:
    agg.call.need(2)
    value, place = agg.call.args()
    if isinstance(place.value, int) and place.value < 1:
        raise QueryFailure("INVALID_FUNCTION_ARGUMENT", "Offset must be at least 1")
    return Typed(agg.write("nth_value", value.sql, place.sql), value.type)


AGGREGATES.update(
    {
        "row_number": _number("row_number"),
        "rank": _number("rank"),
        "dense_rank": _number("dense_rank"),
        "percent_rank": _number("percent_rank", DOUBLE),
        "cume_dist": _number("cume_dist", DOUBLE),
        "ntile": _ntile,
        "lag": _shifted,
        "lead": _shifted,
        "nth_value": _nth,
    }
)
