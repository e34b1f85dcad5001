"""The crawls so far, in a file: a crawler's last crawl outlives the server."""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import threading
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)

KEPT = 20  # crawls per crawler
RUNNING, COMPLETED, FAILED, STOPPED = "RUNNING", "COMPLETED", "FAILED", "STOPPED"


@dataclasses.dataclass(slots=True)
class Crawl:
    """One crawl, as `ListCrawls` tells of it."""

    crawl_id: str
    started: float  # epoch seconds
    state: str = RUNNING
    ended: float | None = None
    error: str | None = None
    tables_created: int = 0
    tables_updated: int = 0
    tables_deleted: int = 0
    summary: str = ""


class History:
    """All crawls of all crawlers, the oldest first."""

    def __init__(self, path: Path | None) -> None:
        """Reads what an earlier server left.

        Args:
            path: the file; None keeps everything in memory.
        """
        self._path = path
        self._lock = threading.Lock()
        self._crawls: dict[str, list[Crawl]] = self._load()

    def _load(self) -> dict[str, list[Crawl]]:
        if self._path is None or not self._path.exists():
            return {}
        try:
            document: dict[str, list[dict[str, Any]]] = json.loads(self._path.read_text("utf-8"))
            crawls = {key: [Crawl(**item) for item in items] for key, items in document.items()}
        except (ValueError, TypeError, AttributeError):
            logger.warning("%s is damaged: the history of crawls starts afresh", self._path)
            return {}
        for crawl in (crawl for items in crawls.values() for crawl in items):
            if crawl.state == RUNNING:
                crawl.state, crawl.ended = FAILED, crawl.started
                crawl.error = "the local stack was stopped during the crawl"
        return crawls

    def add(self, crawler: str, crawl: Crawl) -> None:
        """Remembers a crawl that starts now."""
        with self._lock:
            items = self._crawls.setdefault(crawler, [])
            items.append(crawl)
            del items[:-KEPT]
            self._save()

    def end(self, crawl: Crawl, state: str, ended: float, error: str | None = None) -> None:
        """Remembers how a crawl ended."""
        with self._lock:
            crawl.state, crawl.ended, crawl.error = state, ended, error
            self._save()

    def of(self, crawler: str) -> list[Crawl]:
        """The crawls of one crawler, the newest first."""
        return list(reversed(self._crawls.get(crawler, [])))

    def forget(self, crawler: str) -> None:
        """Drops the crawls of a crawler that was deleted."""
        with self._lock:
            if self._crawls.pop(crawler, None):
                self._save()

    def _save(self) -> None:
        if self._path is None:
            return
        document = {
            key: [dataclasses.asdict(item) for item in items] for key, items in self._crawls.items()
        }
        draft = self._path.with_suffix(".new")
        draft.write_text(json.dumps(document), encoding="utf-8")
        draft.replace(self._path)


def history_file() -> Path | None:
    """Where the history is kept: in the emulator's state folder, if it has one."""
    folder = os.environ.get("STATE_DIR")
    return Path(folder) / "crawls.json" if folder and Path(folder).is_dir() else None
