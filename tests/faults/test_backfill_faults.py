"""A backfill on the worst of days: everything that SQS, Lambda and Athena may do, at once.

Its first Lambdas die between the start of a query and the ledger's note of it. From then on a third
of all calls of Athena is throttled and every message comes twice. The extract of one day is bad.
"""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config

from dayfold.domain.days import day_range, parse_day
from tests.faults.backfilling import (
    attempts,
    backfill,
    dead_letters,
    failures,
    published_by,
    queries,
    start,
    started_twice,
    wait,
)
from tests.faults.conftest import Breakable, kill_workers, land
from tests.integration.conftest import wait_until
from tests.integration.live import Live
from tests.integration.shell import copied_project

if TYPE_CHECKING:
    from collections.abc import Iterator

DAYS = [str(day) for day in day_range(parse_day("2004-05-18"), parse_day("2004-05-23"))]
BAD = "2004-05-20"
BESIDE = "2004-05-21"  # in the same job as the bad day
CASTS = "INVALID_CAST_ARGUMENT"
TABLES = ("staging.payments", "kpi.spending", "staging.posts", "kpi.active_users")
CALLS = 60


@dataclasses.dataclass(frozen=True)
class Aftermath:
    """The stack after that backfill, and what was seen on the way."""

    live: Live
    item: dict[str, Any]
    lost_queries: set[str]  # that the dead Lambdas had started
    throttled: int  # of so many calls
    letters: list[tuple[dict[str, Any], str]]


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath]:
    """A backfill of six days, two a job, that has ended."""
    folder = tmp_path_factory.mktemp("worst")
    project = copied_project(folder / "project")
    with contextlib.ExitStack() as stack:
        with surroundings(DAYFOLD_ATHENA_LATE_STARTS="99", DAYFOLD_ATHENA_LATE_SECONDS="15"):
            breakable = Breakable(folder / "state", project)
        stack.callback(breakable.down)
        prepare(breakable.live)
        start(breakable.live, "worst", first=DAYS[0], last=DAYS[-1], tables=TABLES, days_per_job=2)
        lost = kill_lambdas_that_have_just_started_a_query(breakable.live)
        breakable.down()
        with surroundings(DAYFOLD_ATHENA_THROTTLED_SHARE="0.333", DAYFOLD_SQS_TWICE="1"):
            # Their messages are handed out again, as five minutes later without a restart
            breakable.up()
        item = wait(breakable.live, "worst")
        throttled = throttled_calls(breakable.live)
        breakable.down()
        live = breakable.up()
        yield Aftermath(live, item, lost, throttled, dead_letters(live))


@contextlib.contextmanager
def surroundings(**environment: str) -> Iterator[None]:
    """What a server that is started in here is told."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        yield


def prepare(live: Live) -> None:
    """Posts as on any day, and payments of which one is no number."""
    live.deliver_events(enabled=False)
    land(live, DAYS)
    for number, day in enumerate(DAYS):
        amount = "twelve" if day == BAD else str(10 + number)
        live.put("payments", day, [{"company_id": "acme", "amount": amount}])
    live.crawl()


def kill_lambdas_that_have_just_started_a_query(live: Live) -> set[str]:
    """Kill all workers while Athena keeps its answers to their starts back; the queries' ids."""
    wait_until(lambda: queries(live), 120)
    kill_workers(live.info.pid)
    noted = [item for item in live.ledger_items("DAY#") if "query_id" in item]
    assert noted == [], "they were killed too late to prove anything"
    ends = {"SUCCEEDED", "FAILED"}  # Athena goes on without them; the bad day's may be among them
    wait_until(lambda: {one["Status"]["State"] for one in queries(live)} <= ends, 60)
    return {str(one["QueryExecutionId"]) for one in queries(live)}


def throttled_calls(live: Live) -> int:
    """How many of some calls are throttled now, of a client that does not try again."""
    once = Config(retries={"total_max_attempts": 1})
    athena = live.info.session().client("athena", config=once)
    refused = 0
    for _ in range(CALLS):
        try:
            athena.list_query_executions(WorkGroup=live.outputs["Workgroup"])
        except athena.exceptions.ClientError as error:
            refused += error.response["Error"]["Code"] == "ThrottlingException"
    return refused


