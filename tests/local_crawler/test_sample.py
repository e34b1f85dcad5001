"""The demo's extracts: the same each time, filed by date, with a believable shape."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from dayfold_local.sample import COMPANIES, Counts, write_sample

if TYPE_CHECKING:
    from pathlib import Path

LAST = dt.date(2026, 11, 21)
COLUMNS = {"event_id", "ts", "company_id", "group_id", "user_id", "event_type", "target_user_id"}
NO_POSTS = {"login", "view", "like", "join", "admin_export"}


def rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]


def written(folder: Path, table: str) -> dict[str, list[dict[str, Any]]]:
    return {
        path.name.removeprefix("dt="): [row for file in path.iterdir() for row in rows(file)]
        for path in sorted((folder / table).iterdir())
    }


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Counts]:
    folder = tmp_path_factory.mktemp("sample")
    return folder, write_sample(folder, LAST)


@pytest.fixture(scope="module")
def events(sample: tuple[Path, Counts]) -> dict[str, list[dict[str, Any]]]:
    return written(sample[0], "events")


def test_every_day_has_its_files_and_every_row_its_columns(
    sample: tuple[Path, Counts], events: dict[str, list[dict[str, Any]]]
) -> None:
    # Given a sample / When read / Then its days end at the last and hold the contract's columns
    days = [str(LAST - dt.timedelta(days=back)) for back in reversed(range(42))]
    assert list(events) == list(written(sample[0], "users")) == days
    for day, found in events.items():
        for row in found:
            assert set(row) == COLUMNS
            assert row["ts"].startswith(day)
            dt.datetime.strptime(row["ts"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=dt.UTC)


def test_the_counts_are_what_was_written(
    sample: tuple[Path, Counts], events: dict[str, list[dict[str, Any]]]
) -> None:
    # Given a sample / When counted again / Then the numbers are those it gave
    folder, counts = sample
    users = written(folder, "users")
    assert counts.days == 42
    assert counts.events == sum(map(len, events.values()))
    assert counts.users == len(users[str(LAST)])
    assert counts.bytes == sum(path.stat().st_size for path in folder.rglob("*.gz"))


def test_the_same_seed_writes_the_same_bytes_and_another_others(tmp_path: Path) -> None:
    # Given two samples of one seed and one of another
    folders = [tmp_path / name for name in ("one", "two", "three")]
    for folder, seed in zip(folders, (7, 7, 8), strict=True):
        write_sample(folder, LAST, days=5, seed=seed)
    # When compared / Then the first two are alike
    one, two, three = (
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.gz")}
        for folder in folders
    )
    assert one == two
    assert one.keys() == three.keys()
    assert one != three


def test_days_have_a_shape(events: dict[str, list[dict[str, Any]]]) -> None:
    # Given a sample / When counted by day
    size = {dt.date.fromisoformat(day): len(found) for day, found in events.items()}
    weekdays = [size[day] for day in size if day.weekday() < 5]
    weekend = [size[day] for day in size if day.weekday() >= 5]
    # Then weekends are quiet, one weekday is too, and activity grows
    assert max(weekend) < sorted(weekdays)[1] / 2
    outage = min((day for day in size if day.weekday() < 5), key=lambda day: size[day])
    assert size[outage] < sorted(weekdays)[1] / 2
    assert sum(weekdays[-5:]) > 1.15 * sum(weekdays[:5])


def test_what_the_kpis_need_is_there(
    sample: tuple[Path, Counts], events: dict[str, list[dict[str, Any]]]
) -> None:
    # Given all events and the last snapshot / When looked through
    every = [row for found in events.values() for row in found]
    users = {row["user_id"]: row for row in written(sample[0], "users")[str(LAST)]}
    kinds = Counter(row["event_type"] for row in every)
    # Then there are replies, rows delivered twice, rows that are no posts, and posts across groups
    assert {row["company_id"] for row in every} == {company.name for company in COMPANIES}
    assert kinds["reply"] > 1000
    assert kinds.keys() >= NO_POSTS
    assert 20 < len(every) - len({row["event_id"] for row in every}) < 0.02 * len(every)
    assert len({json.dumps(row) for row in every}) == len({row["event_id"] for row in every})
    posts = [row for row in every if row["target_user_id"]]
    across = [row for row in posts if row["group_id"] != users[row["target_user_id"]]["group_id"]]
    assert 0.1 < len(across) / len(posts) < 0.5
    assert any(user["group_id"] is None for user in users.values())


def test_snapshots_grow_and_hold_whoever_acts(
    sample: tuple[Path, Counts], events: dict[str, list[dict[str, Any]]]
) -> None:
    # Given the snapshots / When compared / Then people join in between, and nobody acts before
    users = written(sample[0], "users")
    sizes = [len(found) for found in users.values()]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1]
    for day, found in events.items():
        present = {row["user_id"] for row in users[day]}
        assert {row["user_id"] for row in found} <= present
