"""Ending a build: as published or as failed, in the catalog, the ledger and the metrics."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from dayfold.adapters.catalog import Place
from dayfold.adapters.metrics import count_builds
from dayfold.domain.failures import query_failure
from dayfold.domain.partition import BuildRecord
from dayfold.domain.statements import build_table_name
from dayfold.steps import Write

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from dayfold.domain.table import Table
    from dayfold.pipeline import Pipeline
    from dayfold.steps import Step, Wish


def fail(
    pipeline: Pipeline,
    table: Table,
    attempts: Mapping[dt.date, int],
    run_id: str,
    build_id: str,
    query_id: str | None,
    reason: str,
) -> Step:
    """End a whole build as failed; a wide one's days are to be tried again one by one."""
    error = query_failure(table, reason, build_id, query_id)
    records = {
        day: BuildRecord(
            day=str(day),
            attempt=attempt,
            build_id=build_id,
            run_id=run_id,
            status="failed",
            ended_at=timestamp(pipeline),
            query_id=query_id,
            error=error,
            retry_apart=len(attempts) > 1,
        )
        for day, attempt in attempts.items()
    }
    yield from settle(pipeline, table, build_id, records)
    return {"status": "failed", "error": error}


def settle(
    pipeline: Pipeline, table: Table, build_id: str, records: Mapping[dt.date, BuildRecord]
) -> Generator[Wish, Any, bool]:
    """Write how a build ended, count it, and forget its temporary table.

    The table of a build that broke its checks stays until it is collected, to be looked at.

    Returns:
        False if the leases of some of the days have gone to another attempt.
    """
    kept = True
    for writes in pipeline.ledger.writes.settle(table.name, records):
        kept &= yield Write(writes)
    if kept:
        count_builds(table.name, list(records.values()))
    broke_checks = any(one.status == "failed" and one.location for one in records.values())
    if not (kept and broke_checks):
        pipeline.catalog.drop_build_table(build_table_name(table, build_id))
    return kept


def point_back(pipeline: Pipeline, table: Table, days: Sequence[dt.date]) -> None:
    """Undo a publish that came after the lease had gone: readers see what the ledger says."""
    states = pipeline.ledger.partitions(table.name, min(days), max(days))
    records = pipeline.ledger.builds(table.name, min(days), max(days))
    columns = {(one.day, one.build_id): one.columns for one in records}
    shown = {
        day: (states[day].location, states[day].published_build_id) for day in days if day in states
    }
    places = {
        day: Place(location, build, columns.get((str(day), build)))
        for day, (location, build) in shown.items()
        if location and build
    }
    if places:
        pipeline.catalog.repoint(table, places)


def timestamp(pipeline: Pipeline) -> str:
    """Now, ISO 8601 in UTC, to the millisecond."""
    return pipeline.now().astimezone(dt.UTC).isoformat(timespec="milliseconds")
