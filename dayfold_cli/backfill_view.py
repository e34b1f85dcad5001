"""Watching a backfill: a bar a wave on a terminal, a line now and then in a pipe."""

from __future__ import annotations

import collections
import contextlib
import sys
import time
from typing import TYPE_CHECKING, Protocol

from dayfold_cli.backfill_facts import FIELDS, REQUEST_FIELDS, csv_row, report
from dayfold_cli.backfills import done, load, seconds_of, store_of
from dayfold_cli.output import (
    count_text,
    dollars_text,
    note,
    print_json,
    print_rows,
    seconds_text,
    size_text,
)
from dayfold_cli.reasons import gather_failures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dayfold.adapters.backfills import Backfills
    from dayfold.domain.backfill import BackfillRecord, WaveRecord
    from dayfold_cli.deployment import Deployment
    from dayfold_cli.output import Format

LOOK_SECONDS = 0.5  # between two looks at the ledger, once it goes on for a while
LOOK_SHARE = 0.05  # of the time so far, or still to go: a short backfill's end is seen soon
LINE_SECONDS = 10.0  # between two lines in a pipe
SHOWN_AS_THEY_COME = 15  # failures; the rest is counted, and gathered by cause at the end
REMEMBERED = 20  # changes from which the rate is worked out


class Pace:
    """How fast partitions end: over the latest changes seen, before that since the start."""

    def __init__(self) -> None:
        self._changes: collections.deque[tuple[float, int]] = collections.deque(maxlen=REMEMBERED)

    def note(self, now: float, count: int) -> None:
        """So many have ended by `now`; fewer than before mean that a retry has begun."""
        if self._changes and count < self._changes[-1][1]:
            self._changes.clear()
        if not self._changes or count != self._changes[-1][1]:
            self._changes.append((now, count))

    def rate(self, now: float, record: BackfillRecord) -> float | None:
        """Partitions a second; None as long as nothing tells."""
        if len(self._changes) > 1:
            since, count = self._changes[0]
            return (self._changes[-1][1] - count) / max(now - since, 0.001)
        seconds = seconds_of(record)
        return done(record) / seconds if seconds > 0 and record.tries == 1 else None


class View(Protocol):
    """Where a backfill is shown while it goes on."""

    def show(self, record: BackfillRecord, waves: Sequence[WaveRecord], text: str) -> None:
        """Say how far it is."""

    def fail(self, line: str) -> None:
        """Say what failed."""


class Watcher:
    """Looks at a backfill again and again, and tells a view what is new."""

    def __init__(self, store: Backfills, name: str, view: View) -> None:
        self._store = store
        self._name = name
        self._view = view
        self._pace = Pace()
        self._told: set[str] = set()
        self._failed = 0
        self._shown = 0
        self._held_back = 0

    @property
    def has_told_all(self) -> bool:
        """Whether all failures were shown as they came."""
        return self._held_back == 0

    def follow(self, every: float) -> BackfillRecord:
        """Look until it has ended or is paused."""
        seen: BackfillRecord | None = None
        waves: Sequence[WaveRecord] = ()
        begun = time.monotonic()
        while True:
            record = load(self._store, self._name)
            if record != seen:
                waves = self._store.waves(self._name)
                self._tell_failures(record)
                seen = record
            if record.status != "running":
                return record
            now = time.monotonic()
            self._pace.note(now, done(record))
            rate = self._pace.rate(now, record)
            self._view.show(record, waves, progress_text(record, rate))
            time.sleep(max(every, pause(now - begun, record, rate)))

    def _tell_failures(self, record: BackfillRecord) -> None:
        if record.failed == self._failed:
            return
        self._failed = record.failed
        lines = [line for line in self._store.failures(self._name) if line not in self._told]
        for line in gather_failures(lines):
            if self._shown < SHOWN_AS_THEY_COME:
                self._shown += 1
                self._view.fail(line)
            else:
                self._held_back += 1
        self._told.update(lines)


def pause(elapsed: float, record: BackfillRecord, rate: float | None) -> float:
    """Seconds until the next look: fewer at the beginning, and when the end may be near."""
    to_go = (record.partitions - done(record)) / rate if rate else elapsed
    return min(LOOK_SECONDS, LOOK_SHARE * min(elapsed, to_go))


def progress_text(record: BackfillRecord, rate: float | None) -> str:
    """How far a backfill is in one line: partitions, rate, time left, bytes, dollars, failures."""
    ended = done(record)
    parts = [f"{ended:,} of {count_text(record.partitions, 'partition')}"]
    if rate:
        parts.append(rate_text(rate))
        if ended < record.partitions:
            parts.append(f"about {seconds_text((record.partitions - ended) / rate)} left")
    parts += [size_text(record.bytes_scanned), dollars_text(record.spent_usd)]
    if record.failed:
        parts.append(f"{record.failed:,} failed")
    return ", ".join(parts)


def rate_text(rate: float) -> str:
    """Partitions a second, or a minute or an hour where they are slow."""
    for unit, seconds in (("s", 1), ("min", 60), ("h", 3600)):
        amount = rate * seconds
        if amount >= 1 or unit == "h":
            break
    return f"{amount:,.0f}/{unit}" if amount >= 100 else f"{amount:.3g}/{unit}"


class PlainView:
    """Lines on stderr: at each wave, and every so often while there is something new."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wave = 0
        self._due = 0.0
        self._ended = -1

    def show(self, record: BackfillRecord, waves: Sequence[WaveRecord], text: str) -> None:
        """Print a line if it says something new and is due, or a wave has begun."""
        del waves
        now, ended = self._clock(), done(record)
        if record.wave == self._wave and (now < self._due or ended == self._ended):
            return
        self._wave, self._due, self._ended = record.wave, now + LINE_SECONDS, ended
        note(f"{record.name}: wave {record.wave} of {record.waves}, {text}")

    def fail(self, line: str) -> None:
        """Print what failed."""
        note(f"failed: {line}")


@contextlib.contextmanager
def open_view(name: str) -> Iterator[View]:
    """The view that fits stderr: bars on a terminal, lines elsewhere."""
    if not sys.stderr.isatty():
        yield PlainView()
        return
    from dayfold_cli.backfill_bars import open_bars

    with open_bars(name) as bars:
        yield bars


def watch(deployment: Deployment, name: str, data_format: Format) -> None:
    """Show a backfill to its end, then say how it ended.

    Raises:
        BadRequestError: there is none of that name.
        RunFailedError: it failed, was cancelled, or is paused.
    """
    store = store_of(deployment)
    load(store, name)
    try:
        with open_view(name) as view:
            watcher = Watcher(store, name, view)
            record = watcher.follow(deployment.poll_seconds)
    except KeyboardInterrupt:
        note(
            f"{name} goes on: `dayfold backfill watch {name}` shows it again, "
            f"`dayfold backfill cancel {name}` stops it"
        )
        raise
    failures = store.failures(name) if record.failed else []
    print_end(record, failures, data_format)
    shown = bool(failures) and watcher.has_told_all
    report(record, failures, shown=shown, on_stdout=data_format == "table")


def print_end(record: BackfillRecord, failures: Sequence[str], data_format: Format) -> None:
    """Print how a backfill ended as data, where data is wanted."""
    if data_format == "json":
        print_json({"backfill": record, "failures": failures})
    elif data_format == "csv":
        print_rows((*FIELDS, *REQUEST_FIELDS), [csv_row(record)], "csv")
