"""The Glue catalog through Glue's own API, with the crawler's role."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from dayfold_local.crawler.spec import CrawlError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mypy_boto3_glue import GlueClient

    Values = tuple[str, ...]

WRITTEN_AT_ONCE = 100  # by BatchCreatePartition and BatchUpdatePartition
DELETED_AT_ONCE = 25  # by BatchDeletePartition
_TABLE_INPUT = (
    "Name", "Description", "Owner", "Retention", "StorageDescriptor", "PartitionKeys",
    "TableType", "Parameters",
)  # fmt: skip


class Catalog:
    """One database of the catalog."""

    def __init__(self, glue: GlueClient, database: str) -> None:
        self._glue = glue
        self._database = database

    def tables(self) -> dict[str, Any]:
        """Every table, by name."""
        pages = self._glue.get_paginator("get_tables").paginate(DatabaseName=self._database)
        return {table["Name"]: table for page in pages for table in page["TableList"]}

    def partitions(self, table: str) -> dict[Values, Any]:
        """Every partition of a table, by its values."""
        pages = self._glue.get_paginator("get_partitions").paginate(
            DatabaseName=self._database, TableName=table
        )
        return {tuple(item["Values"]): item for page in pages for item in page["Partitions"]}

    def create_table(self, table: dict[str, Any]) -> None:
        """Creates a table."""
        self._glue.create_table(DatabaseName=self._database, TableInput=_table_input(table))

    def update_table(self, table: dict[str, Any]) -> None:
        """Replaces a table's definition."""
        self._glue.update_table(DatabaseName=self._database, TableInput=_table_input(table))

    def delete_table(self, table: str) -> None:
        """Deletes a table with its partitions; the files stay."""
        self._glue.delete_table(DatabaseName=self._database, Name=table)

    def create_partitions(self, table: str, inputs: Iterable[Any]) -> None:
        """Adds partitions."""
        for batch in _batches(inputs):
            answer = self._glue.batch_create_partition(
                DatabaseName=self._database, TableName=table, PartitionInputList=list(batch)
            )
            _refuse(table, answer.get("Errors", []))

    def update_partitions(self, table: str, inputs: Iterable[Any]) -> None:
        """Replaces partitions."""
        for batch in _batches(inputs):
            answer = self._glue.batch_update_partition(
                DatabaseName=self._database,
                TableName=table,
                Entries=[
                    {"PartitionValueList": item["Values"], "PartitionInput": item} for item in batch
                ],
            )
            _refuse(table, answer.get("Errors", []))

    def delete_partitions(self, table: str, gone: Iterable[Values]) -> None:
        """Deletes partitions; the files stay."""
        for batch in _batches(gone, DELETED_AT_ONCE):
            answer = self._glue.batch_delete_partition(
                DatabaseName=self._database,
                TableName=table,
                PartitionsToDelete=[{"Values": list(values)} for values in batch],
            )
            _refuse(table, answer.get("Errors", []))


def _table_input(table: dict[str, Any]) -> Any:  # noqa: ANN401 - the stubs' TypedDict
    return {key: table[key] for key in _TABLE_INPUT if table.get(key) is not None}


def _batches(inputs: Iterable[Any], size: int = WRITTEN_AT_ONCE) -> Iterable[Sequence[Any]]:
    iterator = iter(inputs)
    while batch := list(itertools.islice(iterator, size)):
        yield batch


def _refuse(table: str, errors: Sequence[Any]) -> None:
    """Batch calls tell what went wrong in their answer, not as an exception."""
    if errors:
        detail = errors[0].get("ErrorDetail", {})
        values = errors[0].get("PartitionValues") or errors[0].get("PartitionValueList")
        raise CrawlError(
            f"partition {values} of {table} and {len(errors) - 1} more:"
            f" {detail.get('ErrorCode')}: {detail.get('ErrorMessage')}"
        )
