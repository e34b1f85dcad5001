"""The sweep on a live stack: the Scheduler fires it, and it builds what no event announced."""

from __future__ import annotations

import datetime as dt
import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from dayfold.adapters.query_files import QueryFiles
from dayfold.adapters.sweeps import Sweeps
from dayfold.domain.days import day_range
from dayfold_local import stack
from tests.integration.conftest import PROJECT, free_port, wait_until
from tests.integration.live import Live, event, user
from tests.integration.shell import copied_project
from tests.integration.wire import calls_of_functions, unknown_to_the_schedules

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dayfold.domain.sweeping import SweepRecord

LAST = dt.date(2004, 6, 9)
FIRST = LAST - dt.timedelta(days=33)
LATE = LAST - dt.timedelta(days=30)
TOKYO = dt.timedelta(hours=9)
PEOPLE = ("ann", "bob", "cid")
# The rest reads over a day, a week and a month, and a day ahead.
LEFT_OUT = (
    "kpi/active_users_by_group",
    "kpi/cross_group_posts",
    "kpi/engagement_score",
    "kpi/posts_per_active_user",
    "kpi/retention_7d",
    "kpi/spending",
    "staging/payments",
)


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where that stack keeps what it knows."""
    return tmp_path_factory.mktemp("sweep") / "state"


@pytest.fixture(scope="module")
def live(state: Path) -> Iterator[Live]:
    """A stack that sweeps by the hour and hears of no crawl; five weeks of extracts landed."""
    project = copied_project(state.parent / "project")
    for name in LEFT_OUT:
        (project / f"queries/{name}.sql").unlink()
    # The window is the days that can be built whole: the first two have no day before them.
    live = Live.of(stack.up(state, free_port(), {"SweepDays": "33"}, project))
    live.deliver_events(False)
    for day in day_range(FIRST, LAST):
        live.put("events", str(day), [event(name, str(day)) for name in PEOPLE])
        live.put("users", str(day), [user(name) for name in PEOPLE])
    live.crawl()
    yield live
    stack.down(state)


def test_the_scheduler_sweeps_and_a_day_whose_event_was_lost_is_built(live: Live) -> None:
    # Given extracts that were crawled, an event that nobody heard, and no run
    # When the hour comes
    fire_now(live)
    record = wait_until(lambda: _started(live), seconds=300)
    ended = live.wait(_execution(live, record))
    # Then
    assert ended["status"] == "SUCCEEDED"
    assert record.started_kind == "run"
    assert set(record.found) == {"missing"}
    assert (str(LAST - dt.timedelta(days=1)),) in _days(live, "kpi.active_users")


def test_a_file_added_30_days_back_rebuilds_exactly_what_covers_it(live: Live) -> None:
    # Given all of it built, and nothing left to find
    wait_until(lambda: _settled(live), seconds=120)
    before = _builds(live)
    # When a file is added to a raw day of a month ago, and the stack is swept
    live.put("events", str(LATE), [event("dot", str(LATE))], name="late")
    report = _sweep(live)
    if report["started"]:
        live.wait(_execution_named(live, report["started"]))
    wait_until(lambda: _settled(live), seconds=120)
    # Then
    after = _builds(live)
    rebuilt = {place for place in before if after[place] != before[place]}
    expected = _covering(LATE) & set(before)
    assert rebuilt == expected
    assert len(expected) > 40
    assert set(after) == set(before)


def test_sweeping_again_finds_nothing_and_says_so(live: Live) -> None:
    # Given
    wait_until(lambda: _settled(live), seconds=120)
    known = len(live.executions())
    # When
    first, second = _sweep(live), _sweep(live)
    # Then
    assert (first["started"], second["started"]) == (None, None)
    assert first["up_to_date"] > 0
    assert len(live.executions()) == known


def test_what_these_ask_of_aws_is_on_the_list_of_the_fault_schedules(
    live: Live, state: Path
) -> None:
    # Given sweeps and runs as above, a rollback of what was built twice, and a collection
    undo = {"run_id": "rollback-wire", "table": "kpi.active_users", "first": str(LATE)}
    moved = _invoke(live, "RollBackFunction", undo)["moved"]
    _invoke(live, "CollectGarbageFunction", {})
    # When
    calls = calls_of_functions(state)
    # Then
    assert moved == 1
    assert ("glue", "batch_update_partition") in calls["roll_back"]
    assert ("athena", "list_query_executions") in calls["sweep"]
    assert ("s3", "list_objects_v2") in calls["collect_garbage"]
    assert unknown_to_the_schedules(calls) == set()


def fire_now(live: Live) -> None:
    """Have the Scheduler do in a second what the template's schedule does every hour."""
    scheduler = live.client("scheduler")
    (hourly,) = [
        one
        for one in scheduler.list_schedules()["Schedules"]
        if live.outputs["SweepFunction"] in one["Target"]["Arn"]
    ]
    found = scheduler.get_schedule(Name=hourly["Name"], GroupName=hourly["GroupName"])
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1)
    scheduler.create_schedule(
        Name="once",
        GroupName=hourly["GroupName"],
        ScheduleExpression=f"at({soon:%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow=found["FlexibleTimeWindow"],
        Target=found["Target"],
    )


