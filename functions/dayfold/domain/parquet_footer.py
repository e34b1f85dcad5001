"""The columns of a Parquet file, from its footer: names, types and the number of rows.

A footer is Thrift's compact protocol; of `FileMetaData` (parquet-format, `parquet.thrift`) only the
fields 2 (schema) and 3 (rows) are read, which stand before the row groups. So a planner needs no
pyarrow, whose import would cost more than the whole look.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

MAGIC = b"PAR1"
TAIL = 8  # bytes at the end of a file: the footer's length, little-endian, and the magic
UNKNOWN = "unknown"  # of a column that holds nulls only

# Kinds of values in the compact protocol.
_STOP, _TRUE, _FALSE, _BYTE = 0, 1, 2, 3
_DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = 7, 8, 9, 10, 11, 12
# Fields of SchemaElement.
_TYPE, _REPETITION, _NAME, _CHILDREN = 1, 3, 4, 5
_CONVERTED, _SCALE, _PRECISION, _LOGICAL = 6, 7, 8, 10
_REPEATED = 2
_PHYSICAL = ("boolean", "int", "bigint", "timestamp", "float", "double", "binary", "binary")
# Unsigned integers take the next larger type, and times of day their number, as a crawler has it.
_SIGNED = {8: "tinyint", 16: "smallint", 32: "int", 64: "bigint"}
_UNSIGNED = {8: "smallint", 16: "int", 32: "bigint", 64: "decimal(20,0)"}
# ConvertedType, and the members of LogicalType, where they decide alone.
_BY_CONVERTED = dict(
    enumerate(
        [
            *("string", "map", "map", "array", "string", "", "date", "bigint", "bigint"),
            *("timestamp", "timestamp", *_UNSIGNED.values(), *_SIGNED.values()),
            *("string", "binary", "binary"),  # JSON, BSON, INTERVAL
        ]
    )
)
_BY_LOGICAL = {
    1: "string",
    2: "map",
    3: "array",
    4: "string",  # ENUM
    6: "date",
    7: "bigint",  # TIME
    8: "timestamp",
    11: UNKNOWN,
    12: "string",  # JSON
    13: "binary",  # BSON
    14: "binary",  # UUID
    15: "float",  # FLOAT16
}
_DECIMAL, _INTEGER = 5, 10
_WIDTH, _IS_SIGNED = 1, 2  # fields of INTEGER


@dataclasses.dataclass(frozen=True, slots=True)
class Footer:
    """What a file declares: types of the catalog by lower-case name; nested ones by kind alone."""

    columns: Mapping[str, str]
    rows: int


def footer_length(tail: bytes) -> int | None:
    """The footer's length in bytes, from a file's last eight; None if it is no Parquet."""
    return int.from_bytes(tail[:4], "little") if len(tail) == TAIL and tail[4:] == MAGIC else None


def read_footer(footer: bytes) -> Footer | None:
    """Read a footer, without what `footer_length` reads; None if it is damaged."""
    try:
        schema, rows = _schema_and_rows(_Compact(footer))
        return Footer(dict(_columns(schema)), rows)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError, RecursionError):
        return None  # AttributeError: a number stands where a name or a list belongs


def _schema_and_rows(data: _Compact) -> tuple[list[dict[int, Any]], int]:
    found: dict[int, Any] = {}
    for field, value in data.fields():
        found[field] = value
        if {2, 3} <= found.keys():
            break
    return found[2], int(found[3])


def _columns(schema: list[dict[int, Any]]) -> Iterator[tuple[str, str]]:
    """The children of the root, which stand before their own children."""
    place = 1
    for _ in range(schema[0][_CHILDREN]):
        element = schema[place]
        yield element[_NAME].decode().lower(), _type_of(element)
        place = _after(schema, place)


def _after(schema: list[dict[int, Any]], place: int) -> int:
    """The place behind an element and all below it."""
    left = 1
    while left:
        left += schema[place].get(_CHILDREN, 0) - 1
        place += 1
    return place


def _type_of(element: Mapping[int, Any]) -> str:
    if element.get(_REPETITION) == _REPEATED:
        return "array"
    converted = element.get(_CONVERTED)
    union: Mapping[int, Any] = element.get(_LOGICAL, {})
    logical = next(iter(union), None)  # a union has one member
    if _DECIMAL in {logical, converted}:
        return f"decimal({element[_PRECISION]},{element.get(_SCALE, 0)})"
    if logical == _INTEGER:
        integer = union[_INTEGER]
        return (_SIGNED if integer[_IS_SIGNED] else _UNSIGNED)[integer[_WIDTH]]
    if logical in _BY_LOGICAL:
        return _BY_LOGICAL[logical]
    if converted is not None:
        return _BY_CONVERTED[converted]
    return _PHYSICAL[element[_TYPE]] if _TYPE in element else "struct"


class _Compact:
    """Thrift's compact protocol, read from its bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    def fields(self) -> Iterator[tuple[int, Any]]:
        """The fields of a struct: number and value."""
        field = 0
        while (head := self._byte()) != _STOP:
            field = field + (head >> 4) if head >> 4 else self._signed()
            kind = head & 0xF
            yield field, kind == _TRUE if kind in {_TRUE, _FALSE} else self._value(kind)

    def _value(self, kind: int) -> Any:  # noqa: ANN401 - as the data has it
        if kind == _STRUCT:
            return dict(self.fields())
        if kind in {_LIST, _SET}:
            return self._list()
        if kind == _MAP:
            return self._map()
        if kind == _BINARY:
            return self._take(self._number())
        if kind == _DOUBLE:
            return self._take(8)
        # In a list, a truth takes a byte of its own.
        return self._byte() if kind in {_TRUE, _FALSE, _BYTE} else self._signed()

    def _list(self) -> list[Any]:
        head = self._byte()
        size = head >> 4 if head >> 4 != 0xF else self._number()
        return [self._value(head & 0xF) for _ in range(size)]

    def _map(self) -> dict[Any, Any]:
        size = self._number()
        kinds = self._byte() if size else 0
        return {self._value(kinds >> 4): self._value(kinds & 0xF) for _ in range(size)}

    def _take(self, size: int) -> bytes:
        self._place += size
        if self._place > len(self._data):
            raise ValueError("the data ends early")
        return self._data[self._place - size : self._place]

    def _byte(self) -> int:
        return self._take(1)[0]

    def _number(self) -> int:
        """An unsigned integer, seven bits a byte."""
        value = shift = 0
        while (byte := self._byte()) & 0x80:
            value |= (byte & 0x7F) << shift
            shift += 7
        return value | byte << shift

    def _signed(self) -> int:
        number = self._number()
        return number >> 1 ^ -(number & 1)
