"""Functions of arrays that keep Trino's order of elements, and those over two arrays at once."""

from __future__ import annotations

from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.sql_types import BIGINT, BOOLEAN, Type, array
from dayfold_local.athena.translation import nested
from dayfold_local.athena.translation.casts import cast
from dayfold_local.athena.translation.coercion import coerce, common_type
from dayfold_local.athena.translation.collection_functions import sought
from dayfold_local.athena.translation.failing import raising
from dayfold_local.athena.translation.functions import Call, function
from dayfold_local.athena.translation.parse import position
from dayfold_local.athena.translation.scope import Typed


def array_of(call: Call, index: int = 0) -> Typed:
    """An argument that has to be an array."""
    value = call.arg(index)
    if value.type.name != "array":
        raise call.unexpected()
    return value


def pair_of(call: Call) -> tuple[Typed, Typed]:
    """Two arrays in their common type."""
    call.need(2)
    first, second = array_of(call, 0), array_of(call, 1)
    kind = common_type(first.type, second.type)
    if kind is None:
        raise call.unexpected()
    one, other = cast(first, kind).sql, cast(second, kind).sql
    return Typed(one, kind), Typed(other, kind)


def distinct(values: str) -> str:
    """Each element once, where it stands first."""
    return f"list_filter({values}, lambda d_, n_: list_position({values}, d_) = n_)"


@function("array_distinct")
def _distinct(call: Call) -> Typed:
    call.need(1)
    values = array_of(call)
    return Typed(distinct(values.sql), values.type)


@function("array_union")
def _union(call: Call) -> Typed:
    first, second = pair_of(call)
    both = f"list_concat({first.sql}, {second.sql})"
    return Typed(_unless_null(first, second, distinct(both)), first.type)


@function("array_intersect", "array_except")
def _intersect(call: Call) -> Typed:
    first, second = pair_of(call)
    test = "IS NOT NULL" if call.name == "array_intersect" else "IS NULL"
    kept = f"list_filter({first.sql}, lambda s_: list_position({second.sql}, s_) {test})"
    return Typed(_unless_null(first, second, distinct(kept)), first.type)


@function("arrays_overlap")
def _overlap(call: Call) -> Typed:
    first, second = pair_of(call)
    for kind in first.type.args:
        sought(call, Typed(first.sql, kind))
        if kind.name == "json":
            raise call.unexpected()
    known = [f"list_filter({side.sql}, lambda s_: s_ IS NOT NULL)" for side in (first, second)]
    nulls = " OR ".join(f"list_count({s.sql}) < len({s.sql})" for s in (first, second))
    test = (
        f"CASE WHEN list_has_any({known[0]}, {known[1]}) THEN TRUE "
        f"WHEN len({first.sql}) = 0 OR len({second.sql}) = 0 THEN FALSE "
        f"WHEN {nulls} THEN NULL ELSE FALSE END"
    )
    return Typed(_unless_null(first, second, test), BOOLEAN)


@function("array_remove")
def _remove(call: Call) -> Typed:
    call.need(2)
    values, item = array_of(call), call.arg(1)
    kind = common_type(values.type.args[0], item.type)
    if kind is None:
        raise call.unexpected()
    values, item = cast(values, array(kind)), coerce(item, kind)
    differs = f"coalesce(s_ <> {sought(call, item)}, TRUE)"
    kept = f"list_filter({values.sql}, lambda s_: s_ IS NULL OR {differs})"
    return Typed(_unless_null(values, item, kept), values.type)


def _unless_null(first: Typed, second: Typed, sql: str) -> str:
    return f"CASE WHEN {first.sql} IS NULL OR {second.sql} IS NULL THEN NULL ELSE {sql} END"


