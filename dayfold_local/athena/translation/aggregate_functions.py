"""What each aggregate and window function becomes."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.sql_types import (
    BIGINT,
    BOOLEAN,
    DOUBLE,
    INTERVAL_DAY,
    Type,
    array,
    decimal,
)
from dayfold_local.athena.translation import floats, nested
from dayfold_local.athena.translation.coercion import coerce
from dayfold_local.athena.translation.expressions import boolean
from dayfold_local.athena.translation.failing import raising
from dayfold_local.athena.translation.functions import Call
from dayfold_local.athena.translation.operators import scaled, unscaled
from dayfold_local.athena.translation.parse import position
from dayfold_local.athena.translation.scope import Typed

if TYPE_CHECKING:
    from collections.abc import Callable


_ROOT: Final = 1e154  # of the largest double
_LEAST_ERROR: Final = 0.0040625  # of approx_distinct, as Trino's HyperLogLog has it
_MOST_ERROR: Final = 0.26


@dataclasses.dataclass(slots=True)
class Aggregate:
    """An aggregate call under translation; `tail` goes behind its brackets."""

    call: Call
    distinct: bool = False
    order: str = ""
    tail: str = ""  # FILTER, OVER
    nulls: str = ""  # IGNORE NULLS

    def write(self, name: str, *args: str) -> str:
        """The engine's call with all that hangs on it."""
        head = "DISTINCT " if self.distinct else ""
        inner = f"{head}{', '.join(args)}{self.order}{self.nulls}"
        return f"{name}({inner}){self.tail}"

    def need_plain(self) -> None:
        """Refuses DISTINCT and OVER."""
        if self.distinct or "OVER" in self.tail:
            call = self.call
            raise not_supported(f"{position(call.node)}{call.name} with DISTINCT or OVER")


def _count(agg: Aggregate) -> Typed:
    if not agg.call.raw or isinstance(agg.call.raw[0], exp.Star):
        return Typed(agg.write("count", "*"), BIGINT)
    agg.call.need(1)
    if agg.distinct and agg.call.raw[0].find(exp.Column) is None:
        # Beside other aggregates Trino 435 counts all rows.
        raise not_supported(f"{position(agg.call.node)}count(DISTINCT ...) of a constant")
    return Typed(agg.write("count", agg.call.arg(0).sql), BIGINT)


def _count_if(agg: Aggregate) -> Typed:
    agg.call.need(1)
    test = boolean(agg.call.raw[0], agg.call.scope, agg.call.to)
    return Typed(agg.write("count", f"CASE WHEN {test} THEN 1 END"), BIGINT)


def _sum(agg: Aggregate) -> Typed:
    agg.call.need(1)
    value = agg.call.arg(0)
    if value.type.is_integer:
        return Typed(f"CAST({agg.write('sum', value.sql)} AS BIGINT)", BIGINT)
    if value.type.name == "decimal":
        kind = decimal(38, value.type.scale or 0)
        return Typed(f"CAST({agg.write('sum', value.sql)} AS {kind.duckdb})", kind)
    if value.type.name in {"double", "real"}:
        return Typed(f"CAST({agg.write('sum', value.sql)} AS {value.type.duckdb})", value.type)
    if value.type == INTERVAL_DAY:
        total = agg.write("sum", f"epoch_us({value.sql})")
        return Typed(f"to_microseconds(CAST({total} AS BIGINT))", INTERVAL_DAY)
    raise agg.call.unexpected()


def _avg(agg: Aggregate) -> Typed:
    agg.call.need(1)
    value = agg.call.arg(0)
    if value.type.name == "decimal":
        total = Typed(agg.write("sum", unscaled(value)), value.type)
        halves = f"half_up({total.sql}, CAST({agg.write('count', value.sql)} AS HUGEINT))"
        return Typed(scaled(halves, value.type), value.type)
    if value.type == INTERVAL_DAY:  # to the millisecond, as Java rounds
        mean = agg.write("avg", f"CAST(epoch_us({value.sql}) // 1000 AS DOUBLE)")
        return Typed(f"to_microseconds(CAST(floor({mean} + 0.5) AS BIGINT) * 1000)", INTERVAL_DAY)
    if not value.type.is_numeric:
        raise agg.call.unexpected()
    kind = value.type if value.type.name == "real" else DOUBLE
    return Typed(f"CAST({agg.write('avg', coerce(value, DOUBLE).sql)} AS {kind.duckdb})", kind)


