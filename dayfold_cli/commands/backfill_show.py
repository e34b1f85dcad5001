"""`dayfold backfill list`, `show` and `watch`: how far backfills are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dayfold_cli.lazy import TargetCommand, target_of
from dayfold_cli.output import format_option

if TYPE_CHECKING:
    from dayfold_cli.output import Format


@click.command("list", cls=TargetCommand)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    metavar="N",
    help="How many, newest first.",
)
@format_option
@click.pass_context
def list_command(ctx: click.Context, limit: int, data_format: Format) -> None:
    """The latest backfills, newest first."""
    from dayfold_cli.backfill_facts import print_list
    from dayfold_cli.backfills import store_of
    from dayfold_cli.deployment import open_deployment

    print_list(store_of(open_deployment(target_of(ctx))).list(limit), data_format)


@click.command("show", cls=TargetCommand)
@click.argument("name")
@format_option
@click.pass_context
def show_command(ctx: click.Context, name: str, data_format: Format) -> None:
    """How far NAME is: its waves, bytes, dollars and failures."""
    from dayfold_cli.backfill_facts import print_one
    from dayfold_cli.backfills import load, store_of
    from dayfold_cli.deployment import open_deployment

    store = store_of(open_deployment(target_of(ctx)))
    record = load(store, name)
    failures = store.failures(name) if record.failed else []
    print_one(record, store.waves(name), failures, data_format)


@click.command("watch", cls=TargetCommand)
@click.argument("name")
@format_option
@click.pass_context
def watch_command(ctx: click.Context, name: str, data_format: Format) -> None:
    """Follow NAME until it ends or is paused; exit 1 unless it succeeded.

    Ctrl-C ends the watching, not the backfill.
    """
    from dayfold_cli.backfill_view import watch
    from dayfold_cli.deployment import open_deployment

    watch(open_deployment(target_of(ctx)), name, data_format)
