"""Aggregates that gather rows: into maps of lists, one map of many, or a state of one's own."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from dayfold_local.athena.errors import not_supported
from dayfold_local.athena.sql_types import Type, array
from dayfold_local.athena.translation.aggregate_functions import AGGREGATES, Aggregate
from dayfold_local.athena.translation.array_functions import folding
from dayfold_local.athena.translation.map_functions import map_of, multimap
from dayfold_local.athena.translation.parse import position
from dayfold_local.athena.translation.scope import Typed

_STATES: Final = frozenset(
    {"boolean", "tinyint", "smallint", "integer", "bigint", "real", "double", "date", "timestamp"}
)


def _multimap_agg(agg: Aggregate) -> Typed:
    agg.call.need(2)
    agg.need_plain()
    key, value = agg.call.args()
    listed = agg.write("list", f"{{'k': {key.sql}, 'v': {value.sql}}}")
    known = f"nullif(list_filter({listed}, lambda e_: e_.k IS NOT NULL), [])"
    kind = Type("map", (key.type, array(value.type)))
    return Typed(f"CAST({multimap(known)} AS {kind.duckdb})", kind)


def _map_union(agg: Aggregate) -> Typed:
    """All entries; of several with one key, those of the first map."""
    agg.call.need(1)
    agg.need_plain()
    if agg.order:
        raise not_supported(f"{position(agg.call.node)}map_union with an order")
    kind = map_of(agg.call).type
    maps = f"list_filter({agg.write('list', agg.call.arg(0).sql)}, lambda m_: m_ IS NOT NULL)"
    rows = f"flatten(list_transform(nullif({maps}, []), lambda m_: map_entries(m_)))"
    first = f"list_position(list_transform({rows}, lambda o_: o_.key), e_.key) = n_"
    kept = f"list_filter({rows}, lambda e_, n_: {first})"
    return Typed(f"CAST(map_from_entries({kept}) AS {kind.duckdb})", kind)


def _reduce_agg(agg: Aggregate) -> Typed:
    """A fold over the values that are not NULL; what joins two states has nothing to do here."""
    agg.call.need(4)
    agg.need_plain()
    value, start = agg.call.arg(0), agg.call.arg(1)
    if agg.call.raw[1].find(exp.Column):
        raise not_supported(f"{position(agg.call.node)}reduce_agg from a state of the rows")
    step, state = folding(agg.call, start.type, value.type)
    if state.name not in _STATES:
        raise not_supported(f"State type not supported for reduce_agg: {state}")
    agg.call.lambda_(3, [state, state])
    known = f"list_filter({agg.write('list', value.sql)}, lambda r_: r_ IS NOT NULL)"
    first = f"CAST({start.sql} AS {state.duckdb})"
    return Typed(f"list_reduce(nullif({known}, []), {step}, {first})", state)


AGGREGATES["multimap_agg"] = _multimap_agg
AGGREGATES["map_union"] = _map_union
AGGREGATES["reduce_agg"] = _reduce_agg
