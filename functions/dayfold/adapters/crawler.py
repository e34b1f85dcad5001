"""The crawler over the raw extracts: when it last began, and starting it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from dayfold.adapters.aws import error_code, raise_if_throttled

if TYPE_CHECKING:
    import datetime as dt

    from mypy_boto3_glue import GlueClient

_READY = "READY"


class Crawler:
    """One Glue crawler."""

    def __init__(self, glue: GlueClient, name: str) -> None:
        self._glue = glue
        self._name = name

    def has_seen(self, landed_at: dt.datetime) -> bool:
        """Whether a crawl that began after this moment has run or is under way."""
        crawler = self._glue.get_crawler(Name=self._name)["Crawler"]
        if crawler["State"] != _READY:
            return True  # what it misses, the next sweep finds
        began = crawler.get("LastCrawl", {}).get("StartTime")
        return began is not None and began >= landed_at

    def start(self) -> bool:
        """Start it; False if it runs already.

        Raises:
            ThrottledError: Glue has too many calls now.
        """
        try:
            self._glue.start_crawler(Name=self._name)
        except ClientError as error:
            raise_if_throttled(error)
            if error_code(error) == "CrawlerRunningException":
                return False
            raise
        return True
