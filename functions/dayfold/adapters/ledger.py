"""The ledger in DynamoDB: per partition, what was built from what, and where each attempt stands.

One table, keys `pk` and `sk`:

    TABLE#kpi.active_users  DAY#2004-05-20            the partition as it stands
    TABLE#kpi.active_users  BUILD#2004-05-20#000003   its third attempt, frozen when it ended
    TABLE#kpi.active_users  ROLLBACK#2004-05-20#000004  its fourth, which was a rollback
    RUN#<run id>            RUN                       a run; index `runs` lists them by start

Every write of a partition names the attempt it belongs to, so that a writer whose lease has gone
to another changes nothing.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from dayfold.adapters.batches import get_items
from dayfold.adapters.items import from_item, read_record
from dayfold.adapters.ledger_conditions import as_seen, run_put
from dayfold.adapters.ledger_writes import LedgerWrites
from dayfold.adapters.transactions import transact
from dayfold.domain.partition import (
    ROLLBACK_RUN,
    BuildRecord,
    PartitionState,
    RollbackRecord,
    RunRecord,
)
from dayfold.domain.publications import publications

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

    from dayfold.domain.publications import Publication


class Ledger:
    """Reads and writes one ledger table."""

    def __init__(self, dynamodb: DynamoDBClient, table_name: str) -> None:
        self._dynamodb = dynamodb
        self._table_name = table_name
        self.writes = LedgerWrites(table_name)

    # --- Partitions -----------------------------------------------------------------------

    def partitions(
        self, table: str, first: dt.date, last: dt.date
    ) -> dict[dt.date, PartitionState]:
        """The partitions of a table from `first` to `last` that were ever attempted."""
        items = self._query(f"TABLE#{table}", f"DAY#{first}", f"DAY#{last}")
        return {
            dt.date.fromisoformat(item["sk"].removeprefix("DAY#")): read_record(
                PartitionState, item
            )
            for item in items
        }

    def builds(self, table: str, day: dt.date, last: dt.date | None = None) -> list[BuildRecord]:
        """All attempts to build a partition, or those of a range, that have ended, oldest first."""
        items = self._query(f"TABLE#{table}", f"BUILD#{day}#", f"BUILD#{last or day}#~")
        return [read_record(BuildRecord, item) for item in items]

    def rollbacks(self, table: str, first: dt.date, last: dt.date) -> list[RollbackRecord]:
        """All rollbacks of the partitions from `first` to `last`, oldest first."""
        items = self._query(f"TABLE#{table}", f"ROLLBACK#{first}#", f"ROLLBACK#{last}#~")
        return [read_record(RollbackRecord, item) for item in items]

    def publications(
        self, table: str, first: dt.date, last: dt.date, *, run_id: str | None = None
    ) -> dict[dt.date, list[Publication]]:
        """What readers ever saw of the partitions from `first` to `last`, oldest first.

        With `run_id` only what that run, backfill or rollback has shown them.
        """
        rolls_back = run_id is not None and run_id.startswith(ROLLBACK_RUN)
        builds = [] if rolls_back else self.builds(table, first, last)
        rollbacks = self.rollbacks(table, first, last) if run_id is None or rolls_back else []
        return publications(
            [one for one in builds if run_id in {None, one.run_id}],
            [one for one in rollbacks if run_id in {None, one.run_id}],
        )

    def partitions_at(
        self, days: Mapping[str, Collection[dt.date]]
    ) -> dict[str, dict[dt.date, PartitionState]]:
        """The partitions of a few days of several tables, 100 by one call."""
        keys = [(f"TABLE#{table}", f"DAY#{day}") for table, some in days.items() for day in some]
        found: dict[str, dict[dt.date, PartitionState]] = {table: {} for table in days}
        for item in get_items(self._dynamodb, self._table_name, keys):
            day = dt.date.fromisoformat(item["sk"].removeprefix("DAY#"))
            found[item["pk"].removeprefix("TABLE#")][day] = read_record(PartitionState, item)
        return found

    def settle(
        self, table: str, records: Mapping[dt.date, BuildRecord] | Mapping[dt.date, RollbackRecord]
    ) -> bool:
        """End attempts as published, failed or rolled back, and freeze them in the history.

        Returns:
            False if one of the leases has gone to another attempt; what was already settled in an
            earlier delivery of the same call counts as done.
        """
        done = True
        for writes in self.writes.settle(table, records):
            done &= self.write(writes)  # what can be settled is, whatever one says
        return done

    def end_lease(self, table: str, record: BuildRecord, *, seen: PartitionState) -> bool:
        """End an attempt whose writer has died as failed; False if its lease was renewed since."""
        return self.write(self.writes.end(table, record, *as_seen(seen)))

    def write(self, writes: Sequence[dict[str, Any]]) -> bool:
        """Write all, or none; at most 100 items (`ledger_writes` makes them).

        Returns:
            False if the condition of one of them does not hold.
        """
        return transact(self._dynamodb, writes)

    # --- Runs -----------------------------------------------------------------------------

    def save_run(self, run: RunRecord, *, while_running: bool = False) -> bool:
        """Write a run as it stands; `while_running` spares one that has ended meanwhile.

        Returns:
            False if it was spared.
        """
        put = run_put(self._table_name, run, while_running=while_running)
        return transact(self._dynamodb, [put])

    def run(self, run_id: str) -> RunRecord | None:
        """A run by its id."""
        answer = self._dynamodb.get_item(
            TableName=self._table_name,
            Key={"pk": {"S": f"RUN#{run_id}"}, "sk": {"S": "RUN"}},
            ConsistentRead=True,
        )
        item = answer.get("Item")
        return read_record(RunRecord, from_item(item)) if item else None

    def recent_runs(self, limit: int = 20) -> list[RunRecord]:
        """The latest runs, newest first."""
        answer = self._dynamodb.query(
            TableName=self._table_name,
            IndexName="runs",
            KeyConditionExpression="gsi1pk = :runs",
            ExpressionAttributeValues={":runs": {"S": "RUNS"}},
            ScanIndexForward=False,
            Limit=limit,
        )
        return [read_record(RunRecord, from_item(item)) for item in answer["Items"]]

    # --- DynamoDB -------------------------------------------------------------------------

    def _query(self, pk: str, first: str, last: str) -> list[dict[str, Any]]:
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table_name,
            ConsistentRead=True,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues={
                ":pk": {"S": pk},
                ":first": {"S": first},
                ":last": {"S": last},
            },
        )
        return [from_item(item) for page in pages for item in page["Items"]]
