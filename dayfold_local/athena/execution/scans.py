"""Filling a query's table slots: which partitions, which files, and how the engine reads them."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Final

from dayfold_local.athena.catalog.tables import PartitionInfo, StoredColumn
from dayfold_local.athena.execution import (
    partition_schemas,
    projection,
    pruning,
    readers,
    unpacking,
)
from dayfold_local.athena.execution.sources import FOLDERS, NO_FOLDERS
from dayfold_local.athena.sql_types import quote
from dayfold_local.athena.translation.scope import HIDDEN_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from dayfold_local.athena.catalog.ports import StoredObject, World
    from dayfold_local.athena.catalog.tables import TableInfo
    from dayfold_local.athena.execution.engine import Session
    from dayfold_local.athena.execution.sources import Reading
    from dayfold_local.athena.translation.queries import Translated
    from dayfold_local.athena.translation.scope import Scan


_PLAIN: Final = re.compile(r"[0-9A-Za-z]+(?:[-.][0-9A-Za-z]+)*")


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
        parts, relation = list(source.columns), source.relation
        names = [key.name for key in keys]
        # A file's number, by which hidden columns are told, is another where the engine leaves
        # files out, as it does by their folders.
        may_tell = relation.endswith(NO_FOLDERS) and not hidden
        in_folders = may_tell and _are_in_folders(source.paths, names, values)
        if in_folders:
            relation = relation.removesuffix(NO_FOLDERS) + FOLDERS
        for at, key in enumerate(keys):
            texts = [values[path][at] for path in source.paths]
            told = quote(key.name) if in_folders else None
            column = _partition_column(texts, key.type.duckdb, told)
            parts.append(f"{column} AS {quote(key.name)}")
        for name in hidden:
            texts = [shown[path][name] for path in source.paths]
            kind = HIDDEN_COLUMNS[name].duckdb
            parts.append(f"{_partition_column(texts, kind)} AS {quote(name)}")
        selects.append(f"SELECT {', '.join(parts)} FROM {relation}")
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


def _are_in_folders(
    paths: Sequence[str], keys: Sequence[str], values: Mapping[str, tuple[str, ...]]
) -> bool:
    """Whether each file's folders tell its partition's values, as they are, and nothing else.

    Then the engine takes them from there: a condition on them is no work for each row.
    """
    for path in paths:
        told = [part for part in path.split("/") if "=" in part]
        if told != [f"{key}={value}" for key, value in zip(keys, values[path], strict=True)]:
            return False
        if not all(map(_PLAIN.fullmatch, values[path])):
            return False
    return True


def _partition_column(texts: list[str], kind: str, told: str | None = None) -> str:
    """The values of files' partitions; `told` is the column that the engine has for them."""
    if len(set(texts)) == 1:
        return f"CAST({pruning.value(texts[0])} AS {kind})"
    if told is not None:
        return f"CAST({told} AS {kind})"
    listed = ", ".join(map(pruning.value, texts))
    return f"CAST(([{listed}])[CAST(file_index AS BIGINT) + 1] AS {kind})"
