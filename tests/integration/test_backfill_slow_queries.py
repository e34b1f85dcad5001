"""Queries that take their time: longer than a Lambda has, and while a daily run wants them all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.faults.backfilling import attempts, published_by, queries, start, started_twice, wait
from tests.integration.conftest import wait_until
from tests.integration.shell import Shell, quiet_shell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.live import Live

QUERY_SECONDS = 3
# All but 2 of these are kept for handing the job back: less than a query takes.
LAMBDA_SECONDS = 47
DAYS = ("2004-05-01", "2004-05-02")
DAILY = "2004-05-03"
FUNCTION = "RunBackfillJobFunction"


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """Three days of payments, on a stack whose queries take seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAYFOLD_ATHENA_LATENCY_SECONDS", str(QUERY_SECONDS))
        with quiet_shell(tmp_path_factory.mktemp("slow")) as shell:
            for number, day in enumerate((*DAYS, DAILY), start=1):
                rows = [{"company_id": "acme", "amount": number}]
                shell.live.put("payments", day, rows)
            shell.done("crawl", "--wait")
            yield shell


def ended_how(live: Live) -> list[str]:
    """What became of each message so far, by the function's log."""
    pages = live.client("logs").get_paginator("filter_log_events")
    log = pages.paginate(
        logGroupName="/aws/lambda/dayfold/run_backfill_job", filterPattern='"message handled"'
    )
    lines = [event["message"] for page in log for event in page["events"]]
    return [line.partition('"ended":"')[2].partition('"')[0] for line in lines]


def spans(live: Live, days: tuple[str, ...]) -> list[tuple[float, float]]:
    """When the queries that build or check some days ran: from start to end."""
    found: list[tuple[float, float]] = []
    for one in queries(live):
        times: dict[str, Any] = one["Status"]
        if any(day in one["Query"] for day in days) and '"build"' in one["Query"]:
            begun, ended = times["SubmissionDateTime"], times["CompletionDateTime"]
            found.append((begun.timestamp(), ended.timestamp()))
    return sorted(found)


def test_the_daily_run_goes_first(shell: Shell) -> None:
    # Given a daily run that builds
    live = shell.live
    execution = live.start({"request": {"days": [DAILY], "tables": ["kpi.spending"]}})
    wait_until(lambda: queries(live), 60)
    # When a backfill of other days is started meanwhile
    asked = {"first": DAYS[0], "last": DAYS[0], "tables": ["staging.payments"]}
    start(live, "polite", **asked)
    ended = wait(live, "polite")
    # Then it steps back, and its first query comes after the last one of the daily run
    assert live.wait(execution)["status"] == "SUCCEEDED"
    assert ended["status"]["S"] == "succeeded"
    assert "handed back: behind the daily run" in ended_how(live)
    daily, backfill = spans(live, (DAILY,)), spans(live, DAYS[:1])
    assert (len(daily), len(backfill)) == (4, 2)  # each table's build and its checks
    assert daily[-1][1] <= backfill[0][0]


def test_queries_longer_than_a_lambda_are_joined_again(shell: Shell) -> None:
    # Given functions that have less time than a query takes
    live = shell.live
    aws = live.client("lambda")
    aws.update_function_configuration(FunctionName=live.outputs[FUNCTION], Timeout=LAMBDA_SECONDS)
    # When a day is built
    asked = {"first": DAYS[1], "last": DAYS[1], "tables": ["kpi.spending"]}
    start(live, "long", **asked)
    ended = wait(live, "long")
    # Then each of its two queries took several deliveries, and was started once
    assert ended["status"]["S"] == "succeeded"
    assert ended_how(live).count("handed back: out of time") >= 2
    assert published_by(live, "long") == [("kpi.spending", DAYS[1]), ("staging.payments", DAYS[1])]
    assert started_twice(live) == []
    built = attempts(live)
    assert {tuple(built[table, DAYS[1]]) for table in ("kpi.spending", "staging.payments")} == {
        ("published",)
    }
    assert len(spans(live, DAYS[1:])) == 4
