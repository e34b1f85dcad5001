"""Writes of the ledger, not yet written: the items of a transaction, each with its condition.

They are made apart from their writing, so that the writes of several builds can be one call.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dayfold.adapters.items import record_item, to_values
from dayfold.adapters.ledger_conditions import as_seen, is_mine, settled
from dayfold.adapters.transactions import update
from dayfold.domain.partition import BuildRecord, PartitionState, RollbackRecord

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Writes = list[dict[str, Any]]  # for TransactWriteItems
TRANSACTION = 100  # items that it takes
_JUDGED = ("status", "attempt", "run_id", "lease_until")  # by conditions


@dataclasses.dataclass(frozen=True, slots=True)
class Claim:
    """The right to build one partition: what was seen, and what to write over it."""

    day: dt.date
    seen: PartitionState | None
    attempt: int
    inputs: Mapping[str, str]  # input table -> digest, as they are before the query starts
    earlier: BuildRecord | None = None  # a rollback's: the build to point at, so none to make


class LedgerWrites:
    """Makes the writes of one ledger table, for `Ledger.write`."""

    def __init__(self, table_name: str) -> None:
        self._table_name = table_name

    def claim(
        self,
        table: str,
        claims: Sequence[Claim],
        *,
        run_id: str,
        lease_until: int,
        build_id: str = "",
        sql_hash: str = "",
    ) -> Writes:
        """The lease of all the partitions: at most 100, and 50 of a rollback.

        Their conditions: each is still as it was seen, and the earlier build that a rollback is to
        point at is not being collected.
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
        return writes

    def hold(
        self,
        table: str,
        attempts: Mapping[dt.date, int],
        *,
        run_id: str,
        lease_until: int,
        query_id: str | None = None,
    ) -> Writes:
        """The leases renewed, and the query noted once it runs.

        Their condition: the lease of each is still this attempt's.
        """
        values: dict[str, Any] = {"lease_until": lease_until}
        if query_id is not None:
            values["query_id"] = query_id
        return [
            self._partition_update(table, day, values, *is_mine(run_id, attempt))
            for day, attempt in attempts.items()
        ]

    def settle(
        self, table: str, records: Mapping[dt.date, BuildRecord] | Mapping[dt.date, RollbackRecord]
    ) -> Iterator[Writes]:
        """The ends of attempts, in as many transactions as they need."""
        days = sorted(records)
        step = TRANSACTION // 2  # each day writes its partition and its history
        for start in range(0, len(days), step):
            ended = [records[day] for day in days[start : start + step]]
            yield [
                write
                for one in ended
                for write in self.end(table, one, *is_mine(one.run_id, one.attempt))
            ]

    def end(
        self,
        table: str,
        record: BuildRecord | RollbackRecord,
        condition: str,
        condition_values: Mapping[str, Any],
    ) -> Writes:
        """The end of one attempt: its partition, and its history."""
        day = dt.date.fromisoformat(record.day)
        return [
            self._partition_update(table, day, settled(record), condition, condition_values),
            self._history_put(table, record),
        ]

    def _partition_update(
        self,
        table: str,
        day: dt.date,
        values: Mapping[str, Any],
        condition: str,
        condition_values: Mapping[str, Any],
    ) -> dict[str, Any]:
        return update(
            self._table_name,
            {"pk": f"TABLE#{table}", "sk": f"DAY#{day}"},
            values,
            condition,
            condition_values,
            judged=_JUDGED,
        )

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
