"""What a CTAS or INSERT leaves in Glue: the table and its partitions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dayfold_local.athena.catalog.tables import SERDE_CLASSES
from dayfold_local.athena.execution import writing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dayfold_local.athena.execution.ctas import Target
    from dayfold_local.athena.execution.job import Job
    from dayfold_local.athena.execution.layouts import Layout
    from dayfold_local.athena.sql_types import Type

_COMPRESSION_KEYS: Final = {"PARQUET": "parquet.compression", "ORC": "orc.compress"}


def storage(columns: list[tuple[str, Type]], location: str, layout: Layout) -> dict[str, object]:
    """A Glue StorageDescriptor."""
    serde, reads, writes = SERDE_CLASSES[layout.format]
    parameters = {"serialization.format": "1"}
    if layout.format == "TEXTFILE":
        parameters = {"serialization.format": layout.delimiter, "field.delim": layout.delimiter}
    return {
        "Columns": [{"Name": name, "Type": kind.hive} for name, kind in columns],
        "Location": location,
        "InputFormat": reads,
        "OutputFormat": writes,
        "Compressed": False,
        "NumberOfBuckets": layout.buckets or -1,
        "BucketColumns": list(layout.bucketed_by),
        "SerdeInfo": {"SerializationLibrary": serde, "Parameters": parameters},
        "StoredAsSubDirectories": False,
    }


def create_table(job: Job, target: Target, columns: list[tuple[str, Type]]) -> None:
    """Puts the new table into the catalog."""
    layout = target.layout
    stored = [item for item in columns if item[0] not in layout.partitioned_by]
    keys = [item for item in columns if item[0] in layout.partitioned_by]
    body = {
        "DatabaseName": target.database,
        "TableInput": {
            "Name": target.name,
            "TableType": "EXTERNAL_TABLE",
            "StorageDescriptor": storage(stored, target.location, layout),
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
                _COMPRESSION_KEYS.get(layout.format, "write.compression"): layout.compression,
            },
        },
    }
    job.world.catalog.change("CreateTable", target.database, target.name, body)


def add_partitions(
    job: Job,
    target: Target,
    columns: list[tuple[str, Type]],
    partitions: Iterable[tuple[str, ...]],
) -> None:
    """Puts the partitions of a new table into the catalog."""
    layout = target.layout
    if not layout.partitioned_by:
        return
    stored = [item for item in columns if item[0] not in layout.partitioned_by]
    inputs: list[dict[str, Any]] = []
    for values in sorted(partitions):
        location = target.location + writing.folder(layout.partitioned_by, values)
        descriptor = storage(stored, location.rstrip("/"), layout)
        inputs.append({"Values": list(values), "StorageDescriptor": descriptor})
    if inputs:
        body = {
            "DatabaseName": target.database,
            "TableName": target.name,
            "PartitionInputList": inputs,
        }
        job.world.catalog.change("BatchCreatePartition", target.database, target.name, body)
