"""`dayfold sweep`: look now for what no event announced and what nobody waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dayfold_cli.lazy import TargetCommand, target_of
from dayfold_cli.output import count_text, format_option, print_json, print_rows, say, warn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dayfold_cli.output import Format

COLUMNS = ("what", "name")
SHOWN_LINES = 20
# What has died or stood still, as the report has it, and how it is said before and after.
ABANDONED = {
    "ended_runs": ("run to end", "ended run"),
    "ended_leases": ("lease to end", "ended lease"),
    "stopped_queries": ("query to stop", "stopped query"),
    "resumed_backfills": ("backfill to resume", "resumed backfill"),
}


@click.command("sweep", cls=TargetCommand)
@click.option("--dry-run", is_flag=True, help="Only say what it would do.")
@format_option
@click.pass_context
def sweep_command(ctx: click.Context, dry_run: bool, data_format: Format) -> None:
    """Find late files, lost events, edited queries and dead work now, and start what is needed.

    The stack sweeps by itself once an hour; a sweep too many does nothing twice.
    """
    from dayfold_cli.deployment import open_deployment
    from dayfold_cli.functions import invoke

    report = invoke(open_deployment(target_of(ctx)), "sweep", {"dry_run": dry_run})
    if data_format == "json":
        print_json(report)
    elif data_format == "csv":
        print_rows(COLUMNS, rows_of(report), "csv")
    else:
        print_report(report)


def rows_of(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    """A row for each thing found: partitions to build, and what had died."""
    rows = [("build", line) for line in report["partitions"]]
    rows += [("given up", line) for line in report["given_up"]]
    for key, (_, done) in ABANDONED.items():
        rows += [(done, name) for name in report[key]]
    return rows


def print_report(report: Mapping[str, Any]) -> None:
    """Print what a sweep found and did, in a person's words."""
    if report["first"] is None:
        say("nothing to judge: no extract has landed yet")
    else:
        say(
            f"judged {count_text(report['judged'], 'partition')}, "
            f"{report['first']}..{report['last']}: {report['up_to_date']:,} up to date, "
            f"{report['waiting']:,} waiting, {report['left_to_others']:,} left to runs under way"
        )
    for reason, count in report["found"].items():
        say(f"to build, {reason}: {count_text(count, 'partition')}")
    for line in report["partitions"][:SHOWN_LINES]:
        say(f"  {line}")
    hidden = sum(report["found"].values()) - min(len(report["partitions"]), SHOWN_LINES)
    if hidden > 0:
        say(f"  ... and {hidden:,} more")
    _print_abandoned(report)
    for line in report["given_up"][:SHOWN_LINES]:
        warn(f"given up until its query or an input changes: {line}")
    for line in report["notices"][:SHOWN_LINES]:
        warn(line)
    _print_started(report)


def _print_abandoned(report: Mapping[str, Any]) -> None:
    for key, (to_do, done) in ABANDONED.items():
        for name in report[key]:
            say(f"{to_do if report['dry_run'] else done}: {name}")


def _print_started(report: Mapping[str, Any]) -> None:
    verb = "would start" if report["dry_run"] else "started"
    if report["crawled"]:
        say(f"{verb} the crawler: files have landed that no crawl has seen")
    if report["started"] is None:
        say("nothing to start")
    elif report["started_kind"] == "run":
        say(f"{verb} run {report['started']}")
        say("next: dayfold status")
    else:
        say(f"{verb} backfill {report['started']}")
        say(f"next: dayfold backfill watch {report['started']}")


def sweep_line(report: Mapping[str, Any]) -> str:
    """A sweep in one line, for `dayfold status`."""
    found = sum(report["found"].values())
    dead = sum(len(report[key]) for key in ABANDONED)
    started = f", started {report['started_kind']} {report['started']}" if found else ""
    given_up = f", {len(report['given_up'])} given up" if report["given_up"] else ""
    ended = f", cleared up {count_text(dead, 'dead thing')}" if dead else ""
    at = report["at"][:19].replace("T", " ")
    return f"swept {at} UTC: {found:,} found{started}{given_up}{ended}"
