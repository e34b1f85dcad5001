"""Choosing what a rollback does with one partition: a pure decision, made before anything moves.

```
  publications   B1 ── B2 ── B3             rollback            points at B2, and pins the day
                 B1 ── B2 ── B3 ── (B2)     rollback again      done already: nothing moves
                 B1 ── B2 ── B3 ── (B2)     rollback --build B1 points at B1
                 B1 ── F2 ── F3             rollback --backfill F   points at B1
                 F1                         rollback --backfill F   left: there is nothing before
```

That a plain rollback of a day that is rolled back moves nothing is what makes it safe to repeat:
one that was cut off, or whose answer was lost, is given again and goes no further back.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Literal

from dayfold.domain.partition import ROLLBACK_RUN, BuildRecord, PartitionState
from dayfold.domain.publications import Publication
from dayfold.domain.schema_changes import Columns, difference, misfit

_BUILD_ID = re.compile(r"(\d{4}-\d{2}-\d{2})(?:_(\d{4}-\d{2}-\d{2}))?-a\d+-[0-9a-f]+")
_NAMED = 3  # builds that a line lists


@dataclasses.dataclass(frozen=True, slots=True)
class Past:
    """What the ledger knows of one partition."""

    day: dt.date
    state: PartitionState | None
    publications: Sequence[Publication] = ()  # oldest first
    builds: Mapping[str, BuildRecord] = dataclasses.field(default_factory=dict)  # by build id
    table: str = ""
    columns: Columns | None = None  # of the table, as readers see it now


@dataclasses.dataclass(frozen=True, slots=True)
class Wanted:
    """Which earlier build is asked for; neither means the one before the latest build."""

    build_id: str | None = None
    undone_run: str | None = None  # go back to before what this run published


@dataclasses.dataclass(frozen=True, slots=True)
class Choice:
    """What to do with one partition, and why.

    - move: point it at `build`.
    - done: readers see what is asked for already.
    - leave: there is nothing to point it at.
    - held: somebody is building it now.
    """

    action: Literal["move", "done", "leave", "held"]
    reason: str = ""
    build: BuildRecord | None = None


def choose(past: Past, wanted: Wanted, *, now: int) -> Choice:
    """Choose for one partition.

    Args:
        past: what the ledger knows of it.
        wanted: what is asked for.
        now: epoch seconds, against which its lease is judged.
    """
    state = past.state
    if state is None or not state.is_published:
        return _leave("was never published")
    if state.status == "building" and state.lease_until > now:
        goes_there = wanted.build_id in {None, state.build_id}
        if not (state.run_id.startswith(ROLLBACK_RUN) and goes_there):
            return Choice("held", f"is being built by {state.run_id}")
        return _move_to(past, state.build_id)  # a rollback that was cut off is taken over at once
    if wanted.build_id is not None:
        return _move_to(past, wanted.build_id)
    if wanted.undone_run is not None:
        return _before_run(past, state, wanted.undone_run)
    return _before_latest(past, state)


def _before_latest(past: Past, state: PartitionState) -> Choice:
    if state.pinned:
        return Choice(
            "done",
            f"was rolled back to {state.published_build_id} already; "
            "--build names one further back",
        )
    return _last_before(past, past.publications)


def _before_run(past: Past, state: PartitionState, run_id: str) -> Choice:
    def is_of_run(build_id: str | None) -> bool:
        build = past.builds.get(str(build_id))
        return build is not None and build.run_id == run_id

    if not is_of_run(state.published_build_id):
        return Choice("done", f"shows {state.published_build_id}, which is not of {run_id}")
    return _last_before(past, [one for one in past.publications if not is_of_run(one.build_id)])


def _last_before(past: Past, shown: Sequence[Publication]) -> Choice:
    """The last of `shown` before the build that readers see was made; later ones are newer."""
    current = past.builds.get(str(_current(past)))
    earlier = [one for one in shown if current is not None and one.attempt < current.attempt]
    if not earlier:
        return _leave(f"has no build before {_current(past)}")
    return _move_to(past, earlier[-1].build_id)


def _move_to(past: Past, build_id: str) -> Choice:
    if build_id == _current(past):
        return Choice("done", f"shows {build_id} already")
    build = past.builds.get(build_id)
    if build is None:
        return _leave(_unknown(past, build_id))
    if build.status != "published":
        return _leave(f"cannot show {build_id}: it failed and was never published")
    if build.collection is not None or build.location is None:
        return _leave(f"cannot show {build_id}: its files are collected{_others(past)}")
    if wrong := misfit(build.columns, past.columns):
        name, then, now = wrong
        return _leave(
            f"cannot show {build_id}: column {name} is {then} in it and {now} in the table now, "
            f"as which Athena cannot read it; put the query right if need be and build the day "
            f"anew: `dayfold run --table {past.table} --day {past.day} --policy all`"
        )
    return Choice("move", _said_of(build, past.columns), build)


def _said_of(build: BuildRecord, columns: Columns | None) -> str:
    """What readers see otherwise in an earlier build whose columns are not the table's of today."""
    if not build.columns or not columns:
        return ""
    change = difference(build.columns, columns)
    lacks = [f"has no column {name}: readers see NULL there" for name in change.added]
    hidden = [
        f"has column {name} ({kind}), which readers do not see" for name, kind in change.dropped
    ]
    return ", ".join(lacks + hidden)


def _unknown(past: Past, build_id: str) -> str:
    match = _BUILD_ID.fullmatch(build_id)
    if match is None or match[1] <= str(past.day) <= (match[2] or match[1]):
        return f"has no build {build_id}{_others(past)}"
    span = match[1] if match[2] is None else f"{match[1]} to {match[2]}"
    return f"cannot show {build_id}, which is of {span}{_others(past)}"


def _others(past: Past) -> str:
    """The builds that it could be pointed at, newest first."""
    there = [
        build.build_id
        for build in sorted(past.builds.values(), key=lambda one: -one.attempt)
        if build.status == "published"
        and build.collection is None
        and build.build_id != _current(past)
        and not misfit(build.columns, past.columns)
    ]
    return f": there is {', '.join(there[:_NAMED])}" if there else ": there is no other"


def _current(past: Past) -> str | None:
    return past.state.published_build_id if past.state else None


def _leave(reason: str) -> Choice:
    return Choice("leave", reason)
