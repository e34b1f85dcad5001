"""Aggregates of the first rows in an order, of bits, and of distributions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dayfold_local.athena.errors import not_supported
from dayfold_local.athena.sql_types import BIGINT, DOUBLE, REAL, array
from dayfold_local.athena.translation import floats
from dayfold_local.athena.translation.aggregate_functions import AGGREGATES, Aggregate
from dayfold_local.athena.translation.coercion import coerce
from dayfold_local.athena.translation.failing import raising
from dayfold_local.athena.translation.parse import position
from dayfold_local.athena.translation.scope import Typed

if TYPE_CHECKING:
    from collections.abc import Callable


def _or_first(name: str, single: Callable[[Aggregate], Typed]) -> Callable[[Aggregate], Typed]:
    """`max(x)` and `max_by(x, y)` as they are; with one argument more, that many of the first."""
    least = 2 if name.endswith("_by") else 1
    direction = "DESC" if name.startswith("max") else "ASC"

    def handle(agg: Aggregate) -> Typed:
        if len(agg.call.raw) <= least:
            return single(agg)
        agg.call.need(least + 1)
        count = agg.call.arg(least).value
        if not isinstance(count, int) or count < 1 or agg.distinct:
            raise not_supported(f"{position(agg.call.node)}{name} of a computed number of values")
        value, key = agg.call.arg(0), _sortable(agg.call.arg(least - 1), name)
        agg.order = f" ORDER BY {key} {direction} NULLS LAST"
        entry = f"CASE WHEN {key} IS NOT NULL THEN {{'v': {_present(value, name)}}} END"
        known = f"list_filter({agg.write('list', entry)}, lambda e_: e_ IS NOT NULL)[1:{count}]"
        first = f"nullif(list_transform({known}, lambda e_: e_.v), [])"
        return Typed(first, array(value.type))

    return handle


def _present(value: Typed, name: str) -> str:
    """The value; of NULLs among the values Trino 435 makes others NULL too."""
    message = f"'the local Athena has no {name} of several values that may be NULL'"
    failed = f"CAST({raising('NOT_SUPPORTED', message, 'BIGINT')} AS VARCHAR)"
    return (
        f"CASE WHEN {value.sql} IS NULL THEN CAST({failed} AS {value.type.duckdb}) "
        f"ELSE {value.sql} END"
    )


def _sortable(key: Typed, name: str) -> str:
    if key.type.args or key.type.name == "json":
        raise not_supported(f"{name} by {key.type}")
    if not floats.is_float(key.type):
        return key.sql
    failed = raising("NOT_SUPPORTED", f"'the local Athena has no {name} of NaN'", "DOUBLE")
    return f"CASE WHEN isnan({key.sql}) THEN {failed} ELSE {key.sql} END"


def _bits(name: str) -> Callable[[Aggregate], Typed]:
    def handle(agg: Aggregate) -> Typed:
        agg.call.need(1)
        value = agg.call.arg(0)
        if not value.type.is_integer:
            raise agg.call.unexpected()
        return Typed(agg.write(name, coerce(value, BIGINT).sql), BIGINT)

    return handle


def _pair(name: str) -> Callable[[Aggregate], Typed]:
    """Of two doubles a double; what is no double Trino reads as two reals."""

    def handle(agg: Aggregate) -> Typed:
        agg.call.need(2)
        args = agg.call.args()
        if not all(arg.type.is_numeric for arg in args):
            raise agg.call.unexpected()
        kind = DOUBLE if any(arg.type == DOUBLE for arg in args) else REAL
        texts = (f"CAST({coerce(arg, kind).sql} AS DOUBLE)" for arg in args)
        found = agg.write(name, *texts)
        if not name.startswith("covar"):  # what has no slope is NULL
            found = f"CASE WHEN isfinite({found}) THEN {found} END"
        return Typed(f"CAST({found} AS {kind.duckdb})", kind)

    return handle


def _moment(name: str, least: int, sample: str) -> Callable[[Aggregate], Typed]:
    """A moment of a distribution; NaN if all values are the same, NULL of fewer than `least`."""

    def handle(agg: Aggregate) -> Typed:
        agg.call.need(1)
        value = agg.call.arg(0)
        if not value.type.is_numeric:
            raise agg.call.unexpected()
        number = coerce(value, DOUBLE).sql
        n = f"CAST({agg.write('count', number)} AS DOUBLE)"
        found = sample.format(agg.write(name, number), n)
        same = f"{agg.write('min', number)} = {agg.write('max', number)}"
        odd = f"WHEN {n} < {least} THEN NULL WHEN {same} THEN CAST('nan' AS DOUBLE)"
        if floats.is_float(value.type):
            finite = f"CASE WHEN isfinite({number}) THEN {number} END"
            found = sample.format(agg.write(name, finite), n)
            others = agg.write("count", f"CASE WHEN NOT isfinite({number}) THEN 1 END")
            odd = f"{odd} WHEN {others} > 0 THEN CAST('nan' AS DOUBLE)"
        return Typed(f"CASE {odd} ELSE {found} END", DOUBLE)

    return handle


for _name in ("max", "min", "max_by", "min_by"):
    AGGREGATES[_name] = _or_first(_name, AGGREGATES[_name])
AGGREGATES["bitwise_and_agg"] = _bits("bit_and")
AGGREGATES["bitwise_or_agg"] = _bits("bit_or")
for _name in ("regr_slope", "regr_intercept", "corr", "covar_pop", "covar_samp"):
    AGGREGATES[_name] = _pair(_name)
# Trino gives the population's skewness, the engine a sample's.
AGGREGATES["skewness"] = _moment("skewness", 3, "{0} * ({1} - 2) / sqrt({1} * ({1} - 1))")
AGGREGATES["kurtosis"] = _moment("kurtosis", 4, "{0}")
