"""What each sweep did, in the ledger: `SWEEP` / the moment it began; kept for a month."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from dayfold.adapters.items import from_item, read_record, record_item, to_values
from dayfold.domain.sweeping import SweepRecord

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_KEPT_DAYS = 30
_PK = "SWEEP"


class Sweeps:
    """Reads and writes the reports of sweeps in one ledger table."""

    def __init__(self, dynamodb: DynamoDBClient, table_name: str) -> None:
        self._dynamodb = dynamodb
        self._table_name = table_name

    def save(self, record: SweepRecord) -> None:
        """Keep a report until DynamoDB's clock has gone on by a month."""
        kept_until = dt.datetime.fromisoformat(record.at) + dt.timedelta(days=_KEPT_DAYS)
        keys = {"pk": _PK, "sk": record.at, "expires_at": int(kept_until.timestamp())}
        item = to_values({**keys, **record_item(record)})
        self._dynamodb.put_item(TableName=self._table_name, Item=item)

    def latest(self, limit: int = 1) -> list[SweepRecord]:
        """The latest reports, newest first."""
        answer = self._dynamodb.query(
            TableName=self._table_name,
            KeyConditionExpression="pk = :sweep",
            ExpressionAttributeValues={":sweep": {"S": _PK}},
            ScanIndexForward=False,
            Limit=limit,
        )
        return [read_record(SweepRecord, from_item(item)) for item in answer["Items"]]
