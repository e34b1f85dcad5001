"""Guarantee 4: the same trigger twice builds nothing twice; one that never came costs no data."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tests.integration.conftest import PROJECT

if TYPE_CHECKING:
    from tests.faults.conftest import Breakable

SUCCEEDED = PROJECT / "events" / "plan_run" / "crawler_succeeded.json"


def test_the_same_event_three_times_at_once_builds_each_partition_once(
    breakable: Breakable,
) -> None:
    # Given extracts that are crawled, and no run so far
    live = breakable.live
    live.deliver_events(enabled=False)
    live.crawl()
    event = json.loads(SUCCEEDED.read_text())["event"]
    # When
    with ThreadPoolExecutor(3) as pool:
        arns = list(pool.map(live.start, [event] * 3))
    ended = [live.wait(arn)["status"] for arn in arns]
    # Then every partition has one build, its first, and is published
    assert ended == ["SUCCEEDED"] * 3
    builds = live.ledger_items("BUILD#")
    partitions = live.ledger_items("DAY#")
    assert len(builds) == len(partitions) > 0
    assert {item["attempt"]["N"] for item in partitions} == {"1"}
    assert {item["status"]["S"] for item in partitions} == {"published"}


def test_a_lost_event_is_made_up_for_by_any_run(breakable: Breakable) -> None:
    # Given a crawl whose event never arrives
    live = breakable.live
    live.deliver_events(enabled=False)
    live.crawl()
    assert live.executions() == []
    # When
    ended = live.run()
    # Then the run finds the days by itself
    assert ended["status"] == "SUCCEEDED"
    days = {row["dt"] for row in live.query("SELECT DISTINCT dt FROM kpi.active_users")}
    assert {"2004-05-18", "2004-05-19", "2004-05-20"} <= days


def test_the_crawlers_success_alone_builds_the_days(breakable: Breakable) -> None:
    # When nobody does anything but crawl
    live = breakable.live
    live.crawl()
    while not live.executions():
        pass
    ended = live.wait_for_all_runs()
    # Then
    assert ended == ["SUCCEEDED"]
    rows = live.query("SELECT active_users FROM kpi.active_users WHERE dt = '2004-05-20'")
    assert rows == [{"active_users": "6"}]
