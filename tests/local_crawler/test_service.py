"""Glue's crawler calls, the role's rights, the events, and what outlives the server."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.local_crawler.stack import ACCOUNT, Lake, gz, json_lines, start_server

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.local_crawler.stack import Server


def refused(call: Callable[..., Any], **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    code: str = caught.value.response["Error"]["Code"]
    return code


def make_slow(lake: Lake) -> None:
    """Enough files to keep a crawl busy for a moment."""
    data = gz(json_lines(*({"a": number, "b": "x" * 50} for number in range(3000))))
    for number in range(80):
        lake.put(f"events/dt=2024-{number:04}/a.json.gz", data)


def listen(server: Server, lake: Lake) -> Callable[[int], list[dict[str, Any]]]:
    """A rule on the crawler's events, to a queue; returns what waits for so many of them."""
    sqs, events = server.client("sqs"), server.client("events")
    url = sqs.create_queue(QueueName=lake.name)["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{lake.name}"
    pattern = {
        "source": ["aws.glue"],
        "detail-type": ["Glue Crawler State Change"],
        "detail": {"crawlerName": [lake.name]},
    }
    events.put_rule(Name=lake.name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=lake.name, Targets=[{"Id": "queue", "Arn": arn}])
    policy = {
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": arn,
            }
        ]
    }
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})

    def receive(count: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        deadline = time.monotonic() + 20
        while len(found) < count and time.monotonic() < deadline:
            answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            for message in answer.get("Messages", []):
                found.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return sorted(found, key=lambda event: event["detail"]["state"] != "Started")

    return receive


def test_the_events_have_awss_shape(server: Server, lake: Lake) -> None:
    # Given a rule, and extracts with one bad file among them
    receive = listen(server, lake)
    lake.put("events/dt=2024-01-01/a.json", json_lines({"a": 1}))
    lake.put("events/dt=2024-01-02/a.json", b"")
    # When crawled
    lake.crawl()
    started, succeeded = receive(2)
    # Then both ends are announced, numbers as text
    assert started["source"] == succeeded["source"] == "aws.glue"
    assert started["detail-type"] == "Glue Crawler State Change"
    assert started["resources"] == []
    assert started["detail"].pop("startTime").endswith("Z")
    assert started["detail"] == {
        "accountId": ACCOUNT,
        "crawlerName": lake.name,
        "state": "Started",
        "message": "Crawler Started",
    }
    detail = succeeded["detail"]
    assert detail.pop("completionDate").endswith("Z")
    assert detail.pop("runningTime (sec)").isdigit()
    assert detail.pop("cloudWatchLogLink").startswith("https://")
    assert detail == {
        "tablesCreated": "1",
        "tablesUpdated": "0",
        "tablesDeleted": "0",
        "partitionsCreated": "1",
        "partitionsUpdated": "0",
        "partitionsDeleted": "0",
        "warningMessage": "raw/events/dt=2024-01-02/a.json: the file is empty",
        "message": "Crawler Succeeded",
        "accountId": ACCOUNT,
        "crawlerName": lake.name,
        "state": "Succeeded",
    }


def test_a_crawl_without_warnings_says_so_as_aws_does(server: Server, lake: Lake) -> None:
    receive = listen(server, lake)
    lake.put("events/a.json", json_lines({"a": 1}))
    lake.crawl()
    assert receive(2)[1]["detail"]["warningMessage"] == "N/A"


@pytest.mark.parametrize(
    "action",
    ["s3:ListBucket", "s3:GetObject", "glue:GetTables", "glue:CreateTable",
     "glue:BatchCreatePartition"],
)  # fmt: skip
def test_a_role_that_lacks_a_right_fails_the_crawl(server: Server, lake: Lake, action: str) -> None:
    # Given a role without one of the rights
    receive = listen(server, lake)
    lake.put("events/dt=2024-01-01/a.json", json_lines({"a": 1}))
    lake.allow(without=action)
    # When crawled
    crawl = lake.crawl()
    # Then it fails with a line that names the right, also in the event
    assert crawl["Status"] == "FAILED"
    assert f"is not authorized to perform: {action}" in crawl["ErrorMessage"]
    detail = receive(2)[1]["detail"]
    assert detail.pop("errorMessage") == crawl["ErrorMessage"]
    assert detail.pop("cloudWatchLogLink")
    assert detail == {
        "crawlerName": lake.name,
        "accountId": ACCOUNT,
        "state": "Failed",
        "message": "Crawler Failed",
    }
    # And once it has the right, a crawl makes everything good
    lake.allow()
    assert lake.crawl()["Status"] == "SUCCEEDED"
    assert list(lake.partitions("events")) == ["2024-01-01"]


def test_a_role_without_log_rights_still_crawls(lake: Lake) -> None:
    lake.put("events/a.json", json_lines({"a": 1}))
    lake.allow(without="logs:PutLogEvents")
    assert lake.crawl()["Status"] == "SUCCEEDED"
    assert lake.tables() == ["events"]


def test_a_role_that_does_not_trust_glue_fails_the_crawl(lake: Lake) -> None:
    # Given a role for Lambda
    trust = {
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ]
    }
    lake.iam.update_assume_role_policy(RoleName=lake.name, PolicyDocument=json.dumps(trust))
    # When crawled / Then it says what to look at
    crawl = lake.crawl()
    assert crawl["Status"] == "FAILED"
    assert "trust policy allows glue.amazonaws.com" in crawl["ErrorMessage"]


