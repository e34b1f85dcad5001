"""The grid on a terminal: one glyph a partition, as many days as fit side by side."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from rich.text import Text

from dayfold_cli.chart import day_axis
from dayfold_cli.grid import STATES
from dayfold_cli.output import console

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from dayfold_cli.grid import Grid, State

# Shape tells the state too, for those who see no colours.
GLYPHS: dict[State, tuple[str, str]] = {
    "published": ("■", "green"),
    "stale": ("◩", "yellow"),
    "failed": ("✗", "bold red"),
    "waiting": ("◷", "blue"),
    "building": ("▶", "cyan"),
    "missing": ("·", "dim"),
    "rolled back": ("↶", "magenta"),
}
SATURDAY = 5
WIDE, NARROW = 3, 1  # characters a day takes


def print_coloured(grid: Grid) -> None:
    """Draw the grid: a numbered column a day, or one glyph a day where many days are asked for."""
    screen = console()
    label = max(len(table) for table in grid.tables) + 2
    room = max(screen.width - label, WIDE)
    cell = WIDE if len(grid.days) * WIDE <= room else NARROW
    for start in range(0, len(grid.days), room // cell):
        for line in _band(grid, grid.days[start : start + room // cell], label, cell):
            screen.print(line, no_wrap=True, overflow="crop")
        screen.print()
    screen.print(_legend(grid))


def _band(grid: Grid, days: Sequence[dt.date], label: int, cell: int) -> list[Text]:
    lines = _numbered_days(days, label) if cell == WIDE else [Text(" " * label + day_axis(days))]
    for table in grid.tables:
        line = Text(table.ljust(label))
        for day in days:
            glyph, style = GLYPHS[grid.cells[table, day].state]
            line.append(glyph.ljust(cell), style=style)
        lines.append(line)
    return lines


def _numbered_days(days: Sequence[dt.date], label: int) -> list[Text]:
    """A line of months and a line of days, weekends dim."""
    months = Text(" " * label)
    for month, of_month in itertools.groupby(days, lambda day: f"{day:%Y-%m}"):
        width = WIDE * len(list(of_month))
        months.append((month if len(month) <= width else "").ljust(width), style="bold")
    numbers = Text(" " * label)
    for day in days:
        numbers.append(f"{day:%d}".ljust(WIDE), style="dim" if day.weekday() >= SATURDAY else "")
    return [months, numbers]


def _legend(grid: Grid) -> Text:
    legend = Text()
    for state in STATES:
        count = grid.count(state)
        if count or state == "published":
            glyph, style = GLYPHS[state]
            legend.append(glyph, style=style)
            legend.append(f" {state} {count:,}   ")
    return legend
