"""A reader that looks between every two calls: each day it sees is one whole, good build."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable

from tests.faults.schedules.athena import FakeAthena
from tests.faults.schedules.glue import FakeGlue
from tests.faults.schedules.objects import FakeS3

PUBLISHED = ("staging", "kpi")
RETENTION_SECONDS = 7 * 86_400  # the longest that a query may still read what it was planned on


class PartialReadError(AssertionError):
    """Raised when a reader saw nothing where there was something, or not all of one good build."""


@dataclasses.dataclass
class Reader:
    """Polls all published tables."""

    glue: FakeGlue
    s3: FakeS3
    athena: FakeAthena
    clock: Callable[[], float]
    reads: int = 0
    on_publish: Callable[[str, str, str], None] | None = None  # table, day, location
    seen: dict[tuple[str, str, str], str] = dataclasses.field(default_factory=dict)
    left_at: dict[str, float] = dataclasses.field(default_factory=dict)  # location -> last shown
    _versions: tuple[int, int] = (-1, -1)
    _deletions: int = 0

    def look(self) -> None:
        """Read every published day, unless nothing has changed since the last look."""
        versions = (self.glue.version, self.s3.version)
        if versions == self._versions:
            return
        self._versions = versions
        self._watch_deletions()
        shown = {}
        for (database, table), days in self.glue.partitions.items():
            if database in PUBLISHED:
                for day, partition in days.items():
                    location = str(partition["StorageDescriptor"]["Location"])
                    shown[database, table, day] = location
                    self._read(database, table, day, location)
                    changed = self.seen.get((database, table, day)) != location
                    if changed and self.on_publish is not None:
                        self.on_publish(f"{database}.{table}", day, location)
        for key, location in self.seen.items():
            if key not in shown:
                raise PartialReadError(f"{key} was there and is gone")
            if shown[key] != location:
                self.left_at[_place(location)] = self.clock()
        self.seen = shown

    def _watch_deletions(self) -> None:
        """A query that was planned before a swap reads the files of the build before."""
        for key in self.s3.deleted[self._deletions :]:
            location = key.rpartition("/")[0] + "/"
            left = self.left_at.get(location)
            if left is not None and self.clock() - left < RETENTION_SECONDS:
                raise PartialReadError(f"{key} is deleted, and readers saw it a moment ago")
        self._deletions = len(self.s3.deleted)

    def _read(self, database: str, table: str, day: str, location: str) -> None:
        """One day as a query would read it: the files under its location, all of them."""
        self.reads += 1
        place = _place(location)
        wanted = self.athena.whole.get(place)
        if wanted is None:
            raise PartialReadError(f"{database}.{table} {day} shows {place}, no finished build")
        if f"/{database}.{table}/" not in f"/{place}" or not place.endswith(f"/dt={day}/"):
            raise PartialReadError(f"{database}.{table} {day} shows another's files: {place}")
        keys = self.s3.under(place)
        if keys != sorted(wanted):
            raise PartialReadError(f"{database}.{table} {day} shows {keys} of {sorted(wanted)}")
        for key in keys:
            content = json.loads(self.s3.objects[key])
            if content["bad"]:
                raise PartialReadError(f"{database}.{table} {day} shows a build that failed checks")


def _place(location: str) -> str:
    return location.partition("//")[2].partition("/")[2]
