"""Planning: desired partitions minus the ledger, ordered into waves of jobs.

A run is a reconciliation. `needed_days` says what has to be looked up; `decide` then judges every
partition wanted, upstream first, from facts alone, so that the same facts give the same plan.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from dayfold.domain.days import day_range, end_of_day
from dayfold.domain.fingerprints import ABSENT, window_digest
from dayfold.domain.partition import PartitionState
from dayfold.domain.raw_schemas import read_columns
from dayfold.domain.schema_changes import Columns, change_of, refusal
from dayfold.domain.statements import executed_hash
from dayfold.domain.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dayfold.domain.requests import Policy
    from dayfold.domain.table import Input

ASKED_FOR = "asked for"  # why a partition is built that was up to date


@dataclasses.dataclass(frozen=True, slots=True)
class RawPartition:
    """The files of one day of an extract; `crawled` says whether Athena can see them yet."""

    fingerprint: str
    size_bytes: int
    crawled: bool
    landed_at: dt.datetime | None = None  # when its newest file was put there


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """All that a plan is worked out from."""

    tables: Mapping[str, Table]  # upstream first
    ledger: Mapping[str, Mapping[dt.date, PartitionState]]
    raw: Mapping[str, Mapping[dt.date, RawPartition]]
    missing_raw_tables: frozenset[str]  # extracts that the catalog does not have at all
    tz: ZoneInfo
    now: dt.datetime
    input_grace_days: int
    # By table and day, why a partition is not to be built whatever else is the case.
    held_back: Mapping[str, Mapping[dt.date, str]] = dataclasses.field(default_factory=dict)
    # By raw table and day, the columns that its files have lost or retyped, and how.
    raw_troubles: Mapping[str, Mapping[dt.date, Mapping[str, str]]] = dataclasses.field(
        default_factory=dict
    )
    columns: Mapping[str, Columns] = dataclasses.field(default_factory=dict)  # that readers see
    # Of tables whose columns are to change otherwise than by new ones: all days that are published.
    published_days: Mapping[str, Sequence[dt.date]] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class Decision:
    """What to do with one partition, and why."""

    action: Literal["build", "keep", "wait"]
    reason: str = ""


Decisions = dict[str, dict[dt.date, Decision]]


def needed_days(
    tables: Mapping[str, Table], targets: Iterable[str], days: Iterable[dt.date], tz: ZoneInfo
) -> dict[str, set[dt.date]]:
    """The days of every table, raw ones included, that building `days` of `targets` touches.

    Args:
        tables: all tables by name, upstream first.
        targets: the names of the tables to bring up to date.
        days: the days to bring up to date.
        tz: the business time zone.
    """
    needed: dict[str, set[dt.date]] = {name: set(days) for name in targets}
    for table in reversed(list(tables.values())):
        for one in table.inputs:
            window = needed.setdefault(one.table, set())
            for day in needed.get(table.name, ()):
                window.update(day_range(*one.window.days_for(day, tz)))
    return {name: days for name, days in needed.items() if days}


def decide(
    facts: Facts, targets: Sequence[str], days: Iterable[dt.date], policy: Policy
) -> tuple[Decisions, list[str]]:
    """Judge the partitions wanted and those they depend on, upstream first.

    The policy holds for the targets; what they read is built when it is missing and, unless the
    policy is `missing`, when it is stale.

    Returns:
        The decisions by table and day, and warnings for people.
    """
    wanted = set(days)
    decisions: Decisions = {}
    warnings: list[str] = []
    needed = needed_days(facts.tables, targets, wanted, facts.tz)
    judge = _Judge(facts, decisions, warnings, frozenset(wanted))
    for table in facts.tables.values():
        if table.name not in needed:
            continue
        decisions[table.name] = {
            day: judge.partition(
                table, day, policy if table.name in targets and day in wanted else _upstream(policy)
            )
            for day in sorted(needed[table.name])
        }
    return _drop_unneeded(facts, decisions, set(targets), wanted), sorted(set(warnings))


def _upstream(policy: Policy) -> Policy:
    return "missing" if policy == "missing" else "stale"


def _drop_unneeded(
    facts: Facts, decisions: Decisions, targets: set[str], wanted: set[dt.date]
) -> Decisions:
    """Leave out upstream work that no partition to be built reads: it was not asked for."""
    read: dict[str, set[dt.date]] = {}
    kept: Decisions = {}
    for table in reversed(list(facts.tables.values())):
        for day, decision in decisions.get(table.name, {}).items():
            asked_for = table.name in targets and day in wanted
            if not asked_for and day not in read.get(table.name, ()):
                continue
            kept.setdefault(table.name, {})[day] = decision
            if decision.action != "keep":
                for one in table.inputs:
                    window = day_range(*one.window.days_for(day, facts.tz))
                    read.setdefault(one.table, set()).update(window)
    return {name: kept[name] for name in facts.tables if name in kept}


def input_fingerprints(facts: Facts, one: Input, day: dt.date) -> dict[dt.date, str]:
    """The fingerprint of each day of an input that building `day` reads, as things are now."""
    window = day_range(*one.window.days_for(day, facts.tz))
    if one.is_raw:
        raw = facts.raw.get(one.table, {})
        return {d: raw[d].fingerprint if d in raw else ABSENT for d in window}
    built = facts.ledger.get(one.table, {})
    return {d: (built[d].published_build_id if d in built else None) or ABSENT for d in window}


def failed_at_this(facts: Facts, table: Table, day: dt.date, state: PartitionState) -> bool:
    """Whether a partition's latest attempt was made from the query and the inputs of now."""
    return state.pending_sql_hash == executed_hash(table, facts.tz) and all(
        state.pending_inputs.get(one.table) == window_digest(input_fingerprints(facts, one, day))
        for one in table.inputs
    )