def _same(name: str) -> Callable[[Aggregate], Typed]:
    """One argument, whose type the result has."""

    def handle(agg: Aggregate) -> Typed:
        agg.call.need(1)
        value = agg.call.arg(0)
        if value.type.name in {"map", "json"} and name != "any_value":
            raise agg.call.unexpected()
        if name in {"min", "max"} and floats.is_float(value.type):
            # NaN only if there is nothing else.
            best = agg.write(name, floats.number(value))
            return Typed(f"coalesce({best}, {agg.write(name, value.sql)})", value.type)
        text = nested.sortable(value) if name in {"min", "max"} else value.sql
        return Typed(agg.write(name, text), value.type)

    return handle


def _fixed(name: str, kind: Type, *params: Type) -> Callable[[Aggregate], Typed]:
    """Arguments converted to `params`, a result of `kind`."""

    def handle(agg: Aggregate) -> Typed:
        agg.call.need(len(params))
        args = agg.call.args()
        for arg, param in zip(args, params, strict=True):
            if (param == DOUBLE and not arg.type.is_numeric) or (
                param == BOOLEAN and arg.type != BOOLEAN
            ):
                raise agg.call.unexpected()
        texts = [coerce(a, p).sql for a, p in zip(args, params, strict=True)]
        return Typed(agg.write(name, *texts), kind)

    return handle


def _spread(name: str, least: int) -> Callable[[Aggregate], Typed]:
    """A variance or its root, of at least so many values; NaN if one's square is not finite."""
    plain = _fixed(name, DOUBLE, DOUBLE)

    def handle(agg: Aggregate) -> Typed:
        agg.call.need(1)
        value = agg.call.arg(0)
        if not floats.is_float(value.type):
            return plain(agg)
        number = coerce(value, DOUBLE).sql
        finite = agg.write(name, f"CASE WHEN abs({number}) < {_ROOT} THEN {number} END")
        odd = agg.write("count", f"CASE WHEN NOT abs({number}) < {_ROOT} THEN {number} END")
        enough = f"{agg.write('count', number)} >= {least}"
        nan = f"CASE WHEN {enough} THEN CAST('nan' AS DOUBLE) END"
        return Typed(f"CASE WHEN {odd} > 0 THEN {nan} ELSE {finite} END", DOUBLE)

    return handle


def _by(name: str) -> Callable[[Aggregate], Typed]:
    def handle(agg: Aggregate) -> Typed:
        agg.call.need(2)
        value, key = agg.call.args()
        text = nested.sortable(key)
        if floats.is_float(key.type) and name.startswith("arg_max"):
            # NaN is below all numbers here; for min_by, as for the engine, it is above them.
            pair = f"{{'known': NOT isnan({text}), 'key': {text}}}"
            text = f"CASE WHEN {text} IS NOT NULL THEN {pair} END"
        return Typed(agg.write(name, value.sql, text), value.type)

    return handle


def _array_agg(agg: Aggregate) -> Typed:
    agg.call.need(1)
    value = agg.call.arg(0)
    return Typed(agg.write("list", value.sql), array(value.type))


def _approx_distinct(agg: Aggregate) -> Typed:
    agg.call.need(1, 2)
    if len(agg.call.raw) == 2 and agg.call.arg(0).type != BOOLEAN:
        _check_error(agg.call)
    agg.distinct = True
    return Typed(agg.write("count", agg.call.arg(0).sql), BIGINT)


def _check_error(call: Call) -> None:
    """The standard error that is asked for; the answer here has none."""
    node = call.raw[1]
    if not isinstance(node, exp.Literal) or node.is_string:
        raise not_supported(f"{position(call.node)}approx_distinct with a computed error")
    if not _LEAST_ERROR <= float(node.this) <= _MOST_ERROR:
        raise QueryFailure(
            "INVALID_FUNCTION_ARGUMENT",
            f"Max standard error must be in [{_LEAST_ERROR}, {_MOST_ERROR}]: {node.this}",
        )


