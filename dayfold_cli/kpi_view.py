"""The KPIs as a table and as charts: in colour on a terminal, readable without."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from rich import box
from rich.columns import Columns
from rich.panel import Panel
from rich.text import Text

from dayfold_cli.chart import bar, columns, day_axis, sparkline
from dayfold_cli.kpis import replies_by_group, series
from dayfold_cli.output import Column, console, count_text, print_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dayfold_cli.kpis import CompanyDay, Kpis

CHART_HEIGHT = 6
CHART_DAYS = 28
TABLE_DAYS = 7
SHOWN_COMPANIES = 6
SHOWN_GROUPS = 8
BAR_WIDTH = 28
COLOURS = ("green", "cyan", "magenta", "yellow", "blue", "red")
LABEL = 11  # characters before a line of a panel: the axis, or the name of a sparkline
KPI_COLUMNS = (
    Column("day"),
    Column("company", style="bold"),
    Column("active", right=True, style="green"),
    Column("weekly", right=True),
    Column("monthly", right=True),
    Column("posts", right=True),
    Column("per user", right=True),
    Column("retained", right=True),
    Column("score", right=True, style="cyan"),
)


def print_kpi_table(kpis: Kpis) -> None:
    """Print the last days, one row per company and day."""
    days = sorted({row.day for row in kpis.days})[-TABLE_DAYS:]
    rows = [
        (
            row.day,
            row.company,
            row.active,
            row.weekly,
            row.monthly,
            row.posts,
            _fixed(row.posts_per_active, 2),
            _percent(row.retention),
            _fixed(row.engagement, 1),
        )
        for company in kpis.companies
        for row in kpis.days
        if row.company == company and row.day in days
    ]
    print_rows(KPI_COLUMNS, rows, "table")


def print_kpi_charts(kpis: Kpis) -> None:
    """Draw a panel per company, and how fast the groups reply."""
    screen = console()
    days = sorted({row.day for row in kpis.days})[-CHART_DAYS:]
    if not days:
        return
    span = [days[0] + dt.timedelta(days=n) for n in range((days[-1] - days[0]).days + 1)]
    panels = [
        _panel(company, [row for row in kpis.days if row.company == company], span, colour)
        for company, colour in zip(kpis.companies[:SHOWN_COMPANIES], COLOURS, strict=False)
    ]
    screen.print(Columns(panels, padding=(0, 1)))
    _print_replies(kpis, screen.width)


def _panel(company: str, rows: Sequence[CompanyDay], span: list[dt.date], colour: str) -> Panel:
    active = series(rows, span, "active")
    top = max((value for value in active if value is not None), default=0)
    text = Text()
    for number, line in enumerate(columns(active, CHART_HEIGHT)):
        label = f"{top:,}" if number == 0 else ""
        text.append(label.rjust(LABEL - 2) + " ┤", style="dim")
        text.append(line + "\n", style=colour)
    text.append("0".rjust(LABEL - 2) + " ┼" + "─" * len(span) + "\n", style="dim")
    text.append(" " * LABEL + day_axis(span) + "\n", style="dim")
    for name, label in (("weekly", "weekly"), ("monthly", "monthly"), ("retention", "retained")):
        values = series(rows, span, name)
        known = [value for value in values if value is not None]
        last = known[-1] if known else None
        text.append(label.ljust(LABEL))
        text.append(sparkline(values), style=colour)
        shown = _percent(last) if name == "retention" else f"{last:,}" if last is not None else "-"
        text.append(f" {shown}\n", style="bold")
    text.right_crop(1)
    width = LABEL + CHART_DAYS + 10
    title = f"[bold]{company}[/]: active users a day"
    return Panel(text, title=title, title_align="left", width=width, box=box.ROUNDED)


def _print_replies(kpis: Kpis, width: int) -> None:
    groups = replies_by_group(kpis.replies)
    if not groups:
        return
    screen = console()
    screen.print()
    screen.print("[bold]Median minutes to a reply[/], by group, the fastest first")
    top = max(group[3] for group in groups)
    names = [f"{company} / {group}" for company, group, _, _ in groups]
    label = min(max(len(name) for name in names[:SHOWN_GROUPS]), max(width - BAR_WIDTH - 32, 12))
    for name, (_, _, posts, minutes) in list(zip(names, groups, strict=True))[:SHOWN_GROUPS]:
        line = Text(name[:label].ljust(label) + "  ")
        line.append(bar(minutes, top, BAR_WIDTH).ljust(BAR_WIDTH), style="yellow")
        line.append(f" {minutes:6.1f} min", style="bold")
        line.append(f"  {posts:,} replied", style="dim")
        screen.print(line)
    if len(groups) > SHOWN_GROUPS:
        more = count_text(len(groups) - SHOWN_GROUPS, "more group")
        screen.print(f"[dim]and {more}[/]")


def _fixed(value: float | None, digits: int) -> str | None:
    return None if value is None else f"{value:.{digits}f}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"
