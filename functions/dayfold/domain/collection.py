"""Collection: which files of which builds are dead, from what the ledger knows.

```
   published      superseded by another                  dead: neither kept for rollback
      |------ readers ------|---- retention -----|------ nor pointed at by the catalog
   failed at its checks     |---- retention -----|------ dead: there was time to look at it
```

A build that a day's partition shows, that is under way or being rolled back to, or that is among
the last good ones of its day lives. A build of several days dies day by day, and its prefix as a
whole once all of them are dead.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from dayfold.domain.partition import BuildRecord, PartitionState
from dayfold.domain.publications import Publication

if TYPE_CHECKING:
    from collections.abc import Iterable


_BUILD_ID = re.compile(r"(\d{4}-\d{2}-\d{2})(?:_(\d{4}-\d{2}-\d{2}))?-a\d+-[0-9a-f]{10}")
_BUILD_TABLE = re.compile(
    r"(staging|kpi)_[a-z0-9_]+_\d{4}_\d{2}_\d{2}(_\d{4}_\d{2}_\d{2})?_a\d+_[0-9a-f]{10}"
)


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """How long and how much is kept."""

    now: dt.datetime
    retention: dt.timedelta  # since readers last saw a build, or since a failed one ended
    kept_builds: int  # good builds of each partition that stay for a rollback

    def is_past(self, moment: dt.datetime) -> bool:
        """Whether what ended at `moment` has been kept long enough."""
        return moment + self.retention <= self.now


@dataclasses.dataclass(frozen=True, slots=True)
class Past:
    """What is known of one partition."""

    state: PartitionState | None
    builds: Sequence[BuildRecord] = ()  # ended attempts, oldest first
    publications: Sequence[Publication] = ()  # what readers saw, oldest first
    shown: str | None = None  # where the catalog's partition points, s3://bucket/builds/...


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of one build on one of its days."""

    fate: Literal["alive", "dead", "gone"]
    reason: str
    attempt: int = 0  # the record to mark
    seen: int = 0  # the partition's latest attempt when this was judged


@dataclasses.dataclass(frozen=True, slots=True)
class Burial:
    """Files to delete: a build's folders of some days, or, with no days, its whole prefix."""

    table: str
    build_id: str
    days: tuple[dt.date, ...]
    reason: str
    attempts: Mapping[dt.date, int] = dataclasses.field(default_factory=dict)  # records to mark
    seen: Mapping[dt.date, int] = dataclasses.field(default_factory=dict)  # as in the verdicts

    def keys(self, bucket_keys: Iterable[str]) -> list[str]:
        """Those of some keys of the bucket that are to be deleted."""
        prefix = build_prefix(self.table, self.build_id)
        prefixes = tuple(f"{prefix}dt={day}/" for day in self.days) or (prefix,)
        return [key for key in bucket_keys if key.startswith(prefixes)]


def build_prefix(table: str, build_id: str) -> str:
    """The prefix of a build's keys; the slash at its end keeps B10 out of what is said of B1."""
    return f"builds/{table}/{build_id}/"


def is_build_id(name: str) -> bool:
    """Whether a folder's name is one that the pipeline gives to a build."""
    return _BUILD_ID.fullmatch(name) is not None


def days_of_build(build_id: str) -> tuple[dt.date, dt.date]:
    """The first and the last day that a build's name tells."""
    match = _BUILD_ID.fullmatch(build_id)
    if match is None:
        raise ValueError(f"{build_id!r} is no build id")
    first, last = match.groups()
    return dt.date.fromisoformat(first), dt.date.fromisoformat(last or first)


def judge(table: str, past: Past, limits: Limits) -> dict[str, Verdict]:
    """Judge every build of one partition that the ledger has a record of, by build id."""
    good = [b for b in past.builds if b.status == "published" and b.collection is None]
    kept = {build.build_id for build in good[-limits.kept_builds :]}
    verdicts: dict[str, Verdict] = {}
    # A rollback whose writer died has left a failed record under the name of the build it was to
    # point at; what counts is how that build itself ended.
    records = {build.build_id: build for build in past.builds}
    records |= {build.build_id: build for build in past.builds if build.status == "published"}
    for build in records.values():
        life = _life(table, past, build, limits)
        if life is None and build.build_id in kept:
            life = f"one of the last {limits.kept_builds} good builds"
        if build.collection == "collected" and life is None:
            verdicts[build.build_id] = Verdict("gone", "collected before", build.attempt)
        elif life is None:
            what = _death(past, build)
            seen = past.state.attempt if past.state else 0
            verdicts[build.build_id] = Verdict("dead", what, build.attempt, seen)
        else:
            verdicts[build.build_id] = Verdict("alive", life, build.attempt)
    return verdicts


