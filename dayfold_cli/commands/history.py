"""`dayfold history`: what readers saw of many partitions, and the table of it written anew."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import click

from dayfold_cli.history import HISTORY_COLUMNS, RAW_COLUMNS, raw_row, row
from dayfold_cli.lazy import TargetCommand, target_of
from dayfold_cli.options import (
    known_tables,
    range_options,
    read_range,
    resolve_table,
    table_option,
)
from dayfold_cli.output import Column, count_text, format_option, note, print_rows

if TYPE_CHECKING:
    from dayfold_cli.deployment import Deployment
    from dayfold_cli.output import Format

PLACE = (Column("table"), Column("day"))


@click.command("history", cls=TargetCommand)
@range_options
@table_option
@click.option("--rebuild", is_flag=True, help="Write ops.publications anew from the ledger.")
@format_option
@click.pass_context
def history_command(
    ctx: click.Context,
    first: dt.date | None,
    last: dt.date | None,
    tables: tuple[str, ...],
    rebuild: bool,
    data_format: Format,
) -> None:
    """Which build of which day readers saw from when, from what run, at which cost."""
    span = read_range(first, last) or (dt.date.min, dt.date.max)
    target = target_of(ctx)
    known = known_tables(target)
    from dayfold_cli.deployment import open_deployment
    from dayfold_cli.grid import catalog_tables

    deployment = open_deployment(target)
    names = [resolve_table(name, known) for name in tables] or known or catalog_tables(deployment)
    if rebuild:
        if tables or first or last:
            raise click.UsageError("--rebuild writes the whole table: leave out tables and days")
        note(f"{count_text(_rebuild(deployment, names), 'publication')} in ops.publications")
        return
    found = [
        (name, one)
        for name in names
        for history in deployment.ledger.publications(name, *span).values()
        for one in history
    ]
    found.sort(key=lambda place: (place[1].published_at, place[0], place[1].day))
    if data_format == "table":
        print_rows(
            (*PLACE, *HISTORY_COLUMNS), [(n, one.day, *row(one)) for n, one in found], "table"
        )
    else:
        columns = ("table", "day", *RAW_COLUMNS)
        print_rows(columns, [(n, one.day, *raw_row(one)) for n, one in found], data_format)


def _rebuild(deployment: Deployment, names: list[str]) -> int:
    """Write the files of all runs, backfills and rollbacks of which the ledger knows."""
    from dayfold.adapters.ops_table import PUBLICATIONS, OpsTable
    from dayfold.history import save_publications

    s3, glue = deployment.client("s3"), deployment.client("glue")
    days = dict.fromkeys(names, (dt.date.min, dt.date.max))
    target = OpsTable(s3, glue, deployment.bucket, PUBLICATIONS)
    return save_publications(deployment.ledger, target, days)
