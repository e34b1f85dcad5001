"""Under which condition the ledger takes a write of a partition, and what an end writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dayfold.adapters.items import record_item, to_values
from dayfold.domain.partition import RollbackRecord

if TYPE_CHECKING:
    from dayfold.domain.partition import BuildRecord, PartitionState, RunRecord


def as_seen(seen: PartitionState | None) -> tuple[str, dict[str, Any]]:
    """The condition that a partition is still as it was when the claim was judged."""
    if seen is None:
        return "attribute_not_exists(pk)", {}
    same_attempt = "#attempt = :seen_attempt"
    same_status = "#status = :seen_status"
    same_lease = "#lease_until = :seen_lease"
    return f"{same_attempt} AND {same_status} AND {same_lease}", {
        ":seen_attempt": seen.attempt,
        ":seen_status": seen.status,
        ":seen_lease": seen.lease_until,
    }


def is_mine(run_id: str, attempt: int) -> tuple[str, dict[str, Any]]:
    """The condition that the lease is still that of this attempt of this run."""
    is_building = "#status = :is_building"
    my_attempt = "#attempt = :my_attempt"
    my_run = "#run_id = :my_run"
    return f"{is_building} AND {my_attempt} AND {my_run}", {
        ":is_building": "building",
        ":my_attempt": attempt,
        ":my_run": run_id,
    }


def settled(record: BuildRecord | RollbackRecord) -> dict[str, Any]:
    """What a partition's item takes over from an attempt that has ended."""
    if isinstance(record, RollbackRecord):
        return {**_published(record), "pinned": True, "pinned_by": record.by}
    if record.status == "published":
        return {**_published(record), "pinned": None, "pinned_by": None}
    return {
        "status": "failed",
        "error": record.error,
        "retry_apart": record.retry_apart,
        "check_results": list(record.check_results),
    }


def run_put(table_name: str, run: RunRecord, *, while_running: bool) -> dict[str, Any]:
    """The write of a run; `while_running` only over one that the ledger has as running."""
    keys = {"pk": f"RUN#{run.run_id}", "sk": "RUN", "gsi1pk": "RUNS", "gsi1sk": run.started_at}
    put = {"TableName": table_name, "Item": to_values({**keys, **record_item(run)})}
    if while_running:
        put["ConditionExpression"] = "#status = :running"
        put["ExpressionAttributeNames"] = {"#status": "status"}
        put["ExpressionAttributeValues"] = to_values({":running": "running"})
    return {"Put": put}


def _published(record: BuildRecord | RollbackRecord) -> dict[str, Any]:
    return {
        "status": "published",
        "error": None,
        "published_build_id": record.build_id,
        "published_at": record.ended_at,
        "location": record.location,
        "sql_hash": record.sql_hash,
        "inputs": dict(record.inputs),
        "rows": record.rows,
        "bytes_scanned": record.bytes_scanned,
        "seconds": record.seconds,
        "cost_usd": record.cost_usd,
        "check_results": list(record.check_results),
    }
