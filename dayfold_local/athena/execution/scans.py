"""Filling a query's table slots: which partitions, which files, and how the engine reads them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from dayfold_local.athena.catalog.tables import PartitionInfo, StoredColumn
from dayfold_local.athena.execution import (
    partition_schemas,
    projection,
    pruning,
    readers,
    unpacking,
)
from dayfold_local.athena.sql_types import quote
from dayfold_local.athena.translation.scope import HIDDEN_COLUMNS

if TYPE_CHECKING:
    from pathlib import Path

    from dayfold_local.athena.catalog.ports import StoredObject, World
    from dayfold_local.athena.catalog.tables import TableInfo
    from dayfold_local.athena.execution.engine import Session
    from dayfold_local.athena.execution.sources import Reading
    from dayfold_local.athena.translation.queries import Translated
    from dayfold_local.athena.translation.scope import Scan


@dataclasses.dataclass(slots=True)
class Prepared:
    """A query ready to run, and what it will read."""

    sql: str
    bytes: int = 0
    partitions: int = 0
    files: dict[str, str] = dataclasses.field(default_factory=dict)


def prepare(query: Translated, world: World, session: Session, scratch: Path) -> Prepared:
    """Fills every slot; the rights to list and read each file are checked on the way.

    `scratch` is for copies of files that the engine cannot read as they are.
    """
    prepared = Prepared(query.sql)
    # One table is often read several times (a day and its week): list and price it together.
    for scan in query.scans:
        chosen = _partitions(scan, world, session)
        partition_schemas.check(scan, chosen)
        found = [(part, item) for part in chosen for item in world.store.list(part.location)]
        parts, objects = [part for part, _ in found], [item for _, item in found]
        world.store.readable(objects)
        objects = unpacking.copies(scan.table, objects, scratch)
        reading = readers.read(scan.table, objects, scan.columns)
        prepared.sql = prepared.sql.replace(
            scan.slot,
            _relation(scan, list(zip(parts, objects, strict=True)), reading),
            1,
        )
        prepared.bytes += reading.bytes
        prepared.partitions += len(chosen)
        for item in objects:
            prepared.files[item.path] = f"{item.uri} of table {scan.table.full_name}"
    return prepared


def _partitions(scan: Scan, world: World, session: Session) -> list[PartitionInfo]:
    """The partitions that the query's conditions leave, judged by the engine itself."""
    table = scan.table
    if not table.partition_keys:
        return [PartitionInfo((), table.location)]
    if projection.is_projected(table):
        return projection.partitions(scan, session)
    wanted = pruning.between(table.partition_keys, scan.conditions)
    partitions = sorted(world.catalog.partitions(table, wanted), key=lambda part: part.values)
    if wanted is not None:
        return partitions
    rows = [part.values for part in partitions]
    chosen = pruning.kept(rows, table.partition_keys, scan.conditions, session)
    return [partitions[at] for at in chosen]


def _relation(
    scan: Scan,
    found: list[tuple[PartitionInfo, StoredObject]],
    reading: Reading,
) -> str:
    """The subquery that stands in a slot: all columns, the partition's from the catalog."""
    table, keys = scan.table, scan.table.partition_keys
    hidden = [name for name in HIDDEN_COLUMNS if name in scan.columns]
    if not reading.sources:
        columns = ", ".join(
            f"CAST(NULL AS {column.type.duckdb}) AS {quote(column.name)}"
            for column in (*table.columns, *keys, *map(_hidden_column, hidden))
        )
        return f"(SELECT {columns} WHERE FALSE)"
    values = {item.path: part.values for part, item in found}
    shown = {item.path: _hidden_values(table, part, item) for part, item in found} if hidden else {}
    selects = []
    for source in reading.sources:
        parts = list(source.columns)
        for at, key in enumerate(keys):
            texts = [values[path][at] for path in source.paths]
            parts.append(f"{_partition_column(texts, key.type.duckdb)} AS {quote(key.name)}")
        for name in hidden:
            texts = [shown[path][name] for path in source.paths]
            kind = HIDDEN_COLUMNS[name].duckdb
            parts.append(f"{_partition_column(texts, kind)} AS {quote(name)}")
        selects.append(f"SELECT {', '.join(parts)} FROM {source.relation}")
    return f"({' UNION ALL '.join(selects)})"


def _hidden_column(name: str) -> StoredColumn:
    return StoredColumn(name, HIDDEN_COLUMNS[name])


def _hidden_values(table: TableInfo, part: PartitionInfo, item: StoredObject) -> dict[str, str]:
    names = (key.name for key in table.partition_keys)
    pairs = zip(names, part.values, strict=True)
    return {
        "$path": item.uri,
        "$file_size": str(item.size),
        "$file_modified_time": item.modified,
        "$partition": "/".join(f"{name}={value}" for name, value in pairs),
    }


def _partition_column(texts: list[str], kind: str) -> str:
    if len(set(texts)) == 1:
        return f"CAST({pruning.value(texts[0])} AS {kind})"
    listed = ", ".join(map(pruning.value, texts))
    return f"CAST(([{listed}])[CAST(file_index AS BIGINT) + 1] AS {kind})"
