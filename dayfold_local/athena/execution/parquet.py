"""Reading Parquet: columns by name, their types checked, the bytes of the used ones counted."""

from __future__ import annotations

import collections
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dayfold_local.athena.errors import QueryFailure
from dayfold_local.athena.execution.sources import NO_FOLDERS, Reading, Source, path_list
from dayfold_local.athena.sql_types import Type, literal, parse_type, quote
from dayfold_local.athena.translation.coercion import coercible
from dayfold_local.athena.translation.failing import raising

if TYPE_CHECKING:
    from dayfold_local.athena.catalog.ports import StoredObject
    from dayfold_local.athena.catalog.tables import StoredColumn, TableInfo


@dataclasses.dataclass(frozen=True, slots=True)
class _Footer:
    columns: tuple[tuple[str, Type | None, str], ...]  # lower-case name, type, name in the file
    sizes: dict[str, int]  # compressed bytes by lower-case name


def read(table: TableInfo, objects: list[StoredObject], used: set[str]) -> Reading:
    """How to read these files of a table."""
    groups: dict[tuple[Any, ...], list[StoredObject]] = collections.defaultdict(list)
    total = 0
    for item in objects:
        footer = _footer(item)
        groups[footer.columns].append(item)
        total += sum(footer.sizes.get(name, 0) for name in used)
    sources = []
    for columns, members in groups.items():
        held = {name: (kind, original) for name, kind, original in columns}
        listed = tuple(_column(column, held, table, members[0]) for column in table.columns)
        relation = f"read_parquet({path_list(members)}, {NO_FOLDERS}"
        sources.append(Source(relation, listed, tuple(item.path for item in members)))
    return Reading(tuple(sources), total)


def _column(
    column: StoredColumn,
    held: dict[str, tuple[Type | None, str]],
    table: TableInfo,
    item: StoredObject,
) -> str:
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
        met = f"CAST(CASE WHEN file_index >= 0 THEN {failed} END AS VARCHAR)"
        return f"CAST({met} AS {wanted.duckdb}) AS {quote(column.name)}"
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
            "HIVE_CANNOT_OPEN_SPLIT",
            f"Error opening Hive split {item.uri}: the file does not exist",
        ) from None
    except (pa.ArrowException, OSError) as error:
        first = str(error).partition("\n")[0]
        raise QueryFailure(
            "HIVE_BAD_DATA",
            f"Not valid Parquet file: {item.uri} expected magic number: PAR1 ({first})",
        ) from None
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
    "int8": "tinyint",
    "int16": "smallint",
    "int32": "integer",
    "int64": "bigint",
    "bool": "boolean",
    "float": "real",
    "double": "double",
    "string": "varchar",
    "large_string": "varchar",
    "binary": "varbinary",
    "date32[day]": "date",
}


def _arrow_type(kind: Any) -> Type | None:  # noqa: ANN401, PLR0911 - pyarrow's types are a zoo
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
