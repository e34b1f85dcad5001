"""Comparing arrays, maps and rows as Trino does: element by element, and NULL inside is unknown.

For the engine a NULL inside equals another one and has a place in the order, and NaN equals itself.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Final

from dayfold_local.athena.errors import not_supported
from dayfold_local.athena.sql_types import Type, literal
from dayfold_local.athena.translation.coercion import coerce, common_type
from dayfold_local.athena.translation.failing import raising
from dayfold_local.athena.translation.scope import Typed

if TYPE_CHECKING:
    from collections.abc import Callable

NESTED: Final = frozenset({"array", "map", "row"})
_TEXT: Final = re.compile(r"'(?:[^']|'')*'")
_WORD: Final = re.compile(r"[A-Za-z_]+")
_OF_CONSTANTS: Final = frozenset(
    {"CAST", "AS", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "VARCHAR", "DECIMAL", "DATE"}
    | {"TIMESTAMP", "BOOLEAN", "TRUE", "FALSE"}
)
_SINGLE: Final = "CAST({} AS BOOLEAN)"


def is_nested(kind: Type) -> bool:
    """Whether values of the type hold others."""
    return kind.name in NESTED


def holds(kind: Type, *names: str) -> bool:
    """Whether the type, or one inside it, has one of these names."""
    return kind.name in names or any(holds(arg, *names) for arg in kind.args)


def fields(value: Typed) -> list[Typed]:
    """A row's fields, by their places."""
    return [
        Typed(f"struct_extract_at({value.sql}, {at})", kind)
        for at, kind in enumerate(value.type.args, start=1)
    ]


def equal(left: Typed, right: Typed, same: Callable[[Typed, Typed], str], depth: int = 0) -> str:
    """`left = right`: TRUE, FALSE or NULL.

    Args:
        left: A value.
        right: Another one, of a type that goes with it.
        same: How two values that hold no others are compared.
        depth: How many arrays and maps this is in.
    """
    if left.type.name == "row":
        pairs = zip(fields(left), fields(right), strict=True)
        tests = [equal(a, b, same, depth) for a, b in pairs]
        return f"({' AND '.join(tests)})"
    if left.type.name == "array":
        return _equal_arrays(left, right, same, depth)
    if left.type.name == "map":
        return _equal_maps(left, right, same, depth)
    return same(left, right)


def _equal_arrays(
    left: Typed, right: Typed, same: Callable[[Typed, Typed], str], depth: int
) -> str:
    at = f"at{depth}_"
    items = [Typed(f"({side.sql})[{at}]", side.type.args[0]) for side in (left, right)]
    test = equal(items[0], items[1], same, depth + 1)
    tests = f"list_transform(range(1, len({left.sql}) + 1), lambda {at}: {_SINGLE.format(test)})"
    return (
        f"(CASE WHEN {left.sql} IS NULL OR {right.sql} IS NULL THEN NULL "
        f"WHEN len({left.sql}) <> len({right.sql}) THEN FALSE ELSE all_true({tests}) END)"
    )


def _equal_maps(left: Typed, right: Typed, same: Callable[[Typed, Typed], str], depth: int) -> str:
    key, value = left.type.args
    kind = common_type(key, right.type.args[0])
    if kind is None or is_nested(kind) or kind.name in {"double", "real"}:
        raise not_supported(f"comparing maps with keys of {key}")
    name = f"key{depth}_"
    items = [
        Typed(f"({side.sql})[{coerce(Typed(name, kind), side.type.args[0]).sql}]", inner)
        for side, inner in ((left, value), (right, right.type.args[1]))
    ]
    test = equal(items[0], items[1], same, depth + 1)
    keys = f"map_keys({left.sql})"
    there = f"list_contains(map_keys({right.sql}), {name})"
    chosen = f"CASE WHEN {there} THEN {_SINGLE.format(test)} ELSE FALSE END"
    return (
        f"(CASE WHEN {left.sql} IS NULL OR {right.sql} IS NULL THEN NULL "
        f"WHEN cardinality({left.sql}) <> cardinality({right.sql}) THEN FALSE "
        f"ELSE all_true(list_transform({keys}, lambda {name}: {chosen})) END)"
    )


