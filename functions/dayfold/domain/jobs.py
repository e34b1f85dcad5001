"""Jobs: the partitions to build, gathered into ranges of days and ordered into waves."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dayfold.domain.cost import MINIMUM_BYTES, query_usd
from dayfold.domain.days import contiguous_ranges, day_range

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dayfold.domain.planning import Decisions, Facts
    from dayfold.domain.table import Table

MAX_DAYS_PER_JOB = 100  # partitions that Athena writes in one CTAS
# About what one Athena query scans in well under a minute.
TARGET_JOB_BYTES = 2_000_000_000


@dataclasses.dataclass(frozen=True, slots=True)
class Job:
    """One query's work: a table over a range of days, of which `days` are to be published."""

    table: str
    first: dt.date
    last: dt.date
    wave: int
    reasons: Mapping[dt.date, str]  # per day to publish: why
    seen_attempts: Mapping[dt.date, int]  # the ledger's attempt number when this was planned
    expected_bytes: int = 0
    checks: tuple[Mapping[str, Any], ...] | None = None  # where they are not the table's own

    @property
    def days(self) -> list[dt.date]:
        """The days to publish, oldest first."""
        return sorted(self.reasons)

    @property
    def label(self) -> str:
        """The job in a person's words: table and day, or first and last day."""
        span = f"{self.first}" if self.first == self.last else f"{self.first}..{self.last}"
        return f"{self.table} {span}"

    def only(self, days: Iterable[dt.date]) -> Job:
        """The same work for some of its days."""
        kept = sorted(days)
        reasons = {day: self.reasons[day] for day in kept}
        return dataclasses.replace(self, first=kept[0], last=kept[-1], reasons=reasons)

    def apart(self) -> list[Job]:
        """The same work, one job a day."""
        share = self.expected_bytes // max(len(self.reasons), 1)
        return [
            dataclasses.replace(
                self,
                first=day,
                last=day,
                reasons={day: why},
                seen_attempts={day: self.seen_attempts[day]},
                expected_bytes=share,
            )
            for day, why in sorted(self.reasons.items())
        ]

    def as_json(self) -> dict[str, Any]:
        """The job as plain JSON values."""
        return {
            "table": self.table,
            "first": str(self.first),
            "last": str(self.last),
            "wave": self.wave,
            "reasons": {str(day): why for day, why in sorted(self.reasons.items())},
            "seen_attempts": {str(day): n for day, n in sorted(self.seen_attempts.items())},
            "expected_bytes": self.expected_bytes,
            **({} if self.checks is None else {"checks": list(self.checks)}),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Job:
        """The inverse of `as_json`."""
        day = dt.date.fromisoformat
        return cls(
            table=data["table"],
            first=day(data["first"]),
            last=day(data["last"]),
            wave=data["wave"],
            reasons={day(d): why for d, why in data["reasons"].items()},
            seen_attempts={day(d): n for d, n in data["seen_attempts"].items()},
            expected_bytes=data["expected_bytes"],
            checks=tuple(data["checks"]) if "checks" in data else None,
        )


def make_jobs(facts: Facts, decisions: Decisions, days_per_job: int | None) -> list[Job]:
    """Gather what is to be built into jobs, in wave order.

    Args:
        facts: what the decisions were made from.
        decisions: by table and day.
        days_per_job: the width of each job in days; None works it out from the expected bytes.
    """
    jobs: list[Job] = []
    for name, wave in table_waves(facts.tables, decisions).items():
        work = _Work.of(facts, decisions, name, wave)
        jobs += [work.job(*span) for span in _ranges(work.reasons, work.expected, days_per_job)]
    return sorted(jobs, key=lambda job: (job.wave, job.table, job.first))


@dataclasses.dataclass(frozen=True, slots=True)
class Group:
    """The jobs of a wave over one range of days: what one message of a backfill asks for."""

    wave: int
    first: dt.date
    last: dt.date
    jobs: tuple[Job, ...]

    @property
    def partitions(self) -> int:
        """How many partitions the group publishes."""
        return sum(len(job.reasons) for job in self.jobs)

    def as_json(self) -> dict[str, Any]:
        """The group as plain JSON values."""
        return {
            "wave": self.wave,
            "first": str(self.first),
            "last": str(self.last),
            "jobs": [job.as_json() for job in self.jobs],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Group:
        """The inverse of `as_json`."""
        day = dt.date.fromisoformat
        jobs = tuple(Job.from_json(job) for job in data["jobs"])
        return cls(data["wave"], day(data["first"]), day(data["last"]), jobs)


def make_groups(facts: Facts, decisions: Decisions, days_per_job: int | None) -> list[Group]:
    """Gather what is to be built into groups, oldest first within each wave.

    All tables of a wave share its ranges of days; the width comes from the widest of them. The
    arguments are those of `make_jobs`.
    """
    by_wave: dict[int, list[_Work]] = {}
    for name, wave in table_waves(facts.tables, decisions).items():
        by_wave.setdefault(wave, []).append(_Work.of(facts, decisions, name, wave))
    groups: list[Group] = []
    for wave, works in sorted(by_wave.items()):
        days = {day for work in works for day in work.reasons}
        expected = {day: max(work.expected.get(day, 0) for work in works) for day in days}
        for first, last in _ranges(days, expected, days_per_job):
            jobs = tuple(job for work in works for job in work.jobs_within(first, last))
            groups.append(Group(wave, first, last, jobs))
    return groups


@dataclasses.dataclass(frozen=True, slots=True)
class _Work:
    """What one table has to build: why, by day, and how many bytes each day is to scan."""

    table: str
    wave: int
    reasons: Mapping[dt.date, str]
    expected: Mapping[dt.date, int]
    attempts: Mapping[dt.date, int]

    @classmethod
    def of(cls, facts: Facts, decisions: Decisions, name: str, wave: int) -> _Work:
        reasons = {d: x.reason for d, x in decisions[name].items() if x.action == "build"}
        expected = expected_bytes(facts, facts.tables[name], reasons)
        ledger = facts.ledger.get(name, {})
        attempts = {day: ledger[day].attempt if day in ledger else 0 for day in reasons}
        return cls(name, wave, reasons, expected, attempts)

    def jobs_within(self, first: dt.date, last: dt.date) -> list[Job]:
        days = [day for day in day_range(first, last) if day in self.reasons]
        return [self.job(*span) for span in contiguous_ranges(days)]

    def job(self, first: dt.date, last: dt.date) -> Job:
        days = list(day_range(first, last))
        return Job(
            table=self.table,
            first=first,
            last=last,
            wave=self.wave,
            reasons={day: self.reasons[day] for day in days},
            seen_attempts={day: self.attempts[day] for day in days},
            expected_bytes=sum(self.expected[day] for day in days),
        )


def table_waves(tables: Mapping[str, Table], decisions: Decisions) -> dict[str, int]:
    """The wave of each table that has something to build: one after the last of its inputs'."""
    waves: dict[str, int] = {}
    for table in tables.values():
        if any(x.action == "build" for x in decisions.get(table.name, {}).values()):
            upstream = (waves.get(one.table, 0) for one in table.inputs)
            waves[table.name] = 1 + max(upstream, default=0)
    return waves


def _ranges(
    days: Iterable[dt.date], expected: Mapping[dt.date, int], days_per_job: int | None
) -> list[tuple[dt.date, dt.date]]:
    """Cut days into contiguous ranges that keep to the width, or to the bytes, of a job."""
    widest = days_per_job or MAX_DAYS_PER_JOB
    ranges: list[tuple[dt.date, dt.date]] = []
    for first, last in contiguous_ranges(days):
        start, total = first, 0
        for day in day_range(first, last):
            too_wide = (day - start).days >= widest
            too_big = days_per_job is None and total + expected[day] > TARGET_JOB_BYTES
            if day > start and (too_wide or too_big):
                ranges.append((start, day - dt.timedelta(days=1)))
                start, total = day, 0
            total += expected[day]
        ranges.append((start, last))
    return ranges


def expected_bytes(facts: Facts, table: Table, days: Iterable[dt.date]) -> dict[dt.date, int]:
    """The bytes that building each day of a table is expected to scan.

    What the table's partitions scanned before tells best; without history, the size of the raw
    files of the days in its windows is an upper bound.
    """
    history = scanned_before(facts, table)
    if history:
        return dict.fromkeys(days, sum(history) // len(history))
    return {
        day: sum(
            _raw_bytes(facts, one.table if one.is_raw else None, input_day)
            for one in table.inputs
            for input_day in day_range(*one.window.days_for(day, facts.tz))
        )
        for day in days
    }


def scanned_before(facts: Facts, table: Table) -> list[int]:
    """The bytes that each published partition of a table scanned."""
    states = facts.ledger.get(table.name, {}).values()
    return [state.bytes_scanned for state in states if state.bytes_scanned is not None]


def _raw_bytes(facts: Facts, raw_table: str | None, day: dt.date) -> int:
    names = [raw_table] if raw_table else list(facts.raw)
    partitions = (facts.raw.get(name, {}).get(day) for name in names)
    return sum(partition.size_bytes for partition in partitions if partition)


def expected_usd(jobs: Iterable[Job]) -> float:
    """The price of the jobs on Athena: one query each, and one small query for its checks."""
    return sum(query_usd(job.expected_bytes) + query_usd(MINIMUM_BYTES) for job in jobs)
