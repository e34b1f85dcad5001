"""All KPIs on 195 days of real messages, where they are at hand: `DAYFOLD_REAL_DATA` names them."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dayfold.adapters.query_files import QueryFiles
from dayfold.domain.days import day_range
from dayfold_local.query_tests.engine import LocalEngine
from tests.queries.building import EVENT, USER, Files, build_all, comparable, land
from tests.queries.oracle import KPIS, Oracle
from tests.real_data import COLLEGE_MSG

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dayfold_local.query_tests.rows import Row

PROJECT = Path(__file__).parents[2]
TABLES = QueryFiles(PROJECT / "queries").load()
FIRST, LAST = dt.date(2004, 4, 15), dt.date(2004, 10, 26)

pytestmark = pytest.mark.skipif(not COLLEGE_MSG.is_dir(), reason="the real extracts are not here")


def read_files(table: str) -> Files:
    files: Files = {}
    for path in sorted((COLLEGE_MSG / table).glob("dt=*/*.gz")):
        day = dt.date.fromisoformat(path.parent.name.removeprefix("dt="))
        lines = gzip.decompress(path.read_bytes()).splitlines()
        files.setdefault(day, []).extend(json.loads(line) for line in lines)
    return files


@pytest.fixture(scope="module")
def raw() -> tuple[Files, Files]:
    return read_files("events"), read_files("users")


@pytest.fixture(scope="module")
def engine(
    tmp_path_factory: pytest.TempPathFactory, raw: tuple[Files, Files]
) -> Iterator[LocalEngine]:
    engine = LocalEngine(tmp_path_factory.mktemp("engine"))
    land(engine, "raw.events", EVENT, raw[0])
    land(engine, "raw.users", USER, raw[1])
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def tokyo(engine: LocalEngine) -> dict[str, list[Row]]:
    return build_all(engine, TABLES, [(FIRST, LAST)], "Asia/Tokyo")


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2004-05-20", (1525, 294, 556, 844, 133, 275, 812, 15.4083)),
        ("2004-10-01", (46, 28, 99, 235, 7, 27, 30, 353.5333)),
    ],
)
def test_the_known_numbers(
    tokyo: dict[str, list[Row]], day: str, expected: tuple[float, ...]
) -> None:
    # When
    row: Row = {}
    for kpi in KPIS:
        (found,) = (r for r in tokyo[f"kpi.{kpi}"] if r["dt"] == day)
        row |= found
    # Then
    names = (
        "posts", "active_users", "weekly_active_users", "monthly_active_users", "retained",
        "active_a_week_ago", "replied_posts", "median_minutes",
    )  # fmt: skip
    assert tuple(round(row[name], 4) for name in names) == expected


def test_every_day_is_as_defined(tokyo: dict[str, list[Row]], raw: tuple[Files, Files]) -> None:
    # Given
    oracle = Oracle(*raw, "Asia/Tokyo")
    days = list(day_range(FIRST, LAST))
    # Then
    for kpi in KPIS:
        assert comparable(tokyo[f"kpi.{kpi}"]) == comparable(oracle.rows(kpi, days)), kpi
    assert sum(len(posts) for posts in oracle.posts.values()) == len(tokyo["staging.posts"])


@pytest.mark.parametrize("tz", ["America/Los_Angeles", "Asia/Kolkata", "UTC"])
def test_weeks_in_other_zones_are_as_defined(
    engine: LocalEngine, raw: tuple[Files, Files], tz: str
) -> None:
    # Given
    oracle = Oracle(*raw, tz)
    first, last = dt.date(2004, 5, 12), dt.date(2004, 5, 30)
    # When
    built = build_all(engine, TABLES, [(FIRST, last)], tz)
    # Then
    for kpi in ("active_users", "weekly_active_users", "retention_7d", "posts_per_active_user"):
        rows = [row for row in built[f"kpi.{kpi}"] if row["dt"] >= str(first)]
        assert comparable(rows) == comparable(oracle.rows(kpi, day_range(first, last))), kpi


def test_stretches_give_the_same_rows(engine: LocalEngine, tokyo: dict[str, list[Row]]) -> None:
    # Given
    last = dt.date(2004, 6, 20)
    stretches = [
        (FIRST, dt.date(2004, 5, 19)),
        (dt.date(2004, 5, 20), dt.date(2004, 5, 20)),
        (dt.date(2004, 5, 21), last),
    ]
    # When
    built = build_all(engine, TABLES, stretches, "Asia/Tokyo")
    # Then
    for name in TABLES:
        so_far = [row for row in tokyo[name] if row["dt"] <= str(last)]
        assert comparable(built[name]) == comparable(so_far), name
