"""What a CTAS leaves in Glue: the table and its partitions."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from dayfold_local.athena.catalog.tables import SERDE_CLASSES

if TYPE_CHECKING:
    from dayfold_local.athena.execution.ctas import Target
    from dayfold_local.athena.execution.job import Job
    from dayfold_local.athena.sql_types import Type


def storage(
    columns: list[tuple[str, Type]], location: str, stored: str = "PARQUET"
) -> dict[str, object]:
    """A Glue StorageDescriptor."""
    serde, reads, writes = SERDE_CLASSES[stored]
    return {
        "Columns": [{"Name": name, "Type": kind.hive} for name, kind in columns],
        "Location": location,
        "InputFormat": reads,
        "OutputFormat": writes,
        "Compressed": False,
        "NumberOfBuckets": -1,
        "SerdeInfo": {"SerializationLibrary": serde, "Parameters": {"serialization.format": "1"}},
        "StoredAsSubDirectories": False,
    }


def create_table(job: Job, target: Target, columns: list[tuple[str, Type]]) -> None:
    """Puts the new table into the catalog."""
    stored = [item for item in columns if item[0] not in target.partitioned_by]
    keys = [item for item in columns if item[0] in target.partitioned_by]
    body = {
        "DatabaseName": target.database,
        "TableInput": {
            "Name": target.name,
            "TableType": "EXTERNAL_TABLE",
            "StorageDescriptor": storage(stored, target.location),
            "PartitionKeys": [{"Name": name, "Type": kind.hive} for name, kind in keys],
            "Parameters": {
                "EXTERNAL": "TRUE",
                "has_encrypted_data": "false",
                "auto.purge": "false",
                "numFiles": "-1",
                "numRows": "-1",
                "rawDataSize": "-1",
                "totalSize": "-1",
                "transactional": "false",
                "parquet.compression": target.compression,
            },
        },
    }
    job.world.catalog.change("CreateTable", target.database, target.name, body)


def add_partitions(
    job: Job,
    target: Target,
    columns: list[tuple[str, Type]],
    files: list[str],
) -> None:
    """Puts a partition into the catalog for each folder that was written."""
    if not target.partitioned_by:
        return
    stored = [item for item in columns if item[0] not in target.partitioned_by]
    folders = sorted({name.rpartition("/")[0] for name in files})
    inputs = [
        {
            "Values": [unquote(part.partition("=")[2]) for part in folder.split("/")],
            "StorageDescriptor": storage(stored, f"{target.location}{folder}"),
        }
        for folder in folders
    ]
    if inputs:
        job.world.catalog.change(
            "BatchCreatePartition",
            target.database,
            target.name,
            {
                "DatabaseName": target.database,
                "TableName": target.name,
                "PartitionInputList": inputs,
            },
        )
