"""The Glue catalog: the published tables and the one update that publishes a day."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from dayfold.adapters.aws import error_code, raise_if_throttled
from dayfold.domain.schema_changes import glue_type, refusal
from dayfold.errors import RetriableError, SchemaRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mypy_boto3_glue import GlueClient

    from dayfold.domain.table import Table

BUILD_DATABASE = "build"  # the temporary tables of CTAS
# A table is looked at so often only: a backfill would ask for the same few at every day it builds.
_SEEN_SECONDS = 30.0
_GET_BATCH = 1000  # BatchGetPartition's limit
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
    # What the build wrote, name to type, and its partition declares; nothing: the table's own.
    columns: Mapping[str, str] | None = None


class Catalog:
    """Creates published tables and points their partitions at builds."""

    def __init__(self, glue: GlueClient, bucket: str) -> None:
        self._glue = glue
        self._bucket = bucket
        self._seen: dict[str, tuple[float, dict[str, Any]]] = {}  # table -> when, and as what
        self._grows: set[str] = set()  # tables whose last days were new: creating comes first

    def columns(self, databases: Iterable[str]) -> dict[str, dict[str, str]]:
        """The columns, with the catalog's types, of every table of some databases."""
        pages = self._glue.get_paginator("get_tables")
        return {
            f"{database}.{one['Name']}": {name: kind for name, kind, _ in _columns(one)}
            for database in databases
            for page in pages.paginate(DatabaseName=database)
            for one in page["TableList"]
        }

    def columns_of(self, name: str) -> dict[str, str] | None:
        """The columns, with the catalog's types, of `database.table`; None if it is not there."""
        database, _, short = name.partition(".")
        try:
            found = self._glue.get_table(DatabaseName=database, Name=short)
        except ClientError as error:
            if error_code(error) == "EntityNotFoundException":
                return None
            raise
        return {name: kind for name, kind, _ in _columns(found["Table"])}

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
            self._seen[table.name] = (time.monotonic(), wanted)
            return
        current = found["Table"]
        seen = {name: kind for name, kind, _ in _columns(current)}
        if not rebuild and (refused := refusal(table, seen)):
            raise SchemaRefusedError(refused)
        same_columns = _columns(current) == _columns(wanted)
        if not same_columns or current.get("Description", "") != wanted["Description"]:
            self._glue.update_table(DatabaseName=table.database, TableInput=wanted)  # type: ignore[arg-type]
        self._seen[table.name] = (time.monotonic(), wanted)

    def publish(
        self,
        table: Table,
        builds: Mapping[dt.date, Place],
        *,
        rebuild: bool = True,
        may_write: Callable[[], bool] = lambda: True,
    ) -> bool:
        """Point each day's partition at a build: for a reader, one step a day.

        Args:
            table: the published table.
            builds: where each day is to point.
            rebuild: whether somebody has asked for what takes a column away.
            may_write: asked before each write that readers see.

        Returns:
            False if `may_write` said no; days of an earlier write stay pointed.

        Raises:
            SchemaRefusedError: as `ensure_table`.
            RetriableError: the catalog refused some of the partitions; the same call again is
                harmless.
        """
        when, seen = self._seen.get(table.name, (0.0, {}))
        if seen != self._table_input(table) or time.monotonic() > when + _SEEN_SECONDS:
            self.ensure_table(table, rebuild=rebuild)
        try:
            return self._point(table, builds, may_write)
        except ClientError as error:
            if error_code(error) != "EntityNotFoundException":
                raise
            self.ensure_table(table)  # it was dropped since it was last seen
            return self._point(table, builds, may_write)

    def repoint(self, table: Table, builds: Mapping[dt.date, Place]) -> None:
        """Point published days at earlier builds; the table and its columns stay as they are.

        A build whose columns are not on record is declared with the table's own.

        Raises:
            RetriableError: the catalog refused some of the partitions; the same call again is
                harmless.
        """
        if not all(place.columns for place in builds.values()):
            columns = self.columns_of(table.name) or {}
            builds = {
                day: place if place.columns else place._replace(columns=columns)
                for day, place in builds.items()
            }
        days = sorted(builds)
        for start in range(0, len(days), _BATCH):
            inputs = {
                str(day): self._partition_input(table, day, builds[day])
                for day in days[start : start + _BATCH]
            }
            if refused := self._update(table, inputs):
                raise RetriableError(f"the catalog did not take {table.name} {min(refused)}")

    def _point(
        self, table: Table, builds: Mapping[dt.date, Place], may_write: Callable[[], bool]
    ) -> bool:
        update, create = self._update, self._create_partitions
        attempts = (create, update) if table.name in self._grows else (update, create, update)
        self._grows.discard(table.name)
        days = sorted(builds)
        for start in range(0, len(days), _BATCH):
            inputs = {
                str(day): self._partition_input(table, day, builds[day])
                for day in days[start : start + _BATCH]
            }
            for attempt in attempts:
                if not may_write():
                    return False
                left = attempt(table, inputs)
                if attempt == create and len(left) < len(inputs):
                    self._grows.add(table.name)
                inputs = left
                if not inputs:
                    break
            else:
                raise RetriableError(
                    f"the catalog did not take {table.name} {', '.join(sorted(inputs))}"
                )
        return True

    def locations(self, table: str, days: Iterable[dt.date]) -> dict[dt.date, str]:
        """Where the partitions of a table point, of those of `days` that it has."""
        database, _, name = table.partition(".")
        wanted, found = sorted(days), {}
        for start in range(0, len(wanted), _GET_BATCH):
            values: Any = [{"Values": [str(day)]} for day in wanted[start : start + _GET_BATCH]]
            try:
                answer = self._glue.batch_get_partition(
                    DatabaseName=database, TableName=name, PartitionsToGet=values
                )
            except ClientError as error:
                raise_if_throttled(error)
                if error_code(error) == "EntityNotFoundException":
                    return {}
                raise
            for one in answer.get("Partitions", []):
                day = dt.date.fromisoformat(one["Values"][0])
                found[day] = one.get("StorageDescriptor", {}).get("Location", "")
        return found

    def build_tables(self) -> dict[str, dt.datetime]:
        """The temporary tables of builds, with the moment at which each was made."""
        pages = self._glue.get_paginator("get_tables").paginate(DatabaseName=BUILD_DATABASE)
        return {one["Name"]: one["CreateTime"] for page in pages for one in page["TableList"]}

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
        storage = _storage(table)
        if place.columns:
            comments = {column.name: column.comment for column in table.columns}
            storage["Columns"] = [
                {"Name": name, "Type": kind, "Comment": comments.get(name, "")}
                for name, kind in place.columns.items()
            ]
        return {
            "Values": [str(day)],
            "StorageDescriptor": {**storage, "Location": place.location},
            "Parameters": {"dayfold.build_id": place.build_id},
        }


def _storage(table: Table) -> dict[str, Any]:
    columns = [
        {"Name": column.name, "Type": glue_type(column.type), "Comment": column.comment}
        for column in table.columns
    ]
    return {**_PARQUET, "Columns": columns}


def _columns(table: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    columns = table.get("StorageDescriptor", {}).get("Columns", [])
    return [(one["Name"], one["Type"], one.get("Comment", "")) for one in columns]
