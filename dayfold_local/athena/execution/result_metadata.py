"""The `.metadata` file beside a result: the columns, as protocol buffer fields.

AWS calls the format Athena's own. These are the fields that its JDBC drivers read: 1 the query, 4 a
column, and in it 1 catalog, 4 name, 5 label, 6 type, 7 precision, 8 scale, 9 nullable (3: unknown),
10 case sensitive. Field 15, which readers skip, is ours: the whole type, as in `array(bigint)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dayfold_local.athena.sql_types import parse_type

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dayfold_local.athena.sql_types import Type

_PRECISIONS: Final = {
    "boolean": 0,
    "tinyint": 3,
    "smallint": 5,
    "integer": 10,
    "bigint": 19,
    "real": 17,
    "double": 17,
    "date": 0,
    "time": 3,
    "timestamp": 3,
    "timestamp with time zone": 3,
}
_UNKNOWN: Final = 3
_LONGEST: Final = 2147483647


def column_info(name: str, kind: str) -> dict[str, Any]:
    """A column as GetQueryResults describes it; `kind` is the whole type."""
    parsed = parse_type(kind) if not kind.startswith(("interval", "unknown")) else None
    base = parsed.name if parsed is not None else kind
    precision, scale = _PRECISIONS.get(base, _LONGEST), 0
    if parsed is not None and base == "decimal":
        precision, scale = parsed.precision or 38, parsed.scale or 0
    if parsed is not None and parsed.is_text and parsed.precision is not None:
        precision = parsed.precision
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": name,
        "Label": name,
        "Type": base,
        "Precision": precision,
        "Scale": scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": base in {"varchar", "char"},
    }


def encode(query_id: str, columns: list[tuple[str, Type]]) -> bytes:
    """The file's bytes."""
    return _text(1, query_id) + b"".join(_bytes(4, _column(*column)) for column in columns)


def _column(name: str, kind: Type) -> bytes:
    info = column_info(name, str(kind))
    texts = [_text(1, info["CatalogName"]), _text(4, name), _text(5, name), _text(6, info["Type"])]
    numbers = [
        _number(7, info["Precision"]),
        _number(8, info["Scale"]),
        _number(9, _UNKNOWN),
        _number(10, int(info["CaseSensitive"])),
    ]
    return b"".join([*texts, *numbers, _text(15, str(kind))])


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, body: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(body)) + body


def _text(field: int, text: str) -> bytes:
    return _bytes(field, text.encode())


def fields(body: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The numbered fields of a message: numbers and bytes."""
    at = 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = body[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(body):
        key = varint()
        if key & 7:
            size = varint()
            yield key >> 3, body[at : at + size]
            at += size
        else:
            yield key >> 3, varint()


def decode(body: bytes) -> list[tuple[str, str]]:
    """Names and whole types of the columns in a file that `encode` made."""
    columns = []
    for number, message in fields(body):
        if number == 4 and isinstance(message, bytes):
            held = dict(fields(message))
            name, kind = held[4], held[15]
            assert isinstance(name, bytes)
            assert isinstance(kind, bytes)
            columns.append((name.decode(), kind.decode()))
    return columns
