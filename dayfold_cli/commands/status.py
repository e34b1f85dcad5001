"""`dayfold status`: the grid of tables and days, and the latest runs."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import TYPE_CHECKING

import click

from dayfold_cli.lazy import TargetCommand, target_of
from dayfold_cli.options import (
    known_tables,
    range_options,
    read_range,
    resolve_table,
    table_option,
)
from dayfold_cli.output import (
    Column,
    format_option,
    is_terminal,
    print_rows,
    say,
    seconds_text,
    time_text,
    warn,
)
from dayfold_cli.reasons import (
    cut_off_reason,
    gather,
    gather_warnings,
    is_blocked,
    span_text,
)

if TYPE_CHECKING:
    from dayfold.domain.partition import RunRecord
    from dayfold_cli.deployment import Deployment
    from dayfold_cli.grid import Grid
    from dayfold_cli.output import Format

STRETCH_COLUMNS = (Column("table"), Column("days"), Column("state"))
CELL_COLUMNS = ("table", "day", "state", "reason")
SHOWN_RUNS = 3
SHOWN_REASONS = 8


@click.command("status", cls=TargetCommand)
@range_options
@table_option
@format_option
@click.pass_context
def status_command(
    ctx: click.Context,
    first: dt.date | None,
    last: dt.date | None,
    tables: tuple[str, ...],
    data_format: Format,
) -> None:
    """The grid: published, stale, failed, waiting, building, missing, rolled back.

    Without --from and --to: the recent days, judged by the extracts that landed.
    """
    span = read_range(first, last)
    target = target_of(ctx)
    known = known_tables(target)
    names = [resolve_table(name, known) for name in tables]
    from dayfold_cli.deployment import open_deployment
    from dayfold_cli.grid import read_grid

    deployment = open_deployment(target)
    grid = read_grid(deployment, span, names, known)
    if data_format != "table":
        rows = [(c.table, c.day, c.state, c.reason) for c in grid.cells.values()]
        print_rows(CELL_COLUMNS, rows, data_format)
        return
    print_grid(grid)
    from dayfold_cli.raw_changes import recent_changes

    for text in [*gather_warnings(grid.warnings), *recent_changes(deployment)]:
        warn(text)
    for run in deployment.ledger.recent_runs(SHOWN_RUNS):
        say(run_line(run))
    say_last_sweep(deployment)


def say_last_sweep(deployment: Deployment) -> None:
    """Say what the latest sweep did, if there was one."""
    import dataclasses

    from dayfold.adapters.sweeps import Sweeps
    from dayfold_cli.commands.sweep import sweep_line

    kept = Sweeps(deployment.client("dynamodb"), deployment.output("LedgerTable"))
    for record in kept.latest():
        say(sweep_line(dataclasses.asdict(record)))


def print_grid(grid: Grid) -> None:
    """Print the grid: glyphs and colours on a terminal, words in a pipe."""
    if not grid.days:
        say("no day to show: nothing has landed yet (dayfold land TABLE PATH, then dayfold crawl)")
        return
    if is_terminal():
        from dayfold_cli.grid_view import print_coloured

        print_coloured(grid)
    else:
        print_rows(STRETCH_COLUMNS, stretches(grid), "table")
    for line in reason_lines(grid):
        say(line)


def stretches(grid: Grid) -> list[tuple[str, str, str]]:
    """A row for each stretch of days on which a table is in one state: narrow, and fit for grep."""
    rows: list[tuple[str, str, str]] = []
    for table in grid.tables:
        cells = [grid.cells[table, day] for day in grid.days]
        for state, same in itertools.groupby(cells, lambda cell: cell.state):
            days = [str(cell.day) for cell in same]
            rows.append((table, span_text(days[0], days[-1]), state))
    return rows


def reason_lines(grid: Grid) -> list[str]:
    """Why partitions are not published and current, same causes gathered."""
    lines: list[str] = []
    for state in ("failed", "building", "stale", "rolled back", "waiting", "missing"):
        cells = [cell for cell in grid.cells.values() if cell.state == state]
        found = gather((cell.table, str(cell.day), cell.reason) for cell in cells)
        for tables, days, cause in found:
            shown = f": {cause}" if cause and cause != state else ""
            lines.append(f"{state}: {tables}, {days}{shown}")
    if len(lines) > SHOWN_REASONS:
        more = len(lines) - SHOWN_REASONS
        lines[SHOWN_REASONS:] = [f"... and {more} more causes: dayfold status --format csv"]
    return lines


def run_line(run: RunRecord) -> str:
    """A run in one line."""
    started = dt.datetime.fromisoformat(run.started_at)
    took = ""
    if run.ended_at:
        seconds = (dt.datetime.fromisoformat(run.ended_at) - started).total_seconds()
        took = f" after {seconds_text(seconds)}"
    return (
        f"{time_text(run.started_at)} UTC  {run.status}{took}: {_done(run)}  "
        f"({run.trigger}, {run.run_id})"
    )


def _done(run: RunRecord) -> str:
    """What became of a run's partitions; of one that could not even plan, why."""
    cut_off = cut_off_reason(run) if run.status == "failed" else None
    if not run.planned:
        return cut_off or "nothing to build"
    blocked = sum(is_blocked(line) for line in run.failures)
    failed = run.failed - blocked
    parts = [
        f"{run.published:,} of {run.planned:,} published",
        f"{failed:,} failed" if failed else "",
        f"{blocked:,} not built for that" if blocked else "",
        "cut off" if cut_off else "",
    ]
    return ", ".join(part for part in parts if part)