@dataclasses.dataclass(frozen=True, slots=True)
class _Judge:
    """Judges one partition after the other; `decisions` holds those already judged."""

    facts: Facts
    decisions: Decisions
    warnings: list[str]
    all_days: frozenset[dt.date] = frozenset()  # the days that were asked for

    def partition(self, table: Table, day: dt.date, policy: Policy) -> Decision:
        reason = self._why_build(table, day, policy)
        if reason is None:
            return Decision("keep")
        held_back = self.facts.held_back.get(table.name, {}).get(day)
        if held_back is not None:
            return Decision("wait", held_back)
        refused = self._why_refused(table, policy) or self._why_torn(table, day, policy)
        obstacle = refused or self._why_wait(table, day)
        return Decision("wait", obstacle) if obstacle else Decision("build", reason)

    def _why_build(self, table: Table, day: dt.date, policy: Policy) -> str | None:
        state = self.facts.ledger.get(table.name, {}).get(day)
        if policy == "all":
            return ASKED_FOR
        if policy == "failed":
            return "failed" if state is not None and state.status == "failed" else None
        if state is None:
            return "missing"
        if not state.is_published:
            return "failed" if state.status == "failed" else "missing"
        if policy == "missing":
            return None
        return self._why_stale(table, day, state)

    def _why_stale(self, table: Table, day: dt.date, state: PartitionState) -> str | None:
        if state.pinned:  # somebody wants the earlier build, stale or not
            return self._why_again(state)
        if state.sql_hash != executed_hash(table, self.facts.tz):
            return "stale: the query or its time zone changed"
        for one in table.inputs:
            window = list(day_range(*one.window.days_for(day, self.facts.tz)))
            upstream = self.decisions.get(one.table, {})
            if any(d in upstream and upstream[d].action == "build" for d in window):
                return f"stale: {one.table} is to be rebuilt"
            now = window_digest(input_fingerprints(self.facts, one, day))
            if state.inputs.get(one.table) != now:
                return f"stale: {one.table} changed"
        return self._why_again(state)

    def _why_again(self, state: PartitionState) -> str | None:
        """Why what is published from the right things is to be built again all the same.

        A writer that died may have pointed readers at its build without a word in the ledger.
        """
        left = state.status == "building" and state.lease_until <= int(self.facts.now.timestamp())
        return "its writer died" if left else "failed" if state.status == "failed" else None

    def _why_refused(self, table: Table, policy: Policy) -> str | None:
        """Why the query's columns must not reach readers before somebody has asked for that."""
        published = self.facts.published_days.get(table.name, ())
        refused = refusal(table, self.facts.columns.get(table.name), [str(d) for d in published])
        if refused is None or policy != "all":
            return refused
        unreadable = change_of(self.facts.columns.get(table.name), table).unreadable
        return refused if unreadable and not self.all_days.issuperset(published) else None

    def _why_torn(self, table: Table, day: dt.date, policy: Policy) -> str | None:
        """Why the extracts do not hold what the query reads, unless that is asked for."""
        for one in table.inputs if policy != "all" else ():
            troubles = self.facts.raw_troubles.get(one.table)
            for file_day in day_range(*one.window.days_for(day, self.facts.tz)) if troubles else ():
                torn = (troubles or {}).get(file_day, {})
                for column in read_columns(table.sql, torn):
                    return (
                        f"{one.table} dt={file_day} has not column {column} as before "
                        f"({torn[column]}), which {table.path} reads: land it again, or edit the "
                        "query, or `--policy all` to build with what is there"
                    )
        return None

    def _why_wait(self, table: Table, day: dt.date) -> str | None:
        if end_of_day(day, self.facts.tz) > self.facts.now:
            return "the day is not over"
        for one in table.inputs:
            for input_day in day_range(*one.window.days_for(day, self.facts.tz)):
                obstacle = (
                    self._raw_obstacle(one, input_day, day)
                    if one.is_raw
                    else self._built_obstacle(one, input_day)
                )
                if obstacle:
                    return obstacle
        return None

    def _raw_obstacle(self, one: Input, file_day: dt.date, day: dt.date) -> str | None:
        name = one.table.partition(".")[2]
        if one.table in self.facts.missing_raw_tables:
            return (
                f"there are no extracts of {one.table}: "
                f"`dayfold land {name} PATH`, then `dayfold crawl`"
            )
        partition = self.facts.raw.get(one.table, {}).get(file_day)
        if partition is not None:
            if partition.crawled:
                return None
            return (
                f"{one.table} dt={file_day} has landed but is not in the catalog: `dayfold crawl`; "
                "if it stays so, its files are broken"
            )
        grace = dt.timedelta(days=self.facts.input_grace_days)
        if self.facts.now < end_of_day(day, self.facts.tz) + grace:
            return f"{one.table} dt={file_day} has not landed"
        self.warnings.append(f"{one.table} dt={file_day} never landed: it counts as empty")
        return None

    def _built_obstacle(self, one: Input, input_day: dt.date) -> str | None:
        decision = self.decisions.get(one.table, {}).get(input_day)
        if decision is None or decision.action != "wait":
            return None
        state = self.facts.ledger.get(one.table, {}).get(input_day)
        if state is not None and state.is_published:
            return None  # its former build serves until the new one can be made
        return f"{one.table} {input_day} waits: {decision.reason}"
