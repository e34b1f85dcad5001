"""Crawling: what it changed, what it found wrong, and the run that it started."""

from __future__ import annotations

import datetime as dt
import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.cli.conftest import OUTPUTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from dayfold_cli.deployment import Deployment
    from tests.unit.cli.conftest import Result

START = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=1)


class FakeGlue:
    """A crawler that needs two looks to be ready."""

    class exceptions:  # noqa: N801 - as boto3 has it
        class CrawlerRunningException(Exception):  # noqa: N818
            pass

    def __init__(self) -> None:
        self.is_running = False
        self.looks = 0
        self.last: dict[str, Any] = {
            "Status": "SUCCEEDED",
            "LogGroup": "/aws-glue/crawlers",
            "LogStream": OUTPUTS["CrawlerName"],
            "MessagePrefix": "crawl-2",
            "StartTime": START,
        }

    def start_crawler(self, Name: str) -> None:  # noqa: N803
        assert Name == OUTPUTS["CrawlerName"]
        if self.is_running:
            raise self.exceptions.CrawlerRunningException
        self.is_running = True

    def get_crawler(self, Name: str) -> dict[str, Any]:  # noqa: N803
        assert Name == OUTPUTS["CrawlerName"]
        self.looks += 1
        state = "RUNNING" if self.looks < 2 else "READY"
        return {"Crawler": {"State": state, "LastCrawl": self.last}}

    def get_crawler_metrics(self, **_: Any) -> dict[str, Any]:
        counts = {"TablesCreated": 2, "TablesUpdated": 1, "TablesDeleted": 0}
        return {"CrawlerMetricsList": [{**counts, "LastRuntimeSeconds": 1.5}]}


@pytest.fixture
def glue(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> FakeGlue:
    fake = FakeGlue()
    monkeypatch.setitem(deployment._clients, "glue", fake)
    monkeypatch.setattr("dayfold_cli.crawling.time.sleep", lambda _seconds: None)
    monkeypatch.setattr("dayfold_cli.commands.crawl.EVENT_PATIENCE", 0)
    monkeypatch.setattr("dayfold_cli.commands.crawl.PLAN_PATIENCE", 0)
    return fake


@pytest.fixture
def runs(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The inputs of executions that begin with the crawl, by their names."""
    inputs: dict[str, Any] = {}

    class FakeStepFunctions:
        def list_executions(self, **_: Any) -> dict[str, Any]:
            listed = [
                {"name": name, "executionArn": name, "startDate": START + dt.timedelta(seconds=n)}
                for n, name in enumerate(inputs)
            ]
            return {"executions": listed[::-1]}

        def describe_execution(self, executionArn: str) -> dict[str, Any]:  # noqa: N803
            return {"input": json.dumps(inputs[executionArn])}

    monkeypatch.setitem(deployment._clients, "stepfunctions", FakeStepFunctions())
    return inputs


def test_a_crawl_says_what_changed(
    dayfold: Callable[..., Result], glue: FakeGlue, runs: dict[str, Any]
) -> None:
    # Given a run of somebody's own, and the event delivered twice
    runs["run-1"] = {"request": {}}
    runs["event-1"] = {"source": "aws.glue"}
    runs["event-2"] = {"source": "aws.glue"}
    # When
    result = dayfold("crawl", "--wait")
    # Then
    assert result.code == 0
    assert "the daily run has started: event-1\nnext: dayfold status\n" in result.out
    assert "crawled in 1.5 s: 2 tables created, 1 table updated" in result.out


def test_a_running_crawl_is_joined(
    dayfold: Callable[..., Result], glue: FakeGlue, runs: dict[str, Any]
) -> None:
    # Given
    glue.is_running = True
    # When
    result = dayfold("crawl", "--wait")
    # Then
    assert result.code == 0
    assert "was running already" in result.err


def test_a_failed_crawl_exits_1_with_its_reason(
    dayfold: Callable[..., Result], glue: FakeGlue
) -> None:
    # Given
    glue.last = {"Status": "FAILED", "ErrorMessage": "no right to read the bucket"}
    # When
    result = dayfold("crawl", "--wait")
    # Then
    assert result.code == 1
    assert "ended as failed: no right to read the bucket" in result.err


def test_a_lost_event_is_said(
    dayfold: Callable[..., Result], glue: FakeGlue, runs: dict[str, Any]
) -> None:
    # When
    result = dayfold("crawl", "--wait")
    # Then
    assert result.code == 0
    assert "no run has started yet (EventBridge promises none): `dayfold run` finds" in result.err


def test_what_the_crawl_found_wrong_is_a_line_each(
    dayfold: Callable[..., Result], glue: FakeGlue, runs: dict[str, Any], deployment: Deployment
) -> None:
    # Given a log with lines of this crawl and of the one before
    logs = deployment.client("logs")
    group, stream = "/aws-glue/crawlers", OUTPUTS["CrawlerName"]
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    now = int(time.time() * 1000)
    lines = [
        "[crawl-1] WARN : raw/a.gz: cut off",
        "[crawl-2] WARN : raw/b.gz: cut off",
        "[crawl-2] WARN : raw/c.json: empty",
        "[crawl-2] BENCHMARK : 2 files with warnings",
    ]
    logs.put_log_events(
        logGroupName=group,
        logStreamName=stream,
        logEvents=[{"timestamp": now, "message": one} for one in lines],
    )
    # When
    result = dayfold("crawl", "--wait")
    # Then
    warnings = [line for line in result.err.splitlines() if line.startswith("warning: raw/")]
    assert warnings == ["warning: raw/b.gz: cut off", "warning: raw/c.json: empty"]