def test_it_ends_with_the_bad_day_alone_not_built(aftermath: Aftermath) -> None:
    # Given
    item, good = aftermath.item, [day for day in DAYS if day != BAD]
    tables = ("staging.payments", "kpi.spending")
    # When
    asked = [(t, d) for t, d in published_by(aftermath.live, "worst") if d in DAYS]
    built = sorted(
        [(table, day) for table in tables for day in good]
        + [(t, d) for t in ("staging.events", "staging.posts", "kpi.active_users") for d in DAYS]
    )
    # Then all but the bad day of two tables is published, once
    assert (item["status"]["S"], item["failed"]["N"]) == ("failed", "2"), failures(aftermath.live)
    assert asked == built


def test_its_tables_are_right(aftermath: Aftermath) -> None:
    # When
    spent = aftermath.live.query("SELECT dt, amount FROM kpi.spending ORDER BY dt")
    active = aftermath.live.query("SELECT dt, active_users FROM kpi.active_users ORDER BY dt")
    # Then
    assert spent == [
        {"dt": day, "amount": str(10 + number)} for number, day in enumerate(DAYS) if day != BAD
    ]
    assert active == [{"dt": day, "active_users": "6"} for day in DAYS]


def test_the_bad_day_is_in_the_dead_letters_with_its_reason(aftermath: Aftermath) -> None:
    # When
    reasons = {
        tuple(job["table"] for job in body["group"]["jobs"] if job["table"] in reason): reason
        for body, reason in aftermath.letters
    }
    # Then they are of the job whose query fails, and of the one that has nothing to read
    assert len(aftermath.letters) == len(reasons) == 2
    assert f"staging.payments {BAD}: {CASTS}" in reasons["staging.payments",]
    assert "Next: mend" in reasons["staging.payments",]
    blocked = f"kpi.spending {BAD}: not built, staging.payments {BAD} failed"
    # Then the ledger says the same, of these days and of no other
    said = failures(aftermath.live)
    assert len(said) == 2
    assert sorted(said) == sorted(reasons.values())
    assert blocked in said


def test_no_query_is_started_twice(aftermath: Aftermath) -> None:
    # When
    lost = [
        item
        for item in aftermath.live.ledger_items("BUILD#")
        if item.get("query_id", {}).get("S") in aftermath.lost_queries
    ]
    # Then no attempt has two, and those of the dead Lambdas were found again and used
    assert started_twice(aftermath.live) == []
    assert {item["query_id"]["S"] for item in lost} == aftermath.lost_queries
    assert {item["attempt"]["N"] for item in lost} == {"1"}


def test_neither_throttling_nor_death_costs_an_attempt(aftermath: Aftermath) -> None:
    # Given that a third of the calls was throttled
    assert CALLS / 6 < aftermath.throttled < CALLS / 2
    # When
    tries = attempts(aftermath.live)
    # Then only the job with the bad day was tried again, its days apart
    # Both deliveries of its message may do so, each once as a whole and once apart
    *before, last = tries.pop(("staging.payments", BAD))
    assert (set(before), last, len(before) <= 3) == ({"failed"}, "failed", True)
    *before, last = tries.pop(("staging.payments", BESIDE))
    assert (set(before), last, len(before) <= 3) == ({"failed"}, "published", True)
    assert {tuple(ends) for ends in tries.values()} == {("published",)}


def test_every_message_came_twice(aftermath: Aftermath) -> None:
    # Given a queue in which nothing is left, as the copies of the last jobs have come too
    live, jobs = aftermath.live, int(aftermath.item["jobs"]["N"])
    wait_until(lambda: not waiting_messages(live), 60)
    # When the log of the function is read
    pages = live.client("logs").get_paginator("filter_log_events")
    log = pages.paginate(
        logGroupName="/aws/lambda/dayfold/run_backfill_job", filterPattern='"message handled"'
    )
    handled = [event["message"] for page in log for event in page["events"]]
    # Then it was handed twice as many messages as there are jobs, and counted none of them twice
    assert len(handled) >= 2 * jobs
    assert int(backfill(live, "worst")["jobs_done"]["N"]) == jobs


def waiting_messages(live: Live) -> int:
    """How many messages of the queue are waiting or at work."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = live.client("sqs").get_queue_attributes(
        QueueUrl=live.outputs["BackfillQueueUrl"], AttributeNames=names
    )
    return sum(int(count) for count in answer["Attributes"].values())
