"""How files of each format are read: the engine's table function, the columns, and their bytes."""

from __future__ import annotations

import functools
import gzip
import json
from typing import TYPE_CHECKING, Any, Final

from dayfold_local.athena.errors import not_supported
from dayfold_local.athena.execution import parquet
from dayfold_local.athena.execution.sources import Reading, Source, path_list
from dayfold_local.athena.sql_types import VARCHAR, Type, literal, quote
from dayfold_local.athena.translation.casts import cast, raising
from dayfold_local.athena.translation.scope import Typed

if TYPE_CHECKING:
    from dayfold_local.athena.catalog.ports import ObjectStore, StoredObject
    from dayfold_local.athena.catalog.tables import TableInfo

_LINE: Final = (
    "delim='\x01\x02\x03\x04', quote='', escape='', header=false, auto_detect=false, "
    "columns={'line': 'VARCHAR'}"
)
_NOT_READ: Final = (".bz2", ".lzo", ".snappy", ".lz4", ".deflate")


def read(
    table: TableInfo, objects: list[StoredObject], used: set[str], store: ObjectStore
) -> Reading:
    """How to read these files of a table."""
    del store  # the bytes are on this machine; a remote store would fetch them here
    if not objects:
        return Reading((), 0)
    if table.format == "parquet":
        return parquet.read(table, objects, used)
    for item in objects:
        if item.key.lower().endswith(_NOT_READ):
            raise not_supported(f"reading {item.uri}: only gzip, zstd and plain text are read")
    reader = {"json": _json, "csv": _delimited, "opencsv": _opencsv}[table.format]
    source = reader(table, objects)
    return Reading((source,), sum(item.size for item in objects))


def _json(table: TableInfo, objects: list[StoredObject]) -> Source:
    keys = _json_keys(table, objects)
    declared = ", ".join(
        f"{literal(keys.get(column.name, column.name))}: {literal(column.type.duckdb)}"
        for column in table.columns
    )
    relation = (
        f"read_json({path_list(objects)}, columns={{{declared}}}, "
        "format='newline_delimited', auto_detect=false)"
    )
    columns = tuple(
        f"{quote(keys.get(column.name, column.name))} AS {quote(column.name)}"
        for column in table.columns
    )
    return Source(relation, columns, tuple(item.path for item in objects))


def _json_keys(table: TableInfo, objects: list[StoredObject]) -> dict[str, str]:
    """How the files write each column's name: the serdes match keys in any case."""
    keys = {}
    for name, value in table.serde.items():
        if name.startswith("mapping."):
            keys[name.removeprefix("mapping.").lower()] = value
    listed = [name for name in table.serde.get("paths", "").split(",") if name]
    for name in listed or _first_keys(objects[0].path, objects[0].etag):
        keys.setdefault(name.lower(), name)
    return keys


@functools.lru_cache(maxsize=4096)
def _first_keys(path: str, etag: str) -> tuple[str, ...]:
    """The keys of a file's first line; a broken file has none, the engine will say why."""
    del etag  # part of the cache's key: the same path with other content is read again
    opener: Any = gzip.open if path.endswith(".gz") else open
    try:
        with opener(path, "rt", encoding="utf-8") as file:
            for line in file:
                if line.strip():
                    first = json.loads(line)
                    return tuple(first) if isinstance(first, dict) else ()
    except (OSError, EOFError, ValueError):
        return ()
    return ()


def _skip(table: TableInfo) -> str:
    lines = table.parameters.get("skip.header.line.count") or table.serde.get(
        "skip.header.line.count",
        "0",
    )
    return f", skip={int(lines)}" if int(lines) else ""


def _unescape(text: str) -> str:
    return text.encode().decode("unicode_escape") if len(text) > 1 else text


def _delimited(table: TableInfo, objects: list[StoredObject]) -> Source:
    """LazySimpleSerDe: no quotes; missing fields are NULL, extra ones are left out."""
    serde = table.serde
    delimiter = _unescape(serde.get("field.delim") or serde.get("serialization.format") or "\x01")
    if delimiter == "1":
        delimiter = "\x01"
    if "escape.delim" in serde:
        raise not_supported(f"ESCAPED BY (table {table.full_name})")
    null = serde.get("serialization.null.format", "\\N")
    relation = f"read_csv({path_list(objects)}, {_LINE}{_skip(table)})"
    columns = []
    for at, column in enumerate(table.columns):
        raw = f"nullif(str_split(line, {literal(delimiter)})[{at + 1}], {literal(null)})"
        if not column.type.is_text:
            raw = f"nullif({raw}, '')"
        columns.append(f"{_from_text(raw, column.type, at, table)} AS {quote(column.name)}")
    return Source(relation, tuple(columns), tuple(item.path for item in objects))


def _opencsv(table: TableInfo, objects: list[StoredObject]) -> Source:
    """OpenCSVSerde: quoted fields, everything a text until it is cast."""
    serde = table.serde
    separator = _unescape(serde.get("separatorChar", ","))
    mark = _unescape(serde.get("quoteChar", '"'))
    escape = _unescape(serde.get("escapeChar", "\\"))
    declared = ", ".join(f"{literal(column.name)}: 'VARCHAR'" for column in table.columns)
    relation = (
        f"read_csv({path_list(objects)}, delim={literal(separator)}, quote={literal(mark)}, "
        f"escape={literal(escape if escape != chr(92) else mark)}, header=false, "
        "auto_detect=false, "
        "null_padding=true, strict_mode=false, nullstr='\x02none\x02', "
        f"columns={{{declared}}}{_skip(table)})"
    )
    columns = tuple(
        f"{_from_text(quote(column.name), column.type, at, table)} AS {quote(column.name)}"
        for at, column in enumerate(table.columns)
    )
    return Source(relation, columns, tuple(item.path for item in objects))


def _from_text(raw: str, kind: Type, at: int, table: TableInfo) -> str:
    if kind.is_text:
        return raw
    if kind.args or kind.name == "varbinary":
        raise not_supported(f"{kind} in a text file (table {table.full_name})")
    message = (
        f"'Error parsing field value ''' || {raw} || ''' for field {at}: For input string: \"' "
        f"|| {raw} "
        f"|| '\" in table {table.full_name}'"
    )
    failed = raising("HIVE_BAD_DATA", message, kind.duckdb)
    tried = cast(Typed(raw, VARCHAR), kind, safe=True).sql
    return f"CASE WHEN {raw} IS NULL THEN NULL ELSE coalesce({tried}, {failed}) END"
