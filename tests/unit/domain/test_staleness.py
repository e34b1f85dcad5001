"""What goes stale: held against a model that compares what each partition would hold."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dayfold.domain.days import day_range
from dayfold.domain.fingerprints import window_digest
from dayfold.domain.partition import PartitionState
from dayfold.domain.planning import Facts, RawPartition, decide, input_fingerprints, needed_days
from dayfold.domain.query_file import load_tables
from dayfold.domain.statements import executed_hash

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dayfold.domain.query_file import Tables

TOKYO = ZoneInfo("Asia/Tokyo")
DAYS = list(day_range(dt.date(2004, 5, 1), dt.date(2004, 5, 12)))
EDGE = dt.timedelta(days=40)  # farther than any chain of windows below reaches
RAW = ("raw.events", "raw.users")
WINDOWS = ("[0, 0]", "[-1, 0]", "[-3, -1]", "[-6, 0]", "[0, 1]", "[0, 24h]", "[-24h, 0]")
RAW_WINDOWS = ("business-day", "[0, 0]", "[-2, 0]")
# The same, as the days that a reader of the header would name; Tokyo is nine hours ahead of UTC.
OFFSETS = {
    "business-day": (-1, 0),
    "[0, 0]": (0, 0),
    "[-2, 0]": (-2, 0),
    "[-1, 0]": (-1, 0),
    "[-3, -1]": (-3, -1),
    "[-6, 0]": (-6, 0),
    "[0, 1]": (0, 1),
    "[0, 24h]": (0, 1),
    "[-24h, 0]": (-1, 0),
}


@dataclasses.dataclass(frozen=True)
class World:
    """Queries as their windows by input, and a version of each query and of each raw day."""

    windows: dict[str, dict[str, str]]  # table -> input -> window
    constants: dict[str, int]
    files: dict[tuple[str, dt.date], int]

    def tables(self, layout: int = 0) -> Tables:
        return load_tables({_path(name): self._text(name, layout) for name in self.windows})

    def _text(self, name: str, layout: int) -> str:
        inputs = self.windows[name]
        joined = " CROSS JOIN ".join(inputs)
        where = " AND ".join(f"{one}.dt BETWEEN :from AND :to" for one in inputs)
        select = (
            f"SELECT CAST({self.constants[name]} AS bigint) AS n, dt FROM {joined} WHERE {where}"
        )
        lines = [f"-- {name}.", "-- owner: tests", "-- grain: dt", "-- inputs:"]
        lines += [f"--   {one}: {window}" for one, window in inputs.items()]
        if layout:
            select = re.sub(" ", "\n" + " " * layout, select).replace("SELECT", "select")
            select += "  -- dt in :time_zone, whatever that says"
            lines.insert(1, "-- Said in other words.")
        return "\n".join([*lines, select, ""])

    def content(self, table: str, day: dt.date) -> object:
        """All that a partition is made from, down to the files: the model's whole knowledge."""
        memo: dict[tuple[str, dt.date], int] = {}

        def of(name: str, one_day: dt.date) -> int:
            if name in RAW:
                return self.files.get((name, one_day), 0)
            key = (name, one_day)
            if key not in memo:
                read = []
                for one, window in self.windows[name].items():
                    first, last = OFFSETS[window]
                    days = (one_day + dt.timedelta(days=n) for n in range(first, last + 1))
                    read.append((one, tuple(of(one, d) for d in days)))
                memo[key] = hash((name, self.constants[name], tuple(read)))
            return memo[key]

        return of(table, day)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Up to six queries, each over raw tables and queries before it."""
    names = [f"{'staging' if number < 3 else 'kpi'}.t{number}" for number in range(6)]
    count = draw(st.integers(2, len(names)))
    windows: dict[str, dict[str, str]] = {}
    for name in names[:count]:
        inputs = draw(
            st.lists(st.sampled_from([*RAW, *windows]), min_size=1, max_size=3, unique=True)
        )
        windows[name] = {
            one: draw(st.sampled_from(RAW_WINDOWS if one in RAW else WINDOWS)) for one in inputs
        }
    files = {(raw, day): 1 for raw in RAW for day in day_range(DAYS[0] - EDGE, DAYS[-1] + EDGE)}
    return World(windows, dict.fromkeys(windows, 1), files)


@settings(deadline=None)
@given(worlds(), st.data())
def test_exactly_what_would_hold_something_else_is_stale(world: World, data: st.DataObject) -> None:
    # Given everything built
    built = _built(world)
    # When files change, come or go, and queries are edited
    places = st.tuples(st.sampled_from(RAW), st.sampled_from(DAYS))
    changes = data.draw(st.dictionaries(places, st.sampled_from([0, 2]), max_size=3))
    edits = data.draw(st.sets(st.sampled_from(sorted(world.windows)), max_size=2))
    now = dataclasses.replace(
        world,
        files={**world.files, **changes},
        constants={**world.constants, **dict.fromkeys(edits, 2)},
    )
    # Then what is to be built is what would hold something else, and nothing besides
    assert _stale(now, built) == _different(world, now)
    # And once that is built, nothing is
    assert _stale(now, _rebuilt(now, built)) == set()


@settings(deadline=None)
@given(worlds(), st.integers(1, 8))
def test_comments_and_layout_make_nothing_stale(world: World, layout: int) -> None:
    # Given
    built = _built(world)
    # When every query is set in another way and says other things in its comments
    reformatted = world.tables(layout)
    # Then
    assert _builds_of(_facts(world, reformatted, built)) == set()


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"files": {("raw.events", DAYS[5]): 2}}, "stale: raw.events changed"),
        ({"constants": {"staging.t0": 2}}, "stale: the query or its time zone changed"),
    ],
)
def test_the_reason_names_what_changed(changed: dict[str, Any], reason: str) -> None:
    # Given a query over one raw table
    world = World({"staging.t0": {"raw.events": "[0, 0]"}}, {"staging.t0": 1}, {})
    built = _built(world)
    # When
    now = dataclasses.replace(world, **changed)
    decisions, _ = decide(_facts(now, now.tables(), built), ["staging.t0"], DAYS, "stale")
    # Then
    reasons = {one.reason for one in decisions["staging.t0"].values() if one.action == "build"}
    assert reasons == {reason}


def _path(name: str) -> str:
    return f"queries/{name.replace('.', '/')}.sql"


def _facts(
    world: World, tables: Tables, ledger: Mapping[str, Mapping[dt.date, PartitionState]]
) -> Facts:
    raw = {
        name: {
            day: RawPartition(f"{name} {day} {version}", 1_000, crawled=True)
            for (one, day), version in world.files.items()
            if one == name and version
        }
        for name in RAW
    }
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    return Facts(tables, ledger, raw, frozenset(), TOKYO, now, input_grace_days=2)


def _built(world: World) -> dict[str, dict[dt.date, PartitionState]]:
    """The ledger after everything that building DAYS needs was built, once."""
    tables = world.tables()
    ledger: dict[str, dict[dt.date, PartitionState]] = {}
    facts = _facts(world, tables, ledger)
    for name in tables:
        days = needed_days(tables, list(tables), DAYS, TOKYO).get(name, set())
        ledger[name] = {day: _state(facts, name, day, 1) for day in days}
    return ledger


def _rebuilt(
    world: World, built: Mapping[str, Mapping[dt.date, PartitionState]]
) -> dict[str, dict[dt.date, PartitionState]]:
    """The ledger after a run has built what it decided to, table by table."""
    ledger = {name: dict(days) for name, days in built.items()}
    facts = _facts(world, world.tables(), ledger)
    decisions, _ = decide(facts, list(facts.tables), DAYS, "stale")
    for name in facts.tables:
        for day, decision in decisions.get(name, {}).items():
            if decision.action == "build":
                ledger[name][day] = _state(facts, name, day, ledger[name][day].attempt + 1)
    return ledger


def _state(facts: Facts, name: str, day: dt.date, attempt: int) -> PartitionState:
    table = facts.tables[name]
    return PartitionState(
        status="published",
        attempt=attempt,
        run_id="run",
        build_id=f"{name} {day} {attempt}",
        published_build_id=f"{name} {day} {attempt}",
        sql_hash=executed_hash(table, TOKYO),
        inputs={
            one.table: window_digest(input_fingerprints(facts, one, day)) for one in table.inputs
        },
    )


def _builds_of(facts: Facts) -> set[tuple[str, dt.date]]:
    decisions, _ = decide(facts, list(facts.tables), DAYS, "stale")
    return {
        (name, day)
        for name, days in decisions.items()
        for day, decision in days.items()
        if decision.action == "build" and day in DAYS
    }


def _stale(
    world: World, built: Mapping[str, Mapping[dt.date, PartitionState]]
) -> set[tuple[str, dt.date]]:
    return _builds_of(_facts(world, world.tables(), built))


def _different(before: World, now: World) -> set[tuple[str, dt.date]]:
    return {
        (name, day)
        for name in before.windows
        for day in DAYS
        if before.content(name, day) != now.content(name, day)
    }
