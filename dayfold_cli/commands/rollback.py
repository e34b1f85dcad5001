"""`dayfold rollback`: point days of a table, or all of a backfill, at the builds before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dayfold.errors import RunFailedError
from dayfold_cli.lazy import TargetCommand, target_of
from dayfold_cli.options import DAY, known_tables, range_options, read_range, resolve_table
from dayfold_cli.output import Column, count_text, format_option, note, print_json, print_rows, warn
from dayfold_cli.reasons import days_text

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from dayfold_cli.output import Format

COLUMNS = (
    Column("table"),
    Column("day"),
    Column("action"),
    Column("shows"),
    Column("undone"),
    Column("reason", wraps=True),
)
SPAN_COLUMNS = (Column("table"), Column("days"), Column("action"), Column("partitions", right=True))
SHOWN = 20  # partitions that are listed one by one
SAID = {"move": "rolled back", "done": "already", "leave": "left"}


@click.command("rollback", cls=TargetCommand)
@click.argument("table", required=False)
@click.argument("day", type=DAY, required=False)
@range_options
@click.option("--build", "build_id", metavar="BUILD", help="The build to show.")
@click.option("--backfill", metavar="NAME", help="Undo all that this backfill has published.")
@click.option("--dry-run", is_flag=True, help="Show what would be done, and do nothing.")
@format_option
@click.pass_context
def rollback_command(
    ctx: click.Context,
    table: str | None,
    day: dt.date | None,
    first: dt.date | None,
    last: dt.date | None,
    build_id: str | None,
    backfill: str | None,
    dry_run: bool,
    data_format: Format,
) -> None:
    """Show readers of TABLE on DAY the build before the latest, or the one that --build names.

    --from and --to take a range of days; --backfill takes all that a backfill has published. What
    is rolled back stays so until it is built expressly: dayfold run --policy all --table T --day D
    """
    span = read_range(first, last)
    asked = _asked(table, day, span, build_id, backfill)
    target = target_of(ctx)
    if table is not None:
        asked["table"] = resolve_table(table, known_tables(target))
    from dayfold_cli.deployment import open_deployment
    from dayfold_cli.rollbacks import roll_back

    answer = roll_back(open_deployment(target), asked, dry_run=dry_run)
    _print(answer, data_format)
    _say_next(answer, dry_run=dry_run)
    if answer["left"]:
        raise RunFailedError(f"{count_text(answer['left'], 'day')} not rolled back: see above")


def _asked(
    table: str | None,
    day: dt.date | None,
    span: tuple[dt.date, dt.date] | None,
    build_id: str | None,
    backfill: str | None,
) -> dict[str, Any]:
    """What is asked for, as `roll_back` takes it.

    Raises:
        click.UsageError: too little is said, or two things at once.
    """
    if backfill is not None:
        if table or span or build_id:
            raise click.UsageError("--backfill takes a whole backfill: no TABLE, days or build")
        return {"backfill": backfill}
    if table is None:
        raise click.UsageError("say what to roll back: TABLE DAY, or --backfill NAME")
    if (day is None) == (span is None):
        raise click.UsageError("say which days, once: DAY, or --from DAY --to DAY")
    first, last = span or (day, day)
    return {"first": str(first), "last": str(last), "build_id": build_id}


def _print(answer: Mapping[str, Any], data_format: Format) -> None:
    partitions = answer["partitions"]
    if data_format == "json":
        print_json(answer)
    elif data_format == "csv" or len(partitions) <= SHOWN:
        print_rows(COLUMNS, [_row(one) for one in partitions], data_format)
    else:
        print_rows(SPAN_COLUMNS, _spans(partitions), data_format)
        for one in [one for one in partitions if one["action"] == "leave"][:SHOWN]:
            warn(f"{one['table']} {one['day']} {one['reason']}")


def _row(one: Mapping[str, Any]) -> tuple[object, ...]:
    columns = ("build_id", "undone_build_id", "reason")
    return (one["table"], one["day"], SAID[one["action"]], *(one[name] for name in columns))


def _spans(partitions: Sequence[Mapping[str, Any]]) -> list[tuple[object, ...]]:
    """A row for each table and what became of its days."""
    groups: dict[tuple[str, str], list[str]] = {}
    for one in partitions:
        groups.setdefault((one["table"], SAID[one["action"]]), []).append(one["day"])
    return [(table, days_text(days), action, len(days)) for (table, action), days in groups.items()]


def _say_next(answer: Mapping[str, Any], *, dry_run: bool) -> None:
    moved = count_text(answer["moved"], "day")
    done = f", {count_text(answer['done'], 'day')} as asked already" if answer["done"] else ""
    if dry_run:
        note(f"would roll back {moved}{done}; nothing has moved")
        return
    took = f" in {answer['seconds']:.2f} s" if answer["moved"] else ""
    note(f"rolled back {moved}{took}{done}")
    if answer["moved"]:
        note("next: dayfold run  (builds anew what read the undone builds)")
