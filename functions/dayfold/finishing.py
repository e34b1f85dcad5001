"""Finishing a build: wait for its query, check what it made, then publish it day by day.

A look goes through the same steps however often it is repeated: renew the lease, see the query,
see the checks, publish. Nothing is published by a writer whose lease has gone to another.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING, Any

from dayfold.adapters.athena import request_token
from dayfold.adapters.catalog import BUILD_DATABASE, Place
from dayfold.checking import by_day, checks_in_force, keep_results, of_day, span_of
from dayfold.domain.backfill import BACKFILL_RUN
from dayfold.domain.checks import ROWS, report_statement
from dayfold.domain.cost import query_usd
from dayfold.domain.failures import check_failure
from dayfold.domain.partition import BuildRecord
from dayfold.domain.schema_changes import made_columns
from dayfold.domain.statements import build_location, build_table_name, executed_hash
from dayfold.ending import fail, point_back, settle, timestamp
from dayfold.errors import QueryFailedError, SchemaRefusedError
from dayfold.leases import LONGEST_WRITE, held_until, lease_until, renew, renewal, watched_lease
from dayfold.starting import Build
from dayfold.steps import Read, Write, alone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dayfold.adapters.athena import QueryStatus
    from dayfold.checking import ReportByDay
    from dayfold.domain.partition import PartitionState
    from dayfold.domain.table import Table
    from dayfold.pipeline import Pipeline
    from dayfold.steps import Step

_LOOK_SECONDS = 8.0  # how long one look waits: most builds end within it, without a state more
_FIRST_PAUSE = 2  # seconds between looks, doubled from look to look
_LONGEST_PAUSE = 60
# Starts, by one run and within a day, of a query that Athena itself calls worth retrying. Other
# runs come after a daily one; a backfill is to outlast half an hour in which all queries fail.
_TRIES = 5
_BACKFILL_TRIES = 30
_COUNTED = dt.timedelta(days=1)
_CHECKS_FAILED = "the checks could not be run: "


def finish_build(pipeline: Pipeline, *, build: Build) -> dict[str, Any]:
    """Take a build one step further, to the end if it is near.

    Returns:
        `status`: `building`, with the `build` to look at again after `pause` seconds; `published`;
        `failed`, with the `error`; `retry`, to be started again after so many `tries`; `held`, when
        the lease has gone to another attempt.

    Raises:
        ThrottledError: AWS wants to be called later; the same call again goes on.
    """
    table = pipeline.tables()[build.table]
    if not renew(pipeline, build):
        return _already_ended(pipeline, table, build)
    while True:
        query = pipeline.athena.wait(build.awaited, _LOOK_SECONDS)
        if not query.is_final:
            return _look_again(build)
        ended = alone(pipeline, finish_step(pipeline, build=build, query=query))
        if ended["status"] != "building":
            return ended
        build = Build(**ended["build"])


def finish_step(pipeline: Pipeline, *, build: Build, query: QueryStatus) -> Step:
    """Go on from the end of the query that a build waits for: its own, then its checks'.

    Returns:
        As `finish_build`; `building` means that the checks have been started.
    """
    table = pipeline.tables()[build.table]
    if build.check_query_id is None:
        if query.state != "SUCCEEDED":
            return (yield from _query_failed(pipeline, table, build, query, ""))
        return (yield from _start_checks(pipeline, table, build, query))
    if query.state != "SUCCEEDED":
        return (yield from _query_failed(pipeline, table, build, query, _CHECKS_FAILED))
    report = by_day(pipeline.athena.rows(build.check_query_id))
    states = yield Read(table.name, tuple(build.days()))
    records = _records(pipeline, table, build, query, report, states)
    ended = yield from _publish(pipeline, table, build, records, states)
    if ended["status"] != "held":
        keep_results(pipeline, table, build, records, report)
    return ended


def _already_ended(pipeline: Pipeline, table: Table, build: Build) -> dict[str, Any]:
    """Tell a repeated call for a build that has ended from a lease that has gone to another."""
    states = _states(pipeline, table, build)
    mine = [
        states[day] for day, n in build.days().items() if day in states and states[day].attempt == n
    ]
    if len(mine) == len(build.attempts) and all(one.run_id == build.run_id for one in mine):
        failed = [state for state in mine if state.status == "failed"]
        return {"status": "failed" if failed else "published"}
    return {"status": "held"}


def _look_again(build: Build) -> dict[str, Any]:
    later = dataclasses.replace(build, looks=build.looks + 1)
    pause = min(_FIRST_PAUSE * 2**build.looks, _LONGEST_PAUSE)
    return {"status": "building", "build": dataclasses.asdict(later), "pause": pause}


def _query_failed(
    pipeline: Pipeline, table: Table, build: Build, query: QueryStatus, prefix: str
) -> Step:
    """End a build whose query, or whose checks' query, has failed; some are worth another try."""
    reason = prefix + (query.reason or f"the query ended as {query.state}")
    ended = yield from fail(
        pipeline, table, build.days(), build.run_id, build.build_id, query.query_id, reason
    )
    if query.retryable and len(build.attempts) == 1:
        tries = _tries(pipeline, build)
        backfills = build.run_id.startswith(BACKFILL_RUN)
        if tries < (_BACKFILL_TRIES if backfills else _TRIES):
            return {"status": "retry", "tries": tries}
    return ended


