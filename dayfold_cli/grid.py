"""The grid of tables and days: what the stack's own plan says, over what the ledger says.

Whether a partition is stale is for `plan_run` to say; asking it for a dry run keeps the grid and
the runs of one mind.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, get_args

from dayfold.domain.days import day_range
from dayfold_cli.output import time_text
from dayfold_cli.runs import Request, plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dayfold.domain.partition import PartitionState
    from dayfold_cli.deployment import Deployment

State = Literal["published", "stale", "failed", "waiting", "building", "missing", "rolled back"]
STATES: tuple[State, ...] = get_args(State)
BUILT_DATABASES = ("staging", "kpi")
PLAN_DAYS = 120  # days asked for at once, so that an answer stays far below Lambda's 6 MB


@dataclasses.dataclass(frozen=True, slots=True)
class Cell:
    """One partition in the grid; `reason` says why it is not published and current."""

    table: str
    day: dt.date
    state: State
    reason: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Grid:
    """The cells by table and day."""

    tables: list[str]
    days: list[dt.date]
    cells: Mapping[tuple[str, dt.date], Cell]
    warnings: list[str]

    def count(self, state: State) -> int:
        """How many partitions are in a state."""
        return sum(cell.state == state for cell in self.cells.values())


def read_grid(
    deployment: Deployment,
    span: tuple[dt.date, dt.date] | None,
    tables: Sequence[str],
    known: Sequence[str],
) -> Grid:
    """Ask the stack about every partition of a range, or of its recent window."""
    plans = [plan(deployment, request) for request in _requests(span, tables)]
    days = sorted({dt.date.fromisoformat(day) for one in plans for day in one["days"]})
    reasons = reasons_of(plans)
    names = list(tables) or _order(known or catalog_tables(deployment), plans)
    cells: dict[tuple[str, dt.date], Cell] = {}
    now = time.time()
    for table in names if days else ():
        states = deployment.ledger.partitions(table, days[0], days[-1])
        for day in days:
            state, reason = judge(states.get(day), reasons.get((table, day)), now)
            cells[table, day] = Cell(table, day, state, reason)
    warnings = sorted({text for one in plans for text in one.get("warnings", ())})
    return Grid(names, days, cells, warnings)


def judge(
    ledger: PartitionState | None, planned: tuple[str, str] | None, now: float
) -> tuple[State, str]:
    """The state of a partition and why.

    Args:
        ledger: what the ledger knows of it.
        planned: what a run would do with it, `build` or `wait`, and why; None leaves it as it is.
        now: epoch seconds, against which a lease is judged.
    """
    if ledger is not None and ledger.status == "building" and ledger.lease_until > now:
        return "building", f"attempt {ledger.attempt} in {ledger.run_id}"
    action, reason = planned or ("keep", "")
    if ledger is not None and ledger.status == "failed":
        return "failed", ledger.error or reason
    if action == "wait":
        return "waiting", reason
    if ledger is None or not ledger.is_published:
        return "missing", reason
    if action == "build":
        return "stale", reason.removeprefix("stale: ")
    return ("rolled back", rolled_back_text(ledger)) if ledger.pinned else ("published", "")


def rolled_back_text(state: PartitionState) -> str:
    """`by ann at 2004-05-21 01:02:03 UTC`, of a partition that is rolled back."""
    return f"by {state.pinned_by or 'unknown'} at {time_text(state.published_at)} UTC"


def _requests(span: tuple[dt.date, dt.date] | None, tables: Sequence[str]) -> list[Request]:
    if span is None:
        return [Request(tables=tuple(tables))]
    days = list(day_range(*span))
    parts = [days[start : start + PLAN_DAYS] for start in range(0, len(days), PLAN_DAYS)]
    return [Request(span=(part[0], part[-1]), tables=tuple(tables)) for part in parts]


def reasons_of(plans: Sequence[Mapping[str, Any]]) -> dict[tuple[str, dt.date], tuple[str, str]]:
    """What plans would do with each partition they name, `build` or `wait`, and why."""
    day = dt.date.fromisoformat
    reasons: dict[tuple[str, dt.date], tuple[str, str]] = {}
    for one in plans:
        for wave in one["waves"]:
            for job in wave["jobs"]:
                for text, why in job["reasons"].items():
                    reasons[job["table"], day(text)] = ("build", why)
        for waiting in one.get("waiting", ()):
            reasons[waiting["table"], day(waiting["day"])] = ("wait", waiting["reason"])
    return reasons


def catalog_tables(deployment: Deployment) -> list[str]:
    """The tables that were ever published, where no project is at hand."""
    pages = deployment.client("glue").get_paginator("get_tables")
    return [
        f"{database}.{table['Name']}"
        for database in BUILT_DATABASES
        for page in pages.paginate(DatabaseName=database)
        for table in page["TableList"]
    ]


def _order(known: Sequence[str], plans: Sequence[Mapping[str, Any]]) -> list[str]:
    """Staging before KPIs, with tables that only the plans know of added."""
    planned = {job["table"] for one in plans for wave in one["waves"] for job in wave["jobs"]}
    planned |= {waiting["table"] for one in plans for waiting in one.get("waiting", ())}
    names = {*known, *planned}
    return sorted(names, key=lambda name: (not name.startswith("staging."), name))
