"""How files of each format are read: the engine's table function, the columns, and their bytes."""

from __future__ import annotations

import collections
import dataclasses
import functools
import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.sql_types import VARCHAR, Type, literal, parse_type, quote
from dayfold_local.athena.translation.casts import cast, coercible, raising
from dayfold_local.athena.translation.scope import Typed

if TYPE_CHECKING:
    from dayfold_local.athena.catalog.ports import ObjectStore, StoredObject
    from dayfold_local.athena.catalog.tables import TableInfo

_LINE: Final = "delim='\x01\x02\x03\x04', quote='', escape='', header=false, auto_detect=false, columns={'line': 'VARCHAR'}"
_NOT_READ: Final = (".bz2", ".lzo", ".snappy", ".lz4", ".deflate")


@dataclasses.dataclass(frozen=True, slots=True)
class Source:
    """Files that are read alike: the relation, and each table column in its terms."""

    relation: str
    columns: tuple[str, ...]
    paths: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """All of a table's files, and the bytes that reading the used columns takes."""

    sources: tuple[Source, ...]
    bytes: int


def read(
    table: TableInfo, objects: list[StoredObject], used: set[str], store: ObjectStore
) -> Reading:
    """How to read these files of a table."""
    del store  # the bytes are on this machine; a remote store would fetch them here
    if not objects:
        return Reading((), 0)
    if table.format == "parquet":
        return _parquet(table, objects, used)
    for item in objects:
        if item.key.lower().endswith(_NOT_READ):
            raise not_supported(f"reading {item.uri}: only gzip, zstd and plain text are read")
    reader = {"json": _json, "csv": _delimited, "opencsv": _opencsv}[table.format]
    source = reader(table, objects)
    return Reading((source,), sum(item.size for item in objects))


def _paths(objects: list[StoredObject]) -> str:
    return f"[{', '.join(literal(item.path) for item in objects)}]"


def _json(table: TableInfo, objects: list[StoredObject]) -> Source:
    keys = _json_keys(table, objects)
    declared = ", ".join(
        f"{literal(keys.get(column.name, column.name))}: {literal(column.type.duckdb)}"
        for column in table.columns
    )
    relation = (
        f"read_json({_paths(objects)}, columns={{{declared}}}, "
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
        "skip.header.line.count", "0",
    )  # fmt: skip
    return f", skip={int(lines)}" if int(lines) else ""


def _unescape(text: str) -> str:
    return text.encode().decode("unicode_escape") if text.startswith("\\") else text


def _delimited(table: TableInfo, objects: list[StoredObject]) -> Source:
    """LazySimpleSerDe: no quotes; missing fields are NULL, extra ones are left out."""
    serde = table.serde
    delimiter = _unescape(serde.get("field.delim") or serde.get("serialization.format") or "\x01")
    if delimiter == "1":
        delimiter = "\x01"
    if "escape.delim" in serde:
        raise not_supported(f"ESCAPED BY (table {table.full_name})")
    null = serde.get("serialization.null.format", "\\N")
    relation = f"read_csv({_paths(objects)}, {_LINE}{_skip(table)})"
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
        f"read_csv({_paths(objects)}, delim={literal(separator)}, quote={literal(mark)}, "
        f"escape={literal(escape if escape != chr(92) else mark)}, header=false, auto_detect=false, "
        f"null_padding=true, strict_mode=false, nullstr='\x02none\x02', columns={{{declared}}}{_skip(table)})"
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
        f"'Error parsing field value ''' || {raw} || ''' for field {at}: For input string: \"' || {raw} "
        f"|| '\" in table {table.full_name}'"
    )
    failed = raising("HIVE_BAD_DATA", message, kind.duckdb)
    tried = cast(Typed(raw, VARCHAR), kind, safe=True).sql
    return f"CASE WHEN {raw} IS NULL THEN NULL ELSE coalesce({tried}, {failed}) END"


# --- Parquet ---------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, slots=True)
class _Footer:
    columns: tuple[tuple[str, Type | None, str], ...]  # lower-case name, type, name in the file
    sizes: dict[str, int]  # compressed bytes by lower-case name


def _parquet(table: TableInfo, objects: list[StoredObject], used: set[str]) -> Reading:
    groups: dict[tuple[Any, ...], list[StoredObject]] = collections.defaultdict(list)
    total = 0
    for item in objects:
        footer = _footer(item)
        groups[footer.columns].append(item)
        total += sum(footer.sizes.get(name, 0) for name in used)
    sources = []
    for columns, members in groups.items():
        held = {name: (kind, original) for name, kind, original in columns}
        listed = tuple(_parquet_column(column, held, table, members[0]) for column in table.columns)
        relation = f"read_parquet({_paths(members)}, hive_partitioning=false)"
        sources.append(Source(relation, listed, tuple(item.path for item in members)))
    return Reading(tuple(sources), total)