@function("array_sort")
def _sort(call: Call) -> Typed:
    call.need(1, 2)
    values = array_of(call)
    if len(call.raw) == 1:
        return Typed(f"list_sort({nested.of_sortable(values)}, 'ASC', 'NULLS LAST')", values.type)
    # The place of an element is the number of those that the comparator puts before it.
    depth = len(call.scope.lambdas)
    one, two = f"x{depth}_", f"y{depth}_"
    item = values.type.args[0]
    pair = [Typed(f"({values.sql})[{at}]", item) for at in (two, one)]
    test, kind = call.inlined(1, pair)
    other, _ = call.inlined(1, pair[::-1])
    if not kind.is_integer or kind == BIGINT:
        raise call.unexpected()
    test = _compared(test, other, pair)
    places = f"generate_series(1, len({values.sql}))"
    before = f"({two} <> {one} AND ({test} < 0 OR ({test} = 0 AND {two} < {one})))"
    rank = f"len(list_filter({places}, lambda {two}: {before}))"
    ranked = f"list_sort(list_transform({places}, lambda {one}: {{'r': {rank}, 'n': {one}}}))"
    picked = f"list_transform({ranked}, lambda {one}: ({values.sql})[{one}.n])"
    return Typed(_if_not_null(values, picked), values.type)


def _compared(test: str, other: str, pair: list[Typed]) -> str:
    """What a comparator says of a pair; it has to say the contrary of the pair turned around.

    Which of two values that are the same comes first makes no difference.
    """
    wrong = "'Lambda comparator must return either -1, 0, or 1'"
    failed = raising("INVALID_FUNCTION_ARGUMENT", wrong, "BIGINT")
    unlike = "'array_sort with a comparator that puts both of two values before the other'"
    refused = raising("NOT_SUPPORTED", unlike, "BIGINT")
    return (
        f"CASE WHEN {test} IS NULL OR {test} NOT IN (-1, 0, 1) THEN {failed} "
        f"WHEN {test} + {other} <> 0 AND {pair[0].sql} IS DISTINCT FROM {pair[1].sql} "
        f"THEN {refused} ELSE {test} END"
    )


def _if_not_null(values: Typed, sql: str) -> str:
    return f"CASE WHEN {values.sql} IS NULL THEN NULL ELSE {sql} END"


@function("zip")
def _zip(call: Call) -> Typed:
    if not 2 <= len(call.raw) <= 5:
        raise call.unexpected()
    sides = [array_of(call, at) for at in range(len(call.raw))]
    place = f"z{len(call.scope.lambdas)}_"
    fields = ", ".join(f"'field{n}': ({side.sql})[{place}]" for n, side in enumerate(sides))
    longest = f"greatest({', '.join(f'len({side.sql})' for side in sides)})"
    rows = f"list_transform(generate_series(1, {longest}), lambda {place}: {{{fields}}})"
    nulls = " OR ".join(f"{side.sql} IS NULL" for side in sides)
    kinds = tuple(side.type.args[0] for side in sides)
    kind = array(Type("row", kinds, tuple(None for _ in kinds)))
    return Typed(f"CASE WHEN {nulls} THEN NULL ELSE {rows} END", kind)


@function("zip_with")
def _zip_with(call: Call) -> Typed:
    call.need(3)
    first, second = array_of(call, 0), array_of(call, 1)
    place = f"z{len(call.scope.lambdas)}_"
    items = [Typed(f"({side.sql})[{place}]", side.type.args[0]) for side in (first, second)]
    body, kind = call.inlined(2, items)
    longest = f"greatest(len({first.sql}), len({second.sql}))"
    made = f"list_transform(generate_series(1, {longest}), lambda {place}: {body})"
    return Typed(_unless_null(first, second, made), array(kind))


def folding(call: Call, state: Type, item: Type) -> tuple[str, Type]:
    """The lambda (argument 2) of a state and an item, and the type the state takes for it."""
    for _ in range(3):  # the state takes the type that its steps need
        _, produced = call.lambda_(2, [state, item])
        wider = common_type(state, produced)
        if wider is None:
            raise call.unexpected()
        if wider == state:
            break
        state = wider
    step, produced = call.lambda_(2, [state, item])
    if produced != state:
        head, _, body = step.partition(": ")
        step = f"{head}: {cast(Typed(body, produced), state).sql}"
    return step, state


