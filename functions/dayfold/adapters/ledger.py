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

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeSerializer

from dayfold.adapters.batches import get_items
from dayfold.adapters.items import from_item, read_record, record_item, to_values
from dayfold.adapters.ledger_conditions import as_seen, is_mine, run_put, settled
from dayfold.adapters.transactions import transact
from dayfold.domain.partition import BuildRecord, PartitionState, RollbackRecord, RunRecord
from dayfold.domain.publications import publications

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

    from dayfold.domain.publications import Publication

_TRANSACTION = 100  # items that TransactWriteItems takes
_serialize = TypeSerializer().serialize


@dataclasses.dataclass(frozen=True, slots=True)
class Claim:
    """The right to build one partition: what was seen, and what to write over it."""

    day: dt.date
    seen: PartitionState | None
    attempt: int
    inputs: Mapping[str, str]  # input table -> digest, as they are before the query starts
    earlier: BuildRecord | None = None  # a rollback's: the build to point at, so none to make


class Ledger:
    """Reads and writes one ledger table."""

    def __init__(self, dynamodb: DynamoDBClient, table_name: str) -> None:
        self._dynamodb = dynamodb
        self._table_name = table_name

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
        self, table: str, first: dt.date, last: dt.date
    ) -> dict[dt.date, list[Publication]]:
        """All that readers ever saw of the partitions from `first` to `last`, oldest first."""
        return publications(self.builds(table, first, last), self.rollbacks(table, first, last))

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

    def claim(
        self,
        table: str,
        claims: Sequence[Claim],
        *,
        run_id: str,
        lease_until: int,
        build_id: str = "",
        sql_hash: str = "",
    ) -> bool:
        """Take the lease of all the partitions, or of none: at most 100, and 50 of a rollback.

        Returns:
            False if one of them is no longer as it was seen, or the earlier build that a rollback
            is to point at is being collected.
        """
        writes = [
            self._partition_update(
                table,
                claim.day,
                {
                    "status": "building",
                    "attempt": claim.attempt,
                    "run_id": run_id,
                    "build_id": claim.earlier.build_id if claim.earlier else build_id,
                    "lease_until": lease_until,
                    "job_days": len(claims),
                    "pending_sql_hash": claim.earlier.sql_hash if claim.earlier else sql_hash,
                    "pending_inputs": dict(claim.inputs),
                    "query_id": None,
                    "error": None,
                },
                *as_seen(claim.seen),
            )
            for claim in claims
        ]
        writes += [self._still_there(table, one.earlier) for one in claims if one.earlier]
        return transact(self._dynamodb, writes)

    def hold(
        self,
        table: str,
        attempts: Mapping[dt.date, int],
        *,
        run_id: str,
        lease_until: int,
        query_id: str | None = None,
    ) -> bool:
        """Renew the leases, and note the query once it runs.

        Returns:
            False if one of the leases has gone to another attempt.
        """
        values: dict[str, Any] = {"lease_until": lease_until}
        if query_id is not None:
            values["query_id"] = query_id
        return transact(
            self._dynamodb,
            [
                self._partition_update(table, day, values, *is_mine(run_id, attempt))
                for day, attempt in attempts.items()
            ],
        )

    def settle(
        self, table: str, records: Mapping[dt.date, BuildRecord] | Mapping[dt.date, RollbackRecord]
    ) -> bool:
        """End attempts as published, failed or rolled back, and freeze them in the history.

        Returns:
            False if one of the leases has gone to another attempt; what was already settled in an
            earlier delivery of the same call counts as done.
        """
        days = sorted(records)
        done = True
        step = _TRANSACTION // 2  # each day writes its partition and its history
        for start in range(0, len(days), step):
            writes: list[dict[str, Any]] = []
            for day in days[start : start + step]:
                record = records[day]
                writes.append(
                    self._partition_update(
                        table, day, settled(record), *is_mine(record.run_id, record.attempt)
                    )
                )
                writes.append(self._history_put(table, record))
            if not transact(self._dynamodb, writes):
                done = False
        return done

    def end_lease(self, table: str, record: BuildRecord, *, seen: PartitionState) -> bool:
        """End an attempt whose writer has died as failed; False if its lease was renewed since."""
        day = dt.date.fromisoformat(record.day)
        update = self._partition_update(table, day, settled(record), *as_seen(seen))
        return transact(self._dynamodb, [update, self._history_put(table, record)])

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

    def _partition_update(
        self,
        table: str,
        day: dt.date,
        values: Mapping[str, Any],
        condition: str,
        condition_values: Mapping[str, Any],
    ) -> dict[str, Any]:
        present = {name: value for name, value in values.items() if value is not None}
        absent = [name for name, value in values.items() if value is None]
        expression = "SET " + ", ".join(f"#{name} = :{name}" for name in present)
        if absent:
            expression += " REMOVE " + ", ".join(f"#{name}" for name in absent)
        judged = ("status", "attempt", "run_id", "lease_until")  # by conditions
        names = {f"#{name}": name for name in [*values, *judged]}
        used = {key: name for key, name in names.items() if key in f"{expression} {condition}"}
        return {
            "Update": {
                "TableName": self._table_name,
                "Key": {"pk": {"S": f"TABLE#{table}"}, "sk": {"S": f"DAY#{day}"}},
                "UpdateExpression": expression,
                "ConditionExpression": condition,
                "ExpressionAttributeNames": used,
                "ExpressionAttributeValues": {
                    **{f":{name}": value for name, value in to_values(present).items()},
                    **{name: _serialize(value) for name, value in condition_values.items()},
                },
            }
        }

    def _still_there(self, table: str, build: BuildRecord) -> dict[str, Any]:
        """The condition that a build's files may be shown to readers still."""
        return {
            "ConditionCheck": {
                "TableName": self._table_name,
                "Key": to_values(_history_keys(table, build)),
                "ConditionExpression": "#status = :published AND attribute_not_exists(#collection)",
                "ExpressionAttributeNames": {"#status": "status", "#collection": "collection"},
                "ExpressionAttributeValues": {":published": {"S": "published"}},
            }
        }

    def _history_put(self, table: str, record: BuildRecord | RollbackRecord) -> dict[str, Any]:
        item = to_values({**_history_keys(table, record), **record_item(record)})
        return {"Put": {"TableName": self._table_name, "Item": item}}


def _history_keys(table: str, record: BuildRecord | RollbackRecord) -> dict[str, str]:
    kind = "ROLLBACK" if isinstance(record, RollbackRecord) else "BUILD"
    return {"pk": f"TABLE#{table}", "sk": f"{kind}#{record.day}#{record.attempt:06d}"}
