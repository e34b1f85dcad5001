"""Parameter types and look-ups that several commands share: days, ranges and tables."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import click

from dayfold.errors import BadRequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from dayfold_cli.target import Target

QUERY_FOLDERS = ("staging", "kpi")


class DayType(click.ParamType):
    """A day, `YYYY-MM-DD`."""

    name = "day"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> dt.date:
        """Read the day; what is none is a usage error."""
        from dayfold.domain.days import parse_day

        if isinstance(value, dt.date):
            return value
        try:
            return parse_day(str(value))
        except BadRequestError as error:
            self.fail(str(error), param, ctx)


DAY = DayType()


def range_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--from D --to D`; read them with `read_range`."""
    first = click.option("--from", "first", type=DAY, metavar="DAY", help="First day.")
    last = click.option("--to", "last", type=DAY, metavar="DAY", help="Last day, included.")
    return first(last(command))


def read_range(first: dt.date | None, last: dt.date | None) -> tuple[dt.date, dt.date] | None:
    """The range asked for, or None; one end alone means that day.

    Raises:
        click.UsageError: the range is reversed.
    """
    first, last = first or last, last or first
    if first is None or last is None:
        return None
    if first > last:
        raise click.UsageError(f"the range is reversed: --from {first} comes after --to {last}")
    return first, last


table_option = click.option(
    "--table",
    "-t",
    "tables",
    multiple=True,
    metavar="TABLE",
    help="Only this table, e.g. kpi.active_users; may be given again.",
)


policy_option = click.option(
    "--policy",
    type=click.Choice(("missing", "stale", "failed", "all")),
    default="stale",
    show_default=True,
    help="What to build: never built; that and out of date; only failed; everything anew.",
)


def query_files(project: Path) -> dict[str, Path]:
    """The tables of a project by name, from the names of its files alone: `kpi.active_users`."""
    return {
        f"{folder}.{path.stem}": path
        for folder in QUERY_FOLDERS
        for path in sorted((project / "queries" / folder).glob("*.sql"))
    }


def known_tables(target: Target) -> list[str]:
    """The names of the tables that the project at hand builds; none without a project."""
    project = target.find_project()
    return list(query_files(project)) if project else []


def resolve_table(name: str, known: Collection[str]) -> str:
    """The full name of a table: `active_users` will do where only one database has it.

    Raises:
        BadRequestError: there is no such table, or two of that short name.
    """
    if not known or name in known:
        return name
    short = [full for full in known if full.partition(".")[2] == name]
    if len(short) == 1:
        return short[0]
    if short:
        raise BadRequestError(f"table {name!r} is in two databases: say {' or '.join(short)}")
    from difflib import get_close_matches

    shorts = [full.partition(".")[2] for full in known]
    near = get_close_matches(name, [*known, *shorts], n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
    raise BadRequestError(f"unknown table {name!r}: {hint}")
