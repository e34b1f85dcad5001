"""What SHOW and DESCRIBE answer: names, columns, partitions, and the statements that make them."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Any

from dayfold_local.athena.errors import QueryFailure
from dayfold_local.athena.execution import partition_ddl, select

if TYPE_CHECKING:
    from dayfold_local.athena.catalog.tables import TableInfo
    from dayfold_local.athena.execution.job import Job

Rows = list[list[str]]


def like(name: str, pattern: str | None) -> bool:
    """Whether a name fits Hive's pattern: `a*|b*`."""
    if not pattern:
        return True
    choices = pattern.replace(".*", "*").replace("*", ".*").split("|")
    return any(re.fullmatch(choice, name, re.IGNORECASE) for choice in choices)


def databases(job: Job, pattern: str | None) -> Rows:
    """SHOW DATABASES."""
    listed = sorted(str(item["Name"]) for item in job.world.catalog.databases())
    return [[name] for name in listed if like(name, pattern)]


def tables(job: Job, database: str, pattern: str | None, *, views: bool) -> Rows:
    """SHOW TABLES, SHOW VIEWS."""
    listed = sorted(
        str(item["Name"])
        for item in job.world.catalog.tables(database)
        if not views or item.get("TableType") == "VIRTUAL_VIEW"
    )
    return [[name] for name in listed if like(name, pattern)]


def columns(table: TableInfo) -> Rows:
    """SHOW COLUMNS."""
    return [[f"{column.name:<20}"] for column in (*table.columns, *table.partition_keys)]


def _stored_columns(table: TableInfo) -> list[dict[str, str]]:
    return list((table.raw.get("StorageDescriptor") or {}).get("Columns") or [])


def _keys(table: TableInfo) -> list[dict[str, str]]:
    return list(table.raw.get("PartitionKeys") or [])


def _described(column: dict[str, str]) -> list[str]:
    cells = (column["Name"].lower(), column.get("Type") or "string", column.get("Comment") or "")
    return [f"{cell:<20}" for cell in cells]


def describe(table: TableInfo) -> Rows:
    """DESCRIBE."""
    keys = [_described(column) for column in _keys(table)]
    rows = [*(_described(column) for column in _stored_columns(table)), *keys]
    if not keys:
        return rows
    return [
        *rows,
        ["", "", ""],
        ["# Partition Information", "", ""],
        ["# col_name", "data_type", "comment"],
        ["", "", ""],
        *keys,
    ]


def describe_formatted(table: TableInfo) -> Rows:
    """DESCRIBE FORMATTED: the columns, then what is known of the table and its storage."""
    storage: dict[str, Any] = table.raw.get("StorageDescriptor") or {}
    serde: dict[str, Any] = storage.get("SerdeInfo") or {}
    shown = [
        ["# col_name", "data_type", "comment"],
        ["", "", ""],
        *(_described(column) for column in _stored_columns(table)),
    ]
    if table.partition_keys:
        shown += [["", "", ""], ["# Partition Information", "", ""]]
        shown += [["# col_name", "data_type", "comment"], ["", "", ""]]
        shown += [_described(column) for column in _keys(table)]
    shown += [
        ["", "", ""],
        ["# Detailed Table Information", "", ""],
        ["Database:", table.database, ""],
        ["Location:", table.location, ""],
        ["Table Type:", str(table.raw.get("TableType") or "EXTERNAL_TABLE"), ""],
        ["Table Parameters:", "", ""],
        *(["", key, value] for key, value in sorted(table.parameters.items())),
        ["", "", ""],
        ["# Storage Information", "", ""],
        ["SerDe Library:", str(serde.get("SerializationLibrary") or ""), ""],
        ["InputFormat:", str(storage.get("InputFormat") or ""), ""],
        ["OutputFormat:", str(storage.get("OutputFormat") or ""), ""],
        ["Num Buckets:", str(storage.get("NumberOfBuckets") or -1), ""],
        ["Bucket Columns:", f"[{', '.join(storage.get('BucketColumns') or [])}]", ""],
        ["Storage Desc Params:", "", ""],
        *(["", key, str(value)] for key, value in sorted(table.serde.items())),
    ]
    return shown


