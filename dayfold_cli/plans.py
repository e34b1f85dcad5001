"""Showing a plan: what a run would build, by wave, why, and what it would cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dayfold_cli.outcomes import NOTHING_LANDED
from dayfold_cli.output import (
    Column,
    console,
    count_text,
    dollars_text,
    is_terminal,
    print_json,
    print_rows,
    say,
    size_text,
    warn,
)
from dayfold_cli.reasons import gather, gather_warnings, span_text

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
        print_rows(*_fitting(rows), "table")
    waiting = waiting_rows(plan)
    if waiting:
        print_rows((Column("waits", style="cyan"), "days", "for"), waiting, "table")
    for warning in gather_warnings(plan.get("warnings", ())):
        warn(warning)
    say(_summary(plan))


JOB_COLUMNS: tuple[Column | str, ...] = (
    Column("wave", right=True),
    Column("table", style="cyan"),
    Column("days"),
    Column("expected", right=True),
    "why",
)
EXPECTED = 3  # which of them goes first where it is narrow: the last line has the sum
ROOMY = 100  # characters on a line


def _fitting(
    rows: Sequence[Sequence[object]],
) -> tuple[Sequence[Column | str], Sequence[Sequence[object]]]:
    """The columns that leave the reasons room enough to be read."""
    if not is_terminal() or console().width >= ROOMY:
        return JOB_COLUMNS, rows
    return _without(JOB_COLUMNS), [_without(row) for row in rows]


def _without(cells: Sequence[Any]) -> list[Any]:
    return [*cells[:EXPECTED], *cells[EXPECTED + 1 :]]


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
    if not days:
        return NOTHING_LANDED
    span = f" in {span_text(min(days), max(days))}"
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
