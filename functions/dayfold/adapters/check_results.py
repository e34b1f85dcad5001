"""The table `ops.check_results`: what every check of every build said, for Athena to query.

One gzipped file of JSON lines per build, by the UTC date on which it was checked:
`ops/check_results/checked_on=DATE/<table>-<build>.json.gz`. The table is the template's; its
partitions are made here, as the first build of a date is checked.
"""

from __future__ import annotations

import gzip
import logging
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

DATABASE, TABLE = "ops", "check_results"
COLUMNS = {
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
}
_PREFIX = f"ops/{TABLE}"
logger = logging.getLogger(__name__)


class CheckResults:
    """Writes the table's files. Nothing here raises: a report must not stop a publish."""

    def __init__(self, s3: S3Client, glue: GlueClient, bucket: str) -> None:
        self._s3 = s3
        self._glue = glue
        self._bucket = bucket
        self._dates: set[str] = set()  # whose partitions this process has seen to

    def save(self, checked_on: str, name: str, lines: str) -> bool:
        """Write the JSON lines of one build; the same name again replaces them.

        Returns:
            False if that could not be done; the ledger has what broke all the same.
        """
        key = f"{_PREFIX}/checked_on={checked_on}/{name}.json.gz"
        body = gzip.compress(lines.encode(), mtime=0)
        try:
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=body)
            if checked_on not in self._dates:
                self._add_partition(checked_on)
                self._dates.add(checked_on)
        except (BotoCoreError, ClientError):
            logger.warning("the results of the checks in %s were not kept", name, exc_info=True)
            return False
        return True

    def _add_partition(self, checked_on: str) -> None:
        storage = {
            "Columns": [{"Name": name, "Type": kind} for name, kind in COLUMNS.items()],
            "Location": f"s3://{self._bucket}/{_PREFIX}/checked_on={checked_on}/",
            **JSON_LINES,
        }
        # That it is there already is said in the answer's body, and is as good.
        self._glue.batch_create_partition(
            DatabaseName=DATABASE,
            TableName=TABLE,
            PartitionInputList=[{"Values": [checked_on], "StorageDescriptor": storage}],  # type: ignore[typeddict-item]
        )


JSON_LINES: dict[str, Any] = {
    "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
    "SerdeInfo": {"SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe"},
}
