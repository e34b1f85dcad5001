"""The table `ops.publications`: which build of which day readers saw from when.

One gzipped file of JSON lines per date and run, backfill or rollback:
`ops/publications/published_on=DATE/<run id>.json.gz`. All of it is told from the ledger, and the
same run written again replaces its file. The table is the template's; its partitions are made here.
"""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

from dayfold.adapters.check_results import JSON_LINES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

DATABASE, TABLE = "ops", "publications"
COLUMNS = {
    "table_name": "string",
    "day": "string",
    "attempt": "int",
    "build_id": "string",
    "published_at": "string",
    "cause": "string",
    "run_id": "string",
    "requested_by": "string",
    "undone_build_id": "string",
    "location": "string",
    "sql_hash": "string",
    "inputs": "string",
    "row_count": "bigint",
    "bytes_scanned": "bigint",
    "cost_usd": "double",
}
_PREFIX = f"ops/{TABLE}"


class PublicationsTable:
    """Writes the table's files."""

    def __init__(self, s3: S3Client, glue: GlueClient, bucket: str) -> None:
        self._s3 = s3
        self._glue = glue
        self._bucket = bucket
        self._dates: set[str] = set()  # whose partitions this process has seen to

    def save(self, published_on: str, run_id: str, lines: Iterable[Mapping[str, Any]]) -> None:
        """Write what one run published on a UTC date; the same again replaces it."""
        text = "".join(f"{json.dumps({name: line[name] for name in COLUMNS})}\n" for line in lines)
        self._s3.put_object(
            Bucket=self._bucket,
            Key=f"{_PREFIX}/published_on={published_on}/{run_id}.json.gz",
            Body=gzip.compress(text.encode(), mtime=0),
        )
        if published_on not in self._dates:
            self._add_partition(published_on)
            self._dates.add(published_on)

    def _add_partition(self, published_on: str) -> None:
        storage: Any = {
            "Columns": [{"Name": name, "Type": kind} for name, kind in COLUMNS.items()],
            "Location": f"s3://{self._bucket}/{_PREFIX}/published_on={published_on}/",
            **JSON_LINES,
        }
        # That it is there already is said in the answer's body, and is as good.
        self._glue.batch_create_partition(
            DatabaseName=DATABASE,
            TableName=TABLE,
            PartitionInputList=[{"Values": [published_on], "StorageDescriptor": storage}],
        )
