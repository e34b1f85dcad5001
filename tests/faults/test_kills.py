"""Guarantee 6: anything may be killed at any moment; running again converges to the same tables.

Twice, where nothing else is said; `DAYFOLD_KILLS=20` makes it twenty others.
"""

from __future__ import annotations

import os
import random
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest

from dayfold.adapters.executions import CALLED_SECONDS
from tests.faults.backfilling import Contents, contents
from tests.faults.conftest import DAYS, KILLS, Breakable, kill_workers, land
from tests.integration.shell import copied_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


TABLES = (
    "staging.events",
    "staging.posts",
    "staging.users",
    "kpi.active_users",
    "kpi.weekly_active_users",
    "kpi.reply_latency",
    "kpi.engagement_score",
)
SECONDS = 30  # that a function may run, so that a dead run is soon over
ANEW: dict[str, Any] = {"request": {"days": DAYS, "tables": list(TABLES), "policy": "all"}}


@pytest.fixture(scope="module")
def breakable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Breakable]:
    """A stack on which a run has built the days undisturbed."""
    folder = tmp_path_factory.mktemp("kills")
    project = copied_project(folder / "project")
    let_functions_run(project, CALLED_SECONDS, SECONDS)
    one = Breakable(folder / "state", project)
    try:
        land(one.live)
        one.live.deliver_events(enabled=False)
        one.live.crawl()
        first = one.live.wait(one.live.start(ANEW))
        assert first["status"] == "SUCCEEDED", first.get("cause")
        yield one
    finally:
        one.down()


def let_functions_run(project: Path, before: int, seconds: int) -> None:
    """Give the daily run's functions so many seconds, and tell the pipeline of it.

    What a dead run holds is held for as long as its Lambdas may still be at work.
    """
    for name, text in (
        ("template.yaml", "Timeout: {}\n"),
        ("functions/dayfold/adapters/executions.py", "CALLED_SECONDS = {}\n"),
    ):
        path = project / name
        code = path.read_text()
        assert text.format(before) in code
        path.write_text(code.replace(text.format(before), text.format(seconds)))


@pytest.fixture(scope="module")
def undisturbed(breakable: Breakable) -> Contents:
    return contents(breakable.live, TABLES)


@pytest.mark.parametrize("seed", range(1, KILLS + 1))
def test_killing_the_whole_stack_in_a_run_changes_nothing_in_the_end(
    breakable: Breakable, undisturbed: Contents, seed: int
) -> None:
    # When rebuilding all of it is cut off by SIGKILL at a random moment, and asked for again
    breakable.live.start(ANEW)
    time.sleep(random.Random(seed).uniform(0.1, 1.5))
    os.kill(breakable.live.info.pid, signal.SIGKILL)
    live = breakable.up()
    again = live.wait(live.start(ANEW))
    # Then the tables are equal, nothing runs, and no lease needs a hand
    assert again["status"] == "SUCCEEDED", again.get("cause")
    assert contents(live, TABLES) == undisturbed
    assert [one for one in live.executions() if one["status"] == "RUNNING"] == []
    assert {item["status"]["S"] for item in live.ledger_items("DAY#")} == {"published"}


def test_killing_the_workers_in_a_run_does_not_even_fail_it(breakable: Breakable) -> None:
    # Given a run under way
    live = breakable.live
    execution = live.start(ANEW)
    # When the processes that run its functions die, twice
    for _ in range(2):
        time.sleep(0.4)
        kill_workers(live.info.pid)
    ended = live.wait(execution)
    # Then Step Functions' retries carry it through, each partition published once
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    published = [
        (item["pk"]["S"], item["day"]["S"])
        for item in live.ledger_items("BUILD#")
        if item["status"]["S"] == "published" and item["run_id"]["S"] == ended["name"]
    ]
    assert len(published) == len(set(published))
    assert {(f"TABLE#{name}", day) for name in TABLES for day in DAYS} <= set(published)
