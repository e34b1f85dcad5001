"""Showing what a backfill would build, wave by wave, and what it would take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dayfold.errors import RunFailedError
from dayfold_cli.output import (
    Column,
    count_text,
    dollars_text,
    print_json,
    print_rows,
    say,
    seconds_text,
    size_text,
    warn,
)
from dayfold_cli.plans import waiting_rows
from dayfold_cli.reasons import gather_warnings, tables_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dayfold_cli.output import Format

WAVE_COLUMNS: tuple[Column | str, ...] = (
    Column("wave", right=True),
    Column("partitions", right=True),
    Column("jobs", right=True),
    Column("expected", right=True),
    Column("cost", right=True),
    Column("tables", style="cyan", wraps=True),
    "why",
)
CSV_COLUMNS = ("wave", "partitions", "jobs", "expected_bytes", "expected_usd", "tables", "reasons")
SHOWN_WAITING = 15
HOW_SURE = {
    "history": "judged by earlier builds",
    "sizes": "a rough figure, judged by the sizes of the inputs alone",
}


def print_plan(
    plan: Mapping[str, Any], data_format: Format, max_cost_usd: float | None = None
) -> None:
    """Print a plan: for people and as CSV by wave, as JSON as it is."""
    if data_format == "json":
        print_json(plan)
        return
    if data_format == "csv":
        print_rows(CSV_COLUMNS, [_csv_row(wave) for wave in plan["waves"]], "csv")
        return
    if plan["waves"]:
        print_rows(WAVE_COLUMNS, [_row(wave) for wave in plan["waves"]], "table")
    waiting = waiting_rows(plan)
    if waiting:
        columns = (Column("waits", style="cyan"), "days", "for")
        print_rows(columns, waiting[:SHOWN_WAITING], "table")
        if len(waiting) > SHOWN_WAITING:
            say(f"... and {len(waiting) - SHOWN_WAITING:,} more causes: --format json")
    warn_of(plan, max_cost_usd)
    say(f"would build {size_line(plan)}" if plan["partitions"] else size_line(plan))


def size_line(plan: Mapping[str, Any]) -> str:
    """How much a backfill is, in one line, and how sure that is."""
    waiting = len(plan.get("waiting") or ())
    waits = count_text(waiting, "partition waits", "partitions wait")
    if not plan["partitions"]:
        return f"nothing to build: {waits}" if waiting else "nothing to build: all is up to date"
    seconds = plan.get("expected_seconds")
    took = f", {seconds_text(seconds)}" if seconds else ""
    sure = HOW_SURE.get(plan.get("confidence", ""), "")
    return (
        f"{count_text(plan['partitions'], 'partition')} with {count_text(plan['jobs'], 'job')} in "
        f"{count_text(len(plan['waves']), 'wave')}: about {size_text(plan['expected_bytes'])}, "
        f"{dollars_text(plan['expected_usd'])}{took}"
        + (f" ({sure})" if sure else "")
        + (f"; {waits}" if waiting else "")
    )


def warn_of(plan: Mapping[str, Any], max_cost_usd: float | None = None) -> None:
    """Print what a plan warns of, on stderr, and whether its limit will be too low."""
    for text in gather_warnings(plan.get("warnings") or ()):
        warn(text)
    if max_cost_usd is not None and plan["expected_usd"] > max_cost_usd:
        expected = dollars_text(plan["expected_usd"])
        warn(f"about {expected} expected: the limit of {dollars_text(max_cost_usd)} would pause it")


def raise_if_idle(plan: Mapping[str, Any]) -> None:
    """Refuse a backfill that could build nothing of what it was asked for.

    Raises:
        RunFailedError: all that is not up to date waits for something.
    """
    waiting = waiting_rows(plan)
    if plan["partitions"] or not waiting:
        return
    tables, days, cause = waiting[0]
    more = len(waiting) - 1
    others = f" (and {count_text(more, 'more cause')}: --dry-run shows them)" if more else ""
    raise RunFailedError(f"{plan['name']} built nothing: {tables} {days}: {cause}{others}")


def _row(wave: Mapping[str, Any]) -> tuple[object, ...]:
    return (
        wave["number"],
        f"{wave['partitions']:,}",
        f"{wave['jobs']:,}",
        size_text(wave["expected_bytes"]),
        dollars_text(wave["expected_usd"]),
        tables_text(wave["tables"]),
        _reasons(wave),
    )


def _csv_row(wave: Mapping[str, Any]) -> tuple[object, ...]:
    return (
        wave["number"],
        wave["partitions"],
        wave["jobs"],
        wave["expected_bytes"],
        wave["expected_usd"],
        " ".join(wave["tables"]),
        _reasons(wave),
    )


def _reasons(wave: Mapping[str, Any]) -> str:
    return "; ".join(f"{count:,} {reason}" for reason, count in wave["reasons"].items())
