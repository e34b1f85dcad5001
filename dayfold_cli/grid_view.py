"""The grid on a terminal: one glyph a partition, as many days as fit side by side."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from rich.text import Text

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
}
CELL = 3  # characters a day takes
MONTHS_EVERY_LINE = "%Y-%m"


def print_coloured(grid: Grid) -> None:
    """Draw the grid in as many bands as the terminal's width asks for."""
    screen = console()
    label = max(len(table) for table in grid.tables) + 2
    fitting = max((screen.width - label) // CELL, 1)
    for start in range(0, len(grid.days), fitting):
        for line in _band(grid, grid.days[start : start + fitting], label):
            screen.print(line, no_wrap=True, overflow="crop")
        screen.print()
    screen.print(_legend(grid))


def _band(grid: Grid, days: Sequence[dt.date], label: int) -> list[Text]:
    months = Text(" " * label)
    for month, of_month in itertools.groupby(days, lambda day: f"{day:{MONTHS_EVERY_LINE}}"):
        width = CELL * len(list(of_month))
        months.append((month if len(month) <= width else "").ljust(width)[:width], style="bold")
    numbers = Text(" " * label)
    for day in days:
        numbers.append(f"{day:%d}".ljust(CELL), style="dim" if day.weekday() >= 5 else "")
    lines = [months, numbers]
    for table in grid.tables:
        line = Text(table.ljust(label))
        for day in days:
            glyph, style = GLYPHS[grid.cells[table, day].state]
            line.append(glyph.ljust(CELL), style=style)
        lines.append(line)
    return lines


def _legend(grid: Grid) -> Text:
    legend = Text()
    for state in STATES:
        count = grid.count(state)
        if count or state == "published":
            glyph, style = GLYPHS[state]
            legend.append(glyph, style=style)
            legend.append(f" {state} {count:,}   ")
    return legend
