"""Column types as Glue writes them (`array<struct<a:bigint>>`), and what holds two of them."""

from __future__ import annotations

import dataclasses
import re
from typing import TypeAlias


@dataclasses.dataclass(frozen=True, slots=True)
class Scalar:
    """A type without parts; the empty name is that of a column never seen with a value."""

    name: str


@dataclasses.dataclass(frozen=True, slots=True)
class Array:
    """A list of one type."""

    item: ColumnType


@dataclasses.dataclass(frozen=True, slots=True)
class Struct:
    """Named fields, in the order in which they were first seen."""

    fields: tuple[tuple[str, ColumnType], ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Map:
    """Keys of one type to values of another; only Parquet declares these."""

    key: ColumnType
    value: ColumnType


ColumnType: TypeAlias = Scalar | Array | Struct | Map

UNKNOWN = Scalar("")
STRING = Scalar("string")
BIGINT = Scalar("bigint")
DOUBLE = Scalar("double")
BOOLEAN = Scalar("boolean")

# Smallest first: a column of one holds every value of those before it.
_INTEGERS = ("tinyint", "smallint", "int", "bigint")
_FLOATS = ("float", "double")
# Types that only a person gives to a column of text files; the crawler reads their text as string.
_TEXT_BY_HAND = ("string", "date", "timestamp", "varchar", "char", "decimal", "binary")
_MAX_PRECISION = 38
_FIELD_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_DECIMAL = re.compile(r"decimal\((\d+),(\d+)\)")
_TOKEN = re.compile(r"[a-z_]\w*(?:\(\d+(?:,\d+)?\))?|[<>,:]", re.ASCII | re.IGNORECASE)


def type_text(column_type: ColumnType) -> str:
    """The type as Glue and Hive write it. What was never seen with a value is a string."""
    match column_type:
        case Scalar(name):
            return name or STRING.name
        case Array(item):
            return f"array<{type_text(item)}>"
        case Map(key, value):
            return f"map<{type_text(key)},{type_text(value)}>"
        case Struct(fields):
            # Hive cannot spell a struct without fields, nor a field such as `a b`: the column is
            # then a string, and reads as the JSON text of the object.
            if not fields or not all(_FIELD_NAME.fullmatch(name) for name, _ in fields):
                return STRING.name
            return f"struct<{','.join(f'{name}:{type_text(kind)}' for name, kind in fields)}>"


def parse_type(text: str) -> ColumnType:
    """Reads a Glue type; one that is no known nesting is taken as a scalar of that name."""
    compact = text.replace(" ", "").lower()
    tokens = _TOKEN.findall(compact)
    if "".join(tokens) != compact:
        return Scalar(compact)
    try:
        parsed, rest = _parse(tokens)
    except (IndexError, ValueError):
        return Scalar(compact)
    return Scalar(compact) if rest else parsed


def _parse(tokens: list[str]) -> tuple[ColumnType, list[str]]:
    head, rest = tokens[0], tokens[1:]
    if not rest or rest[0] != "<":
        return Scalar(head), rest
    parts: list[ColumnType] = []
    names: list[str] = []
    while rest[0] != ">":
        rest = rest[1:]  # the bracket or the comma
        if head == "struct":
            if rest[1] != ":":
                raise ValueError(rest[1])
            names.append(rest[0])
            rest = rest[2:]
        part, rest = _parse(rest)
        parts.append(part)
    rest = rest[1:]
    if head == "struct":
        return Struct(tuple(zip(names, parts, strict=True))), rest
    if head == "array" and len(parts) == 1:
        return Array(parts[0]), rest
    if head == "map" and len(parts) == 2:
        return Map(parts[0], parts[1]), rest
    raise ValueError(head)


def merge(one: ColumnType, other: ColumnType) -> ColumnType:  # noqa: PLR0911 - one per case
    """The type that a person would give a column in which both were seen."""
    match one, other:
        case _ if other in (one, UNKNOWN):
            return one
        case _ if one == UNKNOWN:
            return other
        case Array(item), Array(another):
            return Array(merge(item, another))
        case Map(key, value), Map(other_key, other_value):
            return Map(merge(key, other_key), merge(value, other_value))
        case Struct(fields), Struct(others):
            return Struct(merge_fields(fields, others))
        case Scalar(name), Scalar(another):
            return _merge_scalars(name, another)
        case _:
            return STRING


def merge_fields(
    fields: tuple[tuple[str, ColumnType], ...],
    others: tuple[tuple[str, ColumnType], ...],
) -> tuple[tuple[str, ColumnType], ...]:
    """Merges by name; new fields come last."""
    merged = dict(fields)
    for name, kind in others:
        merged[name] = merge(merged[name], kind) if name in merged else kind
    return tuple(merged.items())


def _merge_scalars(one: str, other: str) -> ColumnType:
    for family in (_INTEGERS, _FLOATS):
        if one in family and other in family:
            return Scalar(max(one, other, key=family.index))
    if {one, other} <= {*_INTEGERS, *_FLOATS}:
        return DOUBLE
    left, right = _DECIMAL.fullmatch(one), _DECIMAL.fullmatch(other)
    if left and right:
        scale = max(int(left[2]), int(right[2]))
        digits = max(int(left[1]) - int(left[2]), int(right[1]) - int(right[2]))
        if digits + scale <= _MAX_PRECISION:
            return Scalar(f"decimal({digits + scale},{scale})")
    return STRING


def widen(  # noqa: PLR0911 - one per case
    known: ColumnType,
    seen: ColumnType,
    *,
    text: bool,
) -> ColumnType | None:
    """The table's type after new files were seen; None if the table's type cannot read them.

    Args:
        known: the type that the table has.
        seen: the type in the new files.
        text: JSON or CSV, whose values are read from text, as against Parquet, whose readers
            insist on the type that the file declares.
    """
    if seen in (known, UNKNOWN):
        return known
    match known, seen:
        case Array(item), Array(another):
            inner = widen(item, another, text=text)
            return None if inner is None else Array(inner)
        case Map(key, value), Map(other_key, other_value):
            keys, values = widen(key, other_key, text=text), widen(value, other_value, text=text)
            return None if keys is None or values is None else Map(keys, values)
        case Struct(fields), Struct(others):
            return _widen_struct(dict(fields), others, text=text)
        case Scalar(name), _ if text and name.partition("(")[0] in _TEXT_BY_HAND:
            return known if STRING in (known, seen) else None
        case Scalar(name), Scalar(another):
            return _widen_scalar(name, another, text=text)
    return None


def _widen_struct(
    fields: dict[str, ColumnType],
    others: tuple[tuple[str, ColumnType], ...],
    *,
    text: bool,
) -> ColumnType | None:
    for name, seen in others:
        wider = widen(fields[name], seen, text=text) if name in fields else seen
        if wider is None:
            return None
        fields[name] = wider
    return Struct(tuple(fields.items()))


def _widen_scalar(known: str, seen: str, *, text: bool) -> ColumnType | None:
    merged = _merge_scalars(known, seen)
    if merged == STRING:
        return None
    crosses = (known in _INTEGERS) != (seen in _INTEGERS)
    # A Parquet reader takes a smaller integer for a larger one, but no integer for a double.
    return None if crosses and not text else merged
