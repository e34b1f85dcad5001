"""How data is printed: a coloured table on a terminal, plain words in a pipe, CSV or JSON."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import json
import os
import sys
from typing import TYPE_CHECKING, Any, Literal

import click

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

Format = Literal["table", "csv", "json"]
FORMATS: tuple[Format, ...] = ("table", "csv", "json")
GAP = "  "

format_option = click.option(
    "--format",
    "data_format",
    type=click.Choice(FORMATS),
    default="table",
    show_default=True,
    help="How to print the data.",
)


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    """One column of a printed table: numbers to the right, and a colour for the terminal.

    On a narrow terminal only columns that `wraps` get narrower; sentences do, names do not.
    """

    name: str
    right: bool = False
    style: str | None = None
    wraps: bool = False


def is_terminal() -> bool:
    """Whether a person reads the standard output."""
    return sys.stdout.isatty()


def say(text: str = "") -> None:
    """Print one line of result."""
    click.echo(text, color=_colour())


def note(text: str) -> None:
    """Print one line about what is going on; on stderr, so that data stays data."""
    click.echo(text, err=True, color=_colour())


def warn(text: str) -> None:
    """Print one line about what somebody should look into."""
    click.echo(click.style("warning: ", fg="yellow") + text, err=True, color=_colour())


def _colour() -> bool | None:
    """None leaves it to click, which colours only for a terminal but knows nothing of NO_COLOR."""
    return False if os.environ.get("NO_COLOR") else None


def console(*, stderr: bool = False) -> Console:
    """A terminal to draw on. Keeps a table's lines whole in a pipe, whatever COLUMNS says."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=False)


def print_rows(
    columns: Sequence[Column | str], rows: Sequence[Sequence[object]], data_format: Format
) -> None:
    """Print rows under their columns in the format asked for."""
    named = [
        Column(column, wraps=True) if isinstance(column, str) else column for column in columns
    ]
    if data_format == "json":
        names = [column.name for column in named]
        print_json([dict(zip(names, row, strict=True)) for row in rows])
    elif data_format == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(column.name for column in named)
        writer.writerows([_csv_cell(cell) for cell in row] for row in rows)
    elif is_terminal():
        _print_rich(named, rows)
    else:
        for line in plain_table(named, rows):
            say(line)


def print_json(value: object) -> None:
    """Print any value of plain data as JSON."""
    say(json.dumps(value, indent=2, default=_json_value, ensure_ascii=False))


def plain_table(columns: Sequence[Column], rows: Sequence[Sequence[object]]) -> list[str]:
    """Lines with aligned columns and no decoration: fit for grep, awk and a diff."""
    cells = [[column.name for column in columns], *([text_of(c) for c in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(columns))]
    return [
        GAP.join(
            text.rjust(width) if column.right else text.ljust(width)
            for text, width, column in zip(row, widths, columns, strict=True)
        ).rstrip()
        for row in cells
    ]


def text_of(cell: object) -> str:
    """A cell as text; nothing is a dash."""
    if cell is None or cell == "":
        return "-"
    if isinstance(cell, float):
        return f"{cell:.4f}".rstrip("0").rstrip(".")
    return str(cell)


def _print_rich(columns: Sequence[Column], rows: Sequence[Sequence[object]]) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, header_style="bold underline", padding=(0, len(GAP), 0, 0))
    for column in columns:
        justify: Literal["left", "right"] = "right" if column.right else "left"
        table.add_column(
            column.name,
            justify=justify,
            style=column.style,
            overflow="fold",
            no_wrap=not column.wraps,
        )
    for row in rows:
        table.add_row(*(escape(text_of(cell)) for cell in row))
    console().print(table)


def _csv_cell(cell: object) -> object:
    return "" if cell is None else cell


def _json_value(value: Any) -> object:  # noqa: ANN401 - json hands over whatever it does not know
    if isinstance(value, (dt.date, dt.datetime)):
        return value.isoformat()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return str(value)


# --- Amounts in a person's words -------------------------------------------------------------


def size_text(count: float | None) -> str:
    """Bytes as `3 B`, `1.2 kB`, `45 MB`; decimal, as Athena bills them."""
    if count is None:
        return "-"
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} B" if unit == "B" else f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:,.1f} TB"


def dollars_text(usd: float | None) -> str:
    """Dollars with as many digits as tell something: `$0.00005`, `$0.012`, `$12.30`."""
    if usd is None:
        return "-"
    if usd >= 1 or usd == 0:
        return f"${usd:,.2f}"
    return f"${usd:.3f}" if usd >= 0.01 else "$" + f"{usd:.6f}".rstrip("0")


def seconds_text(seconds: float | None) -> str:
    """A duration as `0.8 s`, `42 s`, `3 min 05 s`, `2 h 10 min`."""
    if seconds is None:
        return "-"
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def time_text(moment: str | None) -> str:
    """A moment of the ledger as `2004-05-21 01:02:03`, in UTC."""
    if moment is None:
        return "-"
    return f"{dt.datetime.fromisoformat(moment).astimezone(dt.UTC):%Y-%m-%d %H:%M:%S}"


def count_text(number: int, noun: str, plural: str | None = None) -> str:
    """`1 day`, `3 days`, `1,525 posts`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def facts(pairs: Mapping[str, object]) -> None:
    """Print name and value, one pair a line, aligned."""
    width = max((len(name) for name in pairs), default=0)
    for name, value in pairs.items():
        say(f"{click.style(name.ljust(width), bold=True)}{GAP}{text_of(value)}")