def _tries(pipeline: Pipeline, build: Build) -> int:
    """How often this run has tried the one day of a build of late, this time included."""
    (day,) = build.days()
    since = (pipeline.now() - _COUNTED).astimezone(dt.UTC).isoformat()
    records = pipeline.ledger.builds(build.table, day)
    return sum(one.run_id == build.run_id and one.ended_at > since for one in records)


def _start_checks(pipeline: Pipeline, table: Table, build: Build, query: QueryStatus) -> Step:
    days = build.days()
    built = f'"build"."{build_table_name(table, build.build_id)}"'
    checks = checks_in_force(table, build)
    statement = report_statement(table, built, span_of(pipeline, table, build), checks)
    try:
        # The text too: what `change` compares with may have been published since the first time.
        token = request_token("check", build.build_id, statement)
        check_id = pipeline.athena.start(statement, token)
    except QueryFailedError as error:
        reason = f"{_CHECKS_FAILED}{error}"
        return (yield from fail(pipeline, table, days, build.run_id, build.build_id, None, reason))
    checked = dataclasses.replace(
        build,
        check_query_id=check_id,
        scanned_bytes=query.scanned_bytes,
        seconds=query.seconds,
        looks=0,
    )
    return {"status": "building", "build": dataclasses.asdict(checked)}


def _publish(
    pipeline: Pipeline,
    table: Table,
    build: Build,
    records: Mapping[dt.date, BuildRecord],
    states: Mapping[dt.date, PartitionState],
) -> Step:
    good = {day: record for day, record in records.items() if record.status == "published"}
    # The lease again, just before readers see anything: the checks may have taken long.
    until = held_until(build, states) - LONGEST_WRITE
    if pipeline.now().timestamp() >= until:
        until = lease_until(pipeline) - LONGEST_WRITE
        if not (yield Write(renewal(pipeline, build))):
            return _already_ended(pipeline, table, build)
    places = {
        day: Place(str(record.location), build.build_id, record.columns)
        for day, record in good.items()
    }
    if places:
        try:
            published = pipeline.catalog.publish(
                table,
                places,
                rebuild=build.rebuild,
                may_write=watched_lease(pipeline, build, until),
            )
        except SchemaRefusedError as error:
            return (yield from _refused(pipeline, table, build, str(error)))
        if not published:
            return _already_ended(pipeline, table, build)
    if not (yield from settle(pipeline, table, build.build_id, records)):
        point_back(pipeline, table, list(build.days()))
        return _already_ended(pipeline, table, build)
    errors = [str(record.error) for record in records.values() if record.error]
    if errors:
        return {"status": "failed", "error": errors[0]}
    return {"status": "published"}


def _refused(pipeline: Pipeline, table: Table, build: Build, reason: str) -> Step:
    """End a build whose query got other columns after it was planned."""
    days = build.days()
    return (
        yield from fail(pipeline, table, days, build.run_id, build.build_id, build.query_id, reason)
    )


def _records(
    pipeline: Pipeline,
    table: Table,
    build: Build,
    checks: QueryStatus,
    report: ReportByDay,
    states: Mapping[dt.date, PartitionState],
) -> dict[dt.date, BuildRecord]:
    """How each day ended, by the report's rows."""
    days = build.days()
    columns = _written(pipeline, table, build, states)
    usd = (query_usd(build.scanned_bytes) + query_usd(checks.scanned_bytes)) / len(days)
    place = build_location(pipeline.settings.bucket, table.name, build.build_id)
    records = {}
    for day, attempt in days.items():
        lines = of_day(report, day)
        broken = [row for row in lines if row["severity"] != "info"]
        errors = [row for row in broken if row["severity"] == "error"]
        records[day] = BuildRecord(
            day=str(day),
            attempt=attempt,
            build_id=build.build_id,
            run_id=build.run_id,
            status="failed" if errors else "published",
            ended_at=timestamp(pipeline),
            query_id=build.query_id,
            location=f"{place}dt={day}/",
            sql_hash=states[day].pending_sql_hash,
            inputs=states[day].pending_inputs,
            rows=sum(int(row["broken"] or 0) for row in lines if row["check_name"] == ROWS),
            bytes_scanned=(build.scanned_bytes + checks.scanned_bytes) // len(days),
            seconds=round(build.seconds + checks.seconds, 3),
            cost_usd=round(usd, 9),
            error=check_failure(table, errors, build.build_id, has_former=states[day].is_published)
            if errors
            else None,
            check_results=tuple(broken),
            checks=tuple(build.checks or ()),
            columns=columns,
        )
    return records


def _written(
    pipeline: Pipeline, table: Table, build: Build, states: Mapping[dt.date, PartitionState]
) -> Mapping[str, str]:
    """The columns that a build wrote: its query's, or its own table's if that was edited since."""
    now = executed_hash(table, pipeline.settings.tz)
    if all(state.pending_sql_hash == now for state in states.values()):
        return made_columns(table)
    name = f"{BUILD_DATABASE}.{build_table_name(table, build.build_id)}"
    return pipeline.catalog.columns_of(name) or {}


def _states(pipeline: Pipeline, table: Table, build: Build) -> dict[dt.date, PartitionState]:
    days = build.days()
    states = pipeline.ledger.partitions(table.name, min(days), max(days))
    return {day: states[day] for day in days if day in states}
