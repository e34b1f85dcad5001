"""Starting the crawler, waiting for it, and saying what it found."""

from __future__ import annotations

import dataclasses
import datetime as dt
import time
from typing import TYPE_CHECKING, Any

from dayfold_cli.errors import CrawlFailedError
from dayfold_cli.output import count_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dayfold_cli.deployment import Deployment

READY = "READY"
MISSING_LOG = "ResourceNotFoundException"  # a crawler that may not write logs has none


@dataclasses.dataclass(frozen=True, slots=True)
class Crawl:
    """How the latest crawl ended."""

    status: str
    error: str | None
    started_at: dt.datetime | None
    seconds: float | None
    tables_created: int
    tables_updated: int
    tables_deleted: int
    warnings: tuple[str, ...] = ()


def start_crawl(deployment: Deployment) -> bool:
    """Start the crawler; False if one was running already, which is as good."""
    glue = deployment.client("glue")
    try:
        glue.start_crawler(Name=deployment.output("CrawlerName"))
    except glue.exceptions.CrawlerRunningException:
        return False
    return True


def wait_for_crawl(deployment: Deployment) -> Crawl:
    """Wait until the crawler is ready again and read how it went."""
    glue = deployment.client("glue")
    name = deployment.output("CrawlerName")
    crawler = glue.get_crawler(Name=name)["Crawler"]
    while crawler["State"] != READY:
        time.sleep(deployment.poll_seconds)
        crawler = glue.get_crawler(Name=name)["Crawler"]
    last = crawler.get("LastCrawl", {})
    metrics = glue.get_crawler_metrics(CrawlerNameList=[name])["CrawlerMetricsList"]
    counts = metrics[0] if metrics else {}
    return Crawl(
        status=last.get("Status", "SUCCEEDED"),
        error=last.get("ErrorMessage"),
        started_at=last.get("StartTime"),
        seconds=counts.get("LastRuntimeSeconds"),
        tables_created=counts.get("TablesCreated", 0),
        tables_updated=counts.get("TablesUpdated", 0),
        tables_deleted=counts.get("TablesDeleted", 0),
        warnings=_warnings(deployment, last),
    )


def _warnings(deployment: Deployment, last: Mapping[str, Any]) -> tuple[str, ...]:
    """What the crawl found wrong: broken files, vanished columns, no extracts at all."""
    from botocore.exceptions import ClientError

    group, stream = last.get("LogGroup"), last.get("LogStream")
    crawl_id, start = last.get("MessagePrefix"), last.get("StartTime")
    if not (group and stream and crawl_id and start):
        return ()
    pages = deployment.client("logs").get_paginator("filter_log_events")
    prefix = f"[{crawl_id}] WARN : "
    try:
        found = [
            " ".join(line["message"].removeprefix(prefix).split())
            for page in pages.paginate(
                logGroupName=group,
                logStreamNames=[stream],
                startTime=int(start.timestamp() * 1000),
                filterPattern="WARN",
            )
            for line in page["events"]
            if line["message"].startswith(prefix)
        ]
    except ClientError as error:
        if error.response["Error"].get("Code") == MISSING_LOG:
            return ()
        return (f"the crawler's log {group} {stream} cannot be read: {error}",)
    return tuple(dict.fromkeys(found))


def changes_text(crawl: Crawl) -> str:
    """What a crawl changed, in a few words."""
    counts = (
        (crawl.tables_created, "created"),
        (crawl.tables_updated, "updated"),
        (crawl.tables_deleted, "deleted"),
    )
    changes = [count_text(n, f"table {verb}", f"tables {verb}") for n, verb in counts if n]
    return ", ".join(changes) or "no table changed"


def raise_if_failed(crawl: Crawl) -> None:
    """Turn a crawl that did not succeed into an error.

    Raises:
        CrawlFailedError: it failed or was cancelled.
    """
    if crawl.status != "SUCCEEDED":
        reason = crawl.error or "no reason given"
        raise CrawlFailedError(
            f"the crawl ended as {crawl.status.lower()}: {reason}; mend it and crawl again"
        )
