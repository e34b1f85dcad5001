"""Backfills in the ledger: one item each, one per wave, one per job that has begun.

    BACKFILL#<name>  BACKFILL         the backfill as it stands
    BACKFILL#<name>  WAVE#0001        how many of the wave's jobs are left
    BACKFILL#<name>  JOB#0001#000012  a job, from its first delivery on

Counts change in the same transaction as the job they count, so none is counted twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from dayfold.adapters.items import from_item, read_record, record_item, to_values
from dayfold.adapters.transactions import transact, update
from dayfold.domain.backfill import BackfillRecord, JobRecord, WaveRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

    from dayfold.domain.backfill import BackfillStatus

_JUDGED = ("status", "tries")  # by conditions
Begun = Literal["begun", "running", "ended", "over the limit"]


class Backfills:
    """Reads and writes the backfills of one ledger table."""

    def __init__(self, dynamodb: DynamoDBClient, table_name: str) -> None:
        self._dynamodb = dynamodb
        self._table_name = table_name

    def get(self, name: str) -> BackfillRecord | None:
        """A backfill by its name."""
        item = self._get(name, "BACKFILL")
        return read_record(BackfillRecord, item) if item else None

    def list(self, limit: int = 50) -> list[BackfillRecord]:
        """The latest backfills, newest first."""
        answer = self._dynamodb.query(
            TableName=self._table_name,
            IndexName="runs",
            KeyConditionExpression="gsi1pk = :backfills",
            ExpressionAttributeValues={":backfills": {"S": "BACKFILLS"}},
            ScanIndexForward=False,
            Limit=limit,
        )
        return [read_record(BackfillRecord, from_item(item)) for item in answer["Items"]]

    def waves(self, name: str) -> Sequence[WaveRecord]:
        """The waves of a backfill, in order."""
        return [read_record(WaveRecord, item) for item in self._query(name, "WAVE#")]

    def jobs(self, name: str, wave: int | None = None) -> Sequence[JobRecord]:
        """The jobs that have begun, of one wave or of all."""
        prefix = "JOB#" if wave is None else f"JOB#{wave:04d}#"
        return [read_record(JobRecord, item) for item in self._query(name, prefix)]

    def failures(self, name: str) -> Sequence[str]:
        """What failed, a line each."""
        return [line for job in self.jobs(name) for line in job.failures]

    def create(self, record: BackfillRecord, waves: Iterable[WaveRecord]) -> bool:
        """Write a new backfill; False if its name is in use."""
        keys = {"gsi1pk": "BACKFILLS", "gsi1sk": record.created_at}
        backfill = self._put(record.name, "BACKFILL", {**keys, **record_item(record)})
        backfill["Put"]["ConditionExpression"] = "attribute_not_exists(pk)"
        items = [
            self._put(record.name, f"WAVE#{wave.number:04d}", record_item(wave)) for wave in waves
        ]
        return transact(self._dynamodb, [backfill, *items])

    def begin(self, name: str, job: JobRecord, *, max_cost_usd: float | None) -> Begun:
        """Note that a job begins, and reserve what it may cost.

        Returns:
            `begun`; `running` or `ended` if it had begun before; `over the limit` if its cost
            would take the backfill over its limit.
        """
        known = self._get(name, _job_key(job.wave, job.index))
        if known is not None:
            return "running" if known["status"] == "running" else "ended"
        put = self._put(name, _job_key(job.wave, job.index), record_item(job))
        put["Put"]["ConditionExpression"] = "attribute_not_exists(pk)"
        condition, values = "attribute_exists(pk)", {}
        if max_cost_usd is not None:
            condition = "committed_usd <= :room"
            values = {":room": max_cost_usd - job.reserved_usd}
        reserve = self._update(
            name, "BACKFILL", {}, {"committed_usd": job.reserved_usd}, condition, values
        )
        if transact(self._dynamodb, [put, reserve]):
            return "begun"
        known = self._get(name, _job_key(job.wave, job.index))
        if known is None:
            return "over the limit"
        return "running" if known["status"] == "running" else "ended"

    def end(self, name: str, job: JobRecord, *, now: str) -> bool:
        """End a job and count it, once; False if it had ended before."""
        ended = {**record_item(job), "ended_at": now}
        return transact(
            self._dynamodb,
            [
                self._update(
                    name,
                    _job_key(job.wave, job.index),
                    ended,
                    {},
                    "#status = :running",
                    {":running": "running"},
                ),
                self._update(
                    name, f"WAVE#{job.wave:04d}", {}, {"left": -1}, "attribute_exists(pk)", {}
                ),
                self._update(
                    name,
                    "BACKFILL",
                    {"updated_at": now},
                    {
                        "jobs_done": 1,
                        "published": job.published,
                        "failed": job.failed,
                        "spent_usd": job.spent_usd,
                        "committed_usd": job.spent_usd - job.reserved_usd,
                        "bytes_scanned": job.bytes_scanned,
                    },
                    "attribute_exists(pk)",
                    {},
                ),
            ],
        )

    def move(
        self,
        name: str,
        status: BackfillStatus,
        *,
        allowed: Sequence[BackfillStatus],
        now: str,
        reason: str | None = None,
        max_cost_usd: float | None = None,
    ) -> bool:
        """Change the status if it is one of `allowed`, and the cost limit if one is given."""
        values = {f":allowed{number}": one for number, one in enumerate(allowed)}
        condition = f"#status IN ({', '.join(values)})"
        ended_at = now if status in {"cancelled", "succeeded", "failed"} else None
        changes = {"status": status, "reason": reason, "updated_at": now, "ended_at": ended_at}
        changes |= _limit(max_cost_usd)
        return transact(
            self._dynamodb, [self._update(name, "BACKFILL", changes, {}, condition, values)]
        )

    def advance(self, name: str, wave: int, now: str) -> bool:
        """Go on from `wave` to the next; False if somebody has already."""
        changes = {"wave": wave + 1, "updated_at": now}
        return transact(
            self._dynamodb,
            [self._update(name, "BACKFILL", changes, {}, "wave = :now", {":now": wave})],
        )

    def released(self, name: str, wave: int) -> None:
        """Note that all messages of a wave are sent."""
        key = f"WAVE#{wave:04d}"
        transact(
            self._dynamodb,
            [self._update(name, key, {"released": True}, {}, "attribute_exists(pk)", {})],
        )

    def reopen(self, name: str, jobs: Sequence[JobRecord], *, now: str) -> None:
        """Take failed jobs back as never begun, and count them as left again."""
        for job in jobs:
            key = self._key(name, _job_key(job.wave, job.index))
            delete = {
                "Delete": {
                    "TableName": self._table_name,
                    "Key": key,
                    "ConditionExpression": "#status = :failed",
                    "ExpressionAttributeNames": {"#status": "status"},
                    "ExpressionAttributeValues": {":failed": {"S": "failed"}},
                }
            }
            wave = self._update(
                name, f"WAVE#{job.wave:04d}", {}, {"left": 1}, "attribute_exists(pk)", {}
            )
            # What it published is published; the money is spent, and counted once more if again.
            counts = {"jobs_done": -1, "failed": -job.failed, "published": -job.published}
            backfill = self._update(
                name, "BACKFILL", {"updated_at": now}, counts, "attribute_exists(pk)", {}
            )
            transact(self._dynamodb, [delete, wave, backfill])

    def restart(
        self, name: str, wave: int, tries: int, now: str, max_cost_usd: float | None = None
    ) -> bool:
        """Set an ended backfill running again from a wave, under a new try."""
        changes = {
            **_limit(max_cost_usd),
            "status": "running",
            "reason": None,
            "ended_at": None,
            "wave": wave,
            "tries": tries,
            "updated_at": now,
        }
        condition = "#tries = :before AND #status IN (:failed, :cancelled)"
        values = {":before": tries - 1, ":failed": "failed", ":cancelled": "cancelled"}
        return transact(
            self._dynamodb, [self._update(name, "BACKFILL", changes, {}, condition, values)]
        )

    # --- DynamoDB -------------------------------------------------------------------------

    def _key(self, name: str, sk: str) -> dict[str, Any]:
        return {"pk": {"S": f"BACKFILL#{name}"}, "sk": {"S": sk}}

    def _get(self, name: str, sk: str) -> dict[str, Any] | None:
        answer = self._dynamodb.get_item(
            TableName=self._table_name, Key=self._key(name, sk), ConsistentRead=True
        )
        item = answer.get("Item")
        return from_item(item) if item else None

    def _query(self, name: str, prefix: str) -> Sequence[dict[str, Any]]:
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table_name,
            ConsistentRead=True,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues={
                ":pk": {"S": f"BACKFILL#{name}"},
                ":prefix": {"S": prefix},
            },
        )
        return [from_item(item) for page in pages for item in page["Items"]]

    def _put(self, name: str, sk: str, values: dict[str, Any]) -> dict[str, Any]:
        item = to_values({"pk": f"BACKFILL#{name}", "sk": sk, **values})
        return {"Put": {"TableName": self._table_name, "Item": item}}

    def _update(
        self,
        name: str,
        sk: str,
        changes: dict[str, Any],
        counts: Mapping[str, float],
        condition: str,
        values: dict[str, Any],
    ) -> dict[str, Any]:
        key = {"pk": f"BACKFILL#{name}", "sk": sk}
        return update(
            self._table_name, key, changes, condition, values, judged=_JUDGED, counts=counts
        )


def _limit(max_cost_usd: float | None) -> dict[str, Any]:
    """A new cost limit as a change; the one there is stays if none is given."""
    return {} if max_cost_usd is None else {"max_cost_usd": max_cost_usd}


def _job_key(wave: int, index: int) -> str:
    return f"JOB#{wave:04d}#{index:06d}"
