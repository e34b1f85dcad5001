"""Guarantee 6: anything may be killed at any moment; running again converges to the same tables."""

from __future__ import annotations

import os
import random
import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.faults.conftest import DAYS, workers

if TYPE_CHECKING:
    from tests.faults.conftest import Breakable
    from tests.integration.live import Live

TABLES = (
    "staging.events",
    "staging.posts",
    "staging.users",
    "kpi.active_users",
    "kpi.weekly_active_users",
    "kpi.reply_latency",
    "kpi.engagement_score",
)
REQUEST = {"request": {"days": DAYS}}


def contents(live: Live) -> dict[str, list[tuple[str | None, ...]]]:
    return {name: live.table(name) for name in TABLES}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_killing_the_whole_stack_in_a_run_changes_nothing_in_the_end(
    breakable: Breakable, seed: int
) -> None:
    # Given the tables of an undisturbed run
    live = breakable.live
    live.deliver_events(enabled=False)
    live.crawl()
    first = live.wait(live.start(REQUEST))
    assert first["status"] == "SUCCEEDED", first.get("cause")
    undisturbed = contents(live)
    # When rebuilding all of it is cut off by SIGKILL at a random moment, and asked for again
    live.start({"request": {**REQUEST["request"], "policy": "all"}})
    time.sleep(random.Random(seed).uniform(0.1, 1.5))
    os.kill(live.info.pid, signal.SIGKILL)
    live = breakable.up()
    again = live.wait(live.start({"request": {**REQUEST["request"], "policy": "all"}}))
    # Then the tables are equal, nothing runs, and no lease needs a hand
    assert again["status"] == "SUCCEEDED", again.get("cause")
    assert contents(live) == undisturbed
    assert [one for one in live.executions() if one["status"] == "RUNNING"] == []
    assert {item["status"]["S"] for item in live.ledger_items("DAY#")} == {"published"}


def test_killing_the_workers_in_a_run_does_not_even_fail_it(breakable: Breakable) -> None:
    # Given a run under way
    live = breakable.live
    live.deliver_events(enabled=False)
    live.crawl()
    execution = live.start(REQUEST)
    # When the processes that run its functions die, twice
    for _ in range(2):
        time.sleep(0.4)
        for pid in workers(live.info.pid):
            os.kill(pid, signal.SIGKILL)
    ended = live.wait(execution)
    # Then Step Functions' retries carry it through, each partition published once
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    published = [
        (item["pk"]["S"], item["day"]["S"])
        for item in live.ledger_items("BUILD#")
        if item["status"]["S"] == "published"
    ]
    assert len(published) == len(set(published)) == len(live.ledger_items("DAY#"))
