"""Partitions by statement: MSCK REPAIR, ALTER TABLE ADD/DROP PARTITION, SHOW PARTITIONS."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from dayfold_local.athena.errors import QueryFailure, not_supported

if TYPE_CHECKING:
    from dayfold_local.athena.catalog.ports import World
    from dayfold_local.athena.catalog.tables import TableInfo

_SPEC: Final = re.compile(r"PARTITION\s*\(([^)]*)\)(?:\s+LOCATION\s+'([^']*)')?", re.IGNORECASE)
_PAIR: Final = re.compile(r"[`\"]?(\w+)[`\"]?\s*=\s*(?:'((?:[^']|'')*)'|(-?\d+))")
_BATCH: Final = 100


def shown(world: World, table: TableInfo) -> list[list[str]]:
    """The partitions as `dt=2004-05-20`, one a row."""
    listed = sorted(part.values for part in world.catalog.partitions(table))
    keys = [key.name for key in table.partition_keys]
    return [["/".join(f"{k}={v}" for k, v in zip(keys, row, strict=True))] for row in listed]


def repair(world: World, table: TableInfo) -> list[list[str]]:
    """Adds a partition for each folder `key=value/` under the table that has none yet."""
    keys = [key.name for key in table.partition_keys]
    if not keys:
        raise QueryFailure(
            "FAILED", f"Table {table.full_name} is not a partitioned table", bare=True
        )
    known = {part.values for part in world.catalog.partitions(table)}
    root = table.location.rstrip("/") + "/"
    found: dict[tuple[str, ...], str] = {}
    for item in world.store.list(root):
        folders = item.uri.removeprefix(root).split("/")[: len(keys)]
        pairs = [folder.partition("=") for folder in folders]
        if len(pairs) == len(keys) and [pair[0].lower() for pair in pairs] == keys:
            found[tuple(unquote(pair[2]) for pair in pairs)] = root + "/".join(folders)
    missing = sorted(values for values in found if values not in known)
    add(world, table, [(values, found[values]) for values in missing])
    if not missing:
        return []
    names = [":".join(f"{k}={v}" for k, v in zip(keys, row, strict=True)) for row in missing]
    listed = "\t".join(f"{table.name}:{name}" for name in names)
    repaired = [[f"Repair: Added partition to metastore {table.name}:{name}"] for name in names]
    return [[f"Partitions not in metastore:\t{listed}"], *repaired]


def add(world: World, table: TableInfo, partitions: list[tuple[tuple[str, ...], str]]) -> None:
    """Puts partitions into the catalog, a hundred a call."""
    template = dict(table.raw.get("StorageDescriptor") or {})
    for start in range(0, len(partitions), _BATCH):
        inputs = [
            {"Values": list(values), "StorageDescriptor": {**template, "Location": location}}
            for values, location in partitions[start : start + _BATCH]
        ]
        body = {
            "DatabaseName": table.database,
            "TableName": table.name,
            "PartitionInputList": inputs,
        }
        world.catalog.change("BatchCreatePartition", table.database, table.name, body)


def alter(world: World, table: TableInfo, clause: str) -> None:
    """ADD or DROP, with one or many PARTITION (...) behind it."""
    adding = clause[:3].upper() == "ADD"
    lenient = re.match(r"\w+\s+IF\s+(NOT\s+)?EXISTS", clause, re.IGNORECASE) is not None
    known = {part.values for part in world.catalog.partitions(table)}
    specs = [(values_of(table, text), location) for text, location in _SPEC.findall(clause)]
    if not specs:
        raise not_supported(f"ALTER TABLE {clause}")
    wrong = [values for values, _ in specs if (values in known) == adding]
    if wrong and not lenient:
        what = "already exists" if adding else "does not exist"
        raise QueryFailure(
            "FAILED", f"Partition {what}: {list(wrong[0])} of {table.full_name}", bare=True
        )
    wanted = [(values, location) for values, location in specs if values not in wrong]
    if adding:
        add(
            world,
            table,
            [(values, location or _default(table, values)) for values, location in wanted],
        )
        return
    for values, _ in wanted:
        body = {
            "DatabaseName": table.database,
            "TableName": table.name,
            "PartitionValues": list(values),
        }
        world.catalog.change("DeletePartition", table.database, table.name, body)


def values_of(table: TableInfo, text: str) -> tuple[str, ...]:
    """A partition's values from `dt = '2020-01-01'`, in the order of the table's keys."""
    given = {
        name.lower(): quoted.replace("''", "'") or number
        for name, quoted, number in _PAIR.findall(text)
    }
    keys = [key.name for key in table.partition_keys]
    if set(given) != set(keys):
        raise QueryFailure(
            "FAILED",
            f"Partition spec ({text}) of {table.full_name} must name {', '.join(keys)}",
            bare=True,
        )
    return tuple(given[key] for key in keys)


def _default(table: TableInfo, values: tuple[str, ...]) -> str:
    keys = (key.name for key in table.partition_keys)
    tail = "/".join(f"{k}={v}" for k, v in zip(keys, values, strict=True))
    return f"{table.location.rstrip('/')}/{tail}"
