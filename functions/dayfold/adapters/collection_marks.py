"""Marks on the ledger's records of builds that are being collected.

A build is marked before its first file is deleted, in a transaction that checks that nothing has
been attempted at its partition since it was judged; a rollback takes its lease in a transaction
that checks that the build is not marked. Whichever comes first, the other finds out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dayfold.adapters.items import to_values
from dayfold.adapters.transactions import transact

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

_DAYS_AT_ONCE = 50  # a transaction's 100 items: each day's record, and a look at its partition


class CollectionMarks:
    """Writes the attribute `collection` of records of builds."""

    def __init__(self, dynamodb: DynamoDBClient, table_name: str) -> None:
        self._dynamodb = dynamodb
        self._table_name = table_name

    def open(
        self,
        table: str,
        build_id: str,
        attempts: Mapping[dt.date, int],
        seen: Mapping[dt.date, int],
    ) -> set[dt.date]:
        """Mark a build's records as being collected.

        Args:
            table: the table.
            build_id: the build.
            attempts: the build's own attempts, by day: the records to mark.
            seen: the latest attempt at each day's partition when the build was judged.

        Returns:
            The days on which that could be done. On the others somebody may have pointed readers at
            the build since: even if they see another by now, their queries may read it still.
        """
        days = sorted(attempts)
        marked: set[dt.date] = set()
        for start in range(0, len(days), _DAYS_AT_ONCE):
            batch = days[start : start + _DAYS_AT_ONCE]
            if self._mark(table, build_id, attempts, seen, batch):
                marked.update(batch)
            elif len(batch) > 1:
                marked.update(d for d in batch if self._mark(table, build_id, attempts, seen, [d]))
        return marked

    def close(self, table: str, build_id: str, attempts: Mapping[dt.date, int]) -> None:
        """Note that a build's files are gone."""
        days = sorted(attempts)
        for start in range(0, len(days), _DAYS_AT_ONCE):
            writes = [
                self._set(table, build_id, day, attempts[day], "collected")
                for day in days[start : start + _DAYS_AT_ONCE]
            ]
            transact(self._dynamodb, writes)

    def _mark(
        self,
        table: str,
        build_id: str,
        attempts: Mapping[dt.date, int],
        seen: Mapping[dt.date, int],
        days: list[dt.date],
    ) -> bool:
        writes = [self._set(table, build_id, day, attempts[day], "collecting") for day in days]
        writes += [self._as_judged(table, day, seen[day]) for day in days]
        return transact(self._dynamodb, writes)

    def _set(
        self, table: str, build_id: str, day: dt.date, attempt: int, mark: str
    ) -> dict[str, Any]:
        keys = {"pk": f"TABLE#{table}", "sk": f"BUILD#{day}#{attempt:06d}"}
        return {
            "Update": {
                "TableName": self._table_name,
                "Key": to_values(keys),
                "UpdateExpression": "SET #collection = :mark",
                "ConditionExpression": "#build_id = :build_id",
                "ExpressionAttributeNames": {
                    "#collection": "collection",
                    "#build_id": "build_id",
                },
                "ExpressionAttributeValues": to_values({":mark": mark, ":build_id": build_id}),
            }
        }

    def _as_judged(self, table: str, day: dt.date, seen: int) -> dict[str, Any]:
        return {
            "ConditionCheck": {
                "TableName": self._table_name,
                "Key": to_values({"pk": f"TABLE#{table}", "sk": f"DAY#{day}"}),
                "ConditionExpression": "#attempt = :seen",
                "ExpressionAttributeNames": {"#attempt": "attempt"},
                "ExpressionAttributeValues": to_values({":seen": seen}),
            }
        }