def properties(table: TableInfo, name: str | None) -> Rows:
    """SHOW TBLPROPERTIES, all or one."""
    if name is None:
        return [[f"{key}={value}"] for key, value in sorted(table.parameters.items())]
    if name not in table.parameters:
        return [[f"Table {table.full_name} does not have property: {name}"]]
    return [[table.parameters[name]]]


def create_view(table: TableInfo) -> Rows:
    """SHOW CREATE VIEW."""
    if table.view is None:
        raise QueryFailure(
            "NOT_SUPPORTED",
            f"line 1:1: Relation 'awsdatacatalog.{table.full_name}' is a table, not a view",
        )
    text = f"CREATE VIEW {table.full_name} AS\n{table.view.sql.strip()}"
    return [[line] for line in text.splitlines()]


def create_table(table: TableInfo) -> Rows:
    """SHOW CREATE TABLE: Hive's statement that makes the same table."""
    if table.view is not None:
        return create_view(table)
    storage: dict[str, Any] = table.raw.get("StorageDescriptor") or {}
    serde: dict[str, Any] = storage.get("SerdeInfo") or {}
    parts = [f"CREATE EXTERNAL TABLE `{table.name}`({_listed(_stored_columns(table))})"]
    if table.raw.get("Description"):
        parts.append(f"COMMENT {_text(str(table.raw['Description']))}")
    if table.partition_keys:
        parts.append(f"PARTITIONED BY ({_listed(_keys(table))})")
    if storage.get("BucketColumns"):
        names = ", ".join(f"`{name}`" for name in storage["BucketColumns"])
        parts.append(f"CLUSTERED BY ({names}) INTO {storage['NumberOfBuckets']} BUCKETS")
    parts.append(f"ROW FORMAT SERDE\n  {_text(str(serde.get('SerializationLibrary') or ''))}")
    if table.serde:
        parts.append(f"WITH SERDEPROPERTIES ({_pairs(table.serde)})")
    if storage.get("InputFormat"):
        parts.append(
            f"STORED AS INPUTFORMAT\n  {_text(str(storage['InputFormat']))}\nOUTPUTFORMAT\n  "
            f"{_text(str(storage.get('OutputFormat') or ''))}"
        )
    parts.append(f"LOCATION\n  {_text(table.location)}")
    if table.parameters:
        parts.append(f"TBLPROPERTIES ({_pairs(table.parameters)})")
    return [[line] for line in "\n".join(parts).splitlines()]


def _text(value: str) -> str:
    shown = value.replace("\\", "\\\\").replace("'", "\\'")
    return "'" + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in shown) + "'"


def _listed(listed: list[dict[str, str]]) -> str:
    lines = []
    for column in listed:
        comment = f" COMMENT {_text(column['Comment'])}" if column.get("Comment") else ""
        lines.append(f"`{column['Name'].lower()}` {column.get('Type') or 'string'}{comment}")
    return "\n" + textwrap.indent(",\n".join(lines), "  ")


def _pairs(given: dict[str, str]) -> str:
    lines = [f"{_text(key)}={_text(str(value))}" for key, value in sorted(given.items())]
    return "\n" + textwrap.indent(",\n".join(lines), "  ")


def partitions(job: Job, database: str, name: str) -> Rows:
    """SHOW PARTITIONS."""
    table = select.find_table(job.world, database, name, None)
    if not table.partition_keys:
        raise QueryFailure(
            "FAILED",
            "FAILED: Execution Error, return code 1 from DDLTask. Table "
            f"{table.full_name} is not a partitioned table",
            bare=True,
        )
    return partition_ddl.shown(job.world, table)
