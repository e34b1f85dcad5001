"""Charts of blocks for a terminal: columns of any height, and sparklines of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

EIGHTHS = " ▁▂▃▄▅▆▇█"
AXIS_GAP = 4  # blanks at least between two dates
GAP = "·"  # a day without a value


def sparkline(values: Sequence[float | None]) -> str:
    """One character a value, the least lowest; values all the same are drawn in the middle."""
    known = [value for value in values if value is not None]
    if not known:
        return GAP * len(values)
    low, high = min(known), max(known)
    steps = len(EIGHTHS) - 2
    marks = [
        GAP
        if value is None
        else EIGHTHS[
            1 + (round((value - low) / (high - low) * steps) if high > low else steps // 2)
        ]
        for value in values
    ]
    return "".join(marks)


def columns(values: Sequence[float | None], height: int, width: int = 1) -> list[str]:
    """A column chart from zero, top line first; each value `width` characters wide.

    A value above zero always shows, however small beside the greatest.
    """
    top = max((value for value in values if value is not None), default=0.0)
    scale = height * 8 / top if top > 0 else 0.0
    filled = [max(round((value or 0) * scale), 1 if value and value > 0 else 0) for value in values]
    lines = []
    for row in range(height - 1, -1, -1):
        cells = (EIGHTHS[min(max(eighths - row * 8, 0), 8)] for eighths in filled)
        lines.append("".join(cell * width for cell in cells))
    return lines


def bar(value: float, top: float, width: int) -> str:
    """A bar to the right, in eighths of a character."""
    eighths = round(value / top * width * 8) if top > 0 else 0
    full, rest = divmod(min(eighths, width * 8), 8)
    partial = "▏▎▍▌▋▊▉"
    return "█" * full + (partial[rest - 1] if rest else "")


def day_axis(days: Sequence[dt.date], width: int = 1) -> str:
    """A line of dates under the columns: each Monday that finds room, else the first day."""
    total = len(days) * width
    line = [" "] * total
    free_from = 0
    starts = [index for index, day in enumerate(days) if day.weekday() == 0] or [0]
    for index in starts:
        label = f"{days[index]:%b} {days[index].day}" if days else ""
        at = index * width
        if at >= free_from and at + len(label) <= total:
            line[at : at + len(label)] = label
            free_from = at + len(label) + AXIS_GAP
    return "".join(line).rstrip()
