"""The Glue catalog in memory: databases, tables and partitions keyed by `dt`."""

# ruff: noqa: N803 - the names of arguments are the API's

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

Table = dict[str, Any]


def _refusal(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": operation}}, operation)


class FakeGlue:
    """A catalog with the databases it is made with."""

    def __init__(self, databases: tuple[str, ...], now: Callable[[], dt.datetime]) -> None:
        self.tables: dict[str, dict[str, Table]] = {name: {} for name in databases}
        self.partitions: dict[tuple[str, str], dict[str, Table]] = {}
        self.version = 0
        self.crawled_at = now()
        self.crawl: Callable[[], None] = lambda: None  # what a crawl finds is the world's
        self._now = now

    # --- Tables ---------------------------------------------------------------------------

    def get_table(self, *, DatabaseName: str, Name: str, **_: Any) -> dict[str, Any]:
        return {"Table": {**self._table(DatabaseName, Name, "GetTable")}}

    def get_tables(self, *, DatabaseName: str, **_: Any) -> dict[str, Any]:
        tables = self.tables[DatabaseName]
        return {"TableList": [dict(tables[name]) for name in sorted(tables)]}

    def create_table(self, *, DatabaseName: str, TableInput: Table, **_: Any) -> dict[str, Any]:
        tables = self.tables[DatabaseName]
        if TableInput["Name"] in tables:
            raise _refusal("AlreadyExistsException", "CreateTable")
        tables[TableInput["Name"]] = {
            **TableInput,
            "DatabaseName": DatabaseName,
            "CreateTime": self._now(),
            "VersionId": "0",
        }
        self.partitions[DatabaseName, TableInput["Name"]] = {}
        self.version += 1
        return {}

    def update_table(
        self, *, DatabaseName: str, TableInput: Table, VersionId: str | None = None, **_: Any
    ) -> dict[str, Any]:
        before = self._table(DatabaseName, TableInput["Name"], "UpdateTable")
        if VersionId is not None and before["VersionId"] != VersionId:
            raise _refusal("VersionMismatchException", "UpdateTable")
        kept = {name: before[name] for name in ("DatabaseName", "CreateTime")}
        version = {"VersionId": str(int(before["VersionId"]) + 1)}
        self.tables[DatabaseName][TableInput["Name"]] = {**TableInput, **kept, **version}
        return {}

    def delete_table(self, *, DatabaseName: str, Name: str, **_: Any) -> dict[str, Any]:
        self._table(DatabaseName, Name, "DeleteTable")
        del self.tables[DatabaseName][Name]
        del self.partitions[DatabaseName, Name]
        self.version += 1
        return {}

    def batch_delete_table(
        self, *, DatabaseName: str, TablesToDelete: list[str], **_: Any
    ) -> dict[str, Any]:
        errors = []
        for name in TablesToDelete:
            try:
                self.delete_table(DatabaseName=DatabaseName, Name=name)
            except ClientError:
                detail = {"ErrorCode": "EntityNotFoundException"}
                errors.append({"TableName": name, "ErrorDetail": detail})
        return {"Errors": errors}

    # --- The crawler ----------------------------------------------------------------------

    def get_crawler(self, *, Name: str) -> dict[str, Any]:
        last = {"StartTime": self.crawled_at}
        return {"Crawler": {"Name": Name, "State": "READY", "LastCrawl": last}}

    def start_crawler(self, *, Name: str) -> dict[str, Any]:
        self.crawled_at = self._now()
        self.crawl()
        return {}

    # --- Partitions -----------------------------------------------------------------------

    def get_partition(
        self, *, DatabaseName: str, TableName: str, PartitionValues: list[str], **_: Any
    ) -> dict[str, Any]:
        found = self._days(DatabaseName, TableName, "GetPartition").get(PartitionValues[0])
        if found is None:
            raise _refusal("EntityNotFoundException", "GetPartition")
        return {"Partition": dict(found)}

    def get_partitions(self, *, DatabaseName: str, TableName: str, **_: Any) -> dict[str, Any]:
        days = self._days(DatabaseName, TableName, "GetPartitions")
        return {"Partitions": [dict(days[day]) for day in sorted(days)]}

    def batch_get_partition(
        self,
        *,
        DatabaseName: str,
        TableName: str,
        PartitionsToGet: list[dict[str, Any]],
        **_: Any,
    ) -> dict[str, Any]:
        days = self._days(DatabaseName, TableName, "BatchGetPartition")
        wanted = [one["Values"][0] for one in PartitionsToGet]
        return {"Partitions": [dict(days[day]) for day in wanted if day in days]}

    def create_partition(
        self, *, DatabaseName: str, TableName: str, PartitionInput: Table, **_: Any
    ) -> dict[str, Any]:
        if not self._add(DatabaseName, TableName, PartitionInput):
            raise _refusal("AlreadyExistsException", "CreatePartition")
        return {}

    def batch_create_partition(
        self, *, DatabaseName: str, TableName: str, PartitionInputList: list[Table], **_: Any
    ) -> dict[str, Any]:
        refused = [one for one in PartitionInputList if not self._add(DatabaseName, TableName, one)]
        return {
            "Errors": [
                {
                    "PartitionValues": one["Values"],
                    "ErrorDetail": {"ErrorCode": "AlreadyExistsException"},
                }
                for one in refused
            ]
        }

    def batch_update_partition(
        self, *, DatabaseName: str, TableName: str, Entries: list[dict[str, Any]], **_: Any
    ) -> dict[str, Any]:
        days = self._days(DatabaseName, TableName, "BatchUpdatePartition")
        errors = []
        for entry in Entries:
            day = entry["PartitionValueList"][0]
            if day in days:
                days[day] = dict(entry["PartitionInput"])
                self.version += 1
            else:
                detail = {"ErrorCode": "EntityNotFoundException"}
                errors.append(
                    {"PartitionValueList": entry["PartitionValueList"], "ErrorDetail": detail}
                )
        return {"Errors": errors}

    def batch_delete_partition(
        self,
        *,
        DatabaseName: str,
        TableName: str,
        PartitionsToDelete: list[dict[str, Any]],
        **_: Any,
    ) -> dict[str, Any]:
        days = self._days(DatabaseName, TableName, "BatchDeletePartition")
        for one in PartitionsToDelete:
            days.pop(one["Values"][0], None)
            self.version += 1
        return {"Errors": []}

    # --- For those who check, and for queries ---------------------------------------------

    def location(self, database: str, table: str, day: str) -> str | None:
        """Where a partition points, None if there is none."""
        partition = self.partitions.get((database, table), {}).get(day)
        return None if partition is None else str(partition["StorageDescriptor"]["Location"])

    def _add(self, database: str, table: str, partition: Table) -> bool:
        days = self._days(database, table, "BatchCreatePartition")
        if partition["Values"][0] in days:
            return False
        days[partition["Values"][0]] = dict(partition)
        self.version += 1
        return True

    def _table(self, database: str, name: str, operation: str) -> Table:
        if database not in self.tables or name not in self.tables[database]:
            raise _refusal("EntityNotFoundException", operation)
        return self.tables[database][name]

    def _days(self, database: str, table: str, operation: str) -> dict[str, Table]:
        self._table(database, table, operation)
        return self.partitions[database, table]
