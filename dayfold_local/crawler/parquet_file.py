"""Parquet: columns and types from the footer."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from dayfold_local.crawler.column_types import (
    BIGINT,
    STRING,
    Array,
    ColumnType,
    Map,
    Scalar,
    Struct,
)

if TYPE_CHECKING:
    from dayfold_local.crawler.files import ReadRange

MAGIC = b"PAR1"
_TAIL = len(MAGIC) + 4  # the footer's length stands before the closing magic
# Arrow's names of types whose Glue name is fixed. Unsigned integers take the next larger type.
_SCALARS = {
    "bool": "boolean",
    "int8": "tinyint",
    "int16": "smallint",
    "int32": "int",
    "int64": "bigint",
    "uint8": "smallint",
    "uint16": "int",
    "uint32": "bigint",
    "uint64": "decimal(20,0)",
    "halffloat": "float",
    "float": "float",
    "double": "double",
    "string": "string",
    "large_string": "string",
    "string_view": "string",
    "binary": "binary",
    "large_binary": "binary",
    "binary_view": "binary",
    "date32[day]": "date",
    "date64[ms]": "date",
}


class BrokenFooterError(Exception):
    """Raised for a file that begins like Parquet and cannot be read; one line says why."""


@dataclasses.dataclass(frozen=True, slots=True)
class Footer:
    """The columns and the number of rows that the file declares."""

    columns: tuple[tuple[str, ColumnType], ...]
    rows: int


def read_footer(size: int, read: ReadRange) -> Footer:
    """Reads the footer alone, however large the file is.

    Raises:
        BrokenFooterError: the file is truncated or damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    tail = read(size - _TAIL, _TAIL) if size > 2 * _TAIL else b""
    length = int.from_bytes(tail[:4], "little")
    if tail[4:] != MAGIC or length > size - _TAIL:
        raise BrokenFooterError("the Parquet file is truncated: it has no footer")
    footer = MAGIC + read(size - _TAIL - length, length + _TAIL)
    try:
        metadata = pq.read_metadata(pa.BufferReader(footer))
        schema = metadata.schema.to_arrow_schema()
    except (pa.ArrowException, OSError):
        raise BrokenFooterError("the Parquet footer is damaged") from None
    columns = tuple((field.name.lower(), _glue_type(field.type)) for field in schema)
    return Footer(columns, metadata.num_rows)


def _glue_type(arrow: Any) -> ColumnType:  # noqa: ANN401, PLR0911 - pyarrow.DataType; one per kind
    import pyarrow.types as kinds

    if kinds.is_timestamp(arrow):
        return Scalar("timestamp")
    if kinds.is_decimal(arrow):
        return Scalar(f"decimal({arrow.precision},{arrow.scale})")
    if kinds.is_time(arrow) or kinds.is_duration(arrow):
        return BIGINT  # Glue has no such type; the number is what Athena shows
    if kinds.is_dictionary(arrow):
        return _glue_type(arrow.value_type)
    if kinds.is_fixed_size_binary(arrow):
        return Scalar("binary")
    if kinds.is_map(arrow):
        return Map(_glue_type(arrow.key_type), _glue_type(arrow.item_type))
    if kinds.is_list(arrow) or kinds.is_large_list(arrow) or kinds.is_fixed_size_list(arrow):
        return Array(_glue_type(arrow.value_type))
    if kinds.is_struct(arrow):
        return Struct(tuple((field.name.lower(), _glue_type(field.type)) for field in arrow))
    name = _SCALARS.get(str(arrow))
    return Scalar(name) if name else STRING