def _approx_percentile(agg: Aggregate) -> Typed:
    agg.call.need(2)
    value, share = agg.call.args()
    if not value.type.is_numeric or value.type.name == "decimal":
        raise agg.call.unexpected()
    if value.type.is_integer:
        value = coerce(value, BIGINT)
    if floats.is_float(value.type):  # Trino fails at the first
        failed = raising("NOT_SUPPORTED", "'approx_percentile of NaN'", "DOUBLE")
        known = f"CASE WHEN isnan({value.sql}) THEN {failed} ELSE {value.sql} END"
        value = Typed(f"CAST({known} AS {value.type.duckdb})", value.type)
    if share.type.name == "array":
        share_sql, kind = f"CAST({share.sql} AS DOUBLE[])", array(value.type)
    else:
        share_sql, kind = coerce(share, DOUBLE).sql, value.type
    return Typed(agg.write("quantile_disc", value.sql, share_sql), kind)


def _map_agg(agg: Aggregate) -> Typed:
    agg.call.need(2)
    agg.need_plain()
    key, value = agg.call.args()
    kind = Type("map", (key.type, value.type))
    keys = agg.write("list", f"{key.sql} ORDER BY {key.sql}")
    values = agg.write("list", f"{value.sql} ORDER BY {key.sql}")
    return Typed(f"map_first({keys}, {values})", kind)


def _histogram(agg: Aggregate) -> Typed:
    agg.call.need(1)
    key = agg.call.arg(0)
    counted = agg.write("histogram", key.sql)
    return Typed(
        f"CAST({counted} AS MAP({key.type.duckdb}, BIGINT))", Type("map", (key.type, BIGINT))
    )


def _geometric_mean(agg: Aggregate) -> Typed:
    agg.call.need(1)
    value = agg.call.arg(0)
    kind = value.type if value.type.name == "real" else DOUBLE
    mean = f"exp({agg.write('avg', f'trino_ln({coerce(value, DOUBLE).sql})')})"
    return Typed(f"CAST({mean} AS {kind.duckdb})", kind)


def _grouping(agg: Aggregate) -> Typed:
    listed = ", ".join(arg.sql for arg in agg.call.args())
    return Typed(f"CAST(grouping({listed}) AS INTEGER)", Type("integer"))


AGGREGATES: Final[dict[str, Callable[[Aggregate], Typed]]] = {
    "count": _count,
    "count_if": _count_if,
    "sum": _sum,
    "avg": _avg,
    "min": _same("min"),
    "max": _same("max"),
    "arbitrary": _same("any_value"),
    "min_by": _by("arg_min_null"),
    "max_by": _by("arg_max_null"),
    "bool_and": _fixed("bool_and", BOOLEAN, BOOLEAN),
    "bool_or": _fixed("bool_or", BOOLEAN, BOOLEAN),
    "stddev": _spread("stddev_samp", 2),
    "stddev_samp": _spread("stddev_samp", 2),
    "stddev_pop": _spread("stddev_pop", 1),
    "variance": _spread("var_samp", 2),
    "var_samp": _spread("var_samp", 2),
    "var_pop": _spread("var_pop", 1),
    "corr": _fixed("corr", DOUBLE, DOUBLE, DOUBLE),
    "covar_pop": _fixed("covar_pop", DOUBLE, DOUBLE, DOUBLE),
    "covar_samp": _fixed("covar_samp", DOUBLE, DOUBLE, DOUBLE),
    "array_agg": _array_agg,
    "approx_distinct": _approx_distinct,
    "approx_percentile": _approx_percentile,
    "map_agg": _map_agg,
    "histogram": _histogram,
    "geometric_mean": _geometric_mean,
    "first_value": _same("first_value"),
    "last_value": _same("last_value"),
    "grouping": _grouping,
}
WINDOW_ONLY: Final = frozenset(
    [
        "row_number",
        "rank",
        "dense_rank",
        "percent_rank",
        "cume_dist",
        "ntile",
        "lag",
        "lead",
        "first_value",
        "last_value",
        "nth_value",
    ],
)
