"""Reasons for people: the cause behind a chain of waiting, same causes gathered."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dayfold_cli.output import count_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dayfold.domain.partition import RunRecord

WAITS = " waits: "  # how the planner joins a partition to what its input waits for
BLOCKED = ": not built, "  # how a run's end joins a partition to the input that failed
CUT_OFF = "the run was cut off: "  # how a run's end begins the line about itself
NAMED_TABLES = 2
_LINE = re.compile(r"(?P<table>\w+\.\w+) (?P<day>\d{4}-\d{2}-\d{2}): (?P<reason>.+)", re.DOTALL)

_EXTRACT = re.compile(r"(?P<table>raw\.\w+) dt=(?P<day>\d{4}-\d{2}-\d{2}) (?P<rest>.+)", re.DOTALL)


def root_cause(reason: str) -> str:
    """The end of a chain: what the first input in it waits for."""
    return reason.rpartition(WAITS)[2]


def gather(partitions: Iterable[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Tables and days by their common cause.

    Args:
        partitions: table, day and reason.

    Returns:
        Tables, days and cause as text; the causes in the order in which they came.
    """
    groups: dict[str, tuple[set[str], set[str]]] = {}
    for table, day, reason in partitions:
        tables, days = groups.setdefault(root_cause(reason), (set(), set()))
        tables.add(table)
        days.add(day)
    return [
        (tables_text(tables), days_text(days), cause) for cause, (tables, days) in groups.items()
    ]


def gather_lines(lines: Iterable[str]) -> list[str]:
    """Lines of the form `table day: reason`, one line a cause; other lines first, as they are."""
    whole: list[str] = []
    partitions: list[tuple[str, str, str]] = []
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None:
            whole.append(line)
        else:
            partitions.append((match["table"], match["day"], match["reason"]))
    return [*whole, *(f"{tables} {days}: {cause}" for tables, days, cause in gather(partitions))]


def cut_off_reason(run: RunRecord) -> str | None:
    """What ended a run before its own last step, in a person's words; None if nothing did."""
    from dayfold_cli.functions import is_own_error

    for line in run.failures:
        if line.startswith(CUT_OFF):
            reason = line.removeprefix(CUT_OFF)
            kind, colon, text = reason.partition(": ")
            return text if colon and is_own_error(kind) else reason
    return None


def is_blocked(line: str) -> bool:
    """Whether a run's line is about a partition that it left as it was, for an input failed."""
    return BLOCKED in line


def gather_warnings(lines: Iterable[str]) -> list[str]:
    """Warnings about days of extracts, one line for all days that share it; the order stays."""
    groups: dict[tuple[str, str], list[str]] = {}
    for line in lines:
        match = _EXTRACT.fullmatch(line)
        key = (match["table"], match["rest"]) if match else (line, "")
        groups.setdefault(key, []).extend([match["day"]] if match else [])
    return [
        f"{head} dt={days_text(days)} {rest}" if days else head
        for (head, rest), days in groups.items()
    ]


def gather_failures(lines: Iterable[str], *, with_blocked: bool = True) -> list[str]:
    """A run's failures, one line a cause; what only lacked its inputs comes last, in one line."""
    own: list[str] = []
    blocked: list[str] = []
    for line in lines:
        place, not_built, _ = line.partition(BLOCKED)
        (blocked if not_built else own).append(
            f"{place}: not built, for an input failed" if not_built else line
        )
    return gather_lines([*own, *blocked] if with_blocked else own)


def tables_text(names: Iterable[str]) -> str:
    """A few names, or how many there are."""
    named = sorted(names)
    return ", ".join(named) if len(named) <= NAMED_TABLES else count_text(len(named), "table")


def days_text(days: Iterable[str]) -> str:
    """Days gathered into ranges: `2004-05-01..2004-05-03, 2004-05-07`."""
    import datetime as dt

    from dayfold.domain.days import contiguous_ranges

    ranges = contiguous_ranges(dt.date.fromisoformat(day) for day in days)
    return ", ".join(span_text(str(first), str(last)) for first, last in ranges)


def span_text(first: str, last: str) -> str:
    """A day, or the first and the last of several."""
    return first if first == last else f"{first}..{last}"
