"""`dayfold backfill start`: plan a stretch of history and build it, or show what it would take."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import click

from dayfold_cli.check_options import check_options, read_check_options
from dayfold_cli.lazy import TargetCommand, target_of
from dayfold_cli.options import (
    known_tables,
    policy_option,
    range_options,
    read_range,
    resolve_table,
    table_option,
)
from dayfold_cli.output import format_option, note, print_json, say, warn

if TYPE_CHECKING:
    import datetime as dt

    from dayfold_cli.deployment import Deployment
    from dayfold_cli.output import Format

MAX_DAYS_PER_JOB = 100  # Athena's limit of partitions that one CTAS writes
CONCURRENCY = click.IntRange(2, 1000)  # Lambda's limits of an event source's MaximumConcurrency


def _read_cost(ctx: click.Context, parameter: click.Parameter, value: float | None) -> float | None:
    if value is not None and not (value > 0 and math.isfinite(value)):
        raise click.BadParameter(f"{value:g}: give dollars, more than 0", ctx, parameter)
    return value


max_cost_option = click.option(
    "--max-cost",
    type=float,
    callback=_read_cost,
    metavar="USD",
    help="Pause before it has cost more than so many dollars.",
)


@click.command("start", cls=TargetCommand)
@range_options
@table_option
@policy_option
@click.option(
    "--order",
    type=click.Choice(("newest", "oldest")),
    default="newest",
    show_default=True,
    help="Which days of a wave come first.",
)
@click.option(
    "--days-per-job",
    type=click.IntRange(1, MAX_DAYS_PER_JOB),
    metavar="N",
    help="Days that one query builds; default: by their size.",
)
@max_cost_option
@click.option(
    "--concurrency",
    type=CONCURRENCY,
    metavar="N",
    help="Jobs at once, from now on and for all backfills.",
)
@check_options
@click.option("--name", default="", metavar="NAME", help="What to call it; default: by its days.")
@click.option("--dry-run", is_flag=True, help="Show the plan and build nothing.")
@click.option("--wait", is_flag=True, help="Watch it to its end; exit 1 if it failed.")
@format_option
@click.pass_context
def start_command(
    ctx: click.Context,
    /,
    first: dt.date | None,
    last: dt.date | None,
    tables: tuple[str, ...],
    concurrency: int | None,
    dry_run: bool,
    wait: bool,
    data_format: Format,
    **asked: Any,  # noqa: ANN401 - click hands over the options: name, policy, order, ...
) -> None:
    """Build what is missing, stale or failed from one day to another.

    All tables, unless --table names some; what those read is built where it is needed.
    """
    from dayfold_cli.backfills import Request, plan, start

    span = read_range(first, last)
    if span is None:
        raise click.UsageError("give the days: --from DAY --to DAY")
    target = target_of(ctx)
    known = known_tables(target)
    from dayfold_cli.deployment import open_deployment

    request = Request(
        span=span,
        tables=tuple(resolve_table(name, known) for name in tables),
        max_cost_usd=asked.pop("max_cost"),
        concurrency=concurrency,
        **read_check_options(known, asked),
        **asked,
    )
    deployment = open_deployment(target)
    from dayfold_cli.backfill_plans import print_plan, warn_of

    if dry_run:
        print_plan(plan(deployment, request), data_format, request.max_cost_usd)
        return
    started = start(deployment, request)
    warn_of(started, request.max_cost_usd)
    if concurrency is not None:
        _try_concurrency(deployment, concurrency)
    _report(deployment, started, data_format, wait=wait)


def _try_concurrency(deployment: Deployment, jobs: int) -> None:
    """Set it, or say why not: the backfill runs already, and goes on as it is."""
    from botocore.exceptions import ClientError

    from dayfold_cli.backfills import set_concurrency
    from dayfold_cli.boundary import explain

    try:
        set_concurrency(deployment, jobs)
    except ClientError as error:
        said = explain(error)[0].removeprefix("dayfold: ")
        warn(f"started, but at the concurrency there was: {said}")


def _report(
    deployment: Deployment, started: dict[str, Any], data_format: Format, *, wait: bool
) -> None:
    """Say what was started, and with `wait` how it ends."""
    from dayfold_cli.backfill_plans import raise_if_idle, size_line

    name = started["name"]
    raise_if_idle(started)
    if wait:
        from dayfold_cli.backfill_view import watch

        note(f"{name}: {size_line(started)}")
        watch(deployment, name, data_format)
    elif data_format == "json":
        print_json(started)
    else:
        say(name)
        note(size_line(started))
        if started["partitions"]:
            note(f"next: dayfold backfill watch {name}")
