"""Showing a plan: what a run would build, by wave, why, and what it would cost."""

from __future__ import annotations

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
from dayfold_cli.reasons import gather, span_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
            Column("days"),
            Column("expected", right=True),
            "why",
        )
        print_rows(columns, rows, "table")
    waiting = waiting_rows(plan)
    if waiting:
        print_rows((Column("waits", style="cyan"), "days", "for"), waiting, "table")
    for warning in plan.get("warnings", ()):
        warn(warning)
    say(_summary(plan))


def job_rows(plan: Mapping[str, Any]) -> list[tuple[object, ...]]:
    """One row per job: wave, table, days, expected bytes, why."""
    return [
        (
            wave["number"],
            job["table"],
            span_text(job["first"], job["last"]),
            size_text(job["expected_bytes"]),
            "; ".join(sorted(set(job["reasons"].values()))),
        )
        for wave in plan["waves"]
        for job in wave["jobs"]
    ]


def waiting_rows(plan: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """One row per cause of waiting: tables, days, cause."""
    waiting = plan.get("waiting", ())
    return gather((one["table"], one["day"], one["reason"]) for one in waiting)


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
