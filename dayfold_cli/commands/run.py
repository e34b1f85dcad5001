"""`dayfold run`: build what is missing, stale or failed; or show the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dayfold_cli.lazy import TargetCommand, target_of
from dayfold_cli.options import (
    DAY,
    known_tables,
    policy_option,
    range_options,
    read_range,
    resolve_table,
    table_option,
)
from dayfold_cli.output import format_option, note, print_json, say

if TYPE_CHECKING:
    import datetime as dt

    from dayfold_cli.deployment import Deployment
    from dayfold_cli.output import Format
    from dayfold_cli.runs import Outcome


@click.command("run", cls=TargetCommand)
@click.option("--day", "-d", "days", type=DAY, multiple=True, metavar="DAY", help="A day to build.")
@range_options
@table_option
@policy_option
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
    from dayfold_cli.outcomes import report

    if data_format == "json":
        print_json(outcome)
        report(outcome, note)
    else:
        report(outcome)


def follow_shown(deployment: Deployment, run_id: str, execution_arn: str) -> Outcome:
    """Follow a run, with a progress bar where somebody watches."""
    from dayfold_cli.progress import bar
    from dayfold_cli.runs import Progress, follow

    with bar(run_id) as shown:

        def watch(now: Progress) -> None:
            shown.show(f"{run_id}: {now.text}", now.done, now.total)

        return follow(deployment, run_id, execution_arn, watch if shown.is_seen else None)
