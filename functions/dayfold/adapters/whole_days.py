"""The table `kpi.days` in the catalog: one version after the other, swapped as a whole.

A version is one file, `ops/days/<version>/days.json.gz`, and the table's location points at the
current one; files of former ones expire by the bucket's own rule. The swap names the catalog's
version of the table that the new rows were worked out from, so of two that do so at once one is
refused and starts again from what the other left.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import gzip
import json
import uuid
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from dayfold.adapters.aws import error_code, raise_if_throttled
from dayfold.adapters.ops_table import JSON_LINES
from dayfold.domain.whole_days import DayRow

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

DATABASE, TABLE = "kpi", "days"
_PREFIX = "ops/days/"
_FILE = "days.json.gz"
_CONFLICTS = frozenset(
    {"AlreadyExistsException", "ConcurrentModificationException", "VersionMismatchException"}
)
_COLUMNS = (
    ("dt", "string", "the business day"),
    ("complete", "boolean", "every table of the day is published and current"),
    ("tables", "int", "how many tables there are"),
    ("published", "int", "of which readers see a build"),
    ("stale", "int", "published, but what they were built from has changed since"),
    ("failed", "int", "whose latest attempt failed; a former build may be published"),
    ("waiting", "int", "that wait for something they read"),
    ("updated_at", "string", "when this row last changed, ISO 8601 in UTC"),
)


@dataclasses.dataclass(frozen=True, slots=True)
class Version:
    """The table as it is: no `version_id` means that there is none yet."""

    version_id: str | None = None
    made_on: str = ""  # the UTC date, YYYYMMDD
    tables_digest: str = ""  # of the tables that all its rows were judged by
    rows: tuple[DayRow, ...] = ()


class WholeDays:
    """Reads and swaps `kpi.days`."""

    def __init__(self, glue: GlueClient, s3: S3Client, bucket: str) -> None:
        self._glue = glue
        self._s3 = s3
        self._bucket = bucket

    def current(self) -> Version:
        """The current version."""
        try:
            table = self._glue.get_table(DatabaseName=DATABASE, Name=TABLE)["Table"]
        except ClientError as error:
            raise_if_throttled(error)
            if error_code(error) != "EntityNotFoundException":
                raise
            return Version()
        location = table["StorageDescriptor"]["Location"]
        key = location.removeprefix(f"s3://{self._bucket}/") + _FILE
        body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        rows = [DayRow(**json.loads(line)) for line in gzip.decompress(body).splitlines()]
        return Version(
            table.get("VersionId", "0"),
            key.removeprefix(_PREFIX)[: len("20040520")],
            table.get("Parameters", {}).get("dayfold.tables", ""),
            tuple(rows),
        )

    def swap(
        self, seen: Version, rows: Iterable[DayRow], tables_digest: str, now: dt.datetime
    ) -> bool:
        """Show readers new rows instead of those seen.

        Returns:
            False if somebody has shown others meanwhile.
        """
        version = f"{now.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:8]}"
        lines = "".join(f"{json.dumps(dataclasses.asdict(row))}\n" for row in rows)
        body = gzip.compress(lines.encode(), mtime=0)
        key = f"{_PREFIX}{version}/{_FILE}"
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=body)
        described: Any = self._describe(version, tables_digest)
        try:
            if seen.version_id is None:
                self._glue.create_table(DatabaseName=DATABASE, TableInput=described)
            else:
                self._glue.update_table(
                    DatabaseName=DATABASE,
                    TableInput=described,
                    VersionId=seen.version_id,
                    SkipArchive=True,
                )
        except ClientError as error:
            raise_if_throttled(error)
            if error_code(error) in _CONFLICTS:
                return False
            raise
        return True

    def _describe(self, version: str, tables_digest: str) -> dict[str, Any]:
        return {
            "Name": TABLE,
            "Description": "Which days are whole: a row per day, kept by the pipeline.",
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {
                "classification": "json",
                "EXTERNAL": "TRUE",
                "dayfold.tables": tables_digest,
            },
            "PartitionKeys": [],
            "StorageDescriptor": {
                "Columns": [
                    {"Name": name, "Type": kind, "Comment": comment}
                    for name, kind, comment in _COLUMNS
                ],
                "Location": f"s3://{self._bucket}/{_PREFIX}{version}/",
                **JSON_LINES,
            },
        }