def test_what_this_stack_cannot_crawl_is_said(make_lake: Callable[..., Lake]) -> None:
    lake = make_lake(Targets={"DynamoDBTargets": [{"Path": "table"}]})
    crawl = lake.crawl()
    assert crawl["Status"] == "FAILED"
    assert crawl["ErrorMessage"] == "the local stack crawls S3 targets only, not DynamoDBTargets"


def test_calls_on_a_crawler_that_is_not_there(lake: Lake) -> None:
    glue = lake.glue
    for call in (glue.start_crawler, glue.stop_crawler, glue.get_crawler, glue.delete_crawler):
        assert refused(call, Name="nobody") == "EntityNotFoundException"
    assert refused(glue.list_crawls, CrawlerName="nobody") == "EntityNotFoundException"


def test_a_running_crawler_cannot_be_started_or_changed_but_stopped(lake: Lake) -> None:
    # Given a crawl under way
    glue = lake.glue
    make_slow(lake)
    assert glue.get_crawler(Name=lake.name)["Crawler"]["State"] == "READY"
    assert refused(glue.stop_crawler, Name=lake.name) == "CrawlerNotRunningException"
    glue.start_crawler(Name=lake.name)
    # When it is started again, changed or deleted / Then that is refused
    for call in (glue.start_crawler, glue.update_crawler, glue.delete_crawler):
        assert refused(call, Name=lake.name) == "CrawlerRunningException"
    assert glue.get_crawler(Name=lake.name)["Crawler"]["State"] == "RUNNING"
    # When it is stopped / Then it ends soon, and a later crawl finishes the work
    glue.stop_crawler(Name=lake.name)
    assert lake.wait()["Status"] == "CANCELLED"
    assert lake.crawl()["Status"] == "SUCCEEDED"
    assert len(lake.partitions("events")) == 80
    states = [it["State"] for it in glue.list_crawls(CrawlerName=lake.name)["Crawls"]]
    assert states == ["COMPLETED", "STOPPED"]


def test_lists_and_metrics(lake: Lake) -> None:
    # Given a crawl with a table
    lake.put("events/a.json", json_lines({"a": 1}))
    lake.crawl()
    # When asked for in every way
    glue = lake.glue
    (metrics,) = glue.get_crawler_metrics(CrawlerNameList=[lake.name])["CrawlerMetricsList"]
    (crawl,) = glue.list_crawls(CrawlerName=lake.name)["Crawls"]
    # Then the answers agree
    assert lake.name in glue.list_crawlers(MaxResults=1000)["CrawlerNames"]
    assert lake.name in {it["Name"] for it in glue.get_crawlers(MaxResults=1000)["Crawlers"]}
    assert metrics["TablesCreated"] == 1
    assert metrics["LastRuntimeSeconds"] >= 0
    assert crawl["State"] == "COMPLETED"
    assert crawl["StartTime"] <= crawl["EndTime"]
    assert json.loads(crawl["Summary"])["TEXT"] == "1 tables created"
    # And a deleted crawler is gone with its past
    glue.delete_crawler(Name=lake.name)
    assert refused(glue.get_crawler, Name=lake.name) == "EntityNotFoundException"


def test_a_killed_server_comes_back_with_its_crawlers_past(tmp_path: Path) -> None:
    # Given a crawler with a crawl, and another crawl under way
    server = start_server(tmp_path / "state")
    try:
        lake = Lake(server, "lake-killed")
        lake.put("users/u.json", json_lines({"id": 1}))
        first = lake.crawl()
        make_slow(lake)
        lake.glue.start_crawler(Name=lake.name)
        # When the server is killed and started again
        server.kill()
        server = start_server(tmp_path / "state")
        glue = server.client("glue")
        crawler = glue.get_crawler(Name=lake.name)["Crawler"]
        # Then the crawl that was cut short has failed, the one before is remembered
        assert crawler["State"] == "READY"
        assert crawler["LastCrawl"]["Status"] == "FAILED"
        assert "stopped" in crawler["LastCrawl"]["ErrorMessage"]
        crawls = glue.list_crawls(CrawlerName=lake.name)["Crawls"]
        assert [crawl["State"] for crawl in crawls] == ["FAILED", "COMPLETED"]
        assert crawls[1]["CrawlId"] == first["MessagePrefix"]
        # And the next one finishes the work
        lake.server, lake.glue = server, glue
        assert lake.crawl()["Status"] == "SUCCEEDED"
        assert len(lake.partitions("events")) == 80
    finally:
        server.stop()
