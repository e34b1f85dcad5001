"""Backfills under faults: killed stacks, messages twice; equal tables, nothing built twice."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.faults.conftest import DAYS

if TYPE_CHECKING:
    from tests.faults.conftest import Breakable
    from tests.integration.live import Live

TABLES = ("staging.posts", "kpi.active_users", "kpi.reply_latency", "kpi.engagement_score")
REQUEST = {"first": DAYS[0], "last": DAYS[-1], "days_per_job": 1}
PATIENCE_SECONDS = 150


def call(live: Live, function: str, event: dict[str, Any]) -> dict[str, Any]:
    answer = live.client("lambda").invoke(
        FunctionName=live.outputs[function], Payload=json.dumps(event)
    )
    content = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, content
    return dict(content)


def wait(live: Live, name: str) -> dict[str, Any]:
    """Wait for a backfill's end; returns its item."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        items = [
            item
            for item in live.ledger_items("BACKFILL")
            if item["pk"]["S"] == f"BACKFILL#{name}" and item["status"]["S"] != "running"
        ]
        if items:
            return items[0]
        time.sleep(0.2)
    raise AssertionError(f"backfill {name} still runs: {live.ledger_items('JOB#')}")


def contents(live: Live) -> dict[str, list[tuple[str | None, ...]]]:
    return {name: live.table(name) for name in TABLES}


def published_builds(live: Live, run_id: str) -> list[tuple[str, str]]:
    return [
        (item["pk"]["S"], item["day"]["S"])
        for item in live.ledger_items("BUILD#")
        if item["status"]["S"] == "published" and item["run_id"]["S"] == run_id
    ]


@pytest.mark.parametrize("seed", [1, 2])
def test_a_backfill_survives_the_death_of_the_stack(breakable: Breakable, seed: int) -> None:
    # Given the tables of an undisturbed backfill
    live = breakable.live
    live.deliver_events(enabled=False)
    live.crawl()
    call(live, "StartBackfillFunction", {"name": "calm", **REQUEST})
    assert wait(live, "calm")["status"]["S"] == "succeeded"
    undisturbed = contents(live)
    # When the same, asked for anew, is cut off twice by SIGKILL at a random moment
    call(live, "StartBackfillFunction", {"name": "cut", **REQUEST, "policy": "all"})
    moments = random.Random(seed)
    for _ in range(2):
        time.sleep(moments.uniform(0.2, 3))
        os.kill(live.info.pid, signal.SIGKILL)
        live = breakable.up()
    ended = wait(live, "cut")
    # Then it ends by itself, complete: each partition published, none of them twice
    failures = [
        job["failures"]["L"] for job in live.ledger_items("JOB#") if job["failed"]["N"] != "0"
    ]
    assert (ended["status"]["S"], ended["failed"]["N"]) == ("succeeded", "0"), failures
    assert ended["published"]["N"] == ended["partitions"]["N"]
    builds = published_builds(live, "backfill-cut")
    assert len(builds) == len(set(builds)) == int(ended["partitions"]["N"])
    assert contents(live) == undisturbed


def test_every_message_twice_builds_nothing_twice(breakable: Breakable) -> None:
    # Given a backfill whose waiting messages are all doubled, again and again
    live = breakable.live
    live.deliver_events(enabled=False)
    live.crawl()
    call(live, "StartBackfillFunction", {"name": "twice", **REQUEST})
    for _ in range(4):
        call(live, "SteerBackfillFunction", {"name": "twice", "action": "resume"})
        time.sleep(0.5)
    # When
    ended = wait(live, "twice")
    # Then
    assert ended["status"]["S"] == "succeeded"
    builds = published_builds(live, "backfill-twice")
    assert len(builds) == len(set(builds)) == int(ended["partitions"]["N"])
    assert {item["attempt"]["N"] for item in live.ledger_items("DAY#")} == {"1"}
