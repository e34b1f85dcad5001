"""The Glue catalog: the published tables and the one update that publishes a day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from dayfold.adapters.aws import error_code, raise_if_throttled
from dayfold.domain.schema_changes import glue_type, refusal
from dayfold.errors import RetriableError, SchemaRefusedError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping

    from mypy_boto3_glue import GlueClient

    from dayfold.domain.table import Table

BUILD_DATABASE = "build"  # the temporary tables of CTAS
_BATCH = 100  # BatchCreatePartition's and BatchUpdatePartition's limit
_PARQUET = {
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "SerdeInfo": {
        "SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
    },
}


class Place(NamedTuple):
    """Where a day's build is: what a partition points at."""

    location: str  # s3://bucket/builds/.../dt=DAY/
    build_id: str


class Catalog:
    """Creates published tables and points their partitions at builds."""

    def __init__(self, glue: GlueClient, bucket: str) -> None:
        self._glue = glue
        self._bucket = bucket

    def columns(self, databases: Iterable[str]) -> dict[str, dict[str, str]]:
        """The columns, with the catalog's types, of every table of some databases."""
        pages = self._glue.get_paginator("get_tables")
        return {
            f"{database}.{one['Name']}": {name: kind for name, kind, _ in _columns(one)}
            for database in databases
            for page in pages.paginate(DatabaseName=database)
            for one in page["TableList"]
        }

    def ensure_table(self, table: Table, *, rebuild: bool = True) -> None:
        """Create the published table, or bring its columns and comments up to its query.

        Raises:
            SchemaRefusedError: readers would lose a column, or see another type, and nobody has
                asked for a rebuild.
        """
        wanted = self._table_input(table)
        try:
            found = self._glue.get_table(DatabaseName=table.database, Name=table.short_name)
        except ClientError as error:
            if error_code(error) != "EntityNotFoundException":
                raise
            self._create(table.database, wanted)
            return
        current = found["Table"]
        seen = {name: kind for name, kind, _ in _columns(current)}
        if not rebuild and (refused := refusal(table, seen)):
            raise SchemaRefusedError(refused)
        same_columns = _columns(current) == _columns(wanted)
        if not same_columns or current.get("Description", "") != wanted["Description"]:
            self._glue.update_table(DatabaseName=table.database, TableInput=wanted)  # type: ignore[arg-type]

    def publish(
        self, table: Table, builds: Mapping[dt.date, Place], *, rebuild: bool = True
    ) -> None:
        """Point each day's partition at a build: for a reader, one step a day.

        Raises:
            SchemaRefusedError: as `ensure_table`.
            RetriableError: the catalog refused some of the partitions; the same call again is
                harmless.
        """
        self.ensure_table(table, rebuild=rebuild)
        days = sorted(builds)
        for start in range(0, len(days), _BATCH):
            inputs = {
                str(day): self._partition_input(table, day, builds[day])
                for day in days[start : start + _BATCH]
            }
            for attempt in (self._update, self._create_partitions, self._update):
                inputs = attempt(table, inputs)
                if not inputs:
                    break
            else:
                raise RetriableError(
                    f"the catalog did not take {table.name} {', '.join(sorted(inputs))}"
                )

    def drop_build_table(self, name: str) -> None:
        """Forget a build's temporary table; its files stay."""
        try:
            self._glue.delete_table(DatabaseName=BUILD_DATABASE, Name=name)
        except ClientError as error:
            raise_if_throttled(error)
            if error_code(error) != "EntityNotFoundException":
                raise

    def _create(self, database: str, table_input: dict[str, Any]) -> None:
        try:
            self._glue.create_table(DatabaseName=database, TableInput=table_input)  # type: ignore[arg-type]
        except ClientError as error:
            if error_code(error) != "AlreadyExistsException":  # another build was first
                raise

    def _update(self, table: Table, inputs: dict[str, Any]) -> dict[str, Any]:
        """Update existing partitions; returns those that do not exist yet."""
        answer = self._glue.batch_update_partition(
            DatabaseName=table.database,
            TableName=table.short_name,
            Entries=[
                {"PartitionValueList": [day], "PartitionInput": value}
                for day, value in inputs.items()
            ],
        )
        # Glue reports failures of a batch in the answer's body, not as exceptions.
        failed = {error["PartitionValueList"][0] for error in answer.get("Errors", [])}
        return {day: value for day, value in inputs.items() if day in failed}

    def _create_partitions(self, table: Table, inputs: dict[str, Any]) -> dict[str, Any]:
        """Create partitions; returns those that exist by now."""
        answer = self._glue.batch_create_partition(
            DatabaseName=table.database,
            TableName=table.short_name,
            PartitionInputList=list(inputs.values()),
        )
        failed = {error["PartitionValues"][0] for error in answer.get("Errors", [])}
        return {day: value for day, value in inputs.items() if day in failed}

    def _table_input(self, table: Table) -> dict[str, Any]:
        return {
            "Name": table.short_name,
            "Description": table.description,
            "Owner": table.owner,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {"classification": "parquet", "EXTERNAL": "TRUE"},
            "PartitionKeys": [{"Name": "dt", "Type": "string", "Comment": "the business day"}],
            "StorageDescriptor": {
                **_storage(table),
                "Location": f"s3://{self._bucket}/builds/{table.name}/",
            },
        }

    @staticmethod
    def _partition_input(table: Table, day: dt.date, place: Place) -> dict[str, Any]:
        return {
            "Values": [str(day)],
            "StorageDescriptor": {**_storage(table), "Location": place.location},
            "Parameters": {"dayfold.build_id": place.build_id},
        }


def _storage(table: Table) -> dict[str, Any]:
    columns = [
        {"Name": column.name, "Type": glue_type(column.type), "Comment": column.comment}
        for column in table.columns
    ]
    return {**_PARQUET, "Columns": columns}


def _columns(table: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    columns = table["StorageDescriptor"]["Columns"]
    return [(one["Name"], one["Type"], one.get("Comment", "")) for one in columns]
