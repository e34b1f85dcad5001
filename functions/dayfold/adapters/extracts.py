"""The raw extracts: which days have landed in S3, and whether the catalog shows them."""

from __future__ import annotations

import contextlib
import datetime as dt
import zlib
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from dayfold.adapters.aws import error_code
from dayfold.domain.days import contiguous_ranges
from dayfold.domain.fingerprints import files_fingerprint, is_empty
from dayfold.domain.parquet_footer import MAGIC, TAIL, footer_length, read_footer
from dayfold.domain.planning import RawPartition
from dayfold.domain.table import RAW_DATABASE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

    from dayfold.domain.parquet_footer import Footer


_CATALOG_BATCH = 1000  # BatchGetPartition's limit
_RECENT_DAYS = 60  # a live source has landed something within these
_HEAD_BYTES = 131_072  # of a file that is looked into; some hundred to some thousand rows
_HEAD_TEXT = 1_048_576  # that they may unpack to
_GZIP = b"\x1f\x8b"
_File = tuple[str, int, str]  # key, size in bytes, ETag


class Extracts:
    """The folders `raw/<table>/dt=DAY/` of the bucket and their tables in the catalog."""

    def __init__(self, s3: S3Client, glue: GlueClient, bucket: str) -> None:
        self._s3 = s3
        self._glue = glue
        self._bucket = bucket

    def is_in_catalog(self, table: str) -> bool:
        """Whether the catalog has the raw table (`raw.events`)."""
        try:
            self._glue.get_table(DatabaseName=RAW_DATABASE, Name=_short(table))
        except ClientError as error:
            if error_code(error) == "EntityNotFoundException":
                return False
            raise
        return True

    def columns(self, table: str) -> list[str]:
        """The names of a raw table's columns, as the crawler found them."""
        try:
            found = self._glue.get_table(DatabaseName=RAW_DATABASE, Name=_short(table))
        except ClientError as error:
            if error_code(error) == "EntityNotFoundException":
                return []
            raise
        return [one["Name"] for one in found["Table"]["StorageDescriptor"].get("Columns", [])]

    def look(self, table: str, day: dt.date) -> list[str] | Footer:
        """What a day's largest file says of itself.

        Returns:
            The footer of a Parquet file; of any other, the whole lines at its beginning. No lines
            if there is nothing, or what there is is damaged.
        """
        files = [file for _, file, _ in self._files(table, day, day)]
        if not files:
            return []
        key, size, _ = max(files, key=lambda file: file[1])
        if not size:
            return []
        body = self._bytes(key, f"0-{_HEAD_BYTES - 1}")
        if body[:4] == MAGIC:
            return self._footer(key, size, body) or []
        if body[:2] == _GZIP:
            with contextlib.suppress(zlib.error):
                body = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(body, _HEAD_TEXT)
        lines = body.decode("utf-8", errors="replace").splitlines()
        return lines[:-1] if size > _HEAD_BYTES or len(body) == _HEAD_TEXT else lines

    def _footer(self, key: str, size: int, head: bytes) -> Footer | None:
        """The footer of a Parquet file, from one or two more reads if the file is large."""
        tail = head if len(head) == size else self._bytes(key, f"-{_HEAD_BYTES}")
        length = footer_length(tail[-TAIL:])
        if length is None or length + TAIL > size:
            return None
        if length + TAIL > len(tail):
            tail = self._bytes(key, f"-{length + TAIL}")
        return read_footer(tail[-TAIL - length : -TAIL])

    def _bytes(self, key: str, span: str) -> bytes:
        """A part of a file: `0-99` is its first hundred bytes, `-100` its last."""
        answer = self._s3.get_object(Bucket=self._bucket, Key=key, Range=f"bytes={span}")
        return answer["Body"].read()

    def partitions(self, table: str, days: Iterable[dt.date]) -> dict[dt.date, RawPartition]:
        """Those of `days` that have files, with their fingerprints.

        Lists only the stretches of days asked for, never all of history.
        """
        files: dict[dt.date, list[_File]] = {}
        landed: dict[dt.date, dt.datetime] = {}
        for first, last in contiguous_ranges(days):
            for day, entry, landed_at in self._files(table, first, last):
                files.setdefault(day, []).append(entry)
                landed[day] = max(landed.get(day, landed_at), landed_at)
        crawled = self._crawled(table, files)
        return {
            day: RawPartition(
                fingerprint=files_fingerprint(entries),
                size_bytes=sum(size for _, size, _ in entries),
                # A day whose files are all empty has nothing for the crawler to show.
                crawled=day in crawled or all(is_empty(key, size) for key, size, _ in entries),
                landed_at=landed[day],
            )
            for day, entries in files.items()
        }

    def newest_day(self, table: str, today: dt.date) -> dt.date | None:
        """The newest day with files; a live source is found without listing its history."""
        recent = today - dt.timedelta(days=_RECENT_DAYS)
        days = self._days(table, f"{_prefix(table)}dt={recent}") or self._days(table, "")
        return max(days, default=None)

    def _files(
        self, table: str, first: dt.date, last: dt.date
    ) -> Iterator[tuple[dt.date, _File, dt.datetime]]:
        prefix = _prefix(table)
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=f"{prefix}dt=", StartAfter=f"{prefix}dt={first}"
        )
        for page in pages:
            for entry in page.get("Contents", []):
                day = _day_of(entry["Key"][len(prefix) :].partition("/")[0])
                if day is None or _is_hidden(entry["Key"]) or day < first:
                    continue
                if day > last:
                    return
                file = (entry["Key"], entry["Size"], entry["ETag"])
                yield day, file, entry["LastModified"]

    def _days(self, table: str, start_after: str) -> list[dt.date]:
        prefix = _prefix(table)
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=f"{prefix}dt=", Delimiter="/", StartAfter=start_after
        )
        folders = (
            folder["Prefix"][len(prefix) :].rstrip("/")
            for page in pages
            for folder in page.get("CommonPrefixes", [])
        )
        return [day for day in map(_day_of, folders) if day is not None]

    def _crawled(self, table: str, days: Mapping[dt.date, object]) -> set[dt.date]:
        found: set[dt.date] = set()
        for batch in _batches(sorted(days)):
            try:
                answer = self._glue.batch_get_partition(
                    DatabaseName=RAW_DATABASE,
                    TableName=_short(table),
                    PartitionsToGet=[{"Values": [str(day)]} for day in batch],
                )
            except ClientError as error:
                if error_code(error) == "EntityNotFoundException":
                    return set()
                raise
            for partition in answer.get("Partitions", []):
                day = _day_of(f"dt={partition['Values'][0]}")
                if day is not None:
                    found.add(day)
        return found


def _batches(days: list[dt.date]) -> Iterator[list[dt.date]]:
    for start in range(0, len(days), _CATALOG_BATCH):
        yield days[start : start + _CATALOG_BATCH]


def _short(table: str) -> str:
    return table.partition(".")[2]


def _prefix(table: str) -> str:
    return f"{RAW_DATABASE}/{_short(table)}/"


def _day_of(folder: str) -> dt.date | None:
    """The day of a folder `dt=YYYY-MM-DD`; None for any other folder."""
    try:
        return dt.date.fromisoformat(folder.removeprefix("dt="))
    except ValueError:
        return None


def _is_hidden(key: str) -> bool:
    """Whether Athena passes the file over: its name begins with `_` or `.`, or is empty."""
    name = key.rpartition("/")[2]
    return not name or name[0] in "_."
