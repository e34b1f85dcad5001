"""`dayfold run`: build what is missing, stale or failed; or show the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dayfold.errors import RunFailedError
from dayfold_cli.lazy import TargetCommand, target_of
from dayfold_cli.options import (
    DAY,
    known_tables,
    range_options,
    read_range,
    resolve_table,
    table_option,
)
from dayfold_cli.output import count_text, format_option, note, print_json, say, seconds_text, warn

if TYPE_CHECKING:
    import datetime as dt

    from dayfold_cli.deployment import Deployment
    from dayfold_cli.output import Format
    from dayfold_cli.runs import Outcome

POLICIES = ("missing", "stale", "failed", "all")
SHOWN_LINES = 15


@click.command("run", cls=TargetCommand)
@click.option("--day", "-d", "days", type=DAY, multiple=True, metavar="DAY", help="A day to build.")
@range_options
@table_option
@click.option(
    "--policy",
    type=click.Choice(POLICIES),
    default="stale",
    show_default=True,
    help="What to build: never built; that and out of date; only failed; everything anew.",
)
@click.option("--dry-run", is_flag=True, help="Show the plan and build nothing.")
@click.option("--wait", is_flag=True, help="Follow the run; exit 1 if it failed.")
@format_option
@click.pass_context
def run_command(
    ctx: click.Context,
    days: tuple[dt.date, ...],
    first: dt.date | None,
    last: dt.date | None,
    tables: tuple[str, ...],
    policy: str,
    dry_run: bool,
    wait: bool,
    data_format: Format,
) -> None:
    """Build what is missing, stale or failed, in the recent days or in those named."""
    from dayfold_cli.runs import Request, plan, start_run

    span = read_range(first, last)
    target = target_of(ctx)
    known = known_tables(target)
    names = tuple(resolve_table(name, known) for name in tables)
    request = Request(days=days, span=span, tables=names, policy=policy)
    from dayfold_cli.deployment import open_deployment

    deployment = open_deployment(target)
    if dry_run:
        from dayfold_cli.plans import print_plan

        print_plan(plan(deployment, request), data_format)
        return
    run_id, arn = start_run(deployment, request)
    if not wait:
        say(run_id)
        note("next: dayfold status")
        return
    outcome = follow_shown(deployment, run_id, arn)
    if data_format == "json":
        print_json(outcome)
    report(outcome)


def follow_shown(deployment: Deployment, run_id: str, execution_arn: str) -> Outcome:
    """Follow a run, with a progress bar where somebody watches."""
    from dayfold_cli.progress import bar
    from dayfold_cli.runs import Progress, follow

    with bar(run_id) as shown:

        def watch(now: Progress) -> None:
            shown.show(f"{run_id}: {now.text}", now.done, now.total)

        return follow(deployment, run_id, execution_arn, watch if shown.is_seen else None)


def report(outcome: Outcome) -> None:
    """Say how a run ended, on stderr what went wrong.

    Raises:
        RunFailedError: it did not succeed.
    """
    from dayfold_cli.reasons import gather_failures, gather_lines

    record = outcome.record
    for warning in record.warnings if record else ():
        warn(warning)
    waiting = gather_lines(record.waiting if record else ())
    _note_some("waiting", waiting)
    failures = gather_failures(record.failures if record else ())
    if len(failures) > 1:
        _note_some("failed", failures)
    raise_if_failed(outcome)
    done = count_text(record.published, "partition") if record else "nothing"
    if record is not None and not record.planned:
        done = "everything was up to date, nothing"
    say(f"{outcome.run_id} succeeded in {seconds_text(outcome.seconds)}: {done} published")


def _note_some(word: str, lines: list[str]) -> None:
    for line in lines[:SHOWN_LINES]:
        note(f"{word}: {line}")
    if len(lines) > SHOWN_LINES:
        note(f"{word}: and {len(lines) - SHOWN_LINES:,} more; `dayfold status` shows them")


def raise_if_failed(outcome: Outcome) -> None:
    """Turn a run that did not succeed into an error.

    Raises:
        RunFailedError: partitions failed, or the run itself did.
    """
    if not outcome.succeeded:
        raise RunFailedError(_failure_line(outcome))


def _failure_line(outcome: Outcome) -> str:
    from dayfold_cli.reasons import gather_failures

    record = outcome.record
    failures = record.failures if record else ()
    if record is None or not failures:
        ended = outcome.status.lower().replace("_", " ")
        return f"{outcome.run_id} {ended}: {outcome.error or 'no reason given'}"
    if len(gather_failures(failures)) == 1:
        what = gather_failures(failures)[0]
    else:
        missed = count_text(record.planned - record.published, "partition")
        what = f"{missed} of {record.planned:,} not built"
    return (
        f"{outcome.run_id} failed after {seconds_text(outcome.seconds)}: {what}; "
        f"{record.published:,} published. `dayfold show TABLE DAY` tells more, "
        "`dayfold run --policy failed` tries again"
    )
