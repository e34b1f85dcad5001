"""Checking a build: which checks are in force, what they need to know, keeping what they say."""

from __future__ import annotations

import dataclasses
import datetime as dt
import logging
from typing import TYPE_CHECKING, Any

from dayfold.adapters.aws import UNREACHABLE
from dayfold.domain.check_rows import Span
from dayfold.domain.table import Check
from dayfold.ending import timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dayfold.domain.partition import BuildRecord
    from dayfold.domain.table import Table
    from dayfold.pipeline import Pipeline
    from dayfold.starting import Build

# A median of N published days looks for them among the 2 N days before, so that a table with gaps
# has its median and nothing reads the ledger of all of history.
_LOOK_BACK = 2
Report = list[dict[str, str | None]]
ReportByDay = dict[str | None, Report]
logger = logging.getLogger(__name__)


def checks_in_force(table: Table, build: Build) -> tuple[Check, ...]:
    """The table's own checks, unless the build's backfill has others."""
    if build.checks is None:
        return table.checks
    return tuple(Check(**check) for check in build.checks)


def span_of(pipeline: Pipeline, table: Table, build: Build) -> Span:
    """The days of a build and, if one of its checks wants them, the published days before."""
    first, last = min(build.days()), max(build.days())
    wanted = [
        check.arguments["days"] for check in checks_in_force(table, build) if check.kind == "change"
    ]
    if not wanted:
        return Span(first, last, pipeline.settings.tz)
    start = first - dt.timedelta(days=max(wanted) * _LOOK_BACK)
    states = pipeline.ledger.partitions(table.name, start, first - dt.timedelta(days=1))
    published = tuple(day for day, state in sorted(states.items()) if state.is_published)
    return Span(first, last, pipeline.settings.tz, published)


def keep_results(
    pipeline: Pipeline,
    table: Table,
    build: Build,
    records: Mapping[dt.date, BuildRecord],
    report: ReportByDay,
) -> None:
    """Put what every check said into the table `ops.check_results`; a failure stops nothing.

    A build that is finished twice writes the same file twice.
    """
    checked_at = timestamp(pipeline)
    checks = checks_in_force(table, build)
    if not checks:
        return
    lines = [
        {
            "table_name": table.name,
            "day": str(day),
            "build_id": build.build_id,
            "run_id": build.run_id,
            "attempt": record.attempt,
            "checked_at": checked_at,
            **line,
        }
        for day, record in sorted(records.items())
        for line in _lines(checks, of_day(report, day))
    ]
    name = f"{table.name}-{build.build_id}"
    try:
        pipeline.check_results.save(checked_at[:10], name, lines)
    except UNREACHABLE:
        logger.warning("the results of the checks in %s were not kept", name, exc_info=True)


def by_day(report: Report) -> ReportByDay:
    """The rows of a report by the day that they name."""
    found: dict[str | None, Report] = {}
    for row in report:
        found.setdefault(row["dt"], []).append(row)
    return found


def of_day(report: ReportByDay, day: dt.date) -> Report:
    """What is said of a day; a rule that names no day is broken for all of them."""
    return [*report.get(str(day), ()), *report.get(None, ())]


def _lines(checks: Sequence[Check], report: Report) -> Iterator[dict[str, Any]]:
    for check in checks:
        said = [row for row in report if row["check_name"] == check.name]
        broken = [row for row in said if row["severity"] == check.severity]
        outcome = "passed"
        if broken:
            outcome = "failed" if check.severity == "error" else "warned"
        yield {
            "check_name": check.name,
            "severity": check.severity,
            "outcome": outcome,
            "broken": sum(int(row["broken"] or 0) for row in broken),
            "sample": next((row["sample"] for row in [*broken, *said]), None),
        }


def as_json(check: Check) -> dict[str, Any]:
    """A check as it travels with a job and stands in the ledger."""
    return dataclasses.asdict(check)