def _parquet_column(
    column: Any, held: dict[str, tuple[Type | None, str]], table: TableInfo, item: StoredObject,
) -> str:  # fmt: skip
    if column.name not in held:
        return f"CAST(NULL AS {column.type.duckdb}) AS {quote(column.name)}"
    kind, original = held[column.name]
    wanted = column.type
    if kind == wanted:
        return f"{quote(original)} AS {quote(column.name)}"
    if kind is None or not _fits(kind, wanted):
        failed = raising(
            "HIVE_BAD_DATA",
            literal(
                f"Field {column.name}'s type {kind or 'unknown'} in parquet file {item.uri} is "
                f"incompatible with type {wanted} defined in table schema of {table.full_name}",
            ),
            "BIGINT",
        )
        # Only a query that reads the column meets the failure.
        return f"CAST(CAST(CASE WHEN file_index >= 0 THEN {failed} END AS VARCHAR) AS {wanted.duckdb}) AS {quote(column.name)}"
    return f"CAST({quote(original)} AS {wanted.duckdb}) AS {quote(column.name)}"


def _fits(kind: Type, wanted: Type) -> bool:
    if kind.is_integer and wanted.is_integer:
        return True
    if kind.name == wanted.name == "decimal":
        return True
    if {kind.name, wanted.name} <= {"timestamp", "timestamp with time zone"}:
        return True
    if {kind.name, wanted.name} <= {"varchar", "char", "varbinary"}:
        return True
    if kind.name == wanted.name and len(kind.args) == len(wanted.args):
        return all(_fits(a, b) or a == b for a, b in zip(kind.args, wanted.args, strict=True))
    return coercible(kind, wanted) and wanted.name != "decimal"


_FOOTERS: dict[tuple[str, str, int], _Footer] = {}


def _footer(item: StoredObject) -> _Footer:
    """A file's schema and sizes, from its footer; kept while the object stays the same."""
    key = (item.path, item.etag, item.size)
    found = _FOOTERS.get(key)
    if found is None:
        if len(_FOOTERS) > 20_000:
            _FOOTERS.clear()
        found = _FOOTERS[key] = _read_footer(item)
    return found


def _read_footer(item: StoredObject) -> _Footer:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        metadata = pq.read_metadata(Path(item.path))
    except FileNotFoundError:
        raise QueryFailure(
            "HIVE_CANNOT_OPEN_SPLIT", f"Error opening Hive split {item.uri}: the file does not exist",
        ) from None  # fmt: skip
    except (pa.ArrowException, OSError) as error:
        first = str(error).partition("\n")[0]
        raise QueryFailure(
            "HIVE_BAD_DATA", f"Not valid Parquet file: {item.uri} expected magic number: PAR1 ({first})",
        ) from None  # fmt: skip
    schema = metadata.schema.to_arrow_schema()
    columns = tuple((field.name.lower(), _arrow_type(field.type), field.name) for field in schema)
    sizes: dict[str, int] = collections.defaultdict(int)
    for group in range(metadata.num_row_groups):
        rows = metadata.row_group(group)
        for at in range(rows.num_columns):
            chunk = rows.column(at)
            sizes[chunk.path_in_schema.partition(".")[0].lower()] += chunk.total_compressed_size
    return _Footer(columns, dict(sizes))


_ARROW: Final = {
    "int8": "tinyint", "int16": "smallint", "int32": "integer", "int64": "bigint", "bool": "boolean",
    "float": "real", "double": "double", "string": "varchar", "large_string": "varchar",
    "binary": "varbinary", "date32[day]": "date",
}  # fmt: skip


def _arrow_type(kind: Any) -> Type | None:  # noqa: ANN401 - pyarrow's types are a zoo
    import pyarrow.types as pt

    if pt.is_decimal(kind):
        return parse_type(f"decimal({kind.precision},{kind.scale})")
    if pt.is_timestamp(kind):
        return Type("timestamp with time zone" if kind.tz else "timestamp", precision=3)
    if pt.is_list(kind):
        item = _arrow_type(kind.value_type)
        return None if item is None else Type("array", (item,))
    if pt.is_map(kind):
        key, value = _arrow_type(kind.key_type), _arrow_type(kind.item_type)
        return None if key is None or value is None else Type("map", (key, value))
    if pt.is_struct(kind):
        inner = [_arrow_type(field.type) for field in kind]
        if any(arg is None for arg in inner):
            return None
        args = tuple(arg for arg in inner if arg is not None)
        return Type("row", args, tuple(field.name for field in kind))
    name = _ARROW.get(str(kind))
    return Type(name) if name is not None else None