def _started(live: Live) -> SweepRecord | None:
    """The first sweep that started something."""
    sweeps = Sweeps(live.client("dynamodb"), live.outputs["LedgerTable"]).latest(20)
    return next((one for one in reversed(sweeps) if one.started), None)


def _execution(live: Live, record: SweepRecord) -> str:
    return _execution_named(live, str(record.started))


def _execution_named(live: Live, name: str) -> str:
    return str(next(one["executionArn"] for one in live.executions() if one["name"] == name))


def _settled(live: Live) -> bool:
    """Whether no run is under way, so that the ledger stands still."""
    time.sleep(0.2)
    return all(one["status"] != "RUNNING" for one in live.executions())


def _sweep(live: Live) -> dict[str, Any]:
    return _invoke(live, "SweepFunction", {})


def _invoke(live: Live, function: str, event: dict[str, Any]) -> dict[str, Any]:
    answer = live.client("lambda").invoke(
        FunctionName=live.outputs[function], Payload=json.dumps(event)
    )
    report: dict[str, Any] = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, report
    return report


def _builds(live: Live) -> dict[tuple[str, str], str]:
    """The published build of every partition, by table and day."""
    return {
        (item["pk"]["S"].removeprefix("TABLE#"), item["sk"]["S"].removeprefix("DAY#")): item[
            "published_build_id"
        ]["S"]
        for item in live.ledger_items("DAY#")
    }


def _days(live: Live, table: str) -> list[tuple[str | None, ...]]:
    return [tuple(row.values()) for row in live.query(f"SELECT DISTINCT dt FROM {table}")]


def _covering(raw_day: dt.date) -> set[tuple[str, str]]:
    """The partitions that read a day of raw.events, or read what does: day by day, by hand."""
    touched: dict[str, set[dt.date]] = {"raw.events": {raw_day}}
    for table in QueryFiles(PROJECT / "queries").load().values():
        days: set[dt.date] = set()
        for one in table.inputs:
            for day in day_range(FIRST - dt.timedelta(days=40), LAST):
                reads = _reads(str(one.window), day)
                if touched.get(one.table, set()) & reads:
                    days.add(day)
        touched[table.name] = days
    return {(name, str(day)) for name, days in touched.items() for day in days}


def _reads(window: str, day: dt.date) -> set[dt.date]:
    """The days that a window covers in Tokyo, whose clocks never change."""
    if "Business" in window:
        start = dt.datetime.combine(day, dt.time()) - TOKYO
        return {start.date(), (start + dt.timedelta(hours=23)).date()}
    numbers = {
        part.split("=")[0]: int(part.split("=")[1])
        for part in window.partition("(")[2].rstrip(")").split(", ")
    }
    first, last = numbers["first"], numbers["last"]
    if "Hours" in window:
        first, last = -(-first // 24), -(-last // 24)
    return {day + dt.timedelta(days=offset) for offset in range(first, last + 1)}
