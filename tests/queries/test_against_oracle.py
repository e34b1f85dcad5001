"""All KPIs against the same definitions in plain Python, on random networks in several zones."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dayfold.adapters.query_files import QueryFiles
from dayfold.domain.days import day_range, utc_dates_of, zone
from dayfold_local.query_tests.engine import LocalEngine
from tests.queries.building import EVENT, USER, Files, build_all, comparable, land
from tests.queries.oracle import KPIS, Oracle

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLES = QueryFiles(Path(__file__).parents[2] / "queries").load()
ONE_DAY = dt.timedelta(days=1)
# The first day and zone of a network: plain days, and days on which clocks change.
STARTS = [
    ("Asia/Tokyo", dt.date(2004, 5, 15)),
    ("Asia/Kolkata", dt.date(2024, 2, 24)),
    ("UTC", dt.date(2003, 12, 28)),
    ("America/Los_Angeles", dt.date(2024, 3, 3)),
    ("America/Los_Angeles", dt.date(2024, 10, 28)),
    ("Europe/London", dt.date(2024, 3, 24)),
    ("America/Sao_Paulo", dt.date(2018, 10, 29)),  # midnight of 4 November does not exist
    ("Pacific/Auckland", dt.date(2024, 9, 22)),
]
DAYS = 12
TYPES = ["message", "reply", "thanks", "login", "view"]
people = st.sampled_from(["ann", "bob", "cho"])
groups = st.sampled_from(["lab", "desk", None])
# Few people, close moments and the edges of days: what the definitions turn on.
seconds = st.one_of(
    st.integers(0, DAYS * 86400 - 1),
    st.builds(
        lambda day, off: day * 86400 + off, st.integers(0, DAYS - 1), st.integers(-3600, 7200)
    ),
)
events = st.lists(
    st.fixed_dictionaries({
        "event_id": st.integers(0, 10_000).map(str),
        "at": seconds,
        "company_id": st.sampled_from(["acme", "acme", "beta"]),
        "group_id": groups,
        "user_id": people,
        "event_type": st.sampled_from(TYPES),
        "target_user_id": st.one_of(people, st.none()),
        "twice": st.booleans(),
    }),
    max_size=60,
    unique_by=lambda event: event["event_id"],
)  # fmt: skip
snapshots = st.lists(
    st.fixed_dictionaries({
        "day": st.integers(0, DAYS - 1),
        "user_id": people,
        "company_id": st.sampled_from(["acme", "beta", "calm"]),
        "group_id": groups,
    }),
    max_size=20,
    unique_by=lambda user: (user["day"], user["user_id"], user["company_id"]),
)  # fmt: skip


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalEngine]:
    engine = LocalEngine(tmp_path_factory.mktemp("engine"))
    yield engine
    engine.close()


def as_files(rows: list[dict[str, Any]], first: dt.date, tz: str) -> Files:
    """Put each event into the file of its UTC date, some twice: again a file later if it may be."""
    start = dt.datetime.combine(first, dt.time(), zone(tz)).astimezone(dt.UTC)
    files: Files = {}
    for row in rows:
        at = start + dt.timedelta(seconds=row["at"])
        event = {name: row[name] for name in EVENT if name != "ts"}
        event["ts"] = at.strftime("%Y-%m-%dT%H:%M:%SZ")
        files.setdefault(at.date(), []).append(event)
        last_file = utc_dates_of(at.astimezone(zone(tz)).date(), zone(tz))[1]
        if row["twice"]:
            files.setdefault(min(at.date() + ONE_DAY, last_file), []).append(dict(event))
    return files


@settings(
    max_examples=12, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
@given(st.sampled_from(STARTS), events, snapshots)
def test_all_kpis_are_as_defined(
    engine: LocalEngine,
    start: tuple[str, dt.date],
    rows: list[dict[str, Any]],
    users: list[dict[str, Any]],
) -> None:
    # Given
    tz, first = start
    files = as_files(rows, first, tz)
    snapshot: Files = {}
    for user in users:
        row = {name: user[name] for name in USER}
        snapshot.setdefault(first + user["day"] * ONE_DAY, []).append(row)
    land(engine, "raw.events", EVENT, files)
    land(engine, "raw.users", USER, snapshot)
    oracle = Oracle(files, snapshot, tz)
    days = list(day_range(first - ONE_DAY, first + DAYS * ONE_DAY))
    # When
    wide = build_all(engine, TABLES, [(days[0], days[-1])], tz)
    # Then
    for kpi in KPIS:
        assert comparable(wide[f"kpi.{kpi}"]) == comparable(oracle.rows(kpi, days)), kpi
    # When
    singly = days[6:10]  # in which the clocks change, where they do
    pieces = [(days[0], days[5]), *((day, day) for day in singly), (days[10], days[-1])]
    apart = build_all(engine, TABLES, pieces, tz)
    # Then
    for name in TABLES:
        assert comparable(apart[name]) == comparable(wide[name]), name
