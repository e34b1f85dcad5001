"""Whole days: whether all tables of a day are published and current; the rows of `kpi.days`."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING

from dayfold.domain.fingerprints import digest
from dayfold.domain.statements import executed_hash
from dayfold.domain.table import HoursWindow, Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from zoneinfo import ZoneInfo

    from dayfold.domain.planning import Decisions, Facts
    from dayfold.domain.table import Input, Table

_DAY_HOURS = 24


@dataclasses.dataclass(frozen=True, slots=True)
class DayRow:
    """One row of `kpi.days`; a table may count as published and as stale, failed or waiting."""

    dt: str
    complete: bool  # every table is published, and a run would leave each as it is
    tables: int
    published: int  # readers see a build of these
    stale: int  # of those, a run would build these anew
    failed: int  # the latest attempt at these failed
    waiting: int  # something that these read is not there yet
    updated_at: str = ""  # when the row last changed, ISO 8601 in UTC

    def says_the_same_as(self, other: DayRow | None) -> bool:
        """Whether another row differs in nothing but its time."""
        return other is not None and dataclasses.replace(other, updated_at=self.updated_at) == self


def day_rows(facts: Facts, decisions: Decisions, days: Iterable[dt.date]) -> dict[str, DayRow]:
    """A row for each day of which the ledger knows anything.

    Args:
        facts: what was looked up of all tables.
        decisions: of all tables on these days, under the policy `stale`.
        days: the days to judge.
    """
    rows: dict[str, DayRow] = {}
    for day in days:
        states = {name: facts.ledger.get(name, {}).get(day) for name in facts.tables}
        known = {name: state for name, state in states.items() if state is not None}
        if not known:
            continue
        action = {name: decisions[name][day].action for name in facts.tables}
        shown = {name for name, state in known.items() if state.is_published}
        failed = {name for name, state in known.items() if state.status == "failed"}
        rows[str(day)] = DayRow(
            dt=str(day),
            complete=len(shown) == len(action) and set(action.values()) == {"keep"},
            tables=len(action),
            published=len(shown),
            stale=sum(action[name] == "build" for name in shown - failed),
            failed=len(failed),
            waiting=sum(one == "wait" for one in action.values()),
        )
    return rows


def tables_digest(tables: Mapping[str, Table], tz: ZoneInfo) -> str:
    """A digest of which tables there are and what their queries execute.

    While it stays the same, only new data and new builds can change whether an old day is whole.
    """
    return digest(f"{name} {executed_hash(table, tz)}" for name, table in sorted(tables.items()))


def touched_days(
    tables: Mapping[str, Table], built: Mapping[str, Iterable[dt.date]]
) -> set[dt.date]:
    """The days whose rows may change when partitions are built: theirs, and those that read them.

    Args:
        tables: all tables by name, upstream first.
        built: the days by table.
    """
    touched = {name: set(days) for name, days in built.items()}
    for table in tables.values():
        for one in table.inputs:
            first, last = _reach(one)
            for day in list(touched.get(one.table, ())):
                span = range(first, last + 1)
                touched.setdefault(table.name, set()).update(
                    day + dt.timedelta(days=offset) for offset in span
                )
    return set().union(*touched.values())


def _reach(one: Input) -> tuple[int, int]:
    """The first and last day, counted from an input's day, that may read it; rather too many."""
    window = one.window
    if isinstance(window, Window):
        return -window.last, -window.first
    if isinstance(window, HoursWindow):
        return -(window.last // _DAY_HOURS + 2), -(window.first // _DAY_HOURS) + 1
    return -1, 1  # the files of a business day are of the days around it
