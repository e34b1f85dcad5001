"""How files of each format are read: the engine's table function, the columns, and their bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dayfold_local.athena.errors import not_supported
from dayfold_local.athena.execution import json_files, layouts, parquet
from dayfold_local.athena.execution.sources import Reading, Source, path_list
from dayfold_local.athena.execution.text_fields import TextReading, from_text
from dayfold_local.athena.sql_types import literal, quote
from dayfold_local.athena.translation import texts

if TYPE_CHECKING:
    from dayfold_local.athena.catalog.ports import StoredObject
    from dayfold_local.athena.catalog.tables import TableInfo

_LINE: Final = (
    "delim='\x01\x02\x03\x04', quote='', escape='', header=false, auto_detect=false, "
    "columns={'line': 'VARCHAR'}"
)


def read(table: TableInfo, objects: list[StoredObject], used: set[str]) -> Reading:
    """How to read these files of a table; the engine reads them as they are (`unpacking`)."""
    if not objects:
        return Reading((), 0)
    if table.format == "parquet":
        return parquet.read(table, objects, used)
    if table.format in {"orc", "avro"}:  # copies in Parquet; the stored files are read as a whole
        found = parquet.read(table, objects, used)
        return Reading(found.sources, sum(item.size for item in objects))
    size = sum(item.size for item in objects)
    if table.format == "json":
        return Reading(json_files.sources(table, objects), size)
    reader = _delimited if table.format == "csv" else _opencsv
    return Reading((reader(table, objects),), size)


def _skip(table: TableInfo) -> str:
    lines = table.parameters.get("skip.header.line.count") or table.serde.get(
        "skip.header.line.count",
        "0",
    )
    return f", skip={int(lines)}" if int(lines) else ""


def _delimited(table: TableInfo, objects: list[StoredObject]) -> Source:
    """LazySimpleSerDe: no quotes; missing fields are NULL, extra ones are left out."""
    if "escape.delim" in table.serde:
        raise not_supported(f"ESCAPED BY (table {table.full_name})")
    delimiter, items, keys, null = layouts.text_marks(table.serde)
    between = texts.separators(delimiter, items, keys)
    relation = f"read_csv({path_list(objects)}, {_LINE}{_skip(table)})"
    columns = []
    for at, column in enumerate(table.columns):
        raw = f"nullif(str_split(line, {literal(delimiter)})[{at + 1}], {literal(null)})"
        if not (column.type.is_text or column.type.args or column.type.name == "varbinary"):
            raw = f"nullif({raw}, '')"  # nothing is an empty list, but no number
        reading = TextReading(at, table, between, null)
        columns.append(f"{from_text(raw, column.type, reading)} AS {quote(column.name)}")
    return Source(relation, tuple(columns), tuple(item.path for item in objects))


def _opencsv(table: TableInfo, objects: list[StoredObject]) -> Source:
    """OpenCSVSerde: quoted fields, everything a text until it is cast; dates are numbers."""
    separator, mark, _ = layouts.csv_marks(table.serde)
    declared = ", ".join(f"{literal(column.name)}: 'VARCHAR'" for column in table.columns)
    relation = (
        f"read_csv({path_list(objects)}, delim={literal(separator)}, quote={literal(mark)}, "
        f"escape={literal(mark)}, header=false, "  # other escapes: see `unpacking`
        "auto_detect=false, "
        "null_padding=true, strict_mode=false, nullstr='\x02none\x02', "
        f"columns={{{declared}}}{_skip(table)})"
    )
    columns = []
    for at, column in enumerate(table.columns):
        reading = TextReading(at, table, unix_times=True)
        value = from_text(quote(column.name), column.type, reading)
        columns.append(f"{value} AS {quote(column.name)}")
    return Source(relation, tuple(columns), tuple(item.path for item in objects))