@function("reduce")
def _reduce(call: Call) -> Typed:
    call.need(4)
    values, start = array_of(call), call.arg(1)
    step, state = folding(call, start.type, values.type.args[0])
    finish, kind = call.lambda_(3, [state])
    first = f"CAST({start.sql} AS {state.duckdb})"
    reduced = _if_not_null(values, f"list_reduce({values.sql}, {step}, {first})")
    finished = f"list_transform([{reduced}], {finish})[1]"
    return Typed(_if_not_null(values, finished), kind)


@function("ngrams")
def _ngrams(call: Call) -> Typed:
    call.need(2)
    values, size = array_of(call), coerce(call.arg(1), BIGINT)
    if isinstance(size.value, int) and size.value < 1:
        raise QueryFailure("INVALID_FUNCTION_ARGUMENT", "N must be positive")
    place = f"g{len(call.scope.lambdas)}_"
    last = f"greatest(len({values.sql}) - {size.sql} + 1, 1)"
    part = f"list_slice({values.sql}, {place}, {place} + {size.sql} - 1)"
    made = f"list_transform(generate_series(1, {last}), lambda {place}: {part})"
    return Typed(_unless_null(values, size, made), array(values.type))


@function("combinations")
def _combinations(call: Call) -> Typed:
    call.need(2)
    values, size = array_of(call), call.arg(1).value
    if not isinstance(size, int):
        raise not_supported(f"{position(call.node)}combinations of a computed size")
    if not 0 <= size <= 5:
        raise QueryFailure(
            "INVALID_FUNCTION_ARGUMENT", f"combination size must not exceed 5: {size}"
        )
    # Places, not values: each step appends every later place to each choice so far.
    chosen = "[CAST([] AS BIGINT[])]"
    for _ in range(size):
        later = f"generate_series(coalesce(c_[-1], 0) + 1, len({values.sql}))"
        chosen = (
            f"flatten(list_transform({chosen}, lambda c_: "
            f"list_transform({later}, lambda p_: list_concat(c_, [p_]))))"
        )
    one = f"list_transform(c_, lambda p_: ({values.sql})[p_])"
    picked = f"list_transform({chosen}, lambda c_: {one})"
    return Typed(_if_not_null(values, picked), array(values.type))


@function("trim_array")
def _trim_array(call: Call) -> Typed:
    call.need(2)
    values, count = array_of(call), coerce(call.arg(1), BIGINT)
    failed = raising(
        "INVALID_FUNCTION_ARGUMENT", "'size must not exceed array cardinality'", "BIGINT"
    )
    keep = (
        f"CASE WHEN {count.sql} < 0 OR {count.sql} > len({values.sql}) THEN {failed} "
        f"ELSE len({values.sql}) - {count.sql} END"
    )
    return Typed(_unless_null(values, count, f"list_slice({values.sql}, 1, {keep})"), values.type)


@function("array_histogram")
def _array_histogram(call: Call) -> Typed:
    call.need(1)
    values = array_of(call)
    known = f"list_filter({values.sql}, lambda h_: h_ IS NOT NULL)"
    times = f"len(list_filter({values.sql}, lambda h_: h_ = k_))"
    counted = f"list_transform({distinct(known)}, lambda k_: {{'k': k_, 'v': {times}}})"
    return Typed(
        _if_not_null(values, f"map_from_entries({counted})"),
        Type("map", (values.type.args[0], BIGINT)),
    )


@function("contains_sequence")
def _contains_sequence(call: Call) -> Typed:
    first, second = pair_of(call)
    size = f"len({second.sql})"
    starts = f"generate_series(0, len({first.sql}) - {size})"
    same = f"list_slice({first.sql}, p_ + 1, p_ + {size}) = {second.sql}"
    found = f"len(list_filter({starts}, lambda p_: {same})) > 0 OR {size} = 0"
    return Typed(_unless_null(first, second, found), BOOLEAN)


@function("array_first", "array_last")
def _ends(call: Call) -> Typed:
    call.need(1)
    values = array_of(call)
    place = "1" if call.name == "array_first" else "-1"
    return Typed(f"({values.sql})[{place}]", values.type.args[0])
