"""Tries to make the collection delete something that somebody needs."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from dayfold.domain.collection import Limits, Past, bury, judge
from dayfold.domain.partition import BuildRecord, PartitionState, RollbackRecord
from dayfold.domain.publications import publications

NOW = dt.datetime(2004, 6, 30, tzinfo=dt.UTC)
# Names that begin like each other, as tables, builds and days do.
TABLES = ("kpi.a", "kpi.a_b")
BUILDS = ("B1", "B10", "B1-a1", "B")
DAYS = tuple(dt.date(2004, 5, day) for day in (1, 10, 11))

Keys = set[str]


@st.composite
def pasts(draw: st.DrawFn, table: str) -> dict[dt.date, Past]:
    """The history of each day: attempts over some builds in any order, the clock going on."""
    found = {}
    for day in DAYS:
        moment = NOW - dt.timedelta(days=draw(st.integers(0, 40)))
        records: list[BuildRecord] = []
        rollbacks: list[RollbackRecord] = []
        shown: str | None = None
        names = draw(st.permutations(BUILDS))
        for attempt, name in enumerate(names[: draw(st.integers(0, 4))], start=1):
            status = draw(st.sampled_from(["published", "failed", "rollback"]))
            moment = min(moment + dt.timedelta(days=draw(st.integers(0, 12))), NOW)
            good = [one.build_id for one in records if one.status == "published"]
            if status == "rollback" and good:
                shown = draw(st.sampled_from(good))
                rollbacks.append(
                    RollbackRecord(str(day), attempt, shown, "r", moment.isoformat(), "")
                )
                continue
            good_now = status == "published"
            place = f"s3://bucket/builds/{table}/{name}/dt={day}/" if good_now else None
            kind: Literal["published", "failed"] = "published" if good_now else "failed"
            records.append(
                BuildRecord(str(day), attempt, name, "r", kind, moment.isoformat(), location=place)
            )
            shown = name if good_now else shown
        status = draw(st.sampled_from(["published", "failed", "building"]))
        under_way = draw(st.sampled_from(BUILDS))
        catalog = draw(st.sampled_from([shown, under_way]))
        place = f"s3://bucket/builds/{table}/{catalog}/dt={day}/" if catalog else None
        state = PartitionState(status, 9, "r", under_way, published_build_id=shown)  # type: ignore[arg-type]
        seen = publications(records, rollbacks).get(day, [])
        found[day] = Past(state if records else None, records, seen, place)
    return found


def needed(table: str, days: dict[dt.date, Past], limits: Limits) -> Keys:
    """By the words of docs/collection.md, what must stay; told without the code under test."""
    keep: set[tuple[str, dt.date]] = set()
    for day, past in days.items():
        good = [one for one in past.builds if one.status == "published"]
        keep |= {(one.build_id, day) for one in good[len(good) - limits.kept_builds :] if good}
        keep |= {(one.build_id, day) for one in good} if len(good) <= limits.kept_builds else set()
        if past.shown:
            keep.add((past.shown.split("/")[5], day))
        if past.state is None:
            keep |= {(one.build_id, day) for one in past.builds}
            continue
        keep.add((str(past.state.published_build_id), day))
        if past.state.status == "building":
            keep |= {(one.build_id, day) for one in past.builds}
            keep.add((past.state.build_id, day))
        recent = limits.now - limits.retention
        for one in past.builds:
            if one.status == "failed" and dt.datetime.fromisoformat(one.ended_at) > recent:
                keep.add((one.build_id, day))
        # What readers saw at any moment of the retention time.
        for n, seen in enumerate(past.publications):
            following = past.publications[n + 1 :]
            if not following or following[0].moment > recent:
                keep.add((seen.build_id, day))
    return {f"builds/{table}/{name}/dt={day}/part-0" for name, day in keep}


@settings(max_examples=200, deadline=None)
@given(
    histories=st.tuples(*(pasts(table) for table in TABLES)),
    retention=st.integers(1, 10),
    kept=st.integers(1, 3),
)
def test_nothing_that_somebody_needs_is_deleted(
    histories: tuple[dict[dt.date, Past], ...], retention: int, kept: int
) -> None:
    # Given two tables of like names, with every file that any of their builds may have
    limits = Limits(NOW, dt.timedelta(days=retention), kept)
    keys = [
        f"builds/{table}/{name}/dt={day}/part-0"
        for table in TABLES
        for name in BUILDS
        for day in DAYS
    ]
    deleted: Keys = set()
    alive: Keys = set()
    for table, days in zip(TABLES, histories, strict=True):
        # When
        verdicts = {day: judge(table, past, limits) for day, past in days.items()}
        states = [past.state for past in days.values() if past.state]
        mentioned = {one.build_id for one in states if one.status == "building"}
        mentioned |= {str(one.published_build_id) for one in states}
        shown = [past.shown for past in days.values() if past.shown]
        for burial in bury(table, verdicts, mentioned, shown):
            deleted.update(burial.keys(keys))
        alive |= needed(table, days, limits)
    # Then
    assert deleted & alive == set()


@settings(max_examples=200, deadline=None)
@given(days=pasts("kpi.a"))
def test_what_nobody_needs_is_deleted(days: dict[dt.date, Past]) -> None:
    # Given partitions at rest
    limits = Limits(NOW, dt.timedelta(days=1), 1)
    table = "kpi.a"
    verdicts = {day: judge(table, past, limits) for day, past in days.items()}
    keys = [f"builds/{table}/{name}/dt={day}/part-0" for name in BUILDS for day in DAYS]
    # When
    shown = [past.shown for past in days.values() if past.shown]
    deleted = {key for burial in bury(table, verdicts, BUILDS, shown) for key in burial.keys(keys)}
    # Then every build with a record goes on each day on which it is not needed
    recorded = {
        f"builds/{table}/{one.build_id}/dt={day}/part-0"
        for day, past in days.items()
        for one in past.builds
    }
    assert deleted == recorded - needed(table, days, limits)
