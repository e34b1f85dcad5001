"""Tables in Glue with all that Hive's readers look at, which a Trino server needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.local_athena.client import JSON_SERDE, PARQUET_SERDE

if TYPE_CHECKING:
    from tests.local_athena.client import Client

_PARQUET_FORMATS: Final = (
    "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
)
_TEXT_FORMATS: Final = (
    "org.apache.hadoop.mapred.TextInputFormat",
    "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
)


def table(
    client: Client,
    name: str,
    columns: dict[str, str],
    serde: str = JSON_SERDE,
    keys: dict[str, str] | None = None,
    parameters: dict[str, str] | None = None,
) -> None:
    """A table `database.name` over data/DATABASE/NAME/."""
    database, _, short = name.partition(".")
    reads, writes = _PARQUET_FORMATS if serde == PARQUET_SERDE else _TEXT_FORMATS
    storage = client.storage(columns, f"data/{database}/{short}/", serde, parameters)
    client.glue.create_table(
        DatabaseName=database,
        TableInput={
            "Name": short,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {"EXTERNAL": "TRUE"},
            "PartitionKeys": [{"Name": n, "Type": t} for n, t in (keys or {}).items()],
            "StorageDescriptor": {**storage, "InputFormat": reads, "OutputFormat": writes},
        },
    )


def partition(client: Client, name: str, value: str, location: str) -> None:
    """A partition of such a table, wherever its files are."""
    database, _, short = name.partition(".")
    found = client.glue.get_table(DatabaseName=database, Name=short)["Table"]
    storage = {**found["StorageDescriptor"], "Location": f"s3://{client.bucket}/{location}"}
    client.glue.create_partition(
        DatabaseName=database,
        TableName=short,
        PartitionInput={"Values": [value], "StorageDescriptor": storage},
    )
