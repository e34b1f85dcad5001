"""Glue's crawler calls.

Crawlers themselves are kept by the emulator's Glue, so that those which CloudFormation creates are
seen; what runs, and what ran before, is kept here.
"""

from __future__ import annotations

import functools
import json
import statistics
import time
from typing import TYPE_CHECKING, Any

from dayfold_local.crawler import history
from dayfold_local.crawler.notices import LOG_GROUP
from dayfold_local.crawler.runs import Runs

if TYPE_CHECKING:
    from collections.abc import Callable

    from dayfold_local.crawler.history import Crawl

    Body = dict[str, Any]
    Response = tuple[int, dict[str, str], bytes]

_LAST_CRAWL = {
    history.COMPLETED: "SUCCEEDED",
    history.FAILED: "FAILED",
    history.STOPPED: "CANCELLED",
}


class _GlueError(Exception):
    """Answers a call with one of Glue's errors."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@functools.cache
def _runs() -> Runs:
    return Runs(history.History(history.history_file()))


async def handle_request(
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
    query_params: dict[str, Any],
) -> Response:
    """Answers one of `CRAWLER_ACTIONS`, as the emulator's own handlers do."""
    from ministack.core.responses import error_response_json, json_response
    from ministack.services import glue

    action = headers.get("x-amz-target", "").rpartition(".")[2]
    try:
        data = json.loads(body or b"{}")
        if action in _GUARDED:
            _refuse_while_running(str(data.get("Name")))
            answer: Response = await glue.handle_request(method, path, headers, body, query_params)
            if action == "DeleteCrawler" and answer[0] == 200:
                _runs().past.forget(_key(str(data.get("Name"))))
            return answer
        answer = json_response(_ACTIONS[action](data))
    except _GlueError as error:
        answer = error_response_json(error.code, str(error), 400)
    except ValueError:
        answer = error_response_json("SerializationException", "Invalid JSON", 400)
    return answer


def _key(name: str) -> str:
    from ministack.core.responses import get_account_id, get_region

    return f"{get_account_id()}/{get_region()}/{name}"


def _crawlers() -> dict[str, Any]:
    from ministack.services import glue

    return dict(glue._crawlers.items())  # noqa: SLF001 - its only way in


def _crawler(data: Body, parameter: str = "Name") -> dict[str, Any]:
    name = data.get(parameter)
    record = _crawlers().get(str(name))
    if record is None:
        raise _GlueError("EntityNotFoundException", f"Crawler with name {name} does not exist")
    return dict(record)


def _refuse_while_running(name: str) -> None:
    run = _runs().get(_key(name))
    if run is not None:
        raise _GlueError(
            "CrawlerRunningException", f"Crawler with name {name} is {run.state.lower()}"
        )


def _start_crawler(data: Body) -> Body:
    crawler = _crawler(data)
    name = crawler["Name"]
    if not _runs().start(_key(name), crawler):
        raise _GlueError("CrawlerRunningException", f"Crawler with name {name} has already started")
    return {}


def _stop_crawler(data: Body) -> Body:
    name = _crawler(data)["Name"]
    run = _runs().get(_key(name))
    if run is None:
        raise _GlueError("CrawlerNotRunningException", f"Crawler with name {name} is not running")
    if run.stop.is_set():
        raise _GlueError("CrawlerStoppingException", f"Crawler with name {name} is stopping")
    run.stop.set()
    return {}


def _get_crawler(data: Body) -> Body:
    return {"Crawler": _described(_crawler(data))}


def _get_crawlers(data: Body) -> Body:
    names, token = _page(data)
    crawlers = _crawlers()
    return {"Crawlers": [_described(dict(crawlers[name])) for name in names], **token}


def _list_crawlers(data: Body) -> Body:
    names, token = _page(data)
    return {"CrawlerNames": names, **token}


def _page(data: Body) -> tuple[list[str], dict[str, str]]:
    names = sorted(_crawlers())
    first = int(data.get("NextToken") or 0)
    last = first + int(data.get("MaxResults") or 100)
    return names[first:last], {"NextToken": str(last)} if last < len(names) else {}


def _described(record: dict[str, Any]) -> dict[str, Any]:
    """A crawler with its state and its last crawl."""
    key = _key(record["Name"])
    run = _runs().get(key)
    record["State"] = run.state if run else "READY"
    record["CrawlElapsedTime"] = int((time.time() - run.record.started) * 1000) if run else 0
    if record.get("Schedule"):
        record["Schedule"] = {"State": "SCHEDULED", **record["Schedule"]}
    ended = [crawl for crawl in _runs().past.of(key) if crawl.state in _LAST_CRAWL]
    record.pop("LastCrawl", None)
    if ended:
        record["LastCrawl"] = {
            "Status": _LAST_CRAWL[ended[0].state],
            "StartTime": ended[0].started,
            **_log_of(record["Name"], ended[0]),
        }
    return record


def _log_of(name: str, crawl: Crawl) -> dict[str, str]:
    log = {"LogGroup": LOG_GROUP, "LogStream": name, "MessagePrefix": crawl.crawl_id}
    return {**log, "ErrorMessage": crawl.error} if crawl.error else log


def _list_crawls(data: Body) -> Body:
    name = _crawler(data, "CrawlerName")["Name"]
    crawls = _runs().past.of(_key(name))
    return {
        "Crawls": [
            {
                "CrawlId": crawl.crawl_id,
                "State": crawl.state,
                "StartTime": crawl.started,
                **({"EndTime": crawl.ended} if crawl.ended is not None else {}),
                "Summary": json.dumps({"TEXT": crawl.summary}),
                "DPUHour": 0.0,
                **_log_of(name, crawl),
            }
            for crawl in crawls[: int(data.get("MaxResults") or 20)]
        ]
    }


def _get_crawler_metrics(data: Body) -> Body:
    names = data.get("CrawlerNameList") or sorted(_crawlers())
    return {"CrawlerMetricsList": [_metrics(name) for name in names if name in _crawlers()]}


def _metrics(name: str) -> Body:
    key = _key(name)
    crawls = [crawl for crawl in _runs().past.of(key) if crawl.ended is not None]
    seconds = [(crawl.ended or crawl.started) - crawl.started for crawl in crawls]
    last = crawls[0] if crawls else None
    return {
        "CrawlerName": name,
        "TimeLeftSeconds": 0.0,
        "StillEstimating": _runs().get(key) is not None,
        "LastRuntimeSeconds": seconds[0] if seconds else 0.0,
        "MedianRuntimeSeconds": statistics.median(seconds) if seconds else 0.0,
        "TablesCreated": last.tables_created if last else 0,
        "TablesUpdated": last.tables_updated if last else 0,
        "TablesDeleted": last.tables_deleted if last else 0,
    }


_ACTIONS: dict[str, Callable[[Body], Body]] = {
    "StartCrawler": _start_crawler,
    "StopCrawler": _stop_crawler,
    "GetCrawler": _get_crawler,
    "GetCrawlers": _get_crawlers,
    "ListCrawlers": _list_crawlers,
    "ListCrawls": _list_crawls,
    "GetCrawlerMetrics": _get_crawler_metrics,
}
_GUARDED = frozenset({"UpdateCrawler", "DeleteCrawler"})
# What is answered here; all else of Glue, CreateCrawler too, is the emulator's.
CRAWLER_ACTIONS = frozenset({*_ACTIONS, *_GUARDED})