def has_null(value: Typed, depth: int = 0) -> str:
    """Whether a value that is not NULL holds a NULL, however deep."""
    kind = value.type
    if kind.name == "row":
        tests = [_is_or_has_null(field, depth) for field in fields(value)]
        return f"({' OR '.join(tests)})"
    if kind.name == "map":
        return has_null(Typed(f"map_values({value.sql})", Type("array", kind.args[1:])), depth)
    name = f"item{depth}_"
    test = _is_or_has_null(Typed(name, kind.args[0]), depth + 1)
    return f"(len(list_filter({value.sql}, lambda {name}: {test})) > 0)"


def _is_or_has_null(value: Typed, depth: int) -> str:
    test = f"{value.sql} IS NULL"
    return f"({test} OR {has_null(value, depth)})" if is_nested(value.type) else f"({test})"


def whole(value: Typed, depth: int = 0) -> str:
    """The value; one with a NULL inside fails, as it may in Trino when it is put in order."""
    name = value.type.name.upper()
    where = "arrays with null elements" if name == "ARRAY" else "fields with null elements"
    failed = refused(f"{name} comparison not supported for {where}", value)
    return (
        f"CASE WHEN {value.sql} IS NULL THEN NULL WHEN {has_null(value, depth)} "
        f"THEN CASE WHEN {failed} THEN {value.sql} END ELSE {value.sql} END"
    )


def refused(why: str, value: Typed) -> str:
    """A boolean that fails; made of a value, or the engine would find that out while it plans."""
    message = f"{literal(why)} || left(CAST({value.sql} IS NULL AS VARCHAR), 0)"
    return raising("NOT_SUPPORTED", message, "BOOLEAN")


def any_of(value: Typed, tests: list[str]) -> str:
    """`value IN (...)`, by the comparison with each.

    What Trino answers of a value with a NULL inside depends on the values' number and kind.
    """
    together = f"({' OR '.join(tests)})"
    if len(tests) == 1:
        return together
    failed = refused("a value with NULL inside IN several values", value)
    return (
        f"(CASE WHEN {value.sql} IS NULL OR NOT {has_null(value)} THEN {together} "
        f"WHEN {together} IS NULL THEN NULL ELSE {failed} END)"
    )


def sortable(value: Typed, depth: int = 0) -> str:
    """A value that is put in order: arrays and rows with a NULL inside fail.

    Raises:
        QueryFailure: If it is JSON, or holds doubles, whose NaN has no place in Trino's order.
    """
    if not is_nested(value.type) and value.type.name != "json":
        return value.sql
    if holds(value.type, "double", "real", "map", "json", "timestamp with time zone"):
        raise not_supported(f"{value.type} in an order")
    return whole(value, depth)


def of_sortable(values: Typed) -> str:
    """An array whose elements are put in order."""
    item = values.type.args[0]
    if not is_nested(item) and item.name != "json":
        return values.sql
    return f"list_transform({values.sql}, lambda whole_: {sortable(Typed('whole_', item))})"


def ordered(symbol: str, left: Typed, right: Typed, kind: Type) -> str:
    """`left < right` and the like, in the type that both take; NULL inside fails.

    Raises:
        QueryFailure: If the type holds doubles, whose NaN has no place in Trino's order, or maps.
    """
    if holds(kind, "double", "real", "map", "json", "timestamp with time zone"):
        raise not_supported(f"{left.type} {symbol} {right.type}")
    sides = [Typed(_unnamed(side, kind), kind) for side in (left, right)]
    checked = [
        one.sql if is_constant(side.sql) else whole(one)
        for side, one in zip((left, right), sides, strict=True)
    ]
    return f"({checked[0]} {symbol} {checked[1]})"


def is_constant(sql: str) -> bool:
    """Whether a text is made of literals other than NULL alone.

    Of those nothing is to be checked; and a failure that hangs on nothing else the engine would
    find while it plans.
    """
    return set(_WORD.findall(_TEXT.sub("", sql))) <= _OF_CONSTANTS


def _unnamed(value: Typed, kind: Type) -> str:
    """A value in a type without regard to the names of fields, which the engine casts by."""
    if kind.name != "row":
        return coerce(value, kind).sql
    parts = zip(fields(value), kind.args, itertools.count())
    listed = ", ".join(f"'field{at}': {_unnamed(one, part)}" for one, part, at in parts)
    return f"CASE WHEN {value.sql} IS NOT NULL THEN {{{listed}}} END"
