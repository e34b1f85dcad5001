"""The crawls that are running: one thread each, stopped on request."""

from __future__ import annotations

import dataclasses
import datetime as dt
import logging
import threading
import uuid
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from dayfold_local.crawler import history, notices
from dayfold_local.crawler.crawl import crawl
from dayfold_local.crawler.outcome import Outcome
from dayfold_local.crawler.role import CrawlerRole, RightsError
from dayfold_local.crawler.spec import CrawlError, parse_spec

if TYPE_CHECKING:
    from collections.abc import Mapping

logger = logging.getLogger(__name__)


class _StopError(Exception):
    """Raised inside a crawl that was asked to stop."""


@dataclasses.dataclass(slots=True)
class Run:
    """A crawl under way."""

    record: history.Crawl
    stop: threading.Event = dataclasses.field(default_factory=threading.Event)

    @property
    def state(self) -> str:
        """As `GetCrawler` tells it."""
        return "STOPPING" if self.stop.is_set() else "RUNNING"

    def check_stop(self) -> None:
        """Raises if the crawl is to stop."""
        if self.stop.is_set():
            raise _StopError


class Runs:
    """All running crawls of the server; a crawler is named by account, region and name."""

    def __init__(self, past: history.History) -> None:
        self.past = past
        self._running: dict[str, Run] = {}
        self._lock = threading.Lock()

    def get(self, key: str) -> Run | None:
        """The crawl of this crawler that is running, if one is."""
        return self._running.get(key)

    def start(self, key: str, crawler: Mapping[str, Any]) -> bool:
        """Starts a crawl in the background; False if one is running already."""
        from ministack.core.concurrency import spawn_background
        from ministack.core.responses import get_account_id, get_region

        run = Run(history.Crawl(str(uuid.uuid4()), dt.datetime.now(dt.UTC).timestamp()))
        with self._lock:
            if key in self._running:
                return False
            self._running[key] = run
        self.past.add(key, run.record)
        # Carries the request's account and region over to the thread.
        spawn_background(
            self._work, key, run, dict(crawler), get_account_id(), get_region(),
            thread_name=f"crawler-{crawler['Name']}",
        )  # fmt: skip
        return True

    def _work(self, key: str, run: Run, crawler: dict[str, Any], account: str, region: str) -> None:
        name, outcome = crawler["Name"], Outcome()
        start = dt.datetime.now(dt.UTC)
        notices.send(notices.started_detail(name, account, start))
        outcome.say(f"Running Start Crawl for Crawler {name}", "BENCHMARK")
        state, error = history.COMPLETED, None
        role: CrawlerRole | None = None
        try:
            spec = parse_spec(crawler)
            role = CrawlerRole(spec.role, account, region)
            crawl(spec, role, outcome, run.check_stop)
        except _StopError:
            state = history.STOPPED
        except (CrawlError, RightsError, ClientError, BotoCoreError) as failure:
            state, error = history.FAILED, str(failure)
        except Exception as failure:
            logger.exception("crawler %s", name)
            state, error = history.FAILED, f"Internal Service Exception: {failure!r}"
        if error is not None:
            outcome.say(error, "ERROR")
        outcome.say(f"Crawler {state.lower()}: {summary(outcome)}", "BENCHMARK")
        if role is not None:
            notices.write_log(role, name, run.record.crawl_id, outcome)
        self._end(key, run, outcome, state, error)
        if state == history.COMPLETED:
            end = dt.datetime.now(dt.UTC)
            notices.send(notices.succeeded_detail(name, account, region, outcome, start, end))
        elif state == history.FAILED:
            notices.send(notices.failed_detail(name, account, region, error or ""))

    def _end(self, key: str, run: Run, outcome: Outcome, state: str, error: str | None) -> None:
        """Frees the crawler before the event goes out: who hears of the end may start it again."""
        run.record.tables_created = outcome.tables_created
        run.record.tables_updated = outcome.tables_updated
        run.record.tables_deleted = outcome.tables_deleted
        run.record.summary = summary(outcome)
        self.past.end(run.record, state, dt.datetime.now(dt.UTC).timestamp(), error)
        with self._lock:
            del self._running[key]


def summary(outcome: Outcome) -> str:
    """The counts in words, for the log and `ListCrawls`."""
    parts = [
        f"{count} {what} {verb}"
        for what, verb, count in (
            ("tables", "created", outcome.tables_created),
            ("tables", "updated", outcome.tables_updated),
            ("tables", "deleted", outcome.tables_deleted),
            ("partitions", "created", outcome.partitions_created),
            ("partitions", "updated", outcome.partitions_updated),
            ("partitions", "deleted", outcome.partitions_deleted),
            ("files or columns", "with warnings", len(outcome.warnings)),
        )
        if count
    ]
    return ", ".join(parts) or "nothing new"