def _life(table: str, past: Past, build: BuildRecord, limits: Limits) -> str | None:
    """Why a build must stay, whatever else is said of it; None if nothing speaks for it."""
    state = past.state
    if state is None:
        return "the ledger does not know its partition"
    if state.published_build_id == build.build_id:
        return "readers see it"
    if past.shown and f"/{build_prefix(table, build.build_id)}" in past.shown:
        return "the catalog points at it"
    if state.status == "building":
        return "its partition is being built or rolled back"
    ended = _out_of_sight(past, build)
    if ended is None:
        return "nobody knows since when readers do not see it"
    return None if limits.is_past(ended) else f"kept for {limits.retention.days} days"


def _out_of_sight(past: Past, build: BuildRecord) -> dt.datetime | None:
    """Since when no reader could have begun to read a build; None if that is not known."""
    if build.status == "failed":
        return dt.datetime.fromisoformat(build.ended_at)
    seen = [n for n, one in enumerate(past.publications) if one.build_id == build.build_id]
    after = past.publications[seen[-1] + 1 :] if seen else ()
    return after[0].moment if after else None


def _death(past: Past, build: BuildRecord) -> str:
    ended = _out_of_sight(past, build)
    what = "failed" if build.status == "failed" else "superseded"
    return f"{what} {ended:%Y-%m-%d}" if ended else what


def bury(
    table: str,
    verdicts: Mapping[dt.date, Mapping[str, Verdict]],
    mentioned: Iterable[str],
    shown: Iterable[str] = (),
) -> list[Burial]:
    """Gather verdicts by day into what is to be deleted, build by build.

    Args:
        table: the table.
        verdicts: by day and build id.
        mentioned: builds that a partition's state names, as published or as being built.
        shown: where the catalog's partitions of the table point.
    """
    by_build: dict[str, dict[dt.date, Verdict]] = {}
    for day, builds in sorted(verdicts.items()):
        for build_id, verdict in builds.items():
            by_build.setdefault(build_id, {})[day] = verdict
    alive, pointed_at = set(mentioned), _pointed_at(table, shown)
    burials = []
    for build_id, days in sorted(by_build.items()):
        dead = {day: one for day, one in days.items() if one.fate == "dead"}
        # A day that the ledger has no record of may still be one that the catalog points at.
        unused = build_id not in alive and build_id not in pointed_at
        whole = unused and all(one.fate != "alive" for one in days.values())
        if dead or whole:
            reasons = sorted({one.reason for one in (dead or days).values()})
            attempts = {day: one.attempt for day, one in dead.items()}
            seen = {day: one.seen for day, one in dead.items()}
            named = () if whole else tuple(dead)
            burials.append(Burial(table, build_id, named, "; ".join(reasons), attempts, seen))
    return burials


def orphans(
    table: str,
    changed: Mapping[str, dt.datetime],
    known: Iterable[str],
    shown: Iterable[str],
    limits: Limits,
) -> list[Burial]:
    """Builds in the bucket that the ledger does not name any more, and that have grown old.

    A claim names its build before the query starts; when another attempt takes over from a writer
    that died, the name is lost and the files stay.

    Args:
        table: the table.
        changed: when the newest file of each build in the bucket was written, by build id.
        known: builds that the ledger names in any record.
        shown: where the catalog's partitions of the table point.
        limits: how long is kept.
    """
    needed = set(known) | _pointed_at(table, shown)
    return [
        Burial(table, build_id, (), f"abandoned, last written {moment:%Y-%m-%d}")
        for build_id, moment in sorted(changed.items())
        if is_build_id(build_id) and build_id not in needed and limits.is_past(moment)
    ]


def _pointed_at(table: str, places: Iterable[str]) -> set[str]:
    """The builds of a table under which places of the catalog lie."""
    parts = (place.partition(f"/builds/{table}/")[2] for place in places)
    return {part.partition("/")[0] for part in parts if part}


def dead_build_tables(
    tables: Mapping[str, dt.datetime], alive: Iterable[str], limits: Limits
) -> list[str]:
    """Temporary tables of the database `build` that no build needs any more.

    Args:
        tables: when each was made.
        alive: those of builds under way, and of failed ones that may still be looked at.
        limits: how long is kept.
    """
    needed = set(alive)
    return sorted(
        name
        for name, made in tables.items()
        if _BUILD_TABLE.fullmatch(name) and name not in needed and limits.is_past(made)
    )
