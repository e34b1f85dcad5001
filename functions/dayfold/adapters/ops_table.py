"""A table of the database `ops`: what the pipeline tells of itself, for Athena to query.

One gzipped file of JSON lines per UTC date and whoever tells:
`ops/<table>/<partition column>=DATE/<name>.json.gz`. The same name again replaces its file. The
tables are the template's; their partitions are made here, as the first file of a date is written.
"""

from __future__ import annotations

import dataclasses
import gzip
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

DATABASE = "ops"
JSON_LINES: dict[str, Any] = {
    "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
    "SerdeInfo": {"SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe"},
}


@dataclasses.dataclass(frozen=True, slots=True)
class Shape:
    """Name, partition column and columns of a table, by Hive's types."""

    name: str
    partitioned_by: str
    columns: Mapping[str, str]


CHECK_RESULTS = Shape(
    "check_results",
    "checked_on",
    {
        "table_name": "string",
        "day": "string",
        "build_id": "string",
        "run_id": "string",
        "attempt": "int",
        "check_name": "string",
        "severity": "string",
        "outcome": "string",
        "broken": "bigint",
        "sample": "string",
        "checked_at": "string",
    },
)
PUBLICATIONS = Shape(
    "publications",
    "published_on",
    {
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
    },
)


class OpsTable:
    """Writes a table's files."""

    def __init__(self, s3: S3Client, glue: GlueClient, bucket: str, shape: Shape) -> None:
        self._s3 = s3
        self._glue = glue
        self._bucket = bucket
        self._shape = shape
        self._dates: set[str] = set()  # whose partitions this process has seen to

    def save(self, date: str, name: str, lines: Iterable[Mapping[str, Any]]) -> None:
        """Write one file; each line has a value for every column.

        Raises:
            ClientError: S3 or Glue refuses, and so with BotoCoreError.
        """
        columns = self._shape.columns
        text = "".join(f"{json.dumps({key: line[key] for key in columns})}\n" for line in lines)
        self._s3.put_object(
            Bucket=self._bucket,
            Key=f"{self._prefix(date)}{name}.json.gz",
            Body=gzip.compress(text.encode(), mtime=0),
        )
        if date not in self._dates:
            self._add_partition(date)
            self._dates.add(date)

    def _prefix(self, date: str) -> str:
        return f"{DATABASE}/{self._shape.name}/{self._shape.partitioned_by}={date}/"

    def _add_partition(self, date: str) -> None:
        storage: Any = {
            "Columns": [{"Name": name, "Type": kind} for name, kind in self._shape.columns.items()],
            "Location": f"s3://{self._bucket}/{self._prefix(date)}",
            **JSON_LINES,
        }
        # That it is there already is said in the answer's body, and is as good.
        self._glue.batch_create_partition(
            DatabaseName=DATABASE,
            TableName=self._shape.name,
            PartitionInputList=[{"Values": [date], "StorageDescriptor": storage}],
        )
