"""What a crawler tells the world: events on the default bus, lines in CloudWatch Logs."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from dayfold_local.crawler.role import RightsError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping

    from dayfold_local.crawler.outcome import Outcome
    from dayfold_local.crawler.role import CrawlerRole

logger = logging.getLogger(__name__)

LOG_GROUP = "/aws-glue/crawlers"
DETAIL_TYPE = "Glue Crawler State Change"


def started_detail(crawler: str, account: str, start: dt.datetime) -> dict[str, str]:
    """The detail of the event at the start of a crawl."""
    return {
        "accountId": account,
        "crawlerName": crawler,
        "startTime": _iso(start),
        "state": "Started",
        "message": "Crawler Started",
    }


def succeeded_detail(
    crawler: str,
    account: str,
    region: str,
    outcome: Outcome,
    start: dt.datetime,
    end: dt.datetime,
) -> dict[str, str]:
    """The detail of the event at a good end. AWS gives every number as text."""
    return {
        "tablesCreated": str(outcome.tables_created),
        "warningMessage": outcome.warning_message,
        "partitionsUpdated": str(outcome.partitions_updated),
        "tablesUpdated": str(outcome.tables_updated),
        "message": "Crawler Succeeded",
        "partitionsDeleted": str(outcome.partitions_deleted),
        "accountId": account,
        "runningTime (sec)": str(round((end - start).total_seconds())),
        "tablesDeleted": str(outcome.tables_deleted),
        "crawlerName": crawler,
        "completionDate": _iso(end),
        "state": "Succeeded",
        "partitionsCreated": str(outcome.partitions_created),
        "cloudWatchLogLink": log_link(crawler, region),
    }


def failed_detail(crawler: str, account: str, region: str, error: str) -> dict[str, str]:
    """The detail of the event at a bad end."""
    return {
        "crawlerName": crawler,
        "errorMessage": error,
        "accountId": account,
        "cloudWatchLogLink": log_link(crawler, region),
        "state": "Failed",
        "message": "Crawler Failed",
    }


def log_link(crawler: str, region: str) -> str:
    """Where a person reads the log on AWS."""
    return (
        f"https://console.aws.amazon.com/cloudwatch/home?region={region}"
        f"#logEventViewer:group={LOG_GROUP};stream={crawler}"
    )


def send(detail: Mapping[str, str]) -> None:
    """Puts an event on the default bus, as only a service of AWS may."""
    from ministack.services import eventbridge

    entry = {
        "Source": "aws.glue",
        "DetailType": DETAIL_TYPE,
        "Detail": json.dumps(detail),
        "Resources": [],
    }
    # PutEvents refuses the source `aws.glue` to everybody else, here as on AWS.
    eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)  # noqa: SLF001


def write_log(role: CrawlerRole, crawler: str, crawl_id: str, outcome: Outcome) -> None:
    """Appends the lines of a crawl to the crawler's log stream, if the role may."""
    from ministack.services import cloudwatch_logs as logs

    group = f"arn:aws:logs:{role.region}:{role.account}:log-group:{LOG_GROUP}:log-stream:"
    place = {"logGroupName": LOG_GROUP, "logStreamName": crawler}
    steps: tuple[tuple[str, str, Callable[[Any], Any]], ...] = (
        ("logs:CreateLogGroup", group, logs._create_log_group),  # noqa: SLF001 - its only way in
        ("logs:CreateLogStream", group, logs._create_log_stream),  # noqa: SLF001
        ("logs:PutLogEvents", group + crawler, logs._put_log_events),  # noqa: SLF001
    )
    events = [
        {"timestamp": int(when.timestamp() * 1000), "message": f"[{crawl_id}] {line}"}
        for when, line in outcome.log
    ]
    try:
        for action, resource, call in steps:
            role.require(action, resource)
            call({**place, "logEvents": events})  # what exists already is left as it is
    except RightsError as error:
        # On AWS, too, a crawl goes on without its log.
        logger.warning("crawler %s writes no log: %s", crawler, error)


def _iso(moment: dt.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
