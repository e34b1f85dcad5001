"""Guarantee 4: the same trigger twice builds nothing twice; one that never came costs no data."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.faults.conftest import land, quiet_stack
from tests.integration.conftest import PROJECT, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.live import Live

SUCCEEDED = PROJECT / "events" / "plan_run" / "crawler_succeeded.json"
# Each test has the days after those of the one before: a run without days builds the latest.
LOST = ["2004-05-18", "2004-05-19"]
THRICE = ["2004-05-20"]
HEARD = ["2004-05-21"]


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A stack on which nothing has landed."""
    with quiet_stack(tmp_path_factory.mktemp("triggers")) as live:
        yield live


def attempts(live: Live) -> dict[tuple[str, str], int]:
    """How often each partition was tried."""
    items = live.ledger_items("DAY#")
    return {(item["pk"]["S"], item["sk"]["S"]): int(item["attempt"]["N"]) for item in items}


def test_a_lost_event_is_made_up_for_by_any_run(live: Live) -> None:
    # Given a crawl whose event never arrives
    land(live, LOST)
    live.crawl()
    assert live.executions() == []
    # When
    ended = live.run()
    # Then the run finds the days by itself
    assert ended["status"] == "SUCCEEDED"
    days = {row["dt"] for row in live.query("SELECT DISTINCT dt FROM kpi.active_users")}
    assert set(LOST) <= days


def test_the_same_event_three_times_at_once_builds_each_partition_once(live: Live) -> None:
    # Given extracts that are crawled, and no run that knows of them
    land(live, THRICE)
    live.crawl()
    event = json.loads(SUCCEEDED.read_text())["event"]
    before, known = attempts(live), len(live.ledger_items("BUILD#"))
    # When
    with ThreadPoolExecutor(3) as pool:
        arns = list(pool.map(live.start, [event] * 3))
    ended = [live.wait(arn)["status"] for arn in arns]
    # Then every partition that was built was built once, and is published
    assert ended == ["SUCCEEDED"] * 3
    after = attempts(live)
    built = {place for place in after if after[place] != before.get(place)}
    assert {f"DAY#{THRICE[0]}"} <= {day for _, day in built}
    assert {after[place] - before.get(place, 0) for place in built} == {1}
    assert len(live.ledger_items("BUILD#")) - known == len(built)
    assert {item["status"]["S"] for item in live.ledger_items("DAY#")} == {"published"}


def test_the_crawlers_success_alone_builds_the_days(live: Live) -> None:
    # Given a stack that hears of crawls
    known = len(live.executions())
    land(live, HEARD)
    live.deliver_events(enabled=True)
    # When nobody does anything but crawl
    live.crawl()
    wait_until(lambda: len(live.executions()) > known)
    ended = live.wait_for_all_runs()
    # Then
    assert set(ended) == {"SUCCEEDED"}
    rows = live.query(f"SELECT active_users FROM kpi.active_users WHERE dt = '{HEARD[0]}'")
    assert rows == [{"active_users": "6"}]
