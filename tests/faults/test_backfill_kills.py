"""A backfill outlives the death of everything: the whole stack is killed at random moments.

Twice, where nothing else is said; `DAYFOLD_KILLS=20 DAYFOLD_SEED=7` makes it twenty others.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import time
from typing import TYPE_CHECKING, Any

import pytest

from dayfold.domain.days import day_range
from dayfold_local import process
from tests.faults.backfilling import (
    POLL_SECONDS,
    attempts,
    backfill,
    contents,
    dead_letters,
    failures,
    published_by,
    start,
    started_twice,
    wait,
)
from tests.faults.conftest import KILLS, Breakable, land

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integration.live import Live

SEED = int(os.environ.get("DAYFOLD_SEED", "1"))
# None of them looks back for weeks: the days asked for are the days built.
KPIS = (
    "kpi.active_users",
    "kpi.cross_group_posts",
    "kpi.reply_latency",
)
FIRST = dt.date(2004, 5, 18)
TABLES = ("staging.events", "staging.posts", "staging.users", *KPIS)
SHARE = 0.8  # the last kill comes when at most so much is built
LONGEST_PAUSE = 0.3  # from a moment of the backfill's progress to the kill, seconds


@pytest.fixture
def breakable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Breakable]:
    """A stack whose queries take a while, so that a kill finds some under way."""
    monkeypatch.setenv("DAYFOLD_ATHENA_LATENCY_SECONDS", "0.2")
    one = Breakable(tmp_path / "state")
    yield one
    one.down()


def test_a_backfill_survives_the_deaths_of_the_stack(breakable: Breakable) -> None:
    # Given the tables of an undisturbed backfill
    live = breakable.live
    live.deliver_events(enabled=False)
    days = [str(day) for day in day_range(FIRST, FIRST + dt.timedelta(days=max(KILLS, 3)))]
    land(live, days)
    live.crawl()
    request: dict[str, Any] = {"first": days[0], "last": days[-1], "tables": TABLES}
    start(live, "calm", **request)
    assert wait(live, "calm")["status"]["S"] == "succeeded", failures(live)
    undisturbed = contents(live, TABLES)
    # When the same, asked for anew and day by day, is killed at random moments
    planned = start(live, "cut", **request, policy="all", days_per_job=1)
    assert planned["partitions"] == len(days) * len(TABLES)
    live = killed_again_and_again(breakable, planned["partitions"])
    ended = wait(live, "cut")
    # Then it ends by itself and complete, and readers see what they would have seen
    assert (ended["status"]["S"], ended["failed"]["N"]) == ("succeeded", "0"), failures(live)
    assert ended["published"]["N"] == ended["partitions"]["N"] == str(planned["partitions"])
    assert contents(live, TABLES) == undisturbed
    assert_each_published_once(live, days)


def killed_again_and_again(breakable: Breakable, partitions: int) -> Live:
    """Kill the stack at random moments of the backfill `cut`, and start it each time."""
    chance = random.Random(SEED)
    moments = sorted(chance.uniform(0, SHARE * partitions) for _ in range(KILLS))
    live = breakable.live
    for moment in moments:
        while len(published_by(live, "cut")) < moment:
            assert backfill(live, "cut")["status"]["S"] == "running", failures(live)
            time.sleep(POLL_SECONDS)
        time.sleep(chance.uniform(0, LONGEST_PAUSE))
        process.kill_group(live.info.pid)
        live = breakable.up()
        # A moment of the backfill, and not one after its end
        item = backfill(live, "cut")
        built = len(published_by(live, "cut"))
        print(f"seed {SEED}: killed at {moment:.1f}, with {built} of {partitions} published")
        assert int(item["published"]["N"]) < partitions
    return live


def assert_each_published_once(live: Live, days: list[str]) -> None:
    """Each partition once per attempt, once by the backfill, by one query; no job is given up.

    Tables and files of what the kills cut off may be left: the collection finds them.
    """
    wanted = sorted((table, day) for table in TABLES for day in days)
    assert published_by(live, "cut") == wanted
    ends = attempts(live)
    for partition in wanted:
        # The calm one's, then what the kills cut off, then the one that was published
        tries = ends[partition]
        assert tries[0] == tries[-1] == "published", (partition, tries)
        assert set(tries[1:-1]) <= {"failed"}, (partition, tries)
    assert {item["status"]["S"] for item in live.ledger_items("DAY#")} == {"published"}
    assert started_twice(live) == []
    assert dead_letters(live) == []
