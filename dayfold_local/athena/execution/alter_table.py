"""ALTER TABLE: columns, properties, locations. Partitions added and dropped: `partition_ddl`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError

from dayfold_local.athena.errors import QueryFailure, not_supported
from dayfold_local.athena.execution import partition_ddl
from dayfold_local.athena.sql_types import parse_type

if TYPE_CHECKING:
    from dayfold_local.athena.catalog.ports import World
    from dayfold_local.athena.catalog.tables import TableInfo

_COLUMNS: Final = re.compile(r"(ADD|REPLACE)\s+COLUMNS\s*\((.*)\)", re.IGNORECASE | re.DOTALL)
_PROPERTIES: Final = re.compile(r"SET\s+TBLPROPERTIES\s*\((.*)\)", re.IGNORECASE | re.DOTALL)
_LOCATION: Final = re.compile(
    r"(?:PARTITION\s*\(([^)]*)\)\s*)?SET\s+LOCATION\s+'([^']*)'", re.IGNORECASE
)
_RENAME: Final = re.compile(
    r"PARTITION\s*\(([^)]*)\)\s*RENAME\s+TO\s+PARTITION\s*\(([^)]*)\)", re.IGNORECASE
)
_PAIR: Final = re.compile(r"'((?:[^']|'')*)'\s*=\s*'((?:[^']|'')*)'")
# What UpdateTable takes of what GetTable gives.
_INPUT: Final = (
    "Name", "Description", "Owner", "Retention", "StorageDescriptor", "PartitionKeys",
    "ViewOriginalText", "ViewExpandedText", "TableType", "Parameters",
)  # fmt: skip


def alter(world: World, table: TableInfo, clause: str) -> None:
    """One clause behind ALTER TABLE and the name."""
    if table.view is not None:
        raise QueryFailure("FAILED", f"Cannot alter the view {table.full_name}", bare=True)
    if match := _COLUMNS.fullmatch(clause):
        _columns(world, table, match.group(1).upper(), match.group(2))
    elif match := _PROPERTIES.fullmatch(clause):
        pairs: list[tuple[str, str]] = _PAIR.findall(match.group(1))
        given = {k.replace("''", "'"): v.replace("''", "'") for k, v in pairs}
        if not given:
            raise not_supported(f"ALTER TABLE {clause}")
        _update(world, table, {"Parameters": table.parameters | given})
    elif match := _LOCATION.fullmatch(clause):
        _locate(world, table, match.group(1), match.group(2))
    elif match := _RENAME.fullmatch(clause):
        _rename(world, table, match.group(1), match.group(2))
    elif re.match(r"(ADD|DROP)\s.*PARTITION", clause, re.IGNORECASE | re.DOTALL):
        partition_ddl.alter(world, table, clause)
    else:
        raise not_supported(f"ALTER TABLE {clause}")


def _update(world: World, table: TableInfo, changes: dict[str, Any]) -> None:
    kept = {key: table.raw[key] for key in _INPUT if key in table.raw}
    body = {"DatabaseName": table.database, "TableInput": kept | changes}
    world.catalog.change("UpdateTable", table.database, table.name, body)


def _columns(world: World, table: TableInfo, word: str, text: str) -> None:
    try:
        tree = sqlglot.parse_one(f"CREATE TABLE t ({text})", read="hive")
    except ParseError as error:
        raise QueryFailure(
            "FAILED", f"ParseException: {error.errors[0]['description']}", bare=True
        ) from None
    new = []
    for node in tree.this.expressions:
        if not isinstance(node, exp.ColumnDef) or node.kind is None:
            raise not_supported(f"the column {node.sql(dialect='hive')}")
        column = {"Name": node.name.lower(), "Type": parse_type(node.kind.sql("hive")).hive}
        comment = node.find(exp.CommentColumnConstraint)
        new.append({**column, **({"Comment": comment.this.name} if comment is not None else {})})
    storage = dict(table.raw.get("StorageDescriptor") or {})
    old = list(storage.get("Columns") or []) if word == "ADD" else []
    taken = {item["Name"].lower() for item in [*old, *table.raw.get("PartitionKeys", [])]}
    for column in new:
        if column["Name"] in taken:
            raise QueryFailure("FAILED", f"Duplicate column name: {column['Name']}", bare=True)
        taken.add(column["Name"])
    _update(world, table, {"StorageDescriptor": {**storage, "Columns": [*old, *new]}})


def _locate(world: World, table: TableInfo, spec: str | None, location: str) -> None:
    if not location.startswith("s3://"):
        raise QueryFailure("FAILED", f"The location must be an s3:// path: {location}", bare=True)
    if spec is None:
        storage = dict(table.raw.get("StorageDescriptor") or {})
        _update(world, table, {"StorageDescriptor": {**storage, "Location": location}})
        return
    _replace(world, table, partition_ddl.values_of(table, spec), None, location)


def _rename(world: World, table: TableInfo, old: str, new: str) -> None:
    values, renamed = (partition_ddl.values_of(table, spec) for spec in (old, new))
    known = {part.values for part in world.catalog.partitions(table)}
    if renamed in known:
        raise QueryFailure(
            "FAILED", f"Partition already exists: {list(renamed)} of {table.full_name}", bare=True
        )
    _replace(world, table, values, renamed, None)


def _replace(
    world: World,
    table: TableInfo,
    values: tuple[str, ...],
    renamed: tuple[str, ...] | None,
    location: str | None,
) -> None:
    found = next((p for p in world.catalog.partitions(table) if p.values == values), None)
    if found is None:
        raise QueryFailure(
            "FAILED", f"Partition does not exist: {list(values)} of {table.full_name}", bare=True
        )
    template = dict(table.raw.get("StorageDescriptor") or {})
    entry = {
        "PartitionValueList": list(values),
        "PartitionInput": {
            "Values": list(renamed or values),
            "StorageDescriptor": {**template, "Location": location or found.location},
        },
    }
    body = {"DatabaseName": table.database, "TableName": table.name, "Entries": [entry]}
    world.catalog.change("BatchUpdatePartition", table.database, table.name, body)
