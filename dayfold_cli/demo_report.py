"""What the demo ends with: the KPIs as a table and charts, and what making them took."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING

from dayfold.errors import RunFailedError
from dayfold_cli.grid import catalog_tables
from dayfold_cli.kpi_view import CHART_DAYS, print_kpi_charts, print_kpi_table
from dayfold_cli.kpis import read_kpis
from dayfold_cli.output import Column, count_text, dollars_text, print_rows, say, size_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dayfold_cli.deployment import Deployment
    from dayfold_cli.runs import Outcome

KPI_ROWS = 20_000


@dataclasses.dataclass(slots=True)
class Effort:
    """What building the partitions of one table took."""

    partitions: int = 0
    queries: int = 0
    rows: int = 0
    bytes_scanned: int = 0
    seconds: float = 0.0
    usd: float = 0.0


def show_results(deployment: Deployment, days: Sequence[dt.date], runs: Sequence[Outcome]) -> None:
    """Print KPIs and effort.

    Raises:
        RunFailedError: there is no KPI to show.
    """
    # The last file's date is the first part of a business day that is not over everywhere, so the
    # KPIs of the days before it are looked at.
    first = days[-1] - dt.timedelta(days=CHART_DAYS)
    kpis = read_kpis(deployment, first, days[-1], KPI_ROWS)
    if not kpis.days:
        raise RunFailedError("no KPI was published: `dayfold status` says what waits for what")
    say()
    print_kpi_table(kpis)
    say()
    print_kpi_charts(kpis)
    say()
    _print_effort(deployment, days)
    asked = sum(answer.usd for answer in kpis.answers)
    say(
        f"{count_text(len(runs), 'run')}; reading the KPIs back: "
        f"{count_text(len(kpis.answers), 'query', 'queries')}, {dollars_text(asked)}"
    )


def _print_effort(deployment: Deployment, days: Sequence[dt.date]) -> None:
    effort = read_effort(deployment, days[0], days[-1])
    columns = (
        Column("built", style="cyan"),
        Column("days", right=True),
        Column("queries", right=True),
        Column("rows", right=True),
        Column("scanned", right=True),
        Column("time", right=True),
        Column("on Athena", right=True),
    )
    total = Effort()
    for one in effort.values():
        for field in dataclasses.fields(Effort):
            setattr(total, field.name, getattr(total, field.name) + getattr(one, field.name))
    rows = [
        (
            table,
            f"{one.partitions:,}",
            f"{one.queries:,}",
            f"{one.rows:,}",
            size_text(one.bytes_scanned),
            f"{one.seconds:.1f} s",
            f"${one.usd:.4f}",
        )
        for table, one in [*effort.items(), ("all", total)]
    ]
    print_rows(columns, rows, "table")
    say("Athena's price: $5 per TB scanned, at least 10 MB a query")


def read_effort(deployment: Deployment, first: dt.date, last: dt.date) -> dict[str, Effort]:
    """What the published builds of a range took, by table, from the ledger."""
    effort: dict[str, Effort] = {}
    for table in catalog_tables(deployment):
        one = Effort()
        builds: dict[str, float] = {}  # a build may make many days, and its time is that of all
        for state in deployment.ledger.partitions(table, first, last).values():
            if state.is_published:
                one.partitions += 1
                one.rows += state.rows or 0
                one.bytes_scanned += state.bytes_scanned or 0
                builds[state.build_id] = state.seconds or 0.0
                one.usd += state.cost_usd or 0.0
        one.queries = len(builds)
        one.seconds = sum(builds.values())
        if one.partitions:
            effort[table] = one
    return effort
