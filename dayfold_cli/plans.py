"""Showing a plan: what a run would build, by wave, why, and what it would cost."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from dayfold_cli.output import (
    Column,
    count_text,
    dollars_text,
    print_json,
    print_rows,
    say,
    size_text,
    warn,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dayfold_cli.output import Format

PARTITION_COLUMNS = ("wave", "table", "day", "action", "reason")


def print_plan(plan: Mapping[str, Any], data_format: Format) -> None:
    """Print a plan: for people by wave and job, as CSV by partition, as JSON as it is."""
    if data_format == "json":
        print_json(plan)
        return
    if data_format == "csv":
        print_rows(PARTITION_COLUMNS, partition_rows(plan), "csv")
        return
    rows = job_rows(plan)
    if rows:
        columns = (
            Column("wave", right=True),
            Column("table", style="cyan"),
            "days",
            Column("partitions", right=True),
            "why",
            Column("expected", right=True),
        )
        print_rows(columns, rows, "table")
    waiting = waiting_rows(plan)
    if waiting:
        print_rows((Column("waits", style="cyan"), "days", "for"), waiting, "table")
    for warning in plan.get("warnings", ()):
        warn(warning)
    say(_summary(plan))


def job_rows(plan: Mapping[str, Any]) -> list[tuple[object, ...]]:
    """One row per job: wave, table, days, how many, why, expected bytes."""
    return [
        (
            wave["number"],
            job["table"],
            span_text(job["first"], job["last"]),
            len(job["reasons"]),
            "; ".join(sorted(set(job["reasons"].values()))),
            size_text(job["expected_bytes"]),
        )
        for wave in plan["waves"]
        for job in wave["jobs"]
    ]


def waiting_rows(plan: Mapping[str, Any]) -> list[tuple[object, ...]]:
    """One row per table and obstacle, its days gathered into ranges."""
    groups: dict[tuple[str, str], list[str]] = {}
    for one in plan.get("waiting", ()):
        groups.setdefault((one["table"], one["reason"]), []).append(one["day"])
    return [(table, days_text(days), reason) for (table, reason), days in groups.items()]


def partition_rows(plan: Mapping[str, Any]) -> list[tuple[object, ...]]:
    """One row per partition, those that wait last."""
    building = [
        (wave["number"], job["table"], day, "build", reason)
        for wave in plan["waves"]
        for job in wave["jobs"]
        for day, reason in sorted(job["reasons"].items())
    ]
    waiting = [
        (None, one["table"], one["day"], "wait", one["reason"]) for one in plan.get("waiting", ())
    ]
    return [*building, *waiting]


def span_text(first: str, last: str) -> str:
    """A day, or the first and the last of several."""
    return first if first == last else f"{first}..{last}"


def days_text(days: Iterable[str]) -> str:
    """Days gathered into ranges: `2004-05-01..2004-05-03, 2004-05-07`."""
    from dayfold.domain.days import contiguous_ranges

    ranges = contiguous_ranges(dt.date.fromisoformat(day) for day in days)
    return ", ".join(span_text(str(first), str(last)) for first, last in ranges)


def _summary(plan: Mapping[str, Any]) -> str:
    jobs: Sequence[Any] = [job for wave in plan["waves"] for job in wave["jobs"]]
    days = plan.get("days") or ()
    span = f" in {span_text(min(days), max(days))}" if days else ""
    waits = count_text(len(plan.get("waiting", ())), "partition waits", "partitions wait")
    if not jobs:
        return f"nothing to build{span}: {plan.get('up_to_date', 0):,} up to date, {waits}"
    partitions = sum(len(job["reasons"]) for job in jobs)
    return (
        f"would build {count_text(partitions, 'partition')}{span} with "
        f"{count_text(len(jobs), 'query', 'queries')} in {count_text(len(plan['waves']), 'wave')}: "
        f"about {size_text(plan.get('expected_bytes', 0))}, "
        f"{dollars_text(plan.get('expected_usd', 0.0))}; "
        f"{plan.get('up_to_date', 0):,} up to date, {waits}"
    )
